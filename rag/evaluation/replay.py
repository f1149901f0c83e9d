"""Replays a question set: each question as a turn, follow-ups with the history that came about in this run."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from rag.errors import ModelError
from rag.evaluation.dataset import Question
from rag.evaluation.results import Results, Row, Rubric, Run
from rag.evaluation.scores import TokenPrices, failed, score
from rag.events import Finished, TurnEvent
from rag.types import Exchange, Timings, Turn

MOST_FAILURES = 3
"""The run ends after this many failed questions in a row: the model is taken to be gone."""

Ask = Callable[[str, Sequence[Exchange]], AsyncGenerator[TurnEvent]]
"""A turn for a question with its history, such as `rag.turn.answer.answer` with everything else given."""


@dataclass(frozen=True, slots=True)
class Played:
    """A question, and the turn that came of it."""

    question: Question
    turn: Turn | None
    """None when it failed."""
    failure: str = ""
    """One sentence for a person."""


async def play(questions: Sequence[Question], ask: Ask) -> AsyncGenerator[Played]:
    """The questions one after the other as they are done; it ends early after `MOST_FAILURES` failures in a row."""
    turns: dict[str, Turn] = {}
    by_id = {question.id: question for question in questions}
    failures = 0
    for question in questions:
        try:
            turn = await _turn(ask(question.text, _history(question, by_id, turns)))
        except ModelError as error:
            failures += 1
            yield Played(question, None, str(error))
            if failures == MOST_FAILURES:
                return
            continue
        failures = 0
        turns[question.id] = turn
        yield Played(question, turn)


async def _turn(events: AsyncGenerator[TurnEvent]) -> Turn:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return event.turn
    raise ModelError("The turn ended without a result.")


def _history(question: Question, by_id: dict[str, Question], turns: dict[str, Turn]) -> list[Exchange]:
    """The exchanges of its chat, oldest first; a question that got no answer leaves none, as in the chat."""
    earlier: list[Exchange] = []
    while question.follows:
        question = by_id[question.follows]
        turn = turns.get(question.id)
        if turn and turn.answer:
            earlier.append(Exchange(turn.question, turn.answer))
    return earlier[::-1]


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
        """All that there is; `why` questions are left."""
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
    """The results with these points instead of earlier ones."""
    return replace(results, rows=tuple(replace(row, rubric=rubrics.get(row.id, row.rubric)) for row in results.rows))
