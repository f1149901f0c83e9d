"""The libraries of the running app: searchable from the start, in sync with their folders, coming and going."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rag.errors import SettingsError, StorageError
from rag.library import file_check, library, manager
from rag.library.changes import Changes
from rag.library.folders import add_folder, parse_folders, remove_folder
from rag.library.manager import LibraryManager
from rag.library.scanner import Scan, Scanner
from rag.retrieval.index_files import read_metadata
from rag.retrieval.search import Searcher
from rag.settings import Settings

LEAVE = "# Leave\n\nParental leave is twelve weeks for everybody."


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of a desk, shortened: what follows from what is the same."""
    monkeypatch.setattr(manager, "_LIST_S", 0.3)
    monkeypatch.setattr(library, "_LOCK_S", 0.3)
    monkeypatch.setattr(file_check, "_SETTLE_S", 0.1)


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "leave.md").write_text(LEAVE, encoding="utf-8")
    (folder / "travel.md").write_text("# Travel\n\nTrains are booked in second class.", encoding="utf-8")
    return folder


@pytest_asyncio.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., LibraryManager]]:
    made: list[LibraryManager] = []

    def library_manager(*folders: Path | str, **settings: Any) -> LibraryManager:
        dirs = tuple(map(str, folders))
        own = Settings(_env_file=None, library_dirs=dirs, data_dir=tmp_path / "data", **settings)  # type: ignore[call-arg]
        made.append(LibraryManager(own))
        return made[-1]

    yield library_manager
    for each in made:
        await each.close()


def found(library_manager: LibraryManager, question: str, closed: frozenset[str] = frozenset()) -> list[str]:
    hits = Searcher(*library_manager.indexes(closed)).search(question, limit=5).hits
    return [f"{hit.passage.document.collection}/{hit.passage.document.name}" for hit in hits]


async def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.05)


async def test_the_documents_are_searchable_when_it_is_ready(make: Callable[..., LibraryManager], handbook: Path):
    library_manager = make(handbook)
    assert await library_manager.ready(30)
    assert found(library_manager, "parental leave") == ["handbook/leave.md"]
    assert library_manager.passages == 2


async def test_the_next_start_can_search_at_once(make: Callable[..., LibraryManager], handbook: Path):
    first = make(handbook)
    assert await first.ready(30)
    await first.close()
    second = make(handbook)
    assert found(second, "parental leave") == ["handbook/leave.md"]


async def test_what_is_saved_renamed_and_deleted_is_followed_and_told(
    make: Callable[..., LibraryManager], handbook: Path
):
    library_manager = make(handbook)
    told: list[tuple[str, Changes]] = []
    library_manager.listen(lambda name, changes: told.append((name, changes)))
    assert await library_manager.ready(30)
    (handbook / "pets.md").write_text("# Pets\n\nDogs are welcome on Fridays.", encoding="utf-8")
    await until(lambda: found(library_manager, "dogs on Fridays") == ["handbook/pets.md"])
    (handbook / "pets.md").rename(handbook / "animals.md")
    await until(lambda: found(library_manager, "dogs on Fridays") == ["handbook/animals.md"])
    (handbook / "animals.md").unlink()
    await until(lambda: found(library_manager, "dogs on Fridays") == [])
    names = {name for _, changes in told for name in (*changes.added, *changes.changed, *changes.removed)}
    assert {name for name, _ in told} == {"handbook"}
    assert names == {"pets.md", "animals.md"}


async def test_a_folder_can_be_left_out_of_a_search(
    make: Callable[..., LibraryManager], handbook: Path, tmp_path: Path
):
    other = tmp_path / "it"
    other.mkdir()
    (other / "leave.md").write_text("# Leaving\n\nParental leave needs a ticket.", encoding="utf-8")
    library_manager = make(handbook, f"IT={other}")
    assert await library_manager.ready(30)
    assert sorted(found(library_manager, "parental leave")) == ["IT/leave.md", "handbook/leave.md"]
    assert found(library_manager, "parental leave", frozenset({"IT"})) == ["handbook/leave.md"]
    assert found(library_manager, "parental leave", frozenset({"IT", "handbook"})) == []


async def test_a_folder_that_is_added_or_removed_comes_and_goes(
    make: Callable[..., LibraryManager], handbook: Path, tmp_path: Path
):
    library_manager = make(handbook)
    assert await library_manager.ready(30)
    other = tmp_path / "it"
    other.mkdir()
    (other / "vpn.md").write_text("# Remote access\n\nThe tunnel needs a token.", encoding="utf-8")
    added = add_folder(parse_folders([str(handbook)]), tmp_path / "data", other, "IT")
    await until(lambda: found(library_manager, "tunnel token") == ["IT/vpn.md"])
    remove_folder(tmp_path / "data", added)
    await until(lambda: found(library_manager, "tunnel token") == [])
    assert list(library_manager.libraries) == ["handbook"]


