"""Does the draft stand on the passages? Named numbers in [0, 1]; 1 always speaks for the draft. Pure functions."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from rag.grounding.citations import claims_by_number, without_marks
from rag.grounding.facts import Facts
from rag.grounding.names import names, stands_in, subject
from rag.grounding.negation import claim, contradicted
from rag.grounding.sources import Sources
from rag.grounding.words import Word, all_words, words
from rag.text.sentences import sentences
from rag.types import Citation, Hit, Signal

Sentence = Sequence[Word]

_NEW = 0.3
"""A word that lacks less than this is another form of one that stands there."""


def stems(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of its content words whose stem some passage has (unigram precision). AUROC .921 / .954."""
    return share(_held(chain.from_iterable(draft), sources))


def grams(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of the 4-grams of its words that some passage has, as in chrF (Popović, 2015). AUROC .912 / .958."""
    return share([gram in sources.grams for sentence in draft for word in sentence for gram in word.grams])


def copied(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of its words beside a neighbour that they have in a passage too: copying against rephrasing.

    Extractive fragment coverage (Grusky et al., 2018) with fragments of two words or more. AUROC .916 / .930.
    """
    return share([held for sentence in draft for held in _beside(sentence, sources)])


def together(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of each sentence's words that stand together in one sentence of a passage; function words count less.

    A claim stands in one place; words that are gathered from many may say something new. AUROC .954 / .967.
    """
    weight = sum(word.weight for sentence in draft for word in sentence)
    return sum(sources.in_one_sentence(sentence) for sentence in draft) / weight if weight else 0.0


def lowest(draft: Sequence[Sentence], sources: Sources) -> float:
    """The stems of the sentence that has fewest of them in the passages: one invented claim is enough to be wrong.

    As SummaC takes the support of a text from its sentences (Laban et al., 2022). AUROC .922 / .955.
    """
    return min((share(held) for sentence in draft if (held := _held(sentence, sources))), default=0.0)


def additions(lacking: Sequence[Sequence[float]]) -> float:
    """exp(-n / 3) for the n words that the sentence brings in that brings in most; spelled alike, they count in part.

    `lacking` is `Sources.lacks` of each word of each sentence. Beside the shares this tells a short new sentence from
    a long one with a short addition. AUROC .955 / .930.
    """
    return math.exp(-max(map(sum, lacking)) / 3) if lacking else 0.0


def insertion(lacking: Sequence[Sequence[float]]) -> float:
    """exp(-n / 2) for the longest run of n words that stand nowhere: inventions come in a row. AUROC .954 / .922."""
    return math.exp(-max(map(_longest_run, lacking)) / 2) if lacking else 0.0


def share(held: Sequence[bool]) -> float:
    """[0, 1]: how many are true; 0 of none."""
    return sum(held) / len(held) if held else 0.0


def _held(words: Iterable[Word], sources: Sources) -> list[bool]:
    return [word.term in sources.terms for word in words if word.says]


def _longest_run(lacks: Iterable[float]) -> float:
    longest = run = 0.0
    for lack in lacks:
        run = run + lack if lack > _NEW else 0.0
        longest = max(longest, run)
    return longest


def _beside(sentence: Sentence, sources: Sources) -> list[bool]:
    """For each word whether it has one of its neighbours in a passage too; a word alone, whether it stands there."""
    if len(sentence) == 1:
        return [sentence[0].term in sources.terms]
    pairs = [pair in sources.pairs for pair in pairwise(word.term for word in sentence)]
    return [before or after for before, after in pairwise((False, *pairs, False))]


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

    Spelling and language aside (`rag.grounding.facts`); one with another unit stands nowhere. Entity precision (Nan et
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

    A sentence is compared with those of a passage that hold nearly all of its words (`rag.grounding.negation`). No
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
