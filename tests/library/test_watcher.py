"""A folder that is followed: what a person does in it can be asked about a moment later, whatever they do."""

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rag.errors import StorageError
from rag.library import file_check, library, watcher
from rag.library.changes import Changes
from rag.library.library import Library
from rag.library.watcher import FolderWatch, has_events
from tests import make_files as make
from tests.library_parts import CountingReader, answers, held, library_of, put, states, until

TICK_S = 0.2
"""How often the folder itself is looked at here, and how soon after its first look the watch looks again."""
WATCHING_S = 0.8
"""After so long the system tells of changes, and there is no second look any more that would find them as well."""


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of a desk, shortened: what follows from what is the same."""
    monkeypatch.setattr(watcher, "_TICK_S", TICK_S)
    monkeypatch.setattr(library, "_LONGEST_PAUSE_S", 1.0)
    monkeypatch.setattr(file_check, "_SETTLE_S", 0.1)


@pytest.fixture(scope="module")
def reader() -> Iterator[CountingReader]:
    reader = CountingReader()
    yield reader
    asyncio.run(reader.close())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


class Followed:
    """A library that is followed, and all that it told."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.told = Changes()
        self.commits: list[Changes] = []

    async def follow(self) -> None:
        async with aclosing(self.library.follow()) as commits:
            async for changes in commits:
                assert changes
                self.commits.append(changes)
                self.told += changes

    async def holds(self, *names: str) -> None:
        """Waits until these files can be found, and no others."""
        await until(lambda: held(self.library) == sorted(names), f"{held(self.library)} instead of {sorted(names)}")


@asynccontextmanager
async def following(folder: Path, reader: CountingReader) -> AsyncIterator[Followed]:
    async with library_of(folder, folder.parent / "data", reader) as kept:
        followed = Followed(kept)
        task = asyncio.create_task(followed.follow())
        try:
            await until(lambda: task.done() or kept.stored.summary().synced_at is not None)
            await asyncio.sleep(TICK_S)  # so that what follows is seen as it happens, or else at the second look
            yield followed
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])
    assert not [thread for thread in threading.enumerate() if thread.name == "folder-watch"]


@pytest.fixture
async def followed(folder: Path, reader: CountingReader) -> AsyncIterator[Followed]:
    put(folder / "first.txt")
    async with following(folder, reader) as followed:
        await followed.holds("first.txt")
        yield followed


# What a person does


async def test_new_changed_and_deleted_files(folder: Path, followed: Followed) -> None:
    put(folder / "new.txt")
    await followed.holds("first.txt", "new.txt")
    put(folder / "new.txt", "Now about zebras.")
    await until(lambda: answers(followed.library, "zebra") == ["new.txt"])
    (folder / "new.txt").unlink()
    await followed.holds("first.txt")
    await until(lambda: bool(followed.told.removed))
    assert followed.told == Changes(("first.txt", "new.txt"), ("new.txt",), ("new.txt",))


async def test_a_renamed_file_is_told_in_one_commit(folder: Path, followed: Followed) -> None:
    (folder / "first.txt").rename(folder / "renamed.txt")
    await followed.holds("renamed.txt")
    await until(lambda: followed.commits[-1] == Changes(added=("renamed.txt",), removed=("first.txt",)))


async def test_saving_by_way_of_another_file(folder: Path, followed: Followed) -> None:
    """As editors do: write beside it, move the old one away, the new one to its place, delete the old one."""
    put(folder / "first.txt.new", "Saved with zebras.")
    (folder / "first.txt").rename(folder / "first.txt~")
    (folder / "first.txt.new").rename(folder / "first.txt")
    (folder / "first.txt~").unlink()
    await until(lambda: answers(followed.library, "zebra") == ["first.txt"])
    await followed.holds("first.txt")


async def test_deleting_and_writing_anew(folder: Path, followed: Followed) -> None:
    for number in range(5):
        (folder / "first.txt").unlink()
        put(folder / "first.txt", f"Version number{number}.")
        await asyncio.sleep(0.05)
    await until(lambda: answers(followed.library, "number4") == ["first.txt"])
    await followed.holds("first.txt")


async def test_folders_come_move_and_go(folder: Path, followed: Followed) -> None:
    for name in ("a.txt", "deep/b.txt", "deep/deeper/c.txt"):
        put(folder.parent / "outside" / name)
    (folder.parent / "outside").rename(folder / "in")
    await followed.holds("first.txt", "in/a.txt", "in/deep/b.txt", "in/deep/deeper/c.txt")
    put(folder / "in/deep/d.txt")
    await followed.holds("first.txt", "in/a.txt", "in/deep/b.txt", "in/deep/d.txt", "in/deep/deeper/c.txt")
    (folder / "in").rename(folder / "Ordner")
    await followed.holds(
        "first.txt", "Ordner/a.txt", "Ordner/deep/b.txt", "Ordner/deep/d.txt", "Ordner/deep/deeper/c.txt"
    )
    put(folder / "Ordner/deep/e.txt")
    (folder / "Ordner/a.txt").unlink()
    await followed.holds(
        *("first.txt", "Ordner/deep/b.txt", "Ordner/deep/d.txt", "Ordner/deep/e.txt", "Ordner/deep/deeper/c.txt")
    )
    (folder / "Ordner").rename(folder.parent / "outside")
    await followed.holds("first.txt")


