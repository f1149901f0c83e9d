"""A model's download meets a full disk: from the button in the chat to the child process of the runtime, and back."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from rag.chat import downloads
from rag.generation.foundry.model import FoundryModel
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.registry import ModelRegistry
from tests.chainlit_session import Browser

SCRIPTED = (sys.executable, "-m", "tests.runtime.scripted_child")
NO_DISK_HAS_IT_MB = "2e12"


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    browser = Browser()
    yield browser
    await browser.session.delete()


@pytest_asyncio.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setattr(downloads, "EVERY_S", 0.05)
    runtime = FoundryRuntime(cache_dir=tmp_path, app_data_dir=tmp_path, command=SCRIPTED)
    models = ModelRegistry(FoundryModel(runtime, "downloads"), None, runtime)
    yield SimpleNamespace(models=models, settings=SimpleNamespace(slm_alias="downloads", llm_alias=""))
    await models.close()


async def test_a_full_disk_is_a_sentence_and_a_second_try_works(
    browser: Browser, services: Any, tmp_path: Path
) -> None:
    (tmp_path / "size_mb").write_text(NO_DISK_HAS_IT_MB)
    async with asyncio.timeout(60):
        await downloads.run(services, "downloads")
    assert browser.of("element")[-1]["props"]["state"] == "failed"
    sentence = browser.of("update_message")[-1]["output"]
    assert sentence.startswith("**downloads** could not be downloaded. downloads takes 2,000,000,000.0 GB on the disk")
    assert sentence.endswith("Make room, or set MODEL_CACHE_DIR to a folder on a larger disk.")

    downloads.cancel(services, "downloads")  # a late click changes nothing
    assert services.models.downloads["downloads"].state == "failed"

    (tmp_path / "size_mb").unlink()  # room was made
    async with asyncio.timeout(60):
        await downloads.run(services, "downloads")
    assert browser.of("update_message")[-1]["output"] == (
        "**downloads** is on this machine now. Ask again, and it answers."
    )
    assert (tmp_path / "downloads").exists()
