"""One answer timed: exactly on a clock of its own, and against the moments at which a server really sent."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.measure import measure, overhead_s, undisturbed
from rag.benchmark.records import Round
from rag.errors import EmptyAnswer, ModelError, ModelUnavailable
from rag.generation.chat_model import (
    Ended,
    GenerationLimits,
    Loading,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
)
from rag.generation.openai_model import OpenAIModel
from rag.generation.prompt import Prompt, plain_prompt
from rag.types import Usage
from tests.scripted_server import DONE, ScriptedServer, chunk, counted, refusal, sse

LIMITS = GenerationLimits(max_tokens=100)
MICROSECONDS = 1e-5
"""Times are rounded to one, and some are sums."""


@dataclass
class Timed:
    """A model whose events come at given seconds of a clock that it moves itself."""

    events: Sequence[tuple[float, ModelEvent | ModelError]]
    now: float = 100.0
    alias: str = "timed"
    generates: bool = True

    def clock(self) -> float:
        return self.now

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        began = self.now
        for at, event in self.events:
            self.now = began + at
            if isinstance(event, ModelError):
                raise event
            yield event


async def timed(*events: tuple[float, ModelEvent | ModelError]) -> Round:
    model = Timed(events)
    return await measure(model, plain_prompt("Hello?"), LIMITS, model.clock)


async def test_every_time_runs_from_the_request():
    found = await timed(
        (0.5, Loading()),
        (2.0, Requested()),
        (2.25, Opened()),
        (3.0, ReasoningDelta("Hm")),
        (3.5, TextDelta("\n")),
        (4.0, TextDelta("Yes")),
        (4.25, TextDelta(".")),
        (5.0, Ended("stop", Usage(30, 9, 5))),
    )
    assert found == Round(0.25, 1.0, 2.0, 3.0, (0.5, 0.5, 0.25), 30, 9, 5, "stop")


async def test_prefill_and_decode_are_told_apart():
    found = await timed(
        (0.0, Requested()),
        (0.5, Opened()),
        (2.5, TextDelta("a")),
        (6.5, TextDelta("b")),
        (6.5, Ended("stop", Usage(100, 9))),
    )
    assert (found.prefill_tps, found.decode_tps) == (50, 2)


async def test_a_second_request_is_measured_alone():
    found = await timed(
        (0.0, Requested()),
        (9.0, Requested()),
        (9.5, Opened()),
        (10.0, TextDelta("a")),
        (11.0, Ended("length")),
    )
    assert found == Round(0.5, 1.0, 1.0, 2.0, finish_reason="length")


async def test_an_answer_without_a_visible_word_is_measured():
    found = await timed(
        (0.0, Requested()), (1.0, Opened()), (2.0, ReasoningDelta("Hm")), (4.0, EmptyAnswer("all tokens spent"))
    )
    assert found == Round(1.0, 2.0, None, 4.0)


@pytest.mark.parametrize("error", [EmptyAnswer("without a word"), ModelUnavailable("gone")])
async def test_a_model_that_says_nothing_has_failed(error: ModelError):
    with pytest.raises(type(error)):
        await timed((0.0, Requested()), (1.0, Opened()), (2.0, error))


async def test_an_answer_that_breaks_off_has_failed():
    with pytest.raises(ModelUnavailable):
        await timed((0.0, Requested()), (1.0, Opened()), (2.0, TextDelta("a")), (3.0, ModelUnavailable("gone")))


@given(
    headers=st.floats(0, 1e3),
    pieces=st.lists(st.tuples(st.floats(0, 1e3), st.sampled_from([TextDelta, ReasoningDelta])), min_size=1),
)
async def test_the_parts_add_up(headers: float, pieces: list[tuple[float, type]]):
    at, events = headers, list[tuple[float, ModelEvent]]([(0, Requested()), (headers, Opened())])
    for pause, kind in pieces:
        at += pause
        events.append((at, kind("word")))
    found = await timed(*events, (at, Ended("stop")))
    assert found.first_token_s is not None
    assert found.headers_s <= found.first_token_s <= found.total_s
    assert len(found.gaps_s) == len(pieces) - 1
    assert found.first_token_s + sum(found.gaps_s) == pytest.approx(found.total_s, abs=1e-5 * len(pieces))


class Ticking:
    """A clock that remembers each moment at which it was read, which is when an event arrives."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self._read = asyncio.Event()

    def __call__(self) -> float:
        self.moments.append(perf_counter())
        self._read.set()
        return self.moments[-1]

    async def read(self, times: int) -> None:
        """Returns once it was read so often."""
        while len(self.moments) < times:
            self._read.clear()
            await self._read.wait()


