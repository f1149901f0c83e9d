"""Fixtures that several test modules share."""

import atexit
import gc
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from rag.generation.foundry.runtime import FoundryRuntime
from tests import (
    chainlit_session,  # noqa: F401  # the first to import chainlit, in a folder of its own
    shipped_library,  # first in the process that starts the others
)
from tests.lab_parts import lab_runtime  # noqa: F401  # a fixture
from tests.runtime.tiny_models import LARGE, SLOW, SMALL, TinyModel, write_cache

_data_dir = tempfile.TemporaryDirectory(prefix="groundwork-tests-")
os.environ["DATA_DIR"] = _data_dir.name  # the person's own index is not for tests
atexit.register(_data_dir.cleanup)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else programs that tests start would not hear Ctrl-C

# How long an example takes says how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Some hundred processes of the app start; each would compile all of its modules, and each worker all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

HUGE = TinyModel("huge-model", "huge-model-generic-cpu", ("No",), size_mb=10_000_000)
"""On the disk, with a size that no computer has the memory for."""
MISSING = TinyModel("missing-model", "missing-model-generic-cpu", on_disk=False, size_mb=3400)
ENORMOUS = TinyModel("enormous-model", "enormous-model-generic-cpu", on_disk=False, size_mb=2_000_000_000)


LONGEST = ("browser", "chat", "benchmark", "journeys", "generation", "cli", "test_readme.py", "library")
"""Where most of the time goes: these begin first, so that none is left over at the end."""


class BrowserTestsTogether(LoadFileScheduling):
    """Files of tests to processes, all of `tests/browser` to one: it starts each app and Chromium once."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BrowserTestsTogether:
    return BrowserTestsTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def order(item: pytest.Item) -> int:
        room = item.nodeid.removeprefix("tests/").split("/")[0].split("::")[0]
        return LONGEST.index(room) if room in LONGEST else len(LONGEST)

    items.sort(key=order)


def pytest_collection_finish() -> None:
    """Takes what the collected tests are made of from the garbage collector, which each measurement calls.

    Half a million objects, and a third of a second at each of some hundred calls.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _heard_again() -> Iterator[None]:
    """A command silences the log of its process, which in tests is that of many."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="session")
def shipped_data_folder() -> Path:
    """The data folder of all that sets no other, with the shipped library read, unless that was done before."""
    folder = Path(_data_dir.name)
    if not any(folder.iterdir()):
        shipped_library.copy_shipped_library(folder)
    return folder


@pytest.fixture(scope="session")
def foundry_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model cache for the real Foundry Local, with tiny models under the names of the real ones."""
    cache = tmp_path_factory.mktemp("models")
    write_cache(cache, (SMALL, LARGE, SLOW, HUGE, MISSING, ENORMOUS))
    return cache


@pytest_asyncio.fixture
async def runtime(
    foundry_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FoundryRuntime]:
    """The real Foundry Local over the tiny models; it never asks for the catalogue over the network."""
    monkeypatch.setenv("HOME", str(tmp_path))  # where its native libraries would leave files
    runtime = FoundryRuntime(
        cache_dir=foundry_cache, app_data_dir=tmp_path / "app", log_file=tmp_path / "child.log", catalogue="disk"
    )
    yield runtime
    await runtime.close()
