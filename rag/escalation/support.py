"""Does the draft stand on the passages? Named numbers in [0, 1]; 1 always speaks for the draft. Pure functions."""

from collections import defaultdict
from collections.abc import Sequence

from rag.citations import claims_by_number, without_marks
from rag.decisions import Signal
from rag.escalation.facts import Facts
from rag.escalation.names import names, stands_in, subject
from rag.escalation.negation import claim, contradicted
from rag.escalation.overlap import additions, copied, grams, insertion, lowest, share, stems, together
from rag.escalation.sources import Sources
from rag.escalation.words import all_words, words
from rag.records import Citation, Hit
from rag.sentences import sentences

SUPPORTED = ("grams", "together", "additions", "insertion", "numbers", "names", "negation")
"""The signals that the probability of support is made of; the others are near copies of these, or say less."""

_SAME = 0.85
"""A sentence is a passage's own when one there has this share of its words."""


def support_signals(text: str, hits: Sequence[Hit], citations: Sequence[Citation] = ()) -> tuple[Signal, ...]:
    """All signals of a text; marks like [1] in it are no words, but tell which passage a sentence cites.

    `citations` are the checked ones of the answer, for `cited_support`. Every signal of an empty text is 0.
    """
    plain, sources = without_marks(text), Sources.of(hits)
    draft = [read for sentence in sentences(plain) if (read := words(sentence))]
    lacking = [[sources.lacks(word) for word in sentence] for sentence in draft]
    values = (
        ("stems", stems(draft, sources), "How many of the draft's words stand in the passages"),
        ("grams", grams(draft, sources), "How many of its letter groups stand in the passages"),
        ("copied", copied(draft, sources), "How much of it is worded as in the passages"),
        ("together", together(draft, sources), "How far each sentence stands in one sentence of a passage"),
        ("lowest", lowest(draft, sources), "How much of the least supported sentence stands in the passages"),
        ("additions", additions(lacking), "Less for every word that a sentence brings in"),
        ("insertion", insertion(lacking), "Less for new words in a row"),
        ("numbers", numbers(plain, sources), "Less for every number, unit or date that stands in no passage"),
        ("names", known_names(plain, sources), "Less for every name that stands in no passage"),
        ("negation", negation(plain, sources), "Less for sentences that a passage says the opposite of"),
        ("cited_support", cited_support(text, citations), "How many of its words stand in the passages it cites"),
    )
    return tuple(Signal(name, value if draft else 0.0, meaning) for name, value, meaning in values)


def support(text: str, hits: Sequence[Hit]) -> float:
    """[0, 1]: the share of the text's content words that the passages hold; 0 for a text without any."""
    return stems([words(sentence) for sentence in sentences(without_marks(text))], Sources.of(hits))


def sentence_supports(text: str, hits: Sequence[Hit]) -> list[float]:
    """For each sentence the share of its content words that the passages hold, in [0, 1]; 1 for one that has none."""
    sources = Sources.of(hits)
    read = (words(sentence) for sentence in sentences(without_marks(text)))
    return [stems([sentence], sources) if any(word.says for word in sentence) else 1.0 for sentence in read]


def numbers(text: str, sources: Sources) -> float:
    """1 / (1 + n)² for the n numbers, dates and codes of the text that stand in no passage; 1 when it has none.

    Spelling and language aside (`rag.escalation.facts`); one with another unit stands nowhere. Entity precision (Nan et
    al., 2021) for numbers. Few drafts of BEGIN have any: AUROC .522 / .508, but 23 of the 24 below 1 are not
    attributable.
    """
    return 1 / (1 + sources.facts.missing(Facts.of(text))) ** 2


def known_names(text: str, sources: Sources) -> float:
    """1 / (1 + n)² for the n names of the text that stand in no passage; 1 when it has none.

    Entity precision (Nan et al., 2021), by capital letters; half of BEGIN has none: AUROC .535 / .511, but 27 of the 28
    drafts below 1 are not attributable.
    """
    unknown = sum(not stands_in(name, sources.terms) for name in names(text))
    unknown += sum(_other_subject(sentence, sources) for sentence in sentences(text))
    return 1 / (1 + unknown) ** 2


def _other_subject(sentence: str, sources: Sources) -> bool:
    """Whether it is a passage's sentence with another name in front: a first word has its capital in any case."""
    name, following = subject(sentence)
    if not name or stands_in(name, sources.terms) or not any(following in each.behind_names for each in sources.each):
        return False
    rest = [word for word in words(sentence) if word not in all_words(name)]
    return sources.in_one_sentence(rest) >= _SAME * sum(word.weight for word in rest) > 1


def negation(text: str, sources: Sources) -> float:
    """Share of the sentences that no passage says the opposite of, as far as a negation tells; 0 without a sentence.

    A sentence is compared with those of a passage that hold nearly all of its words (`rag.escalation.negation`). No
    draft of BEGIN is one: AUROC .500 / .500; its weight comes from drafts with a negation put in or taken out.
    """
    return share([not contradicted(claim(sentence), sources.claims) for sentence in sentences(text)])


def cited_support(text: str, citations: Sequence[Citation]) -> float:
    """Share of the content words of each marked sentence that the passages hold which it cites; 0 when none is cited.

    Citation recall and precision in one (Gao et al., 2023, ALCE), by words. In a text without marks all sentences are
    taken to cite all that is cited. BEGIN has no marks.
    """
    hits = {citation.number: citation.hit for citation in citations if citation.cited}
    cites: defaultdict[str, list[int]] = defaultdict(list)
    for number, sentences_of in (claims_by_number(text) or {number: [text] for number in hits}).items():
        for sentence in sentences_of:
            cites[sentence].append(number)
    held: list[bool] = []
    for sentence, numbers_of in cites.items():
        sources = Sources.of(hits[number] for number in numbers_of if number in hits)
        held += [word.term in sources.terms for word in words(sentence) if word.says]
    return share(held)
