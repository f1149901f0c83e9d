"""The manifest: what it keeps, who may read it meanwhile, and what becomes of it when it is damaged."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import StorageError
from rag.library.folders import Folder
from rag.library.manifest import FileRecord, Manifest, reading
from rag.library.store import Listing, StoredLibrary

GUIDE = FileRecord(
    *("guides/start.md", 5, 1_700_000_000_123_456_789, b"\0digest", "indexed", "", "library:Docs:guides/start.md"),
    *("Начало", 3, 12, "ru", 2, 1_700_000_001.25),
)
BAD = FileRecord("bad.pdf", 9, 1, b"x", "failed", "bad.pdf could not be read.", version=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "place" / "files.sqlite"


def test_what_was_recorded_comes_back(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.begin("identity", "Docs", "/documents")
        manifest.record([GUIDE, BAD])
        manifest.finish("/documents")
    with closing(Manifest(path)) as manifest:
        assert (manifest.identity, manifest.name, manifest.folder) == ("identity", "Docs", "/documents")
        assert list(manifest.records()) == [BAD, GUIDE]
        assert list(manifest.records(state="failed")) == [BAD]
        summary = manifest.summary()
    assert (summary.documents, summary.passages, summary.failed, summary.skipped) == (1, 12, 1, 0)
    assert summary.synced_at is not None


def test_a_new_one_is_empty(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        assert (manifest.identity, list(manifest.records())) == ("", [])
        assert manifest.summary().synced_at is None


def test_a_row_is_replaced_or_dropped(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.record([GUIDE, BAD])
        again = FileRecord("bad.pdf", 10, 2, b"y", "indexed", passages=3)
        manifest.record([again], gone=[GUIDE.name, "never there"])
        assert list(manifest.records()) == [again]


def test_a_few_of_many_come_by_name_or_newest_first(path: Path) -> None:
    records = [FileRecord(f"{n:02}.md", state="indexed", title=f"Page {n}", read_at=float(n % 7)) for n in range(40)]
    with closing(Manifest(path)) as manifest:
        manifest.record([*records, BAD, FileRecord("pending.md", read_at=99.0)])
        assert [record.name for record in manifest.first(3)] == ["00.md", "01.md", "02.md"]
        assert [record.name for record in manifest.first(3, newest=True)] == ["06.md", "13.md", "20.md"]
    listing = StoredLibrary(Folder("Docs", path.parent), path.parent).listing(2)
    assert (listing.documents, len(listing.first), listing.newest[0].name) == (40, 2, "06.md")


def test_the_passages_of_each_language_are_counted(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.record(
            [
                FileRecord("a.md", state="indexed", language="en", passages=7),
                FileRecord("b.md", state="indexed", language="en", passages=2),
                FileRecord("c.md", state="indexed", language="sl", passages=3),
                FileRecord("d.md", state="failed", language="ru", passages=5),
            ]
        )
        assert manifest.languages() == {"en": 9, "sl": 3}


def test_a_library_that_nobody_has_read_lists_nothing(tmp_path: Path) -> None:
    assert StoredLibrary(Folder("Docs", tmp_path), tmp_path / "none").listing(2) == Listing()


def test_what_is_expected_does_not_replace_what_is_known(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.record([GUIDE])
        new = FileRecord("new.txt", document_id="library:Docs:new.txt")
        manifest.expect([FileRecord(GUIDE.name), new])
        assert list(manifest.records()) == [GUIDE, new]
        assert new.state == "pending"
        assert manifest.summary().documents == 1


def test_another_index_means_that_nothing_is_known(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.record([GUIDE])
        manifest.finish("/documents")
        manifest.begin("other", "Docs", "/documents")
        assert list(manifest.records()) == []
        assert manifest.summary().synced_at is None


@pytest.mark.parametrize(
    ("folders", "trees", "names"),
    [
        ([""], [], ["a.txt", "sub"]),
        (["sub"], [], ["sub/b.txt", "sub/sub-c.txt"]),
        ([], ["sub"], ["sub", "sub/b.txt", "sub/deep/d.txt", "sub/sub-c.txt"]),
        (["sub"], ["sub/deep"], ["sub/b.txt", "sub/deep/d.txt", "sub/sub-c.txt"]),
        (["sub"], ["sub/b.txt"], ["sub/b.txt", "sub/sub-c.txt"]),
        ([], [], []),
        ([], [""], ["a.txt", "sub", "sub-way/e.txt", "sub/b.txt", "sub/deep/d.txt", "sub/sub-c.txt", "sub0/f.txt"]),
    ],
)
def test_parts_can_be_asked_for(folders: list[str], trees: list[str], names: list[str], path: Path) -> None:
    everything = ("a.txt", "sub", "sub/b.txt", "sub/sub-c.txt", "sub/deep/d.txt", "sub-way/e.txt", "sub0/f.txt")
    with closing(Manifest(path)) as manifest:
        manifest.record(FileRecord(name) for name in everything)
        assert sorted(record.name for record in manifest.records(folders, trees)) == names


def test_others_read_while_it_is_written(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.record([GUIDE])
        script = (
            "import sys; from pathlib import Path; from rag.library.manifest import reading\n"
            "with reading(Path(sys.argv[1])) as manifest: print(*[r.name for r in manifest.records()])"
        )
        with manifest._writing() as db:  # type: ignore[attr-defined]
            db.execute("DELETE FROM files")
            run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        assert run.stdout.split() == [GUIDE.name]
        with reading(path) as other:
            assert other is not None
            assert list(other.records()) == []


def test_a_transaction_that_fails_changes_nothing(path: Path) -> None:
    def records():
        yield BAD
        raise KeyError

    with closing(Manifest(path)) as manifest:
        manifest.record([GUIDE])
        with pytest.raises(KeyError):
            manifest.record(records(), gone=[GUIDE.name])
        assert list(manifest.records()) == [GUIDE]


def damaged_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = os.urandom(4096 * 2)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def of_the_future(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def overwritten(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1000)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [damaged_in_the_middle, cut_off, of_the_future, overwritten, emptied])
def test_a_damaged_one_is_replaced_by_an_empty_one(damage, path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest.begin("identity", "Docs", "/documents")
        manifest.record(FileRecord(f"{number}.txt", reason="x" * 100) for number in range(300))
    damage(path)
    with closing(Manifest(path)) as manifest:
        assert (manifest.identity, list(manifest.records())) == ("", [])
        manifest.record([GUIDE])
    with closing(Manifest(path)) as manifest:
        assert list(manifest.records()) == [GUIDE]


def test_who_only_reads_replaces_nothing(path: Path) -> None:
    with reading(path) as manifest:
        assert manifest is None
    assert not path.exists()
    path.parent.mkdir()
    overwritten(path)
    with pytest.raises(StorageError, match=r"files\.sqlite cannot be used"), reading(path):
        pass
    assert path.read_bytes().startswith(b"no database")


def test_one_that_is_just_being_made_is_not_there_yet(path: Path) -> None:
    path.parent.mkdir()
    emptied(path)
    with reading(path) as manifest:
        assert manifest is None


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(path: Path) -> None:
    path.parent.write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"files\.sqlite cannot be used .* Check that the folder"):
        Manifest(path)


def test_a_full_disk_is_told_in_a_sentence(path: Path) -> None:
    with closing(Manifest(path)) as manifest:
        manifest._db.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
        with pytest.raises(StorageError, match="The disk is full"):
            manifest.record(FileRecord(f"{number}.txt", reason="x" * 1000) for number in range(1000))
        assert list(manifest.records()) == []
