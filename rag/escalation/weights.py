"""Logistic regression on named numbers: small, exact, and readable in a file."""

import json
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np

from rag.statistics import Floats

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


@dataclass(frozen=True, slots=True)
class Weights:
    """Three logistic models over signals, by their names."""

    answerable: Logistic
    """Do the passages hold the answer? Over the signals of the search."""
    supported: Logistic
    """Does the draft stand on the passages? Over the signals of its text."""
    confidence: Logistic
    """Can the draft be trusted? Over the two above and what else is known of the draft."""
    fit: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where they come from: date, data, rows, AUROC and calibration error by cross-validation."""

    @classmethod
    def of_json(cls, text: str) -> "Weights":
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            values = json.loads(text)
            answerable, supported, confidence = (
                _logistic(values[n]) for n in ("answerable", "supported", "confidence")
            )
            return cls(answerable, supported, confidence, dict(values.get("fit", {})))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"These are no weights: {error}") from error

    def to_json(self) -> str:
        """As a file that a person can read."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@cache
def shipped() -> Weights:
    """The weights that come with the app, from `weights.json` beside this module."""
    return Weights.of_json(files("rag.escalation").joinpath("weights.json").read_text(encoding="utf-8"))


def _logistic(values: Mapping[str, Any]) -> Logistic:
    coefficients = {str(name): float(weight) for name, weight in values["coefficients"].items()}
    return Logistic(float(values["intercept"]), coefficients)
