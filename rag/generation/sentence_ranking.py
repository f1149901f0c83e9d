"""Ranks the sentences of a text by how central they are, in any language, and chooses some without repetition.

Biased LexRank (Erkan & Radev, 2004; Otterbacher, Erkan & Radev, 2005): a sentence is central when central sentences are
like it, by the cosine of their terms' tf-idf; the random walk jumps to sentences near the beginning (Lead-3 is hard to
beat on news: Nenkova, 2005) or like the title; likeness to a question, where there is one, is mixed in. Chosen by
maximal marginal relevance (Carbonell & Goldstein, 1998). Deterministic, and pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.text.analysis import analyse

JUMP = 0.25
"""The probability that the walk jumps instead of going on to a similar sentence."""
LEAD, LEAD_SENTENCES = 0.2, 6.0
"""The share of the jumps that goes to the beginning, and how many sentences are the beginning: each one farther on gets
exp(-1 / LEAD_SENTENCES) of the one before."""
LIKE_TITLE = 1.0
"""What being like the title adds to the 1 that any target of a jump has."""
LIKE_QUESTION = 0.9
"""The share of being like the question in a score, where there is one."""
DIVERSITY = 0.3
"""What part of a choice is how unlike it is to those chosen before."""
GROUP = 1.0
"""How alike two texts of one group are taken to be, at least: with the paragraphs of squad's articles as groups, five
sentences hold .090 of their questions' answers instead of .066, and xquad's in four languages .005 to .02 more."""
SAME = 0.6
"""The cosine above which two sentences say the same, so that only the first is chosen."""
_STEPS = 50

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """How much each of some texts is worth choosing, and how alike they are."""

    scores: Matrix
    """One for each text, [0, 1]; the best has 1."""
    similarity: Matrix
    """The cosine of each two, in [0, 1]."""

    def choose(self, most: int, groups: Sequence[int] = ()) -> list[int]:
        """The indexes of at most `most` texts, the best first; texts of one group count as somewhat alike."""
        chosen: list[int] = []
        group = np.asarray(groups or range(len(self.scores)))
        likeness = np.zeros(len(self.scores))
        open_ = self.scores > 0
        while len(chosen) < most and open_.any():
            gain = (1 - DIVERSITY) * self.scores - DIVERSITY * likeness
            best = int(np.argmax(np.where(open_, gain, -np.inf)))
            chosen.append(best)
            likeness = np.maximum(likeness, np.maximum(self.similarity[best], GROUP * (group == group[best])))
            open_ &= self.similarity[best] < SAME
            open_[best] = False
        return chosen


def rank(texts: Sequence[str], weights: Sequence[float], *, title: str = "", question: str = "") -> Ranking:
    """How central each text is among all of them, times its weight, above 0; of no texts, of hundreds, not of more.

    The work grows with their number squared. The walk jumps to a text, and begins with it, by its weight too.
    """
    if not texts:
        return Ranking(np.zeros(0), np.zeros((0, 0)))
    vectors = _vectors([*texts, title, question])
    similarity = vectors @ vectors.T
    own = similarity[:-2, :-2]
    factors = np.asarray(weights)
    lead = factors * np.exp(-np.cumsum(factors) / LEAD_SENTENCES)
    targets = 1 + LIKE_TITLE * similarity[:-2, -2]
    jumps = LEAD * lead / lead.sum() + (1 - LEAD) * targets / targets.sum()
    scores = factors * _walk(np.where(own < SAME, own, 0.0), jumps)
    asked = factors * similarity[:-2, -1]
    if asked.any():
        scores = (1 - LIKE_QUESTION) * scores / scores.max() + LIKE_QUESTION * asked / asked.max()
    return Ranking(scores / scores.max(), own)


def _walk(similarity: Matrix, jumps: Matrix) -> Matrix:
    """How often a random walk over similar sentences is at each: the power method."""
    sums = similarity.sum(axis=1, keepdims=True)
    steps = np.divide(similarity, sums, out=np.tile(jumps, (len(jumps), 1)), where=sums > 0)
    visits = jumps
    for _ in range(_STEPS):
        visits = JUMP * jumps + (1 - JUMP) * (visits @ steps)
    return visits


def _vectors(texts: Sequence[str]) -> Matrix:
    """The tf-idf of each text's terms, a row of length 1 each; of length 0 for a text without terms."""
    counts = [Counter(analyse(text).units) for text in texts]
    columns = {term: n for n, term in enumerate(dict.fromkeys(term for each in counts for term in each))}
    rows = np.zeros((len(texts), len(columns)))
    for row, each in zip(rows, counts, strict=True):
        for term, count in each.items():
            row[columns[term]] = count
    containing = np.count_nonzero(rows, axis=0)
    rows *= np.log(1 + len(texts) / np.maximum(containing, 1))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=rows, where=lengths > 0)
