"""What of a folder is there for a library, at a look at all of it and at parts of it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import StorageError
from rag.library.scanner import Scanner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def put(path: Path, content: bytes = b"Some text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(folder: Path, touched: Sequence[str] | None = None, **options: object) -> list[str]:
    return sorted(Scanner(folder, **options).scan(touched).files)  # type: ignore[arg-type]


def test_files_have_their_paths_sizes_and_times(folder: Path) -> None:
    path = put(folder / "guides/deep/Übersicht.md", b"12345")
    os.utime(path, ns=(0, 1_700_000_000_123_456_700))
    (found,) = Scanner(folder).scan().files.values()
    assert (found.name, found.path, found.size) == ("guides/deep/Übersicht.md", path, 5)
    assert found.mtime_ns == path.stat().st_mtime_ns
    assert not found.moved
    put(path, b"123456")
    assert found.moved
    path.unlink()
    assert found.moved


def test_hidden_and_passing_files_are_not_there(folder: Path) -> None:
    for name in (
        *(".hidden.txt", ".git/config.txt", "sub/.cache/x.txt", "~$open.docx", "sub/~$open.docx", "notes.txt~"),
        *("film.mp4.part", "file.crdownload", "~WRD0001.tmp", "Thumbs.db", "sub/desktop.ini", "#draft.txt#"),
    ):
        put(folder / name)
    put(folder / "shown.txt")
    assert names(folder) == ["shown.txt"]


def test_patterns_are_those_of_gitignore(folder: Path) -> None:
    for name in ("a.log", "sub/b.log", "keep.log", "drafts/a.txt", "sub/drafts/b.txt", "top/x.txt", "sub/top/x.txt"):
        put(folder / name)
    ignore = ("*.log", "!keep.log", "drafts/", "/top")
    assert names(folder, ignore=ignore) == ["keep.log", "sub/top/x.txt"]
    assert names(folder, ["a.log", "drafts/a.txt", "sub/drafts/b.txt", "top/x.txt"], ignore=ignore) == []
    assert names(folder, ["keep.log"], ignore=ignore) == ["keep.log"]


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    put(folder.parent / "private/secret.txt")
    put(folder / "real.txt")
    put(folder / "sub/deep.txt")
    (folder / "file-out.txt").symlink_to(folder.parent / "private/secret.txt")
    (folder / "folder-out").symlink_to(folder.parent / "private", target_is_directory=True)
    (folder / "folder-in").symlink_to(folder / "sub", target_is_directory=True)
    (folder / "inside.txt").symlink_to(folder / "real.txt")
    (folder / "nowhere.txt").symlink_to(folder / "nowhere.txt")
    assert names(folder) == ["inside.txt", "real.txt", "sub/deep.txt"]
    assert names(folder, ["folder-out/secret.txt"]) == []
    assert names(folder, ["folder-out"]) == ["inside.txt", "real.txt"]


def test_a_library_behind_a_link_is_there(folder: Path) -> None:
    put(folder / "a.txt")
    link = folder.parent / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert names(link) == ["a.txt"]


def test_a_folder_within_can_be_left_out(folder: Path) -> None:
    put(folder / "data/index.txt")
    put(folder / "a.txt")
    assert names(folder, without=folder / "data") == ["a.txt"]
    assert names(folder, ["data/index.txt"], without=folder / "data") == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_odd_names_become_readable_and_stay_apart(folder: Path) -> None:
    put(folder / os.fsdecode(b"caf\xe9.txt"))
    put(folder / "two\nlines.txt")
    put(folder / "twolines.txt", b"1")
    put(folder / "two\tlines.txt")
    put(folder / "odd\u200b/a.txt")
    expected = ["caf\ufffd.txt", "odd/a.txt", "twolines (2).txt", "twolines (3).txt", "twolines.txt"]
    assert names(folder) == expected
    assert names(folder, ["two\nlines.txt"]) == expected
    assert Scanner(folder).scan().files["twolines.txt"].size == 1


def test_a_folder_that_is_not_there_says_so(folder: Path) -> None:
    with pytest.raises(StorageError, match=r"The folder .*nowhere cannot be opened \(No such file"):
        names(folder / "nowhere")
    with pytest.raises(StorageError, match="cannot be opened"):
        names(put(folder / "a.txt"))


def test_only_a_folder_without_anything_is_bare(folder: Path) -> None:
    assert Scanner(folder).scan().bare
    put(folder / ".hidden")
    scan = Scanner(folder).scan()
    assert not scan.files
    assert not scan.bare


def test_what_cannot_be_listed_is_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "sub/deep/a.txt")
    put(folder / "subs.txt")
    scandir = os.scandir

    def refused(path: Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    scan = Scanner(folder).scan()
    assert list(scan.files) == ["subs.txt"]
    assert scan.unknown("sub/deep/a.txt")
    assert not scan.unknown("subs.txt")


def test_a_part_is_looked_at_with_what_is_beside_and_below_it(folder: Path) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt", "other/d.txt"):
        put(folder / name)
    scan = Scanner(folder).scan(["sub/b.txt"])
    assert sorted(scan.files) == ["sub/b.txt"]
    assert (scan.folders, scan.trees) == ({"sub"}, {"sub/b.txt"})
    assert names(folder, ["sub"]) == ["a.txt", "sub/b.txt", "sub/deep/c.txt"]
    assert names(folder, ["gone"]) == ["a.txt"]
    assert names(folder, ["gone/deep/x.txt"]) == []
    assert names(folder, []) == []
    assert Scanner(folder).scan([f"{number}.txt" for number in range(2000)]).trees == {""}


_paths = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


@given(before=st.sets(_paths, max_size=8), after=st.sets(_paths, max_size=8))
def test_looks_at_what_was_touched_add_up_to_a_look_at_all(
    before: set[str], after: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever changes, what a look at the touched paths covers is as in a look at everything."""
    folder = tmp_path_factory.mktemp("library")
    old, new = ({f"{path}.txt" for path in paths} for paths in (before, after))
    for name in old:
        put(folder / name)
    known = set(names(folder))
    for name in old - new:
        (folder / name).unlink()
    for name in new - old:
        put(folder / name)
    scan = Scanner(folder).scan(sorted(old ^ new))
    covered = {
        name
        for name in known
        if name.rpartition("/")[0] in scan.folders
        or any(name == tree or name.startswith(f"{tree}/") for tree in scan.trees)
    }
    assert (known - covered) | set(scan.files) == new == set(names(folder))
