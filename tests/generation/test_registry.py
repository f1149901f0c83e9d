"""Who answers a turn, and downloads; the runtime's children are real processes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from rag.generation.chat_model import GenerationLimits, TextDelta
from rag.generation.extractive import ExtractiveModel
from rag.generation.foundry.model import FoundryModel
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.generation.prompt import plain_prompt
from rag.generation.registry import DownloadState, ModelRegistry
from tests.conftest import HUGE, MISSING
from tests.runtime.tiny_models import LARGE, SLOW, SMALL

DOWNLOADING = (sys.executable, "-m", "tests.runtime.scripted_child")
"""Its models: "downloads" takes a second to download and 10 MB, "breaks" fails."""

ADDRESSES = {
    "slm_alias": "phi-4-mini",
    "llm_alias": "gpt-oss-20b",
    "endpoint": "",
    "endpoint_key": "",
    "llm_endpoint": "",
    "llm_key": "",
    "runtime": True,
    "catalogue": "disk",
    "cache_dir": None,
    "data_dir": Path("data"),
    "idle_timeout_s": 60.0,
    "keep_warm_s": 0.0,
}


@pytest_asyncio.fixture
async def downloading(tmp_path: Path) -> AsyncIterator[ModelRegistry]:
    runtime = FoundryRuntime(cache_dir=tmp_path, app_data_dir=tmp_path, command=DOWNLOADING)
    models = ModelRegistry(FoundryModel(runtime, "downloads"), FoundryModel(runtime, "breaks"), runtime)
    yield models
    await models.close()


async def ended(download: DownloadState) -> DownloadState:
    async with asyncio.timeout(20):
        while download.state == "running":
            await asyncio.sleep(0.02)
    return download


@pytest.mark.parametrize(
    ("changes", "small", "large", "runtime"),
    [
        ({}, FoundryModel, FoundryModel, True),
        ({"runtime": False}, ExtractiveModel, type(None), False),
        ({"endpoint": "http://127.0.0.1:9"}, OpenAIModel, OpenAIModel, True),
        ({"llm_endpoint": "http://127.0.0.1:9"}, FoundryModel, OpenAIModel, True),
        ({"runtime": False, "llm_endpoint": "http://127.0.0.1:9"}, ExtractiveModel, OpenAIModel, False),
        ({"endpoint": "http://127.0.0.1:9", "llm_endpoint": "http://127.0.0.1:8"}, OpenAIModel, OpenAIModel, False),
    ],
)
async def test_the_settings_decide_where_each_model_is(
    changes: dict[str, object], small: type, large: type, runtime: bool
):
    models = ModelRegistry.from_addresses(**{**ADDRESSES, **changes})  # type: ignore[arg-type]
    assert (type(models.small), type(models.large), models.runtime is not None) == (small, large, runtime)
    await models.close()


async def test_models_on_the_disk_answer_and_quotes_stand_in(runtime: FoundryRuntime):
    models = ModelRegistry(FoundryModel(runtime, SMALL.alias), FoundryModel(runtime, LARGE.alias), runtime)
    await models.start()
    selection = await models.selection()
    assert (selection.models.small.alias, selection.models.large and selection.models.large.alias) == (
        SMALL.alias,
        LARGE.alias,
    )
    assert isinstance(selection.models.fallback, ExtractiveModel)
    assert (selection.note, selection.small_missing, selection.large_missing) == ("", None, None)
    assert selection.models.idle is models.small
    await models.close()


async def test_a_model_that_answers_somebody_else_is_not_idle(runtime: FoundryRuntime):
    slow = FoundryModel(runtime, SLOW.alias)
    models = ModelRegistry(slow, None, runtime)
    assert (await models.selection()).models.idle is None  # not in memory yet
    async with aclosing(slow.stream(plain_prompt("Count!"), GenerationLimits(50))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
        assert (await models.selection()).models.idle is None
    assert (await models.selection()).models.idle is slow
    await models.close()


async def test_a_missing_small_model_is_offered_with_its_size_while_quotes_answer(runtime: FoundryRuntime):
    models = ModelRegistry(FoundryModel(runtime, MISSING.alias), FoundryModel(runtime, HUGE.alias), runtime)
    selection = await models.selection()
    assert isinstance(selection.models.small, ExtractiveModel)
    assert selection.small_missing
    assert (selection.small_missing.alias, selection.small_missing.size) == (MISSING.alias, "3.4 GB")
    assert selection.note.startswith(
        "No model is running, so these are your documents' own words. missing-model is not on"
    )
    await models.close()


async def test_a_missing_larger_model_leaves_the_turn_to_the_small_one(runtime: FoundryRuntime):
    models = ModelRegistry(FoundryModel(runtime, SMALL.alias), FoundryModel(runtime, MISSING.alias), runtime)
    selection = await models.selection()
    assert selection.models.large is None
    assert selection.large_missing
    assert selection.large_missing.alias == MISSING.alias
    await models.close()


async def test_a_model_that_nobody_offers_is_not_offered_for_download(runtime: FoundryRuntime):
    models = ModelRegistry(FoundryModel(runtime, "phi-99"), None, runtime)
    selection = await models.selection()
    assert selection.small_missing is None
    assert "no model phi-99" in selection.note
    await models.close()


async def test_a_download_runs_once_for_everybody_and_tells_its_share(downloading: ModelRegistry):
    download = downloading.download("downloads")
    assert downloading.download("downloads") is download
    shares: set[float] = set()
    while download.state == "running":
        shares.add(download.share)
        await asyncio.sleep(0.01)
    assert (download.state, download.share) == ("done", 1.0)
    assert len(shares) > 3
    assert (await downloading.selection()).small_missing is None


async def test_a_cancelled_download_can_be_begun_again(downloading: ModelRegistry):
    download = downloading.download("downloads")
    async with asyncio.timeout(10):
        while not download.share:
            await asyncio.sleep(0.01)
    downloading.cancel("downloads")
    assert (await ended(download)).state == "cancelled"
    assert (await downloading.selection()).small_missing
    assert (await ended(downloading.download("downloads"))).state == "done"


async def test_a_download_that_breaks_off_says_why(downloading: ModelRegistry):
    download = await ended(downloading.download("breaks"))
    assert download.state == "failed"
    assert download.detail == "breaks could not be downloaded. Check the internet connection and try again."


async def test_an_unforeseen_error_ends_a_download_in_a_state_and_in_the_log(
    downloading: ModelRegistry, caplog: pytest.LogCaptureFixture
):
    download = await ended(downloading.download("\ud800"))  # no text that could be sent
    assert download.state == "failed"
    assert download.detail == "An unforeseen error ended it; the app's log has it. Try again."
    assert "ended with an unforeseen error" in caplog.text
    assert (await ended(downloading.download("downloads"))).state == "done"


WITHOUT_HOME = """
import os, pwd, sys
from pathlib import Path

