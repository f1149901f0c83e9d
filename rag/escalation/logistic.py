"""Logistic regression on named numbers: small, exact, and readable in a file."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from rag.metrics import Floats

Row = Mapping[str, float]

_STEPS, _CONVERGED = 100, 1e-10


@dataclass(frozen=True, slots=True)
class Logistic:
    """A probability from named numbers: 1 / (1 + exp(-(intercept + Σ coefficient × value)))."""

    intercept: float
    coefficients: Mapping[str, float]

    def __call__(self, values: Row) -> float:
        """(0, 1). Names that it does not know are left out.

        Raises:
            KeyError: a name that it needs is missing.
        """
        z = self.intercept + sum(weight * values[name] for name, weight in self.coefficients.items())
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, z))))


def fit(rows: Sequence[Row], labels: Sequence[bool], *, l2: float = 1.0, weights: Sequence[float] = ()) -> Logistic:
    """The most probable coefficients under a normal prior on each (ridge of `l2`, none on the intercept).

    Newton's method on the penalised log-likelihood (iteratively reweighted least squares); `weights` are how much each
    row counts, 1 by default. All rows have the names of the first.
    """
    names = list(rows[0])
    design = np.array([[1.0, *(row[name] for name in names)] for row in rows])
    target = np.asarray(labels, float)
    counts = np.asarray(weights or np.ones(len(rows)), float)
    penalty = np.diag([1e-9, *([l2] * len(names))])
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = _sigmoid(design @ beta)
        gradient = design.T @ (counts * (target - p)) - penalty @ beta
        hessian = (design * (counts * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if float(np.abs(step).max()) < _CONVERGED:
            break
    intercept, *coefficients = (float(value) for value in beta)
    return Logistic(intercept, dict(zip(names, coefficients, strict=True)))


def out_of_fold(
    rows: Sequence[Row],
    labels: Sequence[bool],
    groups: Sequence[Hashable],
    *,
    folds: int = 5,
    l2: float = 1.0,
    weights: Sequence[float] = (),
) -> list[float]:
    """For each row the probability of a fit that has seen no row of its group, such as its article."""
    found = [0.0] * len(rows)
    for inside, outside in _folds(groups, folds):
        model = fit(
            [rows[n] for n in inside],
            [labels[n] for n in inside],
            l2=l2,
            weights=[weights[n] for n in inside] if weights else (),
        )
        for n in outside:
            found[n] = model(rows[n])
    return found


def _folds(groups: Sequence[Hashable], folds: int) -> Iterator[tuple[list[int], list[int]]]:
    """Rows to fit on and rows to judge; whole groups stay together, in an order that their names decide."""
    order = sorted(set(groups), key=lambda group: crc32(repr(group).encode()))
    fold = {group: n % folds for n, group in enumerate(order)}
    for each in range(folds):
        outside = [n for n, group in enumerate(groups) if fold[group] == each]
        if outside:
            yield [n for n, group in enumerate(groups) if fold[group] != each], outside


def _sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(values, -500, 500)))
