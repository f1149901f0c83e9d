"""`rag library`, as a person types it: what it says, what it does, and how it ends."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli.library_command import app
from rag.cli.library_text import progress_line
from rag.library.changes import SyncProgress
from rag.library.store import stored_libraries
from tests import REPOSITORY
from tests.library_parts import CountingReader, library_of, put

WAIT_S = 60


class Terminal:
    """Runs `rag library …` with settings and folders of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.data, self.docs = home, home / "data", home / "docs"
        self.docs.mkdir(parents=True)
        monkeypatch.chdir(home)  # no `.env` is there
        self._monkeypatch = monkeypatch
        self.set(LIBRARY_DIRS=f"Docs={self.docs}", DATA_DIR=str(self.data))

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str, code: int = 0, answer: str = "") -> str:
        """What it said, on both of its outputs."""
        done = CliRunner().invoke(app, arguments, input=answer)
        assert done.exit_code == code, done.output
        assert isinstance(done.exception, SystemExit | None)
        return done.output


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield Terminal(tmp_path / "home", monkeypatch)
    logging.disable(logging.NOTSET)


def test_a_folder_is_synced_listed_and_counted(terminal: Terminal) -> None:
    put(terminal.docs / "guides/Übersicht.txt")
    (terminal.docs / "bad.pdf").write_bytes(b"%PDF-1.4 cut off")
    os.utime(terminal.docs / "bad.pdf", (10**9, 10**9))
    said = terminal.run("sync")
    assert said.startswith("Docs: 1 added, 1 failed; 1 document, 1 passages.\n")
    assert "bad.pdf could not be read" in said

    said = terminal.run("list")
    assert said.splitlines()[0] == f"Docs  {terminal.docs}"
    assert "  1 document, 1 passages, 1 failed; in sync since 20" in said
    said = terminal.run("list", "docs")
    assert "    indexed  guides/Übersicht.txt  1 passage\n" in said
    assert "    failed   bad.pdf\n" in said
    assert "Übersicht" not in terminal.run("list", "--failed")
    (library,) = json.loads(terminal.run("list", "--json"))
    assert {file["name"]: file["state"] for file in library["files"]} == {
        "bad.pdf": "failed",
        "guides/Übersicht.txt": "indexed",
    }

    said = terminal.run("stats")
    heads, numbers = said.splitlines()
    assert heads.split() == ["documents", "passages", "failed", "on", "disk", "in", "sync", "since"]
    assert numbers.split()[:4] == ["Docs", "1", "1", "1"]
    assert max(map(len, said.splitlines())) <= 80
    (library,) = json.loads(terminal.run("stats", "--json"))
    assert (library["documents"], library["failed"], library["added"]) == (1, 1, False)
    assert library["bytes_on_disk"] > 0

    assert terminal.run("sync").startswith("Docs: nothing to do; 1 document")
    assert terminal.run("sync", "--retry").startswith("Docs: 1 failed; 1 document")


def test_a_folder_is_added_and_removed(terminal: Terminal) -> None:
    more = put(terminal.home / "more" / "a.txt").parent
    assert f"{more} is added as Team Books." in terminal.run("add", str(more), "--name", "Team Books")
    assert terminal.run("sync", "team books").startswith("Team Books: 1 added")
    assert terminal.run("list").count("in sync since") == 1
    assert "is there already, as Team Books" in terminal.run("add", "more", code=1)

    assert "Its documents stay" in terminal.run("remove", "Team Books", code=1, answer="n\n")
    assert len(stored_libraries([], terminal.data)) == 1
    assert "Team Books is removed" in terminal.run("remove", "team books", answer="y\n")
    assert stored_libraries([], terminal.data) == []
    assert (more / "a.txt").exists()
    assert "Team Books" not in terminal.run("list")
    assert "There is no folder called team books. There are: Docs." in terminal.run("remove", "team books", code=1)


