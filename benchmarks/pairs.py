"""Searches and drafts paired at random, for the head that makes one confidence of how good both are.

No public set has questions with passages, drafts and a judgement on each. So each search of the squad-like sets, whose
answer is there or was taken away, gets a draft of BEGIN, which stands on its passage or does not: the pair is right
when both are. That the two are independent is an assumption; `rag calibrate` replaces it with a person's own turns.
"""

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from rag.escalation.threshold import GateThreshold
from rag.escalation.weights import Logistic, fit, out_of_fold
from rag.statistics import auroc, calibration_error

L2 = 0.3
ROUNDS = 2
"""How many drafts each search gets."""


@dataclass
class Pairs:
    """Both probabilities, each by a fit that has not seen its row, and whether both are right."""

    rows: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    groups: list[Hashable] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def paired(
    searches: Sequence[tuple[float, bool, Hashable]], drafts: Sequence[tuple[float, bool, float]], seed: int = 1
) -> Pairs:
    """`searches` are probability, label and group; `drafts` probability, label and weight. Both kinds weigh alike."""
    level, shuffled, made = GateThreshold().rescaled, random.Random(seed), Pairs()
    for _ in range(ROUNDS):
        order = shuffled.sample(drafts, len(drafts))
        for (answerable, found, group), (supported, stands, weight) in zip(searches, cycle(order), strict=False):
            made.rows.append({"answerable": level(answerable), "supported": supported})
            made.labels.append(found and stands)
            made.groups.append(group)
            made.weights.append(weight)
    of_kind = {
        kind: sum(w for w, label in zip(made.weights, made.labels, strict=True) if label is kind)
        for kind in (True, False)
    }
    half = sum(of_kind.values()) / 2
    made.weights = [w * half / of_kind[label] for w, label in zip(made.weights, made.labels, strict=True)]
    return made


def head(made: Pairs) -> tuple[Logistic, dict[str, Any]]:
    """The head `confidence`, and how good it is on groups that it has not seen; right and wrong pairs as many."""
    unseen = out_of_fold(made.rows, made.labels, made.groups, l2=L2, weights=made.weights)
    right = [value for value, label in zip(unseen, made.labels, strict=True) if label]
    wrong = [value for value, label in zip(unseen, made.labels, strict=True) if not label]
    even = [*wrong, *islice(cycle(right), len(wrong))], [False] * len(wrong) + [True] * len(wrong)
    return fit(made.rows, made.labels, l2=L2, weights=made.weights), {
        "rows": len(made.rows),
        "auroc": round(auroc(unseen, made.labels), 4),
        "ece": round(calibration_error(*even), 4),
    }
