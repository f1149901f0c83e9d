"""Labelled turns → the weights and the threshold of the confidence that suit them. Pure functions."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from rag.errors import GroundworkError
from rag.escalation.weights import Logistic, Row, Weights, fit, out_of_fold
from rag.statistics import Bin, auroc, calibration_error, reliability
from rag.turn_log.calibration import Calibration
from rag.turn_log.record import LoggedTurn

TARGET = 0.9
"""Of the drafts that a threshold keeps, at least this share is to be right."""

MANY = 100
"""Labels from which on every coefficient is fitted. Below, only the level and the slope of the shipped confidence are
(Platt, 1999): in simulations with heads of six signals that beat the full fit up to about 200 labels, unless the
signals mean something else here than where the shipped weights come from."""

_PRIOR_SLOPE, _PRIOR_ALL = 20.0, 40.0
"""How many labels the shipped confidence counts for, in the two fits: of 5, 10, 20 and 40 the best compromise in those
simulations between shipped weights that are right here and some that are not."""
_RIDGE = 1e-3
"""Only what two signals that always agree need; it is the prior that holds the weights."""
_FEWEST_KEPT = 10
"""A threshold that reaches the target keeps at least this many labelled drafts."""
_SHOWN = ("answered", "kept_draft")
"""Outcomes whose answer is the draft, so that a thumb is about it."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a confidence separates right drafts from wrong ones."""

    auroc: float
    ece: float
    """[0, 1]: expected calibration error."""
    curve: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """Where the confidence divides drafts, and what that does to the labelled ones."""

    value: float
    kept: int
    """Labelled drafts at or above it."""
    right: float
    """[0, 1]: share of those that was right; 0 when none is kept."""
    escalated: float = 0.0
    """[0, 1]: share of all drafts of the log, labelled or not, that are below it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a fit found; `calibration` is what would be saved."""

    calibration: Calibration
    labels: int
    right: int
    unknown: int
    """Annotations of turns that are not in the log, or whose draft the weights did not score."""
    drafts: int
    """All drafts of the log that the shares of `escalated` count."""
    before: Quality
    """Of the confidence in use."""
    after: Quality
    """Of the fitted one, each label scored by a fit that has not seen it."""
    threshold_before: ThresholdChoice
    threshold_after: ThresholdChoice

    @property
    def every_coefficient(self) -> bool:
        """Whether there were labels enough to fit each coefficient."""
        return self.labels >= MANY


def propose(
    turns: Sequence[LoggedTurn],
    annotations: Mapping[str, bool],
    *,
    shipped: Weights,
    in_use: Calibration,
    minimum: int,
    at: datetime,
) -> Proposal:
    """The calibration that fits the labelled turns, beside the one in use.

    A label says whether the small model's draft was right: an annotation by the turn's id, else the thumb where the
    draft was the answer. A thumb on a larger model's answer is not about the draft and does not count.

    Raises:
        GroundworkError: too few labels, all of them the same, or labels that contradict the confidence.
    """
    names = set(shipped.confidence.coefficients)
    scored = [turn for turn in turns if _scored(turn, names)]
    labels = {turn.id: label for turn in scored if (label := _label(turn, annotations)) is not None}
    _check(list(labels.values()), minimum)
    labelled = [turn for turn in scored if turn.id in labels]
    rows, right = [_row(turn, names) for turn in labelled], list(labels.values())
    head, seen_by_others = _fitted(shipped.confidence, rows, right, [_group(turn) for turn in labelled])
    old, bins = in_use.weights.confidence, 10 if len(right) >= MANY else 5
    now = [old(row) for row in rows]
    before, after = _quality(now, right, bins), _quality(seen_by_others, right, bins)
    value = choose_threshold(seen_by_others, right)
    everything = [_row(turn, names) for turn in scored]
    return Proposal(
        calibration=Calibration(
            replace(shipped, confidence=head), value, _provenance(at, right, before, after, len(right) >= MANY)
        ),
        labels=len(right),
        right=sum(right),
        unknown=len(set(annotations) - set(labels)),
        drafts=len(scored),
        before=before,
        after=after,
        threshold_before=_effect(in_use.confidence_threshold, now, right, [old(row) for row in everything]),
        threshold_after=_effect(value, seen_by_others, right, [head(row) for row in everything]),
    )


