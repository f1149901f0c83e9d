"""Plays a question set: each question as a turn, follow-ups with their chat's history as it came about in this run."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag.errors import ModelError
from rag.evaluation.questions import Question
from rag.events import Finished, TurnEvent
from rag.records import Exchange, Turn

MOST_FAILURES = 3
"""After so many questions in a row without a turn the model is taken to be gone, and the run ends."""

Ask = Callable[[str, Sequence[Exchange]], AsyncGenerator[TurnEvent]]
"""A turn for a question with its history, such as `rag.conversation.answer` with everything else given."""


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
