"""The tree of errors: what the docstring draws is what stands in the module."""

import inspect
import pickle
import re
from pathlib import Path

import pytest

from rag import errors
from rag.errors import GroundworkError

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
    "PackageError": {"package": "onnxruntime-web"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_stand_beside_the_sentence_and_come_out_of_another_process(name: str):
    error = CLASSES[name]("It does not work. Try again.", **FIELDS[name])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CLASSES[name]
    assert str(again) == "It does not work. Try again."
    assert {field: getattr(again, field) for field in FIELDS[name]} == FIELDS[name]
    assert not any(getattr(CLASSES[name]("It does not work."), field) for field in FIELDS[name])