async def test_many_files_at_once(folder: Path, followed: Followed) -> None:
    for number in range(150):
        put(folder / f"{number % 7}/{number}.txt")
    await until(lambda: len(held(followed.library)) == 151)
    shutil.rmtree(folder / "3")
    await until(lambda: len(held(followed.library)) == 151 - 21)


async def test_ignored_files_are_of_no_interest(folder: Path, followed: Followed) -> None:
    put(folder / ".git/objects/a.txt")
    put(folder / "~$first.docx")
    put(folder / "last.txt")
    await followed.holds("first.txt", "last.txt")
    await until(lambda: followed.told.added == ("first.txt", "last.txt"))


async def test_a_file_that_is_still_being_written_is_not_taken_for_a_broken_one(
    folder: Path, followed: Followed
) -> None:
    whole = make.pdf([["Giraffes are tall."]])
    with (folder / "slow.pdf").open("wb") as file:
        for start in range(0, len(whole), len(whole) // 4):
            file.write(whole[start : start + len(whole) // 4])
            file.flush()
            await asyncio.sleep(0.5)
    await until(lambda: answers(followed.library, "giraff") == ["slow.pdf"])
    assert followed.told.failed == ()


async def test_a_broken_file_is_told_and_read_when_it_is_mended(
    folder: Path, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "_FAILURE_S", 1.0)
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 cut off")
    await until(lambda: followed.told.failed == ("bad.pdf",))
    assert states(followed.library)["bad.pdf"] == "failed"
    (folder / "bad.pdf").write_bytes(make.pdf([["Mended giraffes."]]))
    await until(lambda: answers(followed.library, "giraff") == ["bad.pdf"])


async def test_a_file_that_never_rests_is_read_all_the_same(
    folder: Path, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "_PATIENCE_S", 1.0)
    stop = asyncio.Event()

    async def write() -> None:
        with (folder / "growing.log").open("w") as file:
            while not stop.is_set():
                file.write("Another line about giraffes.\n")
                file.flush()
                await asyncio.sleep(0.02)

    writing = asyncio.create_task(write())
    try:
        await until(lambda: answers(followed.library, "giraff") == ["growing.log"])
    finally:
        stop.set()
        await writing
    size = (folder / "growing.log").stat().st_size
    await until(lambda: {r.name: r.size for r in followed.library.stored.files()}["growing.log"] == size)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_a_name_that_is_no_text_does_not_end_the_following(folder: Path, followed: Followed) -> None:
    await asyncio.sleep(WATCHING_S)
    put(folder / os.fsdecode(b"caf\xe9.txt"))
    await followed.holds("first.txt", "caf\ufffd.txt")
    put(folder / "next.txt")
    await followed.holds("first.txt", "caf\ufffd.txt", "next.txt")


# What happens to the folder


async def test_a_folder_that_goes_and_comes_back(folder: Path, followed: Followed) -> None:
    away = folder.parent / "away"
    folder.rename(away)
    await until(lambda: "cannot be opened" in followed.library.problem)
    assert held(followed.library) == ["first.txt"]
    put(away / "second.txt")
    away.rename(folder)
    await followed.holds("first.txt", "second.txt")
    await until(lambda: followed.library.problem == "")
    put(folder / "third.txt")
    await followed.holds("first.txt", "second.txt", "third.txt")


async def test_another_folder_in_its_place(folder: Path, followed: Followed) -> None:
    other = folder.parent / "other"
    put(other / "other.txt")
    folder.rename(folder.parent / "away")
    other.rename(folder)
    await followed.holds("other.txt")
    put(folder / "next.txt")
    await followed.holds("other.txt", "next.txt")


async def test_a_folder_that_is_not_there_at_the_start(folder: Path, reader: CountingReader) -> None:
    shutil.rmtree(folder)
    async with library_of(folder, folder.parent / "data", reader) as lost:
        followed = Followed(lost)
        task = asyncio.create_task(followed.follow())
        await until(lambda: "cannot be opened" in lost.problem)
        put(folder / "first.txt")
        await followed.holds("first.txt")
        task.cancel()
        await asyncio.wait([task])


# Without events


async def test_where_there_are_no_events_one_looks(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "has_events", lambda _: False)
    monkeypatch.setattr(library, "_POLL_S", 0.2)
    put(folder / "first.txt")
    async with following(folder, reader) as followed:
        put(folder / "sub/new.txt")
        await followed.holds("first.txt", "sub/new.txt")
        (folder / "first.txt").unlink()
        await followed.holds("sub/new.txt")
        folder.rename(folder.parent / "away")
        await until(lambda: "cannot be opened" in followed.library.problem)
        (folder.parent / "away").rename(folder)
        put(folder / "back.txt")
        await followed.holds("back.txt", "sub/new.txt")


async def test_what_happens_before_the_watch_is_ready_is_seen(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ready, watch = threading.Event(), threading.Event(), watcher.watch

    def slow(*arguments: Any, **options: Any) -> Iterator[set[Any]]:
        begun.set()
        ready.wait()
        return watch(*arguments, **options)

    monkeypatch.setattr(watcher, "watch", slow)
    monkeypatch.setattr(library, "_POLL_S", 60.0)
    async with following(folder, reader) as followed:
        await until(begun.is_set)
        put(folder / "early.txt")
        ready.set()
        await followed.holds("early.txt")


async def test_where_watching_fails_one_looks(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used_up(*_: object, **__: object) -> Iterator[None]:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watcher, "watch", used_up)
    monkeypatch.setattr(library, "_POLL_S", 0.2)
    async with following(folder, reader) as followed:
        put(folder / "new.txt")
        await followed.holds("new.txt")


@pytest.mark.parametrize(
    ("mounts", "events"),
    [
        ([("/", "ext4", "rw")], True),
        ([("/", "ext4", "rw"), ("/srv", "nfs4", "rw")], False),
        ([("/", "nfs4", "rw"), ("/srv/docs", "xfs", "rw")], True),
        ([("/", "ext4", "rw"), ("/srv", "fuse.sshfs", "rw")], False),
        ([("/", "ext4", "rw"), ("/srv/do", "cifs", "rw")], True),
        ([("/", "", "rw,remote")], False),
        ([], True),
    ],
)
def test_a_drive_that_others_write_to_has_no_events(
    mounts: list[tuple[str, str, str]], events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mount:
        def __init__(self, mountpoint: str, fstype: str, opts: str) -> None:
            self.mountpoint, self.fstype, self.opts = mountpoint, fstype, opts

    monkeypatch.setattr(watcher.psutil, "disk_partitions", lambda all: [Mount(*mount) for mount in mounts])
    assert has_events(Path("/srv/docs/team")) == events


# Faults and turns


async def test_a_full_disk_is_told_and_what_was_missed_is_caught_up(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following(folder, reader) as followed:
        monkeypatch.setattr(library, "_POLL_S", 0.2)
        index = followed.library.index
        apply: Callable[..., None] = index.apply

        def full(*_: object) -> None:
            raise StorageError("The disk is full.")

        monkeypatch.setattr(index, "apply", full)
        put(folder / "new.txt")
        await until(lambda: followed.library.problem == "The disk is full.")
        assert held(followed.library) == []
        monkeypatch.setattr(index, "apply", apply)
        await followed.holds("new.txt")
        await until(lambda: followed.library.problem == "")


async def test_an_index_that_is_lost_meanwhile_is_filled_again(folder: Path, followed: Followed) -> None:
    await asyncio.sleep(WATCHING_S)
    shutil.rmtree(followed.library.stored.directory / "index")
    followed.library.index.refresh()
    await until(lambda: held(followed.library) == [])
    await followed.holds("first.txt")
    await until(lambda: followed.library.stored.summary().synced_at is not None)
    put(folder / "next.txt")
    await followed.holds("first.txt", "next.txt")


async def test_who_waits_for_its_turn_sees_what_the_other_writes(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_LOCK_S", 0.2)
    data = folder.parent / "data"
    put(folder / "first.txt")
    async with library_of(folder, data, reader) as second, library_of(folder, data, reader) as first:
        assert await first.acquire()
        followed = Followed(second)
        task = asyncio.create_task(followed.follow())
        await first.sync()
        await followed.holds("first.txt")
        assert followed.commits == []
        await first.close()
        put(folder / "next.txt")
        await followed.holds("first.txt", "next.txt")
        await until(lambda: followed.told.added == ("next.txt",))
        task.cancel()
        await asyncio.wait([task])


async def test_a_data_folder_that_cannot_be_written_is_told_and_tried_again(
    folder: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_LOCK_S", 0.2)
    put(folder / "first.txt")
    async with library_of(folder, folder.parent / "data", reader) as kept:
        (folder.parent / "data").write_text("a file where a folder should be")
        followed = Followed(kept)
        task = asyncio.create_task(followed.follow())
        await until(lambda: "cannot be written" in kept.problem)
        (folder.parent / "data").unlink()
        await followed.holds("first.txt")
        await until(lambda: kept.problem == "")
        task.cancel()
        await asyncio.wait([task])


async def test_a_watch_that_ends_at_once_leaves_nothing(folder: Path) -> None:
    async with FolderWatch(folder):
        pass
    async with FolderWatch(folder / "nowhere") as watch:
        assert await watch.touched(0.1) in (None, frozenset())
    assert not [thread for thread in threading.enumerate() if thread.name == "folder-watch"]
