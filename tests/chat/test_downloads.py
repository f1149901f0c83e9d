"""A download as the chat shows it, in process: what the browser would have been sent."""

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

DOWNLOADING = (sys.executable, "-m", "tests.runtime.scripted_child")


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    browser = Browser()
    yield browser
    await browser.session.delete()


@pytest_asyncio.fixture
async def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setattr(downloads, "EVERY_S", 0.05)
    runtime = FoundryRuntime(cache_dir=tmp_path, app_data_dir=tmp_path, command=DOWNLOADING)
    models = ModelRegistry(FoundryModel(runtime, "downloads"), FoundryModel(runtime, "breaks"), runtime)
    yield SimpleNamespace(models=models, settings=SimpleNamespace(slm_alias="downloads", llm_alias="breaks"))
    await models.close()


async def test_a_bar_that_grows_and_a_sentence_at_the_end(browser: Browser, services: Any):
    await downloads.run(services, "downloads")
    shares = [element["props"]["share"] for element in browser.of("element")]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert browser.of("element")[-1]["props"]["state"] == "done"
    assert browser.of("update_message")[-1]["output"] == (
        "**downloads** is on this machine now. Ask again, and it answers."
    )


async def test_cancel_ends_it_with_a_sentence(browser: Browser, services: Any):
    running = asyncio.create_task(downloads.run(services, "downloads"))
    async with asyncio.timeout(10):
        while not any(element["props"]["share"] for element in browser.of("element")):
            await asyncio.sleep(0.01)
    downloads.cancel(services, "downloads")
    await running
    assert "was cancelled" in browser.of("update_message")[-1]["output"]


async def test_a_failure_says_what_to_do(browser: Browser, services: Any):
    await downloads.run(services, "breaks")
    assert browser.of("update_message")[-1]["output"].endswith("Check the internet connection and try again.")


async def test_only_the_configured_models_can_be_asked_for(browser: Browser, services: Any):
    await downloads.run(services, "../../etc/passwd")
    assert browser.events == []