def nobody(uid):
    raise KeyError(uid)

os.environ.pop("HOME")
pwd.getpwuid = nobody
from rag.generation.foundry.runtime import default_cache_dir
from rag.generation.registry import own_runtime
data_dir = Path(sys.argv[1])
own_runtime(data_dir, cache_dir=None, catalogue="disk")
print(default_cache_dir(data_dir))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="an account there always has a home")
def test_an_account_without_a_home_keeps_models_in_the_data_folder(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", WITHOUT_HOME, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "models"), done.stderr


async def test_the_runtimes_log_lies_in_the_data_folder(
    foundry_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    addresses = {**ADDRESSES, "cache_dir": foundry_cache, "data_dir": tmp_path / "data"}
    models = ModelRegistry.from_addresses(**addresses)  # type: ignore[arg-type]
    assert [status.state for status in await models.statuses()] == ["on_disk", "on_disk"]
    await models.close()
    assert (tmp_path / "data" / "foundry.log").exists()
    assert not (tmp_path / "home" / ".groundwork").exists()


async def test_without_a_runtime_a_download_says_who_has_the_models():
    models = ModelRegistry(ExtractiveModel(), None)
    download = await ended(models.download("phi-4-mini"))
    assert download.state == "failed"
    assert "endpoint" in download.detail
