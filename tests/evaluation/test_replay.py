"""A set that is played: histories, failures, what is kept when a run is stopped."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from rag.errors import ModelCrashed
from rag.evaluation.dataset import Question
from rag.evaluation.replay import MOST_FAILURES, Ask, Recorder, play
from rag.evaluation.results import Results, Run
from rag.events import TurnEvent
from rag.generation.chat_model import ModelSet
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.turn.state import Budget
from rag.types import Exchange
from tests.evaluation_parts import ASKED, LIBRARY
from tests.fakes import FakeModel, Reply

GOOD = "The largest file that may be uploaded is 25 MB [1]."
AGAIN = "Larger files are refused with a reason [1]."
CRASHED = ModelCrashed("The model crashed.")


def asking(model: FakeModel) -> Ask:
    def ask(question: str, history: Sequence[Exchange]) -> AsyncGenerator[TurnEvent]:
        return answer(
            question,
            searcher=Searcher(LIBRARY),
            models=ModelSet(model),
            history=history,
            budget=Budget(temperature=0, seed=1),
        )

    return ask


def question(id: str, follows: str = "", text: str = ASKED) -> Question:
    return Question(id, text, (("25 MB",),), ("guide.md",), follows)


async def played(model: FakeModel, *questions: Question) -> Recorder:
    recorder = Recorder()
    async with aclosing(play(questions, asking(model))) as turns:
        async for each in turns:
            recorder.add(each)
    return recorder


def run(asked: int) -> Run:
    return Run("auto", ("phi-4-mini",), "questions.jsonl", asked)


async def test_a_follow_up_gets_its_own_chat_as_it_came_about():
    model = FakeModel().enqueue(GOOD, AGAIN, GOOD, GOOD)
    follow = question("b", "a", "And larger files that may be uploaded?")
    await played(model, question("a"), follow, question("c"), question("d", "b"))
    first, second, third, fourth = (
        [message["content"] for message in prompt.messages[1:-1]] for prompt in model.prompts
    )
    assert first == third == []
    assert second == [ASKED, GOOD]
    assert fourth == [ASKED, GOOD, follow.text, AGAIN]


async def test_temperature_and_seed_reach_the_model():
    model = FakeModel().enqueue(GOOD)
    await played(model, question("a"))
    assert (model.limits[0].temperature, model.limits[0].seed) == (0, 1)


async def test_a_failure_is_a_row_and_the_next_question_is_asked():
    recorder = await played(FakeModel().enqueue(CRASHED, GOOD), question("a"), question("b", "a"))
    assert [row.outcome for row in recorder.rows] == ["failed", "answered"]
    assert recorder.rows[0].failure == "The model crashed."
    results = recorder.results(run(2))
    assert results.run.stopped == ""
    assert list(results.times) == ["b"]


async def test_a_model_that_is_gone_ends_the_run_and_what_was_measured_stays():
    model = FakeModel().enqueue(GOOD, *[CRASHED] * MOST_FAILURES, GOOD)
    recorder = await played(model, *(question(id) for id in "abcdefg"))
    assert [row.outcome for row in recorder.rows] == ["answered", "failed", "failed", "failed"]
    results = recorder.results(run(7))
    assert results.run.stopped == "Not asked of the question set: 3. The model is gone."


async def test_failures_in_a_row_are_counted_anew_after_an_answer():
    model = FakeModel().enqueue(CRASHED, CRASHED, GOOD, CRASHED, CRASHED, GOOD)
    recorder = await played(model, *(question(id) for id in "abcdef"))
    assert len(recorder.rows) == 6


async def test_a_run_that_is_cancelled_keeps_what_it_has_and_stops_the_model():
    model, recorder, second = FakeModel().enqueue(GOOD, Reply(GOOD, pause_s=60)), Recorder(), asyncio.Event()

    async def whole() -> None:
        async with aclosing(play([question("a"), question("b")], asking(model))) as turns:
            async for each in turns:
                recorder.add(each)
                second.set()

    task = asyncio.create_task(whole())
    await second.wait()
    while len(model.prompts) < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.closed_early == 1
    results = recorder.results(run(2), "It was interrupted.")
    assert [row.id for row in results.rows] == ["a"]
    assert results.run.stopped == "Not asked of the question set: 1. It was interrupted."


async def test_results_come_back_from_their_file_as_they_were():
    recorder = await played(FakeModel().enqueue(GOOD, "I cannot find it."), question("a"), question("b", "a"))
    results = recorder.results(run(2))
    assert Results.of_json(results.to_json(), "x") == results


async def test_two_runs_of_the_same_thing_differ_in_their_times_only():
    questions = [question("a"), question("b", "a")]
    one, two = [
        (await played(FakeModel().enqueue(GOOD, AGAIN), *questions)).results(run(2)).to_json() for _ in range(2)
    ]
    differing = [line for line, other in zip(one.splitlines(), two.splitlines(), strict=True) if line != other]
    assert all('"total"' in line for line in differing)
