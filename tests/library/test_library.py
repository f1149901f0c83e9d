"""An index in sync with its folder: what is read, what is not read again, and what no fault can break."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rag.errors import BrokenFile, StorageError
from rag.library import file_check, sync
from rag.library.changes import Changes, SyncProgress
from rag.library.folders import Folder
from rag.library.library import Library
from rag.library.store import StoredLibrary, stored_libraries
from rag.retrieval.search import Searcher
from tests import make_files as make
from tests.library_parts import CountingReader, answers, held, library_of, put, states, until


@pytest.fixture(scope="module")
def workers() -> Iterator[CountingReader]:
    reader = CountingReader()
    yield reader
    asyncio.run(reader.close())


@pytest.fixture
def reader(workers: CountingReader) -> CountingReader:
    workers.asked.clear()
    workers.refused.clear()
    workers.meanwhile = lambda _: None
    return workers


@pytest.fixture(autouse=True)
def files_rest_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests write their files, and nobody else does."""
    monkeypatch.setattr(file_check, "_SETTLE_S", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


# What is read


async def test_every_file_is_found_once_by_its_path(folder: Path, data: Path, reader: CountingReader) -> None:
    names = ["a.txt", "guides/deep/a.md", "guides/z.md", "Übersicht.txt", "予定/計画.md"]
    for name in names:
        put(folder / name)
    async with library_of(folder, data, reader) as library:
        changes = await library.sync()
        assert changes == Changes(added=changes.added)
        assert sorted(changes.added) == names  # on a busy machine in more than one commit, each in order
        assert held(library) == names
        assert states(library) == dict.fromkeys(names, "indexed")


async def test_a_document_knows_its_library_in_each_passage(folder: Path, data: Path, reader: CountingReader) -> None:
    (folder / "start.pdf").write_bytes(make.pdf([["Page one."], ["Page two."]], title="Start here"))
    async with library_of(folder, data, reader, name="Handbook") as library:
        await library.sync()
        passages = library.index.passages("library:Handbook:start.pdf", limit=9)
        assert [passage.page for passage in passages] == [1, 2]
        assert {passage.document.collection for passage in passages} == {"Handbook"}
        (record,) = library.stored.files()
    assert (record.title, record.pages, record.passages) == ("Start here", 2, 2)
    assert record.document_id == "library:Handbook:start.pdf"


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such permissions")
async def test_only_this_account_may_open_the_index(folder: Path, data: Path, reader: CountingReader) -> None:
    async with library_of(folder, data, reader) as library:
        await library.sync()
        assert library.stored.directory.stat().st_mode & 0o077 == 0


async def test_what_did_not_change_is_not_read_again(folder: Path, data: Path, reader: CountingReader) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        put(folder / name)
    async with library_of(folder, data, reader) as library:
        await library.sync()
        assert reader.take_asked() == ["a.txt", "b.txt", "c.txt"]
        os.utime(folder / "b.txt")
        put(folder / "c.txt", "Other text about zebras.")
        assert await library.sync() == Changes(changed=("c.txt",))
    assert reader.take_asked() == ["c.txt"]
    async with library_of(folder, data, reader) as library:  # as after a restart
        assert await library.sync() == Changes()
        assert answers(library, "zebra") == ["c.txt"]
    assert reader.take_asked() == []


async def test_a_change_within_one_tick_of_the_clock_is_seen(folder: Path, data: Path, reader: CountingReader) -> None:
    path = put(folder / "a.txt", "Lions.")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        before = path.stat()
        put(path, "Tiger.")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert await library.sync() == Changes(changed=("a.txt",))
        assert answers(library, "tiger") == ["a.txt"]
        assert answers(library, "lion") == []


async def test_what_changes_while_it_is_read_is_not_stored_half(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "a.txt", "The lion")
    versions = iter(["The lion and the tiger", "The lion and the tiger and the zebra"])

    def go_on(name: str) -> None:
        if text := next(versions, ""):
            put(folder / name, text)

    reader.meanwhile = go_on
    async with library_of(folder, data, reader) as library:
        assert await library.sync() == Changes(added=("a.txt",))
        assert answers(library, "zebra") == ["a.txt"]
    assert reader.take_asked() == ["a.txt"] * 3


async def test_what_is_gone_is_found_no_more(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    put(folder / "sub/b.txt")
    put(folder / "sub/c.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        shutil.rmtree(folder / "sub")
        assert await library.sync() == Changes(removed=("sub/b.txt", "sub/c.txt"))
        assert held(library) == ["a.txt"]
        assert states(library) == {"a.txt": "indexed"}


async def test_a_renamed_file_is_never_missing(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(folder / f"old/{number}.txt", f"File {number}.")
    seen: list[list[str]] = []
    async with library_of(folder, data, reader) as library:
        await library.sync()
        apply = library.index.apply

        def watched(*changes: Any) -> None:
            apply(*changes)
            seen.append(held(library))

        monkeypatch.setattr(library.index, "apply", watched)
        (folder / "old").rename(folder / "new")
        changes = await library.sync()
    assert changes.added == ("new/0.txt", "new/1.txt", "new/2.txt")
    assert changes.removed == ("old/0.txt", "old/1.txt", "old/2.txt")
    assert seen
    assert all(sorted(Path(name).name for name in names) == ["0.txt", "1.txt", "2.txt"] for names in seen)


async def test_libraries_do_not_mix(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "one/a.txt", "Apples.")
    put(folder / "two/a.txt", "Pears.")
    async with (
        library_of(folder / "one", data, reader, name="One") as one,
        library_of(folder / "two", data, reader, name="Two") as two,
    ):
        await one.sync()
        await two.sync()
        assert answers(one, "appl") == ["a.txt"]
        assert answers(two, "appl") == []
    assert [stored.folder.name for stored in stored_libraries([], data)] == ["One", "Two"]


async def test_another_folder_under_the_same_name_has_an_index_of_its_own(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    for name in ("one", "two"):
        os.utime(put(folder / name / "same.txt"), (10**9, 10**9))
        os.utime(put(folder / name / "other.txt", name), (10**9, 10**9))
    async with library_of(folder / "one", data, reader) as library:
        await library.sync()
    async with library_of(folder / "two", data, reader) as library:
        assert held(library) == []
        assert sorted((await library.sync()).added) == ["other.txt", "same.txt"]
        assert answers(library, "two") == ["other.txt"]
    async with library_of(folder / "one", data, reader) as library:
        assert answers(library, "one") == ["other.txt"]
        assert answers(library, "two") == []


async def test_an_index_that_was_made_of_another_folder_is_not_searched(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "one/a.txt", "Apples.")
    put(folder / "two/a.txt", "Pears.")
    async with library_of(folder / "one", data, reader) as library:
        await library.sync()
        foreign = library.stored.directory
    foreign.rename(foreign.with_name(Folder("Docs", folder / "two").directory))
    async with library_of(folder / "two", data, reader) as library:
        assert held(library) == []
        await library.sync()
        assert answers(library, "pear") == ["a.txt"]


async def test_what_a_former_version_indexed_is_taken_over(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt", "Apples.")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        directory = library.stored.directory
    former = directory.rename(directory.with_name(library.folder.former_directory))
    reader.take_asked()
    async with library_of(folder.parent, data, reader) as other:  # of another folder with its name
        assert held(other) == []
    async with library_of(folder, data, reader) as library:
        assert answers(library, "appl") == ["a.txt"]
        assert await library.sync() == Changes()
    assert not former.exists()
    assert reader.take_asked() == []


async def test_a_stranger_opens_a_folder_in_one_line(folder: Path, data: Path) -> None:
    put(folder / "a.txt", "Apples.")
    async with Library.open(folder, data_dir=data) as library:
        assert library.folder.name == "documents"
        assert await library.sync() == Changes(added=("a.txt",))
        assert Searcher(library.index).search("How many apples?", limit=3).hits[0].passage.document.name == "a.txt"
    with pytest.raises(StorageError, match="There is no folder"):
        Library.open(folder / "nowhere", data_dir=data)


async def test_a_file_of_a_far_future_or_past_is_read_as_any_other(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "a.txt")
    for name, seconds in (("future.txt", 10_413_792_000), ("past.txt", -10_413_792_000)):
        try:
            os.utime(put(folder / name), (seconds, seconds))
        except (OSError, OverflowError):
            pytest.skip("this file system knows no such times")
    async with library_of(folder, data, reader) as library:
        assert sorted((await library.sync()).added) == ["a.txt", "future.txt", "past.txt"]
        assert await library.sync() == Changes()


async def test_the_index_is_no_document(folder: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    async with library_of(folder, folder / "data", reader) as library:
        await library.sync()
        assert await library.sync() == Changes()
        assert held(library) == ["a.txt"]


async def test_progress_is_told(folder: Path, data: Path, reader: CountingReader) -> None:
    for number in range(5):
        put(folder / f"{number}.txt")
    told: list[SyncProgress | None] = []
    async with library_of(folder, data, reader) as library:
        library.on_progress = lambda progress: told.append(progress if progress == library.progress else None)
        await library.sync()
    *steps, end = told
    assert end is None
    assert [step.documents_done for step in steps if step] == sorted(step.documents_done for step in steps if step)
    last = steps[-1]
    assert last is not None
    assert (last.library, last.documents_done, last.documents_total, last.passages) == ("Docs", 5, 5, 5)
    assert last.rate > 0
    assert last.remaining_s == 0


def test_what_remains_cannot_be_told_before_the_first_document() -> None:
    assert SyncProgress("Docs", 0, 10, 0, 2.0).remaining_s is None
    assert SyncProgress("Docs", 4, 10, 9, 2.0).remaining_s == 3.0


# What cannot be read


async def test_a_bad_file_is_named_with_its_reason_and_not_tried_again(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "a.txt")
    bad = folder / "sub/bad.pdf"
    bad.parent.mkdir()
    bad.write_bytes(b"%PDF-1.4 cut off")
    os.utime(bad, (10**9, 10**9))
    async with library_of(folder, data, reader) as library:
        assert await library.sync() == Changes(added=("a.txt",), failed=("sub/bad.pdf",))
        (record,) = library.stored.files("failed")
        assert record.reason.startswith("bad.pdf could not be read")
        reader.take_asked()
        assert await library.sync() == Changes()
        assert reader.take_asked() == []
        assert await library.sync(retry=True) == Changes(failed=("sub/bad.pdf",))
        bad.write_bytes(make.pdf([["Whole again."]]))
        assert await library.sync() == Changes(added=("sub/bad.pdf",))
        assert states(library) == {"a.txt": "indexed", "sub/bad.pdf": "indexed"}


async def test_a_file_that_becomes_bad_is_found_no_more(folder: Path, data: Path, reader: CountingReader) -> None:
    path = folder / "a.pdf"
    path.write_bytes(make.pdf([["Walrus."]]))
    async with library_of(folder, data, reader) as library:
        await library.sync()
        path.write_bytes(b"%PDF-1.4 cut off")
        os.utime(path, (10**9, 10**9))
        assert await library.sync() == Changes(failed=("a.pdf",))
        assert answers(library, "walrus") == []


async def test_another_version_reads_all_again_and_keeps_what_it_cannot_read(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    for name in ("a.txt", "b.txt"):
        put(folder / name)
    (folder / "c.pdf").write_bytes(b"%PDF-1.4 cut off")
    os.utime(folder / "c.pdf", (10**9, 10**9))
    async with library_of(folder, data, reader) as library:
        assert await library.sync() == Changes(added=("a.txt", "b.txt"), failed=("c.pdf",))
    reader.take_asked()
    reader.refused["b.txt"] = BrokenFile("b.txt could not be read.")
    os.utime(folder / "b.txt", (10**9, 10**9))
    async with library_of(folder, data, reader, version=2) as library:
        assert await library.sync() == Changes(changed=("a.txt",), failed=("c.pdf",))
        assert reader.take_asked() == ["a.txt", "b.txt", "c.pdf"]
        assert held(library) == ["a.txt", "b.txt"]
        assert await library.sync() == Changes()
        assert reader.take_asked() == []


async def test_what_is_too_large_is_skipped_unread(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    put(folder / "b.txt", "word " * 1000)
    async with library_of(folder, data, reader, max_bytes=1000) as library:
        assert await library.sync() == Changes(added=("a.txt",))
        (record,) = library.stored.files("skipped")
        assert record.reason.startswith("b.txt has 0.0 MB; at most 0.0 MB are read.")
        assert reader.take_asked() == ["a.txt"]
        put(folder / "a.txt", "word " * 1000)
        assert await library.sync() == Changes(removed=("a.txt",))
        assert held(library) == []
    async with library_of(folder, data, reader) as library:  # with a higher limit
        assert await library.sync() == Changes(added=("a.txt", "b.txt"))


async def test_what_is_no_document_is_skipped_with_its_reason(folder: Path, data: Path, reader: CountingReader) -> None:
    (folder / "setup.exe").write_bytes(make.executable())
    os.utime(folder / "setup.exe", (10**9, 10**9))
    async with library_of(folder, data, reader) as library:
        assert await library.sync() == Changes()
        (record,) = library.stored.files("skipped")
        assert record.reason.startswith("setup.exe cannot be read: it is a")
        await library.sync()
    assert reader.take_asked() == ["setup.exe"]


async def test_a_file_that_cannot_be_opened_is_tried_at_every_look(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "a.txt")
    os.utime(put(folder / "locked.txt"), (10**9, 10**9))
    digest_of = file_check._digest_of  # type: ignore[attr-defined]

    def locked(path: Path) -> bytes:
        if path.name == "locked.txt":
            raise PermissionError
        return digest_of(path)

    async with library_of(folder, data, reader) as library:
        with monkeypatch.context() as lock:
            lock.setattr(file_check, "_digest_of", locked)
            assert await library.sync() == Changes(added=("a.txt",), failed=("locked.txt",))
            assert await library.sync() == Changes()
        assert await library.sync() == Changes(added=("locked.txt",))
        with monkeypatch.context() as lock:
            lock.setattr(file_check, "_digest_of", locked)
            put(folder / "locked.txt", "Changed.")
            os.utime(folder / "locked.txt", (10**9, 10**9))
            assert await library.sync() == Changes()
            assert held(library) == ["a.txt", "locked.txt"]


async def test_a_file_that_hangs_its_parser_costs_itself_only(folder: Path, data: Path) -> None:
    reader = CountingReader(workers=1, timeout_s=2)
    try:
        others = {child.pid for child in psutil.Process().children(recursive=True)}
        for number in range(4):
            os.utime(put(folder / f"{number}.txt"), (10**9, 10**9))
        await reader.read(folder / "0.txt", name="warm-up.txt", origin="upload")
        (worker,) = [each for each in psutil.Process().children(recursive=True) if each.pid not in others]
        worker.suspend()
        async with library_of(folder, data, reader) as library:
            changes = await library.sync()
            (failed,) = changes.failed
            assert len(changes.added) == 3
            (record,) = library.stored.files("failed")
            assert record.name == failed
            assert "took longer than 2 seconds" in record.reason
    finally:
        await reader.close()


# A folder that is not there


async def test_a_folder_that_is_not_there_leaves_the_index_as_it_is(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "a.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        folder.rename(folder.parent / "elsewhere")
        with pytest.raises(
            StorageError, match=r"The folder .*documents cannot be opened .* What is indexed of it stays"
        ):
            await library.sync()
        assert held(library) == ["a.txt"]
        (folder.parent / "elsewhere").rename(folder)
        assert await library.sync() == Changes()


async def test_a_folder_that_lost_everything_is_taken_for_a_drive_that_is_away(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    for number in range(20):
        put(folder / f"{number}.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        shutil.rmtree(folder)
        folder.mkdir()
        with pytest.raises(StorageError, match="is empty, but 20 documents of it are indexed"):
            await library.sync()
        assert len(held(library)) == 20
        put(folder / "new.txt")
        changes = await library.sync()
        assert len(changes.removed) == 20
        assert held(library) == ["new.txt"]


async def test_a_small_folder_may_become_empty(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        (folder / "a.txt").unlink()
        assert await library.sync() == Changes(removed=("a.txt",))


async def test_a_subfolder_that_cannot_be_listed_keeps_its_documents(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "a.txt")
    put(folder / "sub/b.txt")
    scandir = os.scandir

    def away(path: Any) -> Any:
        if Path(path).name == "sub":
            raise PermissionError
        return scandir(path)

    async with library_of(folder, data, reader) as library:
        await library.sync()
        monkeypatch.setattr(os, "scandir", away)
        (folder / "a.txt").unlink()
        assert await library.sync() == Changes(removed=("a.txt",))
        assert held(library) == ["sub/b.txt"]


# Faults


async def test_a_full_disk_is_told_and_nothing_is_lost(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*changes: Any) -> None:
        raise StorageError("The disk is full.")

    put(folder / "a.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        put(folder / "b.txt")
        (folder / "a.txt").unlink()
        with monkeypatch.context() as disk:
            disk.setattr(library.index, "apply", full)
            with pytest.raises(StorageError, match="The disk is full"):
                await library.sync()
        assert library.progress is None
        assert held(library) == ["a.txt"]
        assert await library.sync() == Changes(added=("b.txt",), removed=("a.txt",))
        assert held(library) == ["b.txt"]


async def test_after_a_damaged_manifest_nothing_is_missing_and_nothing_is_left_over(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    for name in ("a.txt", "b.txt"):
        put(folder / name)
    async with library_of(folder, data, reader) as library:
        await library.sync()
        manifest = library.stored.directory / "files.sqlite"
    manifest.write_bytes(b"garbage" * 1000)
    (folder / "b.txt").unlink()
    async with library_of(folder, data, reader) as library:
        assert await library.sync() == Changes(added=("a.txt",))
        assert held(library) == ["a.txt"]


async def test_an_index_that_is_lost_while_a_change_is_looked_at_is_filled_from_the_whole_folder(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    put(folder / "a.txt")
    put(folder / "b.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        syncer = library._acquire()
        assert syncer
        shutil.rmtree(library.stored.directory / "index")
        library.index.refresh()
        async for _ in syncer.commits({str(folder / "a.txt")}):
            pass
        assert held(library) == ["a.txt", "b.txt"]
        assert library.stored.summary().synced_at is not None


async def test_an_index_that_had_to_be_made_anew_is_filled_again(
    folder: Path, data: Path, reader: CountingReader
) -> None:
    for name in ("a.txt", "b.txt"):
        put(folder / name)
    async with library_of(folder, data, reader) as library:
        await library.sync()
        index = library.stored.directory / "index"
    shutil.rmtree(index)
    async with library_of(folder, data, reader) as library:
        await library.sync()
        assert held(library) == ["a.txt", "b.txt"]


async def test_a_document_of_which_nothing_is_known_is_not_left_over(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends after the commit of the index and before that of the manifest; then the file is deleted."""

    put(folder / "a.txt")
    put(folder / "b.txt")
    async with library_of(folder, data, reader) as library:
        apply = library.index.apply

        def deadly(*changes: Any) -> None:
            apply(*changes)
            raise KeyError("the end of the process")

        monkeypatch.setattr(library.index, "apply", deadly)
        with pytest.raises(KeyError):
            await library.sync()
        assert held(library) == ["a.txt", "b.txt"]
        assert states(library) == {"a.txt": "pending", "b.txt": "pending"}
    (folder / "b.txt").unlink()
    async with library_of(folder, data, reader) as library:
        await library.sync()
        assert held(library) == ["a.txt"]
        assert states(library) == {"a.txt": "indexed"}


async def test_stopping_half_way_keeps_what_was_committed(
    folder: Path, data: Path, reader: CountingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "_BATCH_S", 0.05)
    for number in range(200):
        put(folder / f"{number:03}.txt")
    async with library_of(folder, data, reader) as library:
        task = asyncio.create_task(library.sync())
        await until(lambda: bool(held(library)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert library.progress is None
        kept = held(library)
        assert kept == [name for name, state in states(library).items() if state == "indexed"]
        assert 0 < len(kept) < 200
        reader.take_asked()
        changes = await library.sync()
        assert len(changes.added) == 200 - len(kept)
        assert not set(reader.take_asked()) & set(kept)
        assert len(set(held(library))) == len(held(library)) == 200


# One process at a time


async def test_one_keeps_it_in_sync_and_the_other_reads_along(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    async with library_of(folder, data, reader) as first, library_of(folder, data, reader) as second:
        assert await first.acquire()
        assert not await second.acquire()
        with pytest.raises(StorageError, match="Another process keeps Docs in sync"):
            await second.sync()
        await first.sync()
        second.index.refresh()
        assert held(second) == ["a.txt"]
        assert second.stored.summary().documents == 1
        await first.close()
        assert await second.acquire()


async def test_what_is_deleted_is_the_index_only(folder: Path, data: Path, reader: CountingReader) -> None:
    put(folder / "a.txt")
    async with library_of(folder, data, reader) as library:
        await library.sync()
        stored = library.stored
        assert stored.size() > 0
    stored.delete()
    assert not stored.directory.exists()
    assert (folder / "a.txt").exists()
    stored.delete()
    assert StoredLibrary.of(stored.folder, data).summary().documents == 0