async def test_times_lie_between_the_moments_at_which_a_server_sent_each_chunk_and_the_next():
    """Each chunk is sent once the one before has arrived, so that every time has two bounds, however slow all is."""
    gates = [asyncio.Event() for _ in range(4)]
    chunks = (chunk(reasoning_content="Hm"), chunk("a"), chunk("b"), chunk(finish_reason="stop"))
    clock = Ticking()
    async with ScriptedServer() as server:
        model = OpenAIModel(base_url=server.url, alias="scripted")
        steps = (step for pair in zip(gates, chunks, strict=True) for step in pair)
        server.enqueue(sse(*steps, counted(40, 4, 1), DONE))
        opening = asyncio.create_task(opened(gates, clock))
        found = await measure(model, plain_prompt("Hello?"), LIMITS, clock)
        sent = await opening
        await model.close()
    began, first, visible = clock.moments[0], found.first_token_s, found.first_visible_s
    assert first
    assert visible
    arrived = [began + each for each in accumulate((first, *found.gaps_s))]
    assert len(arrived) == 3
    for earlier, at, later in zip(sent, arrived, sent[1:], strict=False):
        assert earlier - MICROSECONDS < at < later + MICROSECONDS
    assert 0 < found.headers_s < sent[0] - began + MICROSECONDS
    assert began + visible == pytest.approx(arrived[1], abs=MICROSECONDS)
    assert began + found.total_s > sent[-1] - MICROSECONDS
    counts = (found.prompt_tokens, found.completion_tokens, found.reasoning_tokens, found.finish_reason)
    assert counts == (40, 4, 1, "stop")


async def opened(gates: Sequence[asyncio.Event], clock: Ticking) -> list[float]:
    """When each gate was opened: as soon as request, headers and all chunks before it were timed."""
    moments: list[float] = []
    for nth, gate in enumerate(gates):
        await clock.read(2 + nth)
        moments.append(perf_counter())
        gate.set()
    return moments


async def test_the_overhead_of_this_program_is_a_part_of_the_time_that_measuring_it_takes():
    began = perf_counter()
    assert 0 < await overhead_s(perf_counter) < perf_counter() - began


async def test_the_wait_for_a_busy_server_is_not_the_models():
    clock = Ticking()
    async with ScriptedServer() as server:
        server.enqueue(refusal(429, "too many"), sse(chunk("Hello"), chunk(finish_reason="stop"), DONE))
        model = OpenAIModel(base_url=server.url, alias="scripted", retry_delay_s=0.3)
        found = await measure(model, plain_prompt("Hello?"), LIMITS, clock)
        await model.close()
    assert len(server.chats) == 2
    assert clock.moments[-1] - clock.moments[0] - found.total_s > 0.29


async def test_the_prompt_goes_out_as_it_is():
    async with ScriptedServer() as server:
        server.enqueue(sse(chunk("Hello"), DONE))
        model = OpenAIModel(base_url=server.url, alias="scripted")
        await measure(model, plain_prompt("What <b>is</b> it?"), LIMITS, perf_counter)
        await model.close()
    assert server.chats[0]["messages"] == [{"role": "user", "content": "What <b>is</b> it?"}]


def test_garbage_is_not_collected_meanwhile_and_is_afterwards():
    assert gc.isenabled()
    with pytest.raises(ModelUnavailable):
        fail_undisturbed()
    assert gc.isenabled()


def fail_undisturbed() -> None:
    with undisturbed():
        assert not gc.isenabled()
        raise ModelUnavailable("gone")
