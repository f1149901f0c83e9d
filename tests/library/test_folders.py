"""The folders of the library: how they are named, which go together, and the list of those that were added."""

import json
import os
import threading
from pathlib import Path

import pytest

from rag.errors import SettingsError, StorageError
from rag.library.folders import Folder, add_folder, all_folders, parse_folders, remove_folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def names(*items: str) -> list[str]:
    return [folder.name for folder in parse_folders(items)]


# Those of the settings


def test_a_folder_is_called_by_its_last_part_or_as_it_is_told() -> None:
    docs, handbook = parse_folders(["docs_corpus", "Handbook = /srv/team/handbook "])
    assert docs == Folder("docs_corpus", Path.cwd() / "docs_corpus")
    assert handbook == Folder("Handbook", Path(os.path.abspath("/srv/team/handbook")))
    assert parse_folders([]) == ()


def test_the_home_folder_has_a_short_name() -> None:
    (documents,) = parse_folders(["~/documents"])
    assert documents.path == Path.home() / "documents"


def test_the_second_of_a_name_is_told_apart() -> None:
    assert names("/a/docs", "/b/Docs", "/c/docs", "Docs=/d") == ["docs", "Docs (2)", "docs (3)", "Docs (4)"]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("/srv/Müller & Söhne", "Müller Söhne"),
        ("/srv/दस्तावेज़", "दस्तावेज़"),
        ("/srv/a=b", "a b"),
        ("/srv/...", "documents"),
        ("/srv/" + "x" * 100, "x" * 60),
    ],
)
def test_a_name_is_made_of_what_names_may_have(item: str, name: str) -> None:
    assert names(item) == [name]


@pytest.mark.parametrize("name", ["a&b", "a*", "nul\0", ".hidden", "end.", "x" * 61, "a;b"])
def test_a_name_that_is_not_allowed_is_told(name: str) -> None:
    with pytest.raises(SettingsError, match=r"LIBRARY_DIRS: A folder cannot be called .*: use letters, digits"):
        parse_folders([f"{name}=/srv/docs"])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("/srv/docs", "/srv/docs", "is there already, as docs"),
        ("/srv/docs", "X=/srv/docs/", "is there already, as docs"),
        ("/srv/docs", "/srv/docs/team", "is within"),
        ("/srv/docs/team", "/srv/docs", "is within"),
        ("/srv/docs", "/srv/docs/../docs/x", "is within"),
    ],
)
def test_no_folder_is_read_twice(first: str, second: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_folders([first, second])
    assert names("/srv/docs", "/srv/docs2") == ["docs", "docs2"]


def test_a_folder_behind_a_link_is_the_same(tmp_path: Path) -> None:
    real = folder(tmp_path / "real")
    (tmp_path / "link").symlink_to(real, target_is_directory=True)
    with pytest.raises(SettingsError, match="is there already"):
        parse_folders([str(real), str(tmp_path / "link")])


def test_directories_are_plain_and_apart() -> None:
    names = ("Team Docs", "team-docs", "Книги", "文件", "CON", "a" * 60)
    directories = [Folder(name, Path("/x")).directory for name in names]
    assert len(set(directories)) == len(directories)
    for directory in directories:
        assert set(directory) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(directory) <= 40
        assert directory not in ("con", "nul")


def test_a_directory_is_of_one_folder_however_it_is_reached(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one" / "docs"), folder(tmp_path / "two" / "docs")
    assert Folder("Docs", one).directory == Folder("docs", one).directory
    assert Folder("docs", one).directory != Folder("docs", two).directory
    (tmp_path / "link").symlink_to(one, target_is_directory=True)
    assert Folder("docs", tmp_path / "link").directory == Folder("docs", one).directory


# Those that were added


def test_what_was_added_comes_after_the_settings_and_stays(tmp_path: Path, data: Path) -> None:
    configured = parse_folders([str(tmp_path / "docs")])
    first = add_folder(configured, data, folder(tmp_path / "more" / "docs"))
    second = add_folder(configured, data, folder(tmp_path / "Книги"), "Books")
    assert first == Folder("docs (2)", tmp_path / "more" / "docs", added=True)
    listed = all_folders(configured, data)
    assert listed.folders == (*configured, first, second)
    assert listed.problem == ""
    remove_folder(data, first)
    assert all_folders(configured, data).folders == (*configured, second)
    remove_folder(data, first)


@pytest.mark.parametrize("where", ["", "below", ".."])
def test_what_is_there_already_is_not_added(where: str, tmp_path: Path, data: Path) -> None:
    folder(tmp_path / "docs" / "team" / "below")
    configured = parse_folders([str(tmp_path / "docs" / "team")])
    with pytest.raises(StorageError, match=r"is there already|is within"):
        add_folder(configured, data, tmp_path / "docs" / "team" / where)
    add_folder((), data, tmp_path / "docs" / "team")
    with pytest.raises(StorageError, match=r"is there already|is within"):
        add_folder((), data, tmp_path / "docs" / "team" / where)


def test_what_is_no_folder_is_not_added(tmp_path: Path, data: Path) -> None:
    with pytest.raises(StorageError, match="There is no folder"):
        add_folder((), data, tmp_path / "nowhere")
    with pytest.raises(StorageError, match="cannot be called"):
        add_folder((), data, folder(tmp_path / "docs"), "a/b")
    with pytest.raises(StorageError, match="where the library's index lies"):
        add_folder((), data, folder(data / "library"))
    assert all_folders((), data).folders == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folders": [{"name": 1}]}', '{"folders": 7}', "\ud800"])
def test_a_list_that_cannot_be_understood_leaves_those_of_the_settings(text: str, tmp_path: Path, data: Path) -> None:
    folder(data)
    (data / "folders.json").write_bytes(text.encode(errors="surrogatepass"))
    configured = parse_folders([str(tmp_path / "docs")])
    listed = all_folders(configured, data)
    assert listed.folders == configured
    assert "cannot be understood" in listed.problem
    with pytest.raises(StorageError, match="cannot be understood"):
        add_folder(configured, data, folder(tmp_path / "more"))
    assert (data / "folders.json").read_bytes() == text.encode(errors="surrogatepass")


def test_settings_that_change_go_before_what_was_added(tmp_path: Path, data: Path) -> None:
    add_folder((), data, folder(tmp_path / "docs" / "team"))
    add_folder((), data, folder(tmp_path / "more"), "Docs")
    configured = parse_folders([str(tmp_path / "docs")])
    listed = all_folders(configured, data)
    assert [folder.name for folder in listed.folders] == ["docs", "Docs (2)"]
    assert "team is within" in listed.problem
    assert "left out" in listed.problem


def test_several_may_add_at_the_same_time(tmp_path: Path, data: Path) -> None:
    paths = [folder(tmp_path / f"docs{number}") for number in range(8)]
    threads = [threading.Thread(target=add_folder, args=((), data, path)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {folder.path for folder in all_folders((), data).folders} == set(paths)
    assert json.loads((data / "folders.json").read_text(encoding="utf-8"))


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path, data: Path) -> None:
    data.write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        add_folder((), data, folder(tmp_path / "docs"))
