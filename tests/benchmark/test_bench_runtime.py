"""A run on the real Foundry Local with tiny weights: cold loads, two speeds, variants, a crash."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
import pytest

from rag.benchmark.plan import BenchPlan, ModelSpec
from rag.benchmark.records import BenchRun, Series
from rag.benchmark.runner import BenchProgress, Runner
from rag.benchmark.targets import Targets
from rag.errors import ModelNotFound
from rag.generation.foundry.runtime import FoundryRuntime
from rag.machine import Machine
from tests.conftest import HUGE, MISSING
from tests.runtime.tiny_models import LARGE, SLOW, SMALL, TinyModel, words, write_cache

pytestmark = pytest.mark.runtime

MACHINE = Machine("Linux", "CPU", 2, 8000)
GPU = TinyModel(SMALL.alias, "Phi-4-mini-instruct-generic-gpu", words("The card says hello."))


async def ran(
    runtime: FoundryRuntime,
    *aliases: str,
    on_progress: Callable[[BenchProgress], None] = lambda _: None,
    **options: object,
) -> BenchRun:
    plan = BenchPlan(
        **{
            "specs": tuple(ModelSpec(alias) for alias in aliases),
            "prompts": {"p": "How many days of paid leave are there?"},
            "rounds": 3,
            "max_tokens": 12,
        }
        | options  # type: ignore[arg-type]
    )
    targets = Targets(runtime, keys={}, idle_timeout_s=30, clock=time.perf_counter)
    runner = Runner(plan, targets, machine=MACHINE, at="now", clock=time.perf_counter, on_progress=on_progress)
    await runner.run()
    return runner.result()


def decoding(series: Series) -> float:
    """Tokens a second after the first, median."""
    return median(each.decode_tps or 0 for each in series.rounds)


async def test_models_of_two_speeds_are_told_apart(runtime: FoundryRuntime):
    run = await ran(runtime, SMALL.alias, SLOW.alias)
    fast, slow = run.series
    assert [model.failure for model in run.models] == ["", ""]
    assert decoding(fast) > 5 * decoding(slow) > 0
    assert 2 < decoding(slow) < 40, "30 ms a token, and more where the machine is busy"
    assert {each.finish_reason for each in fast.rounds} == {"stop"}
    assert {each.finish_reason for each in slow.rounds} == {"length"}
    assert {each.completion_tokens for each in slow.rounds} == {12}
    assert {len(each.gaps_s) for each in slow.rounds} == {11}
    assert runtime.state == "stopped", "nothing of it is left in memory"


async def test_every_model_is_loaded_cold_in_a_process_of_its_own(runtime: FoundryRuntime):
    pids: dict[str, set[int | None]] = {}

    def note(progress: BenchProgress) -> None:
        if progress.prompt:
            pids.setdefault(progress.model, set()).add(runtime.pid)

    run = await ran(runtime, SMALL.alias, LARGE.alias, on_progress=note)
    small, large = run.models
    assert len(pids[SMALL.alias]) == len(pids[LARGE.alias]) == 1
    assert pids[SMALL.alias] != pids[LARGE.alias]
    for model in (small, large):
        assert 0 < (model.load_s or 0) < 30
        assert 10 < (model.memory_before_mb or 0) < (model.memory_after_mb or 0) < 2_000
        assert model.disk_mb == pytest.approx(0.3, abs=0.3)
    assert (small.variant, small.device, small.where) == (SMALL.id, "CPU", "runtime")


async def test_reasoning_comes_before_the_first_visible_word(runtime: FoundryRuntime):
    run = await ran(runtime, LARGE.alias, max_tokens=50)
    for each in run.series[0].rounds:
        assert (each.reasoning_tokens or 0) > 0
        assert (each.first_token_s or 0) < (each.first_visible_s or 0) < each.total_s


async def test_an_answer_that_is_all_reasoning_is_measured(runtime: FoundryRuntime):
    run = await ran(runtime, LARGE.alias, max_tokens=3)
    assert [each.first_visible_s for each in run.series[0].rounds] == [None] * 3
    assert all(each.first_token_s for each in run.series[0].rounds)
    assert run.models[0].failure == ""


async def test_models_that_cannot_be_loaded_are_skipped_with_their_reason(runtime: FoundryRuntime):
    run = await ran(runtime, "no-such-model", MISSING.alias, HUGE.alias, SMALL.alias)
    told = [model.failure for model in run.models]
    assert "no model no-such-model" in told[0]
    assert "not on this computer" in told[1]
    assert "of memory" in told[2]
    assert told[3] == ""
    assert [series.model for series in run.series] == [SMALL.alias]


async def test_a_model_whose_process_dies_is_given_up_and_the_next_is_measured(runtime: FoundryRuntime):
    def kill(progress: BenchProgress) -> None:
        if progress.model == SLOW.alias and progress.done == 2 and runtime.pid:
            psutil.Process(runtime.pid).kill()

    run = await ran(runtime, SLOW.alias, SMALL.alias, on_progress=kill)
    assert (
        run.models[0].failure
        == run.series[0].failure
        == f"{SLOW.alias} stopped unexpectedly: Foundry Local's process ended."
    )
    assert (len(run.series[0].warm_up), len(run.series[0].rounds)) == (1, 1)
    assert (run.models[1].failure, len(run.series[1].rounds)) == ("", 3)


async def test_prompts_grow_to_what_the_runtime_counts(runtime: FoundryRuntime):
    run = await ran(runtime, SMALL.alias, prompt_tokens=(300, 1_200))
    for series in run.series[1:]:
        counted = [each.prompt_tokens for each in series.rounds]
        assert counted == pytest.approx([series.wanted_prompt_tokens] * 3, abs=25)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A cache whose catalogue has a model for the processor and one for a graphics card under one alias."""
    cache = tmp_path / "both"
    write_cache(cache, (SMALL, GPU, SLOW))
    catalogue = json.loads((cache / "foundry.modelinfo.json").read_text(encoding="utf-8"))
    for row in catalogue["models"]:
        if row["id"] == GPU.id:
            row["runtime"] = {"deviceType": "GPU", "executionProvider": "WebGpuExecutionProvider"}
    (cache / "foundry.modelinfo.json").write_text(json.dumps(catalogue), encoding="utf-8")
    return cache