async def test_reading_can_be_stopped_and_goes_on(make: Callable[..., LibraryManager], handbook: Path):
    library_manager = make(handbook)
    assert await library_manager.ready(30)
    managed = library_manager.libraries["handbook"]
    await managed.stop()
    assert managed.is_paused
    (handbook / "pets.md").write_text("# Pets\n\nDogs are welcome on Fridays.", encoding="utf-8")
    await asyncio.sleep(0.5)
    assert found(library_manager, "parental leave") == ["handbook/leave.md"]
    assert found(library_manager, "dogs on Fridays") == []
    await managed.resync()
    assert not managed.is_paused
    await until(lambda: found(library_manager, "dogs on Fridays") == ["handbook/pets.md"])


async def test_a_second_process_sees_what_the_first_one_reads_and_takes_over(
    make: Callable[..., LibraryManager], handbook: Path
):
    first, second = make(handbook), make(handbook)
    assert await first.ready(30)
    assert await second.ready(30)
    assert found(second, "parental leave") == ["handbook/leave.md"]
    (handbook / "pets.md").write_text("# Pets\n\nDogs are welcome on Fridays.", encoding="utf-8")
    await until(lambda: found(second, "dogs on Fridays") == ["handbook/pets.md"])
    await first.close()
    (handbook / "pets.md").unlink()
    await until(lambda: found(second, "dogs on Fridays") == [])


async def test_asking_without_waiting_says_whether_it_is_ready(make: Callable[..., LibraryManager], handbook: Path):
    library_manager = make(handbook)
    assert not await library_manager.ready(0)
    assert await library_manager.ready(30)
    assert await library_manager.ready(0)


async def test_an_unforeseen_error_is_shown_and_following_goes_on(
    make: Callable[..., LibraryManager],
    handbook: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    library_manager = make(handbook)
    assert await library_manager.ready(30)
    managed = library_manager.libraries["handbook"]
    scanned = threading.Event()
    with monkeypatch.context() as fault:

        def fails(*_: object) -> Scan:
            scanned.set()
            raise RuntimeError("nobody thought of this")

        fault.setattr(Scanner, "scan", fails)
        (handbook / "pets.md").write_text("# Pets\n\nDogs are welcome on Fridays.", encoding="utf-8")
        await until(scanned.is_set)
        await until(lambda: "nobody thought of this" in managed.library.problem)
    assert not managed.is_paused
    assert "Keeping handbook in sync failed" in caplog.text
    await until(lambda: found(library_manager, "dogs on Fridays") == ["handbook/pets.md"])
    await until(lambda: managed.library.problem == "")


async def test_a_folder_that_is_not_there_is_named_and_the_others_are_read(
    make: Callable[..., LibraryManager], handbook: Path
):
    library_manager = make(handbook, "absent")
    assert await library_manager.ready(30)
    assert found(library_manager, "parental leave") == ["handbook/leave.md"]
    await until(lambda: "absent" in library_manager.libraries["absent"].library.problem)


async def test_two_folders_in_one_another_stop_the_start(make: Callable[..., LibraryManager], handbook: Path):
    with pytest.raises(SettingsError, match="LIBRARY_DIRS"):
        make(handbook, handbook / "deeper")


async def test_a_damaged_index_is_made_anew_while_the_app_runs(
    make: Callable[..., LibraryManager], handbook: Path, tmp_path: Path
):
    for n in range(60):
        (handbook / f"{n}.md").write_text(f"# Page {n}\n\nThe parcel number {n * 7919} is on shelf {n}.", "utf-8")
    first = make(handbook)
    assert await first.ready(60)
    await first.close()
    (place,) = (tmp_path / "data" / "library").glob("handbook-*")
    metadata = read_metadata(place / "index")
    assert metadata
    for file in (place / "index" / metadata.directory).glob("*.store"):
        content = file.read_bytes()
        file.write_bytes(random.Random(1).randbytes(len(content) * 2 // 3) + content[len(content) * 2 // 3 :])
    library_manager = make(handbook)
    assert await library_manager.ready(60)

    def problem() -> str:
        try:
            [found(library_manager, f"parcel {n * 7919}") for n in range(60)]
        except StorageError as error:
            return str(error)
        return ""

    def is_another() -> bool:
        made = read_metadata(place / "index")
        return bool(made) and made.directory != metadata.directory

    assert "made anew" in problem() or is_another()  # the first to meet the damage may also be who follows the folder

    def mended() -> bool:
        try:
            return found(library_manager, f"parcel {7 * 7919}")[:1] == ["handbook/7.md"]
        except StorageError:
            return False

    await until(mended, 60)
    assert is_another()