def test_a_folder_of_the_settings_is_removed_there(terminal: Terminal) -> None:
    put(terminal.docs / "a.txt")
    terminal.run("sync")
    assert "is named by LIBRARY_DIRS" in terminal.run("remove", "Docs", "--yes", code=1)
    put(terminal.home / "other" / "b.txt")
    terminal.set(LIBRARY_DIRS="other")
    said = terminal.run("list")
    assert "Not listed any more, only its index is left" in said
    assert "Docs is removed" in terminal.run("remove", "Docs", "--yes")
    assert "Docs" not in terminal.run("list")


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["add", "nowhere"], {}, "There is no folder nowhere."),
        (["sync", "Nobody"], {}, "There is no folder called Nobody."),
        (["sync"], {"LIBRARY_DIRS": "Docs=nowhere"}, "nowhere cannot be opened"),
        (["list"], {"LIBRARY_DIRS": "a,a/b"}, "is within"),
        (["list"], {"READ_WORKERS": "none"}, "READ_WORKERS='none'"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], settings: dict[str, str], said: str, terminal: Terminal
) -> None:
    terminal.set(**settings)
    assert said in terminal.run(*arguments, code=1)


def test_a_broken_list_does_not_hide_the_other_folders(terminal: Terminal) -> None:
    terminal.data.mkdir()
    (terminal.data / "folders.json").write_text("{")
    said = terminal.run("list")
    assert "cannot be understood" in said
    assert "Docs" in said


async def test_what_the_chat_keeps_in_sync_is_left_to_it(terminal: Terminal) -> None:
    put(terminal.docs / "a.txt")
    reader = CountingReader()
    async with library_of(terminal.docs, terminal.data, reader) as library:
        assert await library.acquire()
        said = await asyncio.to_thread(terminal.run, "sync")
        assert said == "Docs is kept in sync by another process, such as the running chat: there is nothing to do.\n"
        await library.sync()
        assert "1 document, 1 passages; in sync since" in terminal.run("list")
    await reader.close()


MANY = 1500
"""Files that take some seconds to read, so that the first commit, after one second, is not the last."""


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Somebody writes to the file all the time, so that a sync waits for it when it is done with the others."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.05):
            with path.open("a", encoding="utf-8") as file:
                file.write("One more line.\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


@pytest.mark.skipif(sys.platform == "win32", reason="no signal stands for Ctrl-C there")
def test_ctrl_c_keeps_what_is_done(terminal: Terminal) -> None:
    for number in range(MANY):
        put(terminal.docs / f"{number}.txt")
    command = [sys.executable, "-m", "rag.cli.main", "library", "sync"]
    own = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with (
        growing(terminal.docs / "0.txt"),
        subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        until = time.monotonic() + WAIT_S
        while not (done := sum(each.summary().documents for each in stored_libraries([], terminal.data))):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=WAIT_S)[0]
    assert process.returncode == 130, said
    assert said.startswith("Stopped. Docs has ")
    (library,) = stored_libraries([], terminal.data)
    kept = library.summary().documents
    assert done <= kept < MANY
    assert terminal.run("sync").startswith(f"Docs: {MANY - kept:,} added; {MANY:,} documents")


@pytest.mark.parametrize("name", ["Docs", "A folder with quite a long name of its own, really"])
def test_progress_fits_in_a_line(name: str) -> None:
    line = progress_line(SyncProgress(name, 1234, 56789, 1234567, 100.0))
    assert len(line) <= 79
    assert line.endswith(": 1,234 of 56,789 documents, 1,234,567 passages, 12.3/s, 1 h 15 min left")
    assert line.startswith(name[:5])
    assert progress_line(SyncProgress("Docs", 0, 9, 0, 0.0)) == "Docs: 0 of 9 documents, 0 passages, 0.0/s"
    assert progress_line(SyncProgress("Docs", 3, 9, 5, 1.0)).endswith("3.0/s, 2 s left")
