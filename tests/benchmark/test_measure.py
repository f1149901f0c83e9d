"""One answer timed: exactly on a clock of its own, and within 5 ms against a server whose delays are known."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.measure import Plain, measure, overhead_s, undisturbed
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
from rag.generation.prompt import Prompt
from rag.types import Usage
from tests.scripted_server import DONE, ScriptedServer, chunk, counted, refusal, sse

LIMITS = GenerationLimits(max_tokens=100)
TOLERANCE_S = 0.005


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
    return await measure(model, Plain("Hello?"), LIMITS, model.clock)


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


FIRST_S, VISIBLE_S, GAP_S = 0.08, 0.06, 0.05
SCRIPT = sse(
    *(FIRST_S, chunk(reasoning_content="Hm"), VISIBLE_S, chunk("a"), GAP_S, chunk("b"), GAP_S, chunk("c")),
    *(chunk(finish_reason="stop"), counted(40, 4, 1), DONE),
)
ROUNDS = 11


async def test_times_agree_with_the_script_of_a_server_within_5_ms():
    """What else this machine does can only add to the wait for the first token, so the least of them counts."""
    async with ScriptedServer() as server:
        model = OpenAIModel(base_url=server.url, alias="scripted")
        await model.check()
        server.enqueue(*[SCRIPT] * ROUNDS)
        with undisturbed():
            rounds = [await measure(model, Plain("Hello?"), LIMITS, perf_counter) for _ in range(ROUNDS)]
        await model.close()
    first = min(r.first_token_s or 0 for r in rounds)
    visible = median((r.first_visible_s or 0) - (r.first_token_s or 0) for r in rounds)
    between = median(gap for r in rounds for gap in r.gaps_s[1:])
    assert (first, visible, between) == pytest.approx((FIRST_S, VISIBLE_S, GAP_S), abs=TOLERANCE_S)
    assert {(r.prompt_tokens, r.completion_tokens, r.reasoning_tokens, r.finish_reason) for r in rounds} == {
        (40, 4, 1, "stop")
    }
    assert {len(r.gaps_s) for r in rounds} == {3}


async def test_times_agree_with_what_a_server_really_did_within_5_ms():
    """Medians, against the moments at which each piece was let go."""
    first_off: list[float] = []
    gap_off: list[float] = []
    async with ScriptedServer() as server:
        model = OpenAIModel(base_url=server.url, alias="scripted")
        for nth in range(1, ROUNDS + 1):
            gates = [asyncio.Event() for _ in range(3)]
            server.enqueue(sse(*(step for gate in gates for step in (gate, chunk("a"))), DONE))
            opening = asyncio.create_task(opened(gates, server, nth))
            began = perf_counter()
            found = await measure(model, Plain("Hello?"), LIMITS, perf_counter)
            let_go = await opening
            first_off.append(began + (found.first_token_s or 0) - let_go[0])
            real = (later - earlier for earlier, later in pairwise(let_go))
            gap_off += (gap - really for gap, really in zip(found.gaps_s, real, strict=True))
        await model.close()
    assert (median(first_off), median(gap_off)) == pytest.approx((0, 0), abs=TOLERANCE_S)


async def opened(gates: Sequence[asyncio.Event], server: ScriptedServer, chats: int) -> list[float]:
    """When each gate was opened, 50 ms after the one before."""
    await server.settled(chats=chats)
    moments: list[float] = []
    for gate in gates:
        await asyncio.sleep(GAP_S)
        moments.append(perf_counter())
        gate.set()
    return moments


async def test_the_time_of_this_program_itself_is_told():
    assert 0 < await overhead_s(perf_counter) < 0.1


async def test_the_wait_for_a_busy_server_is_not_the_models():
    async with ScriptedServer() as server:
        server.enqueue(refusal(429, "too many"), sse(chunk("Hello"), chunk(finish_reason="stop"), DONE))
        model = OpenAIModel(base_url=server.url, alias="scripted", retry_delay_s=0.6)
        found = await measure(model, Plain("Hello?"), LIMITS, perf_counter)
        await model.close()
    assert len(server.chats) == 2
    assert found.total_s < 0.5


async def test_the_prompt_goes_out_as_it_is():
    async with ScriptedServer() as server:
        server.enqueue(sse(chunk("Hello"), DONE))
        model = OpenAIModel(base_url=server.url, alias="scripted")
        await measure(model, Plain("What <b>is</b> it?"), LIMITS, perf_counter)
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
