"""The tree of errors: what the docstring draws is what stands in the module."""

import inspect
import re

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
