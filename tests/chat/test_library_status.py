"""The library in the chat, in process: what the browser would have been sent."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rag.chat import library_status
from rag.chat.library_status import changes_line, progress_line
from rag.library.changes import Changes, SyncProgress
from rag.library.manager import LibraryManager
from rag.settings import Settings
from tests.chainlit_session import Browser
from tests.chat_client import until

LAST_YEAR = 1_700_000_000


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    browser = Browser()
    yield browser
    await browser.session.delete()


@pytest_asyncio.fixture
async def library_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LibraryManager]:
    monkeypatch.setattr(library_status, "UPDATE_EVERY_S", 0.1)
    folder = tmp_path / "team"
    folder.mkdir()
    for n in range(300):
        (folder / f"{n}.md").write_text(f"# Page {n}\n\nThe parcel {n} lies on shelf {n * 7}.", encoding="utf-8")
        os.utime(folder / f"{n}.md", (LAST_YEAR, LAST_YEAR))  # files of this second are looked at twice
    library_manager = LibraryManager(
        Settings(_env_file=None, library_dirs=(f"Team={folder}",), data_dir=tmp_path / "data")
    )  # type: ignore[call-arg]
    yield library_manager
    await library_manager.close()


def test_progress_is_a_line_of_numbers():
    assert progress_line(SyncProgress("a", 120, 5000, 3100, 3.0)) == (
        "120 of 5,000 documents · 3,100 passages · 40 a second · 2 min left"
    )
    assert progress_line(SyncProgress("a", 1, 3, 9, 2.0)) == "1 of 3 documents · 9 passages · 0.5 a second · 4 s left"
    assert progress_line(SyncProgress("a", 0, 3, 0, 0.0)) == "0 of 3 documents · 0 passages"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (Changes(added=("leave.md",)), "Team: leave.md can be asked about now."),
        (Changes(added=("a", "b"), changed=("c",)), "Team: 3 files can be asked about now."),
        (Changes(removed=("a",)), "Team: a is gone."),
        (
            Changes(("a",), (), ("b", "c"), ("d.pdf",)),
            "Team: a can be asked about now; 2 files are gone; d.pdf could not be read (see /library).",
        ),
    ],
)
def test_changes_are_one_quiet_sentence(changes: Changes, line: str):
    assert changes_line("Team", changes) == line


async def test_a_long_reading_is_shown_until_it_is_done(browser: Browser, library_manager: LibraryManager):
    library_manager.start()
    await until(lambda: library_manager.libraries["Team"].library.progress is not None, "the reading begins")
    await library_status.show(library_manager)
    assert "being read: " in browser.of("new_message")[0]["output"]
    assert "Stop reading Team" in [action["label"] for action in browser.of("action")]
    assert "300 documents, 300 passages" in browser.of("update_message")[-1]["output"]
    assert await library_manager.ready(60)


async def test_a_reading_can_be_stopped_and_goes_on_where_it_was(browser: Browser, library_manager: LibraryManager):
    library_manager.start()
    await until(lambda: library_manager.libraries["Team"].library.progress is not None, "the reading begins")
    await library_status.act(library_manager, "Team", "stop")
    assert "because somebody stopped it" in browser.of("new_message")[-1]["output"]
    assert "Go on with Team" in [action["label"] for action in browser.of("action")]
    assert library_manager.passages < 300
    await library_status.act(library_manager, "Team", "go on")
    assert await library_manager.ready(60)
    await library_status.act(library_manager, "no such folder", "stop")
    assert "300 documents, 300 passages · in sync with its folder" in browser.of("new_message")[-1]["output"]


async def test_all_open_chats_are_told_of_a_change(browser: Browser, library_manager: LibraryManager, tmp_path: Path):
    other = Browser()
    library_status.notify_changes(library_manager)
    assert await library_manager.ready(60)
    (tmp_path / "team" / "pets.md").write_text("# Pets\n\nDogs are welcome.", encoding="utf-8")
    await until(lambda: bool(browser.of("toast") and other.of("toast")), "a notice in both chats")
    toast = {"message": "Team: pets.md can be asked about now.", "type": "info"}
    assert browser.of("toast") == other.of("toast") == [toast]
    await other.session.delete()


async def test_a_new_chat_is_told_of_a_reading_that_takes_long(
    browser: Browser, library_manager: LibraryManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(library_status, "LONG_READING_S", 0.2)
    library_manager.start()
    await until(lambda: library_manager.libraries["Team"].library.progress is not None, "the reading begins")
    await library_status.greet(library_manager)
    assert browser.of("toast")[0]["message"].startswith("The library is being read: ")
    assert await library_manager.ready(60)
    await library_status.greet(library_manager)
    assert len(browser.of("toast")) == 1
