"""What is measured so far, so that a run which is stopped keeps it."""

from dataclasses import dataclass, field, replace

from rag.evaluation.results import Results, Row, Rubric, Run
from rag.evaluation.running import Played
from rag.evaluation.scores import TokenPrices, failed, score
from rag.records import Timings, Turn

_STOPPED = "Not asked of the question set: {count}. {why}"


@dataclass(slots=True)
class Recorder:
    """Grows with every question that is played."""

    prices: TokenPrices = field(default_factory=TokenPrices)
    escalates: bool = False
    """Whether a larger model could be called by itself."""
    rows: list[Row] = field(default_factory=list[Row])
    turns: dict[str, Turn] = field(default_factory=dict[str, Turn])
    """By the question's id; for judges that read the passages."""
    rubrics: dict[str, Rubric] = field(default_factory=dict[str, Rubric])
    ragas: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    def add(self, played: Played) -> Row:
        """The row of a question that was just played."""
        if played.turn:
            self.turns[played.question.id] = played.turn
            row = score(played.question, played.turn, escalates=self.escalates, prices=self.prices)
        else:
            row = failed(played.question, played.failure)
        self.rows.append(row)
        return row

    def results(self, run: Run, why: str = "") -> Results:
        """All that there is; `why` tells why questions are left."""
        left = run.asked - len(self.rows)
        stopped = _STOPPED.format(count=left, why=why or "The model is gone.") if left else why
        rows = tuple(
            replace(row, rubric=self.rubrics.get(row.id), ragas=self.ragas.get(row.id, {})) for row in self.rows
        )
        return Results(
            run=replace(run, stopped=stopped),
            rows=rows,
            times={id: milliseconds(turn.timings) for id, turn in self.turns.items()},
        )


def milliseconds(timings: Timings) -> dict[str, float]:
    """The time of each stage and the total, to a tenth of a millisecond."""
    stages = {stage.name: timings.seconds(stage.name) for stage in timings.stages}
    return {name: round(1000 * seconds, 1) for name, seconds in {**stages, "total": timings.total}.items()}


def with_rubrics(results: Results, rubrics: dict[str, Rubric]) -> Results:
    """The results with these points in the place of earlier ones."""
    return replace(results, rows=tuple(replace(row, rubric=rubrics.get(row.id, row.rubric)) for row in results.rows))
