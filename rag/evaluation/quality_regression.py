"""What changed from one run to another, and whether any of it is worse than a tolerance. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.evaluation.results import Results, Row
from rag.evaluation.summary import StageTimes, measures, stage_times, valued
from rag.statistics import bootstrap

TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean over the questions that both runs have a value for."""

    name: str
    before: float
    after: float
    low: float
    high: float
    """95 % bootstrap interval of the mean difference, question by question."""
    count: int
    worse: bool
    """Lower by more than the tolerance."""

    @property
    def change(self) -> float:
        """After minus before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose quality is not what it was."""

    id: str
    question: str
    before: float
    after: float
    outcomes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class QualityComparison:
    """Two runs, question by question."""

    tolerance: float
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    missing: tuple[str, ...]
    """Ids that only the first run has."""
    added: tuple[str, ...]
    """Ids that only the second run has."""
    reworded: tuple[str, ...]
    """Ids whose question is another one now; they are not compared."""
    times: tuple[tuple[StageTimes, StageTimes], ...] = ()
    """For information: times are not compared."""

    @property
    def worse(self) -> tuple[Difference, ...]:
        """The differences past the tolerance."""
        return tuple(difference for difference in self.differences if difference.worse)

    @property
    def passed(self) -> bool:
        """Whether nothing got worse past the tolerance, and no question is gone or another one."""
        return not (self.worse or self.missing or self.reworded)


def compare(before: Results, after: Results, tolerance: float = TOLERANCE) -> QualityComparison:
    """What changed from one run to the other, over the questions that both have.

    A measure is worse when its mean over the questions that it applies to in both runs fell by more than the tolerance.
    A measure that ceased to apply to a question, such as the support of an answer that is now a refusal, shows in
    quality and refusal correctness, which always apply.
    """
    old, new = {row.id: row for row in before.rows}, {row.id: row for row in after.rows}
    shared = [id for id in old if id in new]
    reworded = tuple(id for id in shared if not _same(old[id], new[id]))
    pairs = [(old[id], new[id]) for id in shared if id not in reworded]
    return QualityComparison(
        tolerance=tolerance,
        differences=tuple(_differences(pairs, tolerance)),
        flips=tuple(_flip(a, b) for a, b in pairs if a.scores.quality != b.scores.quality),
        missing=tuple(id for id in old if id not in new),
        added=tuple(id for id in new if id not in old),
        reworded=reworded,
        times=tuple(_times(before, after)),
    )


def _same(before: Row, after: Row) -> bool:
    return (before.question, before.answerable, before.follows) == (after.question, after.answerable, after.follows)


def _differences(pairs: Sequence[tuple[Row, Row]], tolerance: float) -> Iterator[Difference]:
    old, new = [a for a, _ in pairs], [b for _, b in pairs]
    for name, measure in measures([*old, *new]).items():
        left, right = valued(old, measure), valued(new, measure)
        both = [(left[id], right[id]) for id in left if id in right]
        if not both:
            continue
        count = len(both)
        before, after = sum(a for a, _ in both) / count, sum(b for _, b in both) / count
        low, high = bootstrap([b - a for a, b in both])
        yield Difference(name, before, after, low, high, count, worse=before - after > tolerance + 1e-9)


def _flip(before: Row, after: Row) -> Flip:
    outcomes = (before.outcome, after.outcome)
    return Flip(before.id, before.question, before.scores.quality, after.scores.quality, outcomes)


def _times(before: Results, after: Results) -> Iterator[tuple[StageTimes, StageTimes]]:
    old = {stage.name: stage for stage in stage_times(before)}
    return ((old[stage.name], stage) for stage in stage_times(after) if stage.name in old)
