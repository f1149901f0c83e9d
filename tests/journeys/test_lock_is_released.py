"""A process that reads a library for the first time ends early; a chat that waits for it reads on."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from rag.library.manager import LibraryManager, folders
from rag.library.store import StoredLibrary
from rag.settings import Settings
from tests import REPOSITORY

FILES = 1500
WAIT_S = 240


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\nThe parcel {number} is on its shelf.", "utf-8")
    return Settings(_env_file=None, library_dirs=(str(folder),), data_dir=tmp_path / "data")  # type: ignore[call-arg]


@contextmanager
def reading(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """`rag library sync` in a process of its own, ended at the latest when the block is left."""
    places = {"LIBRARY_DIRS": settings.library_dirs[0], "DATA_DIR": str(settings.data_folder)}
    command = [sys.executable, "-m", "rag.cli.main", "library", "sync"]
    with subprocess.Popen(
        command,
        env={"PYTHONPATH": str(REPOSITORY), **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT] if sys.platform != "win32" else [signal.SIGTERM])
async def test_a_chat_takes_over_from_a_reader_that_ends_early(settings: Settings, end: signal.Signals) -> None:
    stored = StoredLibrary.of(folders(settings).folders[0], settings.data_folder)
    with reading(settings) as process:
        async with asyncio.timeout(WAIT_S):
            while not (await asyncio.to_thread(stored.summary)).documents:
                assert process.poll() is None, process.stdout and process.stdout.read()
                await asyncio.sleep(0.02)
        psutil.Process(
            process.pid
        ).suspend()  # so that it does not come to its end meanwhile, however busy the machine is
        manager = LibraryManager(settings)
        try:
            assert not await manager.ready(0.2)
            process.send_signal(end)
            psutil.Process(process.pid).resume()
            await asyncio.to_thread(process.communicate)
            summary = await asyncio.to_thread(stored.summary)
            assert (summary.synced_at, summary.documents < FILES) == (None, True), "it had read everything"
            assert await manager.ready(WAIT_S)
            assert manager.passages == FILES
        finally:
            await manager.close()
