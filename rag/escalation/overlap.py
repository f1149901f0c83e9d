"""The words of a draft against those of the passages: one number in [0, 1] for each way to compare them.

How well each separates BEGIN's "Fully attributable" drafts from the others (Dziri et al., 2022; AUROC on
begin_dev_wow / begin_dev_cmu by `benchmarks/begin.py`) stands with it. Pronouns are no words here: with
"I" and "you" some would have .02 more, but by marks of chit-chat.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from rag.escalation.sources import Sources
from rag.escalation.words import Word

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
