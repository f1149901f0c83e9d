"""How well confidence tells which questions need the larger model, in the terms of RouteLLM (Ong et al., 2024). Pure.

Two runs over the same questions give, for each, the small model's quality s, the larger one's l, and the confidence.
Sending the questions of lowest confidence first, the run at a share c of calls has quality r(c). Then

    PGR(c)  = (r(c) - mean s) / (mean l - mean s)     performance gap recovered
    APGR    = the area under PGR for c from 0 to 1    0.5 for a random router
    CPT(x)  = the smallest c with PGR(c) ≥ x          call-performance threshold
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from rag.errors import QuestionError
from rag.evaluation.results import Results, Row
from rag.statistics import Floats, auroc, bootstrap

LEVELS = (0.5, 0.8)
"""The paper's CPT(50 %) and CPT(80 %)."""
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in both runs."""

    confidence: float
    """Low ones are sent to the larger model first."""
    small: float
    large: float
    """The qualities, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class RoutingPoint:
    """A share of calls and what of the gap it recovers."""

    calls: float
    recovered: float | None
    """PGR; None where the larger model is not better, so that there is no gap."""
    quality: float


@dataclass(frozen=True, slots=True)
class Hybrid:
    """What a run with escalation made of it."""

    point: RoutingPoint
    escalated: int
    harmed: int
    """Escalated turns whose shown answer is worse than their draft."""
    helped: int

    @property
    def harm_rate(self) -> float | None:
        """harmed / escalated; None when nothing was escalated."""
        return self.harmed / self.escalated if self.escalated else None


@dataclass(frozen=True, slots=True)
class Routing:
    """The routing quality of two runs, and perhaps a third."""

    questions: int
    small: float
    large: float
    """Mean qualities."""
    curve: tuple[RoutingPoint, ...]
    """At 0, 1, 2 … questions sent on."""
    apgr: float | None
    thresholds: tuple[tuple[float, float | None], ...]
    """(x, CPT(x)); None where there is no gap."""
    would_harm: float
    """The share of all questions that the larger model answers worse."""
    auroc: float | None
    """Of confidence against "the draft was right"; None when all drafts are right, or none is."""
    auroc_interval: tuple[float, float] | None
    drafts: int
    """How many rows the AUROC stands on."""
    hybrid: Hybrid | None = None


def routing(small: Results, large: Results, hybrid: Results | None = None) -> Routing:
    """The routing quality of the small run's confidence.

    A question that the small run ended at the gate is sent last: the gate does not escalate.

    Raises:
        QuestionError: the runs do not hold the same questions; the text says which are missing in which.
    """
    sending = _by_id(large)
    _same_questions(small, large, hybrid)
    pairs = [Pair(_order(row), row.scores.quality, sending[row.id].scores.quality) for row in small.rows]
    curve = tuple(points(pairs))
    drafts = [row for row in small.rows if row.draft]
    return Routing(
        questions=len(pairs),
        small=curve[0].quality,
        large=curve[-1].quality,
        curve=curve,
        apgr=area(curve),
        thresholds=tuple((level, calls_for(level, curve)) for level in LEVELS),
        would_harm=sum(pair.large < pair.small for pair in pairs) / len(pairs),
        auroc=_auroc(drafts),
        auroc_interval=_auroc_interval(drafts),
        drafts=len(drafts),
        hybrid=_hybrid(hybrid, curve) if hybrid else None,
    )


def points(pairs: Sequence[Pair]) -> Iterator[RoutingPoint]:
    """The curve at 0, 1, 2 … calls; among equal confidences each is as likely to be sent next."""
    count = len(pairs)
    low, high = sum(pair.small for pair in pairs) / count, sum(pair.large for pair in pairs) / count
    quality, sent = low, 0
    yield RoutingPoint(0.0, _recovered(quality, low, high), quality)
    for _, group in groupby(sorted(pairs, key=lambda pair: pair.confidence), key=lambda pair: pair.confidence):
        equal = list(group)
        gain = sum(pair.large - pair.small for pair in equal) / len(equal) / count
        for _ in equal:
            quality, sent = quality + gain, sent + 1
            yield RoutingPoint(sent / count, _recovered(quality, low, high), quality)


def area(curve: Sequence[RoutingPoint]) -> float | None:
    """APGR by the trapezoidal rule; the paper takes the mean over ten shares, which is the same in the limit."""
    recovered = [point.recovered for point in curve if point.recovered is not None]
    return float(np.trapezoid(recovered, [point.calls for point in curve])) if len(recovered) == len(curve) else None


def calls_for(level: float, curve: Sequence[RoutingPoint]) -> float | None:
    """CPT: the smallest share of calls that recovers so much of the gap; None without a gap."""
    return next((p.calls for p in curve if p.recovered is not None and p.recovered >= level - 1e-9), None)


def _recovered(quality: float, low: float, high: float) -> float | None:
    return (quality - low) / (high - low) if high - low > _EPSILON else None


def _order(row: Row) -> float:
    return float("inf") if row.outcome == "abstained" else row.confidence


def _auroc(drafts: Sequence[Row]) -> float | None:
    right = [_right(row) for row in drafts]
    return auroc([row.confidence for row in drafts], right) if len(set(right)) == 2 else None


def _auroc_interval(drafts: Sequence[Row]) -> tuple[float, float] | None:
    if _auroc(drafts) is None:
        return None
    scores, right = np.array([row.confidence for row in drafts]), np.array([_right(row) for row in drafts])

    def statistic(draws: Floats) -> list[float]:
        return [auroc(scores[drawn], right[drawn]) for drawn in draws.astype(int)]

    return bootstrap(list(range(len(drafts))), statistic)


def _right(row: Row) -> bool:
    return row.draft is not None and row.draft.scores.quality >= 1


def _hybrid(results: Results, curve: Sequence[RoutingPoint]) -> Hybrid:
    """Where the run with escalation stands; an escalated turn is one that the larger model wrote for."""
    rows = results.rows
    both = [(row.scores.quality, row.draft.scores.quality) for row in rows if row.large and row.draft]
    calls = sum(row.large is not None for row in rows) / len(rows)
    quality = sum(row.scores.quality for row in rows) / len(rows)
    return Hybrid(
        point=RoutingPoint(calls, _recovered(quality, curve[0].quality, curve[-1].quality), quality),
        escalated=len(both),
        harmed=sum(after < before for after, before in both),
        helped=sum(after > before for after, before in both),
    )


def _by_id(results: Results) -> dict[str, Row]:
    return {row.id: row for row in results.rows}


def _same_questions(small: Results, large: Results, hybrid: Results | None) -> None:
    runs = {"the small model's": small, "the larger model's": large} | ({"the hybrid": hybrid} if hybrid else {})
    every = {id: None for results in runs.values() for id in _by_id(results)}
    gaps = {name: [id for id in every if id not in _by_id(results)] for name, results in runs.items()}
    gone = [f"{name} run lacks {', '.join(ids)}" for name, ids in gaps.items() if ids]
    if gone or not every:
        raise QuestionError(f"These runs are not of the same questions: {'; '.join(gone) or 'they are empty'}.")
