"""The tree of errors: what the docstring draws is what stands in the module."""

import inspect
import pickle
import re
from pathlib import Path

import pytest

from rag import errors
from rag.errors import FileTooLarge, GroundworkError, StorageError, UnsupportedFile
from rag.ingestion.reader import Reader
from rag.storage import read_text, write_whole

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and value.__module__ == errors.__name__
}


def drawn() -> dict[str, str]:
    """Each class of the drawing with its parent's name; the root with ""."""
    lines = re.findall(r"^([│├└─ ]*)([A-Z]\w+)(?:  .*)?$", errors.__doc__ or "", re.MULTILINE)
    parents: list[str] = []
    tree: dict[str, str] = {}
    for branch, name in lines:
        depth = len(branch) // 4
        tree[name] = parents[depth - 1] if depth else ""
        parents[depth:] = [name]
    return tree


def test_the_drawing_is_the_tree_of_classes():
    tree = {name: value.__base__.__name__ if value is not GroundworkError else "" for name, value in CLASSES.items()}
    assert drawn() == tree
    assert GroundworkError.__base__ is Exception


def test_the_drawing_and_the_module_have_the_same_order():
    assert list(drawn()) == list(CLASSES)


def test_all_names_every_class_and_is_sorted():
    assert errors.__all__ == sorted(CLASSES)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_error_says_when_it_is_caught_and_shows_its_text_as_it_stands(name: str):
    error = CLASSES[name]
    assert error.__doc__
    assert error.__doc__ != Exception.__doc__
    assert str(error("The disk is full. Free some space.")) == "The disk is full. Free some space."
    assert isinstance(error(), GroundworkError)


FIELDS = {
    "SettingsError": {"names": ("PASSAGES",)},
    "QuestionError": {"size": 9_000, "limit": 8_000},
    "FileTooLarge": {"name": "a.pdf", "size": 30_000_000, "limit": 25_000_000},
    "ReadingTimedOut": {"name": "a.pdf", "limit": 30.0},
    "StorageError": {"path": Path("index")},
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_stand_beside_the_sentence_and_come_out_of_another_process(name: str):
    error = CLASSES[name]("It does not work. Try again.", **FIELDS[name])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CLASSES[name]
    assert str(again) == "It does not work. Try again."
    assert {field: getattr(again, field) for field in FIELDS[name]} == FIELDS[name]
    assert not any(getattr(CLASSES[name]("It does not work."), field) for field in FIELDS[name])


async def test_a_files_error_comes_out_of_its_worker_with_name_and_numbers(tmp_path: Path):
    reader = Reader(workers=1, timeout_s=30, max_bytes=10_000, max_pages=10, max_chars=1000)
    try:
        (tmp_path / "long").write_text("word " * 999 + "words")
        with pytest.raises(FileTooLarge) as too_long:
            await reader.read(tmp_path / "long", name="guides/long.txt", origin="library")
        (tmp_path / "large").write_text("word " * 3000)
        with pytest.raises(FileTooLarge) as too_large:
            await reader.read(tmp_path / "large", name="large.txt", origin="library")
        (tmp_path / "program").write_bytes(b"MZ\x90\x00" + bytes(range(256)))
        with pytest.raises(UnsupportedFile) as program:
            await reader.read(tmp_path / "program", name="setup.exe", origin="library")
    finally:
        await reader.close()
    fields = [(each.value.name, each.value.size, each.value.limit) for each in (too_long, too_large, program)]
    assert fields == [("guides/long.txt", 5000, 1000), ("large.txt", 15_000, 10_000), ("setup.exe", None, None)]


def test_an_error_of_the_disk_names_the_file(tmp_path: Path):
    with pytest.raises(StorageError, match="cannot be read") as reading:
        read_text(tmp_path / "none.json")
    assert reading.value.path == tmp_path / "none.json"
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written") as writing:
        write_whole(tmp_path / "file" / "a.json", "{}")
    assert writing.value.path == tmp_path / "file" / "a.json"
