"""Support of a text by passages: named numbers in [0, 1], where 1 is full support. Pure functions."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain

from rag.grounding.citations import without_marks
from rag.grounding.facts import Facts
from rag.grounding.names import names, stands_in, subject
from rag.grounding.negation import claim, contradicted
from rag.grounding.sources import Sources
from rag.grounding.words import Word, all_words, words
from rag.text.sentences import sentences
from rag.types import Hit, Signal

SUPPORTED = ("grams", "together", "additions", "insertion", "numbers", "names", "negation")
"""The signals of a text, which the probability of support is made of."""

Sentence = Sequence[Word]

_NEW = 0.3
"""A word that is less new than this is another form of one that stands there."""
_SAME = 0.85
"""A sentence is a passage's own when one there has this share of its words."""


def support_signals(text: str, hits: Sequence[Hit]) -> tuple[Signal, ...]:
    """All signals of a text, each 0 for an empty one; marks like [1] in it are no words."""
    plain, sources = without_marks(text), Sources.of(hit.passage for hit in hits)
    draft = [read for sentence in sentences(plain) if (read := words(sentence))]
    novelty = [[sources.novelty(word) for word in sentence] for sentence in draft]
    values = (
        ("grams", grams(draft, sources), "How many of its letter groups stand in the passages"),
        ("together", together(draft, sources), "How far each sentence stands in one sentence of a passage"),
        ("additions", additions(novelty), "Less for every word that a sentence brings in"),
        ("insertion", insertion(novelty), "Less for new words in a row"),
        ("numbers", numbers(plain, sources), "Less for every number, unit or date that stands in no passage"),
        ("names", known_names(plain, sources), "Less for every name that stands in no passage"),
        ("negation", negation(plain, sources), "Less for sentences that a passage says the opposite of"),
    )
    return tuple(Signal(name, value if draft else 0.0, meaning) for name, value, meaning in values)


def support(text: str, hits: Sequence[Hit]) -> float:
    """[0, 1]: the share of the text's content words whose stem some passage has; 0 for a text without any."""
    written = chain.from_iterable(words(sentence) for sentence in sentences(without_marks(text)))
    return share(known_words(written, Sources.of(hit.passage for hit in hits)))


def known_words(of: Iterable[Word], sources: Sources) -> list[bool]:
    """For each content word whether its stem stands in some passage."""
    return [word.term in sources.terms for word in of if word.is_content]


def grams(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of the 4-grams of its words that some passage has, as in chrF (Popović, 2015). AUROC .912 / .958."""
    return share([gram in sources.grams for sentence in draft for word in sentence for gram in word.grams])


def together(draft: Sequence[Sentence], sources: Sources) -> float:
    """Share of each sentence's words that stand together in one sentence of a passage; function words count less.

    A claim stands in one place; words that are gathered from many may say something new. AUROC .954 / .967.
    """
    weight = sum(word.weight for sentence in draft for word in sentence)
    return sum(sources.in_one_sentence(sentence) for sentence in draft) / weight if weight else 0.0


def additions(novelty: Sequence[Sequence[float]]) -> float:
    """exp(-n / 3) for the n words that the sentence brings in that brings in most; spelled alike, they count in part.

    `novelty` is `Sources.novelty` of each word of each sentence. Unlike a share it tells a short new sentence from
    a long one with a short addition. AUROC .955 / .930.
    """
    return math.exp(-max(map(sum, novelty)) / 3) if novelty else 0.0


def insertion(novelty: Sequence[Sequence[float]]) -> float:
    """exp(-n / 2) for the longest run of n words that stand nowhere: inventions come in a row. AUROC .954 / .922."""
    return math.exp(-max(map(_longest_run, novelty)) / 2) if novelty else 0.0


def share(values: Sequence[bool]) -> float:
    """[0, 1]: how many are true; 0 of none."""
    return sum(values) / len(values) if values else 0.0


def _longest_run(novelty: Iterable[float]) -> float:
    longest = run = 0.0
    for new in novelty:
        run = run + new if new > _NEW else 0.0
        longest = max(longest, run)
    return longest


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
    unknown += sum(has_other_subject(sentence, sources) for sentence in sentences(text))
    return 1 / (1 + unknown) ** 2


def has_other_subject(sentence: str, sources: Sources) -> bool:
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
