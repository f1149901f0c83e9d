"""A whole run against a scripted server: what is recorded, and what stays when something fails or somebody stops it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rag.benchmark.aggregates import summaries
from rag.benchmark.plan import BenchPlan, ModelSpec
from rag.benchmark.records import BenchRun
from rag.benchmark.runner import BY_HAND, BenchProgress, Runner
from rag.benchmark.targets import Targets
from rag.generation.model_facts import ModelEntry
from rag.machine import Machine
from tests.scripted_server import CHAT, CUT, DONE, STALL, Script, ScriptedServer, chunk, counted, refusal, reply, sse

MACHINE = Machine("Linux", "CPU", 2, 8000)
REFUSED = refusal(400, "the weights are gone")
TOO_LONG = refusal(400, "This model's maximum context length is 10 tokens, but you requested 5000 tokens")


def answered(prompt: int = 20, completion: int = 3, pause_s: float = 0.0) -> Script:
    return sse(chunk("a"), pause_s, chunk("b"), chunk(finish_reason="stop"), counted(prompt, completion), DONE)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


def a_runner(
    server: ScriptedServer | None, *aliases: str, on_progress: Any = None, targets: Any = None, **plan: Any
) -> Runner:
    endpoint = server.url if server else ""
    made = BenchPlan(
        **{
            "specs": tuple(ModelSpec(alias, endpoint) for alias in aliases or ("a",)),
            "prompts": {"p": "Hello?"},
            "rounds": 2,
        }
        | plan
    )
    targets = targets or Targets(None, keys={}, idle_timeout_s=60, clock=time.perf_counter)
    return Runner(
        made, targets, machine=MACHINE, at="now", clock=time.perf_counter, on_progress=on_progress or (lambda _: None)
    )


async def ran(server: ScriptedServer | None, *aliases: str, **options: Any) -> BenchRun:
    runner = a_runner(server, *aliases, **options)
    await runner.run()
    return runner.result()


async def test_warm_up_and_rounds_are_kept_apart(server: ScriptedServer):
    server.enqueue(answered(1), answered(2), answered(3), answered(4))
    run = await ran(server, warm_up=2)
    (series,) = run.series
    assert [each.prompt_tokens for each in series.warm_up] == [1, 2]
    assert [each.prompt_tokens for each in series.rounds] == [3, 4]
    assert run.models[0].failure == series.failure == ""
    assert (run.machine, run.at, run.prompts, run.stopped) == (MACHINE, "now", {"p": "Hello?"}, "")
    assert run.own_s


async def test_the_request_is_that_of_the_plan(server: ScriptedServer):
    server.routes[CHAT] = answered()
    await ran(server, "a", "b", max_tokens=7, temperature=0.5)
    assert {(c["model"], c["max_tokens"], c["temperature"]) for c in server.chats} == {("a", 7, 0.5), ("b", 7, 0.5)}


async def test_what_is_known_of_a_model_goes_with_it(server: ScriptedServer):
    server.routes |= {CHAT: answered(), "/v1/models": reply(200, {"data": [{"id": "a-cpu:1"}]})}
    entry = ModelEntry(capabilities=("chat",), size_mb=70)
    run = await ran(server, specs=(ModelSpec("a", server.url, entry, (1, 2)),))
    (model,) = run.models
    assert (model.alias, model.variant, model.where, model.disk_mb) == ("a", "a-cpu:1", "endpoint", 70)
    assert (model.capabilities, model.price, model.load_s) == (("chat",), (1, 2), None)


async def test_a_model_that_fails_is_marked_and_the_others_go_on(server: ScriptedServer):
    server.enqueue(answered(), answered(), answered(), REFUSED, answered(), answered(), answered())
    runner = a_runner(server, "a", "b", "c")
    await runner.run()
    run = runner.result()
    assert [bool(model.failure) for model in run.models] == [False, True, False]
    assert "the weights are gone" in run.models[1].failure
    assert [(s.model, len(s.rounds), bool(s.failure)) for s in run.series] == [("a", 2, 0), ("b", 0, 1), ("c", 2, 0)]
    assert runner.failures == [f"b: {run.models[1].failure}"]


async def test_a_server_that_goes_away_midway_leaves_what_is_measured(server: ScriptedServer):
    server.enqueue(answered(), answered(), answered(), answered(), sse(chunk("a"), CUT))
    run = await ran(server, prompts={"p": "Hello?", "q": "Who?", "r": "Why?"}, rounds=2)
    assert [(s.prompt, len(s.warm_up), len(s.rounds)) for s in run.series] == [("p", 1, 2), ("q", 1, 0)]
    assert run.series[1].failure == run.models[0].failure != ""
    assert run.series[1].wall_s is None, "throughput cannot be told from half a series"


async def test_a_server_that_is_not_there_is_told_for_each_model():
    run = await ran(None, specs=(ModelSpec("a", "http://127.0.0.1:9"), ModelSpec("b", "nonsense")))
    assert "127.0.0.1:9" in run.models[0].failure
    assert "'nonsense' is no address" in run.models[1].failure
    assert run.series == ()


async def test_without_runtime_and_address_no_model_can_run():
    run = await ran(None, "a", devices=("CPU",))
    assert "FOUNDRY_LOCAL_ENDPOINT" in run.models[0].failure


async def test_a_prompt_that_does_not_fit_costs_its_series_only(server: ScriptedServer):
    server.enqueue(TOO_LONG, answered(), answered(), answered())
    runner = a_runner(server, prompts={"long": "…", "p": "Hello?"})
    await runner.run()
    run = runner.result()
    assert [(s.prompt, len(s.rounds), bool(s.failure)) for s in run.series] == [("long", 0, True), ("p", 2, False)]
    assert run.models[0].failure == ""
    assert runner.failures == [f"a, long: {run.series[0].failure}"]


async def test_a_model_that_answered_no_prompt_has_failed(server: ScriptedServer):
    server.enqueue(TOO_LONG, TOO_LONG)
    run = await ran(server, prompts={"p": "…", "q": "…"})
    assert run.models[0].failure == run.series[1].failure != ""


async def test_a_model_that_stalls_is_given_up(server: ScriptedServer):
    server.enqueue(answered(), sse(chunk("a"), STALL))
    targets = Targets(None, keys={}, idle_timeout_s=3, clock=time.perf_counter)
    run = await ran(server, prompts={"p": "Hello?", "q": "Who?"}, targets=targets)
    assert len(run.series) == 1
    assert run.series[0].warm_up
    assert run.models[0].failure


async def test_requests_at_once_are_on_their_way_together(server: ScriptedServer):
    """No answer of the four comes before all of them were asked for."""
    gate = asyncio.Event()
    waiting = sse(gate, chunk("a"), chunk(finish_reason="stop"), counted(20, 3), DONE)
    server.enqueue(*[answered()] * 3, *[waiting] * 4, *[answered()] * 4)
    running = asyncio.create_task(ran(server, concurrency=(1, 4), rounds=2, warm_up=1))
    await server.settled(chats=7, within=60)
    await asyncio.sleep(0.2)
    gate.set()
    alone, four = (await running).series
    assert (alone.concurrency, len(alone.rounds), len(alone.warm_up)) == (1, 2, 1)
    assert (four.concurrency, len(four.rounds), len(four.warm_up)) == (4, 8, 0)
    assert 0.2 <= (four.wall_s or 0) < sum(each.total_s for each in four.rounds)
    assert (alone.wall_s or 0) >= sum(each.total_s for each in alone.rounds)


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for nvidia-smi")
async def test_the_power_of_this_machines_cards_is_noted(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\nwhile :; do echo "0, 70"; sleep 0.02; done')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    server.routes[CHAT] = answered(pause_s=0.3)
    run = await ran(server)
    assert run.series[0].watts == pytest.approx(70)
    assert summaries(run)[0].energy_wh == pytest.approx(70 * (run.series[0].wall_s or 0) / 2 / 3600)


async def test_prompts_grow_to_the_tokens_that_the_server_counts(server: ScriptedServer, monkeypatch: Any):
    """This server counts a token for every two characters; without correction prompts would be twice as long."""

    def counting(self: ScriptedServer, path: str) -> Script:
        if path != CHAT:
            return refusal(404, "no such page")
        return answered(len(self.chats[-1]["messages"][0]["content"]) // 2)

    monkeypatch.setattr(ScriptedServer, "_script", counting)
    run = await ran(server, prompt_tokens=(100, 400), rounds=3)
    grown = {s.wanted_prompt_tokens: s for s in run.series if s.wanted_prompt_tokens}
    for length, series in grown.items():
        assert [each.prompt_tokens for each in series.rounds] == pytest.approx([length] * 3, abs=8)
    texts = [body["messages"][0]["content"][:12] for body in server.chats[-8:]]
    assert len(set(texts)) == 8, "none can come from a cache"


async def test_progress_comes_to_its_end_also_past_a_model_that_fails(server: ScriptedServer):
    server.enqueue(REFUSED, answered(), answered(), answered())
    told: list[BenchProgress] = []
    await ran(server, "a", "b", on_progress=told.append)
    assert [(p.done, p.of) for p in told][-1] == (6, 6)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert {p.model for p in told} == {"a", "b", ""}


async def test_a_run_that_is_stopped_keeps_what_is_measured(server: ScriptedServer):
    server.enqueue(*[answered()] * 5, sse(chunk("a"), STALL))
    runner = a_runner(server, "a", "b", "c", rounds=2)
    running = asyncio.create_task(runner.run())
    await server.settled(chats=6)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    run = runner.result(BY_HAND)
    assert [(s.model, len(s.rounds), s.failure) for s in run.series] == [("a", 2, ""), ("b", 1, BY_HAND)]
    assert [(model.alias, model.failure) for model in run.models] == [("a", ""), ("b", "")]
    assert (runner.measured, runner.failures) == (True, [])
    assert run.stopped == BY_HAND
    await server.settled(connections=0)


async def test_keys_go_to_their_own_server_only(server: ScriptedServer):
    async with ScriptedServer() as other:
        server.routes[CHAT] = other.routes[CHAT] = answered()
        targets = Targets(None, keys={server.url: "secret"}, idle_timeout_s=5, clock=time.perf_counter)
        specs = (ModelSpec("a", server.root), ModelSpec("b", other.root))
        await ran(None, specs=specs, targets=targets)
        sent = [{r.headers["authorization"] for r in one.requests if r.path == CHAT} for one in (server, other)]
    assert sent == [{"Bearer secret"}, {"Bearer none"}]