async def test_variants_of_one_alias_are_measured_side_by_side(
    both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    runtime = FoundryRuntime(cache_dir=both, app_data_dir=tmp_path / "app", catalogue="disk")
    try:
        assert {info.id for info in await runtime.variants(SMALL.alias)} == {SMALL.id, GPU.id}
        assert [info.id for info in await runtime.variants(GPU.id)] == [GPU.id]
        with pytest.raises(ModelNotFound):
            await runtime.variants("no-such-model")
        run = await ran(runtime, SMALL.alias, SLOW.alias, devices=("CPU", "GPU"), rounds=1)
        alone = await ran(runtime, SLOW.alias, devices=("GPU",), rounds=1)
    finally:
        await runtime.close()
    assert [(model.alias, model.variant, model.device, model.failure) for model in run.models] == [
        (f"{SMALL.alias} (CPU)", SMALL.id, "CPU", ""),
        (f"{SMALL.alias} (GPU)", GPU.id, "GPU", ""),
        (f"{SLOW.alias} (CPU)", SLOW.id, "CPU", ""),
    ]
    assert [series.model for series in run.series] == [model.alias for model in run.models]
    assert "no GPU variant of slow-model" in alone.models[0].failure
    said = [[each.completion_tokens for each in series.rounds] for series in run.series[:2]]
    assert said == [[len(SMALL.words)], [len(GPU.words)]], "each variant said its own words"


async def test_with_a_warm_up_of_none_the_memory_is_still_known(runtime: FoundryRuntime):
    run = await ran(runtime, SMALL.alias, warm_up=0, rounds=1)
    assert (run.models[0].memory_after_mb or 0) > (run.models[0].memory_before_mb or 0) > 10
    assert run.series[0].warm_up == ()


async def test_without_a_stream_the_whole_time_is_all_that_is_known(runtime: FoundryRuntime):
    run = await ran(runtime, SMALL.alias, stream=False)
    (series,) = run.series
    assert run.settings["stream"] is False
    assert [each.finish_reason for each in series.rounds] == ["stop"] * 3
    for each in series.rounds:
        assert each.total_s > 0
        assert (each.completion_tokens or 0) > 1
        assert (each.first_token_s, each.first_visible_s, each.gaps_s, each.decode_tps) == (None, None, (), None)
