"""Ranking, calibration and intervals: how well numbers tell right from wrong. Pure; arrays are one-dimensional."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ENOUGH_FOR_P95 = 20
"""With fewer values the 95th percentile lies between the two largest ones: it is little more than the worst answer."""


@dataclass(frozen=True, slots=True)
class Interval:
    """How one quantity spread over the rounds, in its own unit."""

    mean: float
    median: float
    p95: float
    """Linear between ranks, as numpy does; see `p95_reliable`."""
    low: float
    high: float
    """The 95 % bootstrap interval of the median."""
    minimum: float
    maximum: float
    n: int

    @property
    def p95_reliable(self) -> bool:
        """Whether there are enough values for a 95th percentile, 20 and more."""
        return self.n >= ENOUGH_FOR_P95


Floats = NDArray[np.float64]


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """[0, 1]: how probably a right one (label 1) outscores a wrong one (0); ties count half. 0.5 for one class.

    The Mann-Whitney U statistic over the number of pairs (Hanley and McNeil, 1982).
    """
    values, right = np.asarray(scores, float), np.asarray(labels, bool)
    positives, negatives = int(right.sum()), int((~right).sum())
    if not positives or not negatives:
        return 0.5
    ordered = np.sort(values)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1) / 2
    return float((ranks[right].sum() - positives * (positives + 1) / 2) / (positives * negatives))


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a reliability curve."""

    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share that was right."""
    count: int


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = 10) -> list[Bin]:
    """The reliability curve in `bins` bins of equal width over [0, 1], without the empty ones."""
    predicted, right = np.asarray(probabilities, float), np.asarray(labels, float)
    index = np.minimum((predicted * bins).astype(int), bins - 1)
    return [
        Bin(float(predicted[within].mean()), float(right[within].mean()), int(within.sum()))
        for n in range(bins)
        if (within := index == n).any()
    ]


def calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = 10) -> float:
    """[0, 1]: expected calibration error, the mean distance of predicted from observed by bin (Naeini et al., 2015)."""
    curve = reliability(probabilities, labels, bins)
    total = sum(each.count for each in curve)
    return sum(each.count * abs(each.predicted - each.observed) for each in curve) / total if total else 0.0


def bootstrap(
    sample: Sequence[float],
    statistic: Callable[[Floats], ArrayLike] = lambda draws: np.mean(draws, axis=1),
    *,
    level: float = 0.95,
    rounds: int = 2_000,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic (Efron, 1979); (nan, nan) for an empty sample.

    `statistic` gives one number for each row of an array of shape (rounds, length of the sample).
    """
    values = np.asarray(sample, float)
    if not len(values):
        return float("nan"), float("nan")
    draws = np.random.default_rng(seed).integers(0, len(values), (rounds, len(values)))
    low, high = np.percentile(np.asarray(statistic(values[draws]), float), [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def wilson(count: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """The score interval of a share of `of` trials, 95 % by default (Wilson, 1927); also for none of them and for all.

    Raises:
        ValueError: there are no trials.
    """
    if of < 1:
        raise ValueError("A share of nothing has no interval.")
    share, spread = count / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
