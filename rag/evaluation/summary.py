"""The numbers of a run: means with their intervals, tables of refusals and escalations, times, tokens, cost. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.evaluation.results import Attempt, Results, Row
from rag.statistics import bootstrap

Measure = Callable[[Row], float | None]

QUALITY: Mapping[str, Measure] = {
    "quality": lambda row: row.scores.quality,
    "hit@1": lambda row: float(row.hit(1)) if row.answerable else None,
    "hit@5": lambda row: float(row.hit(5)) if row.answerable else None,
    "retrieval hit": lambda row: float(row.hit()) if row.answerable else None,
    "document in prompt": lambda row: None if row.in_prompt is None else float(row.in_prompt),
    "facts found": lambda row: row.scores.facts,
    "citation precision": lambda row: row.scores.citation_precision,
    "citation recall": lambda row: row.scores.citation_recall,
    "support": lambda row: row.scores.support,
    "refusal correctness": lambda row: float(row.refusal_right),
    "escalation correctness": lambda row: None if row.escalation is None else float(row.escalation == "right"),
    "turns without failure": lambda row: float(not row.failure),
    "coherence": lambda row: row.rubric and _points(row.rubric.coherence),
    "factuality": lambda row: row.rubric and _points(row.rubric.factuality),
    "brevity": lambda row: row.rubric and _points(row.rubric.brevity),
}
"""What a row is worth under each name, in [0, 1], more is better; None where the name does not apply to it. Points from
1 to 5 become 0 to 1, so that one tolerance fits all."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over the rows that a measure applies to."""

    name: str
    value: float
    low: float
    high: float
    """Its 95 % percentile bootstrap interval."""
    count: int


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One stage over the turns that had it, in milliseconds."""

    name: str
    mean: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True)
class TokenMeans:
    """Of one model over a run, where its server counted."""

    model: str
    answers: int
    read: int
    written: int
    """Reasoning included."""
    reasoning: int
    uncounted: int
    """Answers without a count."""


def measures(rows: Sequence[Row]) -> dict[str, Measure]:
    """All measures: those of `QUALITY`, and each Ragas metric that any row has."""
    names = dict.fromkeys(name for row in rows for name in row.ragas)
    return {**QUALITY, **{f"ragas {name}": _ragas(name) for name in names}}


def means(rows: Sequence[Row]) -> list[Mean]:
    """The means that apply to any row, in the order of `QUALITY`."""
    found = ((name, valued(rows, measure)) for name, measure in measures(rows).items())
    return [
        Mean(name, math.fsum(values.values()) / len(values), *bootstrap(list(values.values())), len(values))
        for name, values in found
        if values
    ]


def valued(rows: Sequence[Row], measure: Measure) -> dict[str, float]:
    """The values of the rows that the measure applies to, by id."""
    return {row.id: value for row in rows if (value := measure(row)) is not None}


def refusals(rows: Sequence[Row]) -> dict[tuple[bool, bool], int]:
    """How many rows by (answerable, refused); failures are left out."""
    counts = Counter((row.answerable, row.scores.refused) for row in rows if not row.failure)
    return {
        (answerable, refused): counts[answerable, refused] for answerable in (True, False) for refused in (False, True)
    }


def escalations(rows: Sequence[Row]) -> dict[str, int]:
    """How many escalation decisions were "right", "wasted", "missed"; empty where there was nothing to decide."""
    counts = Counter(row.escalation for row in rows if row.escalation)
    return {name: counts[name] for name in ("right", "wasted", "missed")} if counts else {}


def stage_times(results: Results) -> list[StageTimes]:
    """Mean and 95th percentile of each stage, in the order in which stages first occur, the total last."""
    names = dict.fromkeys(name for stages in results.times.values() for name in stages if name != "total")
    return [_times(results, name) for name in [*names, "total"]] if results.times else []


def tokens(rows: Sequence[Row]) -> list[TokenMeans]:
    """What each model read and wrote, drafts and larger model's answers together."""
    attempts = [attempt for row in rows for attempt in (row.draft, row.large) if attempt]
    models = dict.fromkeys(attempt.model for attempt in attempts)
    return [_tokens(model, [attempt for attempt in attempts if attempt.model == model]) for model in models]


def _tokens(model: str, attempts: Sequence[Attempt]) -> TokenMeans:
    return TokenMeans(
        model=model,
        answers=len(attempts),
        read=sum(attempt.prompt_tokens or 0 for attempt in attempts),
        written=sum(attempt.completion_tokens or 0 for attempt in attempts),
        reasoning=sum(attempt.reasoning_tokens or 0 for attempt in attempts),
        uncounted=sum(attempt.completion_tokens is None for attempt in attempts),
    )


def _times(results: Results, name: str) -> StageTimes:
    values = [stages[name] for stages in results.times.values() if name in stages]
    return StageTimes(name, float(np.mean(values)), float(np.percentile(values, 95)), len(values))


def _points(points: int) -> float:
    return (points - 1) / 4


def _ragas(name: str) -> Measure:
    return lambda row: row.ragas.get(name)