def choose_threshold(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """The lowest threshold that keeps drafts of which at least `TARGET` are right.

    Where none does, the one that parts right from wrong drafts best (Youden's J, 1950). It never lies below the least
    probability that has a label, because nothing is known of drafts below.
    """
    all_good, all_bad = max(1, sum(right)), max(1, len(right) - sum(right))
    kept = good = 0
    reached, best = list[float](), (-math.inf, 0.0)
    by_value = groupby(sorted(zip(map(_floor, probabilities), right, strict=True), reverse=True), lambda pair: pair[0])
    for value, drafts in by_value:
        labels = [label for _, label in drafts]
        kept, good = kept + len(labels), good + sum(labels)
        best = max(best, (good / all_good - (kept - good) / all_bad, value))
        if kept >= min(_FEWEST_KEPT, len(right)) and good / kept >= TARGET:
            reached.append(value)
    return reached[-1] if reached else best[1]


def _floor(probability: float) -> float:
    """Three decimals are enough for a person, and rounding down keeps the draft that a threshold is taken from."""
    return math.floor(probability * 1000) / 1000


def read_labels(text: str) -> dict[str, bool]:
    """Labels by turn from lines such as `{"id": "…", "label": 1}`: 1 for a right draft, 0 for a wrong one.

    Raises:
        GroundworkError: a line is something else; the text names it.
    """
    labels = dict[str, bool]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            name, label = values["id"], values["label"]
        except (ValueError, KeyError, TypeError):
            name, label = None, None
        if not isinstance(name, str) or label not in (0, 1):
            raise GroundworkError(
                f'Line {number} of the labels is not understood. A line looks like {{"id": "…", "label": 1}}: '
                "1 for a right draft, 0 for a wrong one."
            )
        labels[name] = bool(label)
    return labels


def _scored(turn: LoggedTurn, names: set[str]) -> bool:
    """Whether the weights scored it: the draft was whole, and it did not refuse (which makes the confidence 0)."""
    whole = turn.draft and turn.draft.generated and not turn.draft.early
    return bool(whole and turn.decision.confidence and names <= turn.signals.keys())


def _label(turn: LoggedTurn, annotations: Mapping[str, bool]) -> bool | None:
    if turn.id in annotations:
        return annotations[turn.id]
    return turn.thumb == "up" if turn.thumb and turn.outcome in _SHOWN else None


def _check(labels: Sequence[bool], minimum: int) -> None:
    if len(labels) < minimum:
        raise GroundworkError(
            f"There are {len(labels)} labelled drafts, and calibrating needs {minimum}. Collect more thumbs, or label "
            "drafts in a file: rag calibrate --labels FILE."
        )
    if len(set(labels)) < 2:
        raise GroundworkError(
            f"All {len(labels)} labelled drafts are {'right' if labels and labels[0] else 'wrong'}, so nothing can be "
            "learned of what tells them apart. Label some of the others too: rag calibrate --labels FILE."
        )


def _row(turn: LoggedTurn, names: set[str]) -> Row:
    return {name: turn.signals[name] for name in sorted(names)}


def _group(turn: LoggedTurn) -> str:
    """The same question asked twice is scored by fits that have seen neither."""
    return turn.text.question if turn.text else turn.id


def _fitted(
    head: Logistic, rows: Sequence[Row], right: Sequence[bool], groups: Sequence[str]
) -> tuple[Logistic, list[float]]:
    """The fitted head, and for each row the probability of a fit that has not seen its group.

    The shipped head is the prior: each row counts again, right and wrong as probably as that head says, for a fixed
    number of labels in all (the catalytic prior of Huang, Stein, Rubin and Kou, 2020).
    """
    few = len(right) < MANY
    scale = (_PRIOR_SLOPE if few else _PRIOR_ALL) / len(right)
    believed = [head(row) for row in rows]
    design = [{"logit": _logit(head, row)} for row in rows] if few else list(rows)
    labels = [*right, *[True] * len(right), *[False] * len(right)]
    weights = [
        *[1.0] * len(right),
        *(scale * p for p in believed),
        *(scale * (1 - p) for p in believed),
    ]
    found = fit(design * 3, labels, l2=_RIDGE, weights=weights)
    unseen = out_of_fold(design * 3, labels, list(groups) * 3, l2=_RIDGE, weights=weights)[: len(right)]
    return (_rescaled(head, found) if few else found), unseen


def _logit(head: Logistic, row: Row) -> float:
    return head.intercept + sum(weight * row[name] for name, weight in head.coefficients.items())


def _rescaled(head: Logistic, line: Logistic) -> Logistic:
    """The head after level and slope were fitted on its logit."""
    slope = line.coefficients["logit"]
    if slope <= 0:
        raise GroundworkError(
            "The labels contradict the confidence: drafts that it trusts more were wrong more often. Check that 1 "
            "stands for right, and label more drafts."
        )
    scaled = {name: slope * weight for name, weight in head.coefficients.items()}
    return Logistic(line.intercept + slope * head.intercept, scaled)


def _quality(probabilities: Sequence[float], right: Sequence[bool], bins: int) -> Quality:
    return Quality(
        auroc(probabilities, right),
        calibration_error(probabilities, right, bins),
        tuple(reliability(probabilities, right, bins)),
    )


def _effect(
    value: float, probabilities: Sequence[float], right: Sequence[bool], everything: Sequence[float]
) -> ThresholdChoice:
    kept = [label for p, label in zip(probabilities, right, strict=True) if p >= value]
    below = sum(p < value for p in everything)
    return ThresholdChoice(
        value,
        len(kept),
        sum(kept) / len(kept) if kept else 0.0,
        below / len(everything) if everything else 0.0,
    )


def _provenance(
    at: datetime, right: Sequence[bool], before: Quality, after: Quality, every: bool
) -> dict[str, str | int | float]:
    return {
        "date": at.date().isoformat(),
        "labels": len(right),
        "right": sum(right),
        "fitted": "every coefficient" if every else "level and slope",
        "auroc_before": round(before.auroc, 4),
        "auroc_after": round(after.auroc, 4),
        "ece_before": round(before.ece, 4),
        "ece_after": round(after.ece, 4),
    }
