"""Below which probability the documents are taken not to hold an answer: measured on the library itself.

Synthetic queries are cut from the library's passages and searched without their own document
(`rag.escalation.synthetic_queries`). The threshold is the `PERCENTILE`-th percentile of their probabilities; what
people ask and the library does not hold stays below it about as often.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_TINY = 1e-6

PERCENTILE = 89
"""Of the probabilities of synthetic queries without their document, in every library; from 86 to 89 the targets of
benchmarks/confidence are met on squad and on xquad in English, Spanish, German, Russian and Chinese."""

DEFAULT = 0.25
"""Where nothing can be measured: what is measured in most libraries is between .22 and .29."""

LEAST, MOST = 0.05, 1 / 3
"""Of any library. A percentile above the upper one says that other documents answer many of the queries, as in a
handbook whose chapters repeat each other: then they measure nothing, and the default stands."""

LEAST_QUESTIONS, LEAST_DOCUMENTS = 30, 8
"""A percentile of fewer is chance; with fewer documents, leaving one out leaves out much of the library."""

PASSING = 0.42
"""On the scale that all libraries share, what has just passed the gate: not far from even, because whether the answer
is there has been settled then, and a larger model cannot put it there. So, at most a tenth of the questions without an
answer go to the larger model, in each of those languages."""


@dataclass(frozen=True, slots=True)
class GateThreshold:
    """Below which answerability the gate abstains."""

    value: float = DEFAULT
    """[0, 1]: below it the documents are taken not to hold the answer."""
    questions: int = 0
    """How many synthetic queries it was measured with; 0 for the default."""

    def __str__(self) -> str:
        """For a person, as one sentence."""
        if self.questions and self.value == DEFAULT:
            return f"{self.value:.2f}, a cautious default: the documents are so alike that one stands in for another."
        if self.questions:
            return f"{self.value:.2f}, measured with {self.questions} questions that the library asked itself."
        return f"{self.value:.2f}, a cautious default: too few documents, or too many copies, to measure another."

    def rescaled(self, probability: float) -> float:
        """(0, 1): the probability on a scale that all libraries share, where the threshold is `PASSING`.

        Words and scripts differ in how much of a question its answer holds, so the same probability means less in one
        library than in another; the odds are multiplied by what the library's own queries show of that.
        """
        return _probability(_logit(probability) - _logit(self.value) + _logit(PASSING))


def threshold(probabilities: Iterable[float], documents: int) -> GateThreshold:
    """From those of synthetic queries, each without its document; the default when there are too few documents."""
    values = list(probabilities) if documents >= LEAST_DOCUMENTS else []
    if len(values) < LEAST_QUESTIONS:
        return GateThreshold()
    measured = float(np.percentile(values, PERCENTILE))
    return GateThreshold(max(LEAST, measured) if measured <= MOST else DEFAULT, len(values))


def _logit(probability: float) -> float:
    inside = min(max(probability, _TINY), 1 - _TINY)
    return math.log(inside / (1 - inside))


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
