"""`models.json` and `prompts.json`, as they ship and as people write them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.plan import read_prompts, standard_prompts
from rag.errors import BrokenFile, StorageError
from rag.generation.model_facts import ModelEntry, chosen, known_models, read_models
from rag.storage import _line, _place

MODELS = """{
  "phi-4-mini": {"capabilities": ["chat"], "size_mb": 3600, "price": [0.1, 0.4]},
  "elsewhere": {
    "endpoint": "https://models.example.org/v1"
  }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "given.json"


def test_four_prompts_and_the_apps_two_models_ship():
    assert len(standard_prompts()) == 4
    assert list(known_models()) == ["phi-4-mini", "gpt-oss-20b"]


def test_models_are_read_in_their_order(file: Path):
    file.write_text(MODELS, encoding="utf-8")
    assert read_models(file) == {
        "phi-4-mini": ModelEntry(capabilities=("chat",), size_mb=3600, price=(0.1, 0.4)),
        "elsewhere": ModelEntry(endpoint="https://models.example.org/v1"),
    }


def test_prompts_are_read_in_their_order(file: Path):
    file.write_text('\ufeff{"b": "Who?", "a": " Was ist \u00fcblich? "}', encoding="utf-8")
    assert list(read_prompts(file).items()) == [("b", "Who?"), ("a", "Was ist üblich?")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n "a": {"size_mb": 1},\n "b": {"size_mb": "big"}\n}', 'line 3: "b.size_mb": '),
        ('{\n "size_mb": {},\n "b": {\n  "capabilities": ["x"],\n  "size_mb": -1}}', 'line 5: "b.size_mb": '),
        ('{\n "a": {"capabilities": ["size_mb", {}],\n  "price": [1]}\n}', 'line 2: "a.capabilities.1": '),
        ('{"a": {\n"price": [1, "x"]}}', 'line 2: "a.price.1": '),
        ('{"a": {\n\n"endpoint": "ftp://x"}}', 'line 3: "a.endpoint": '),
        ('{"a": {\n"speed": 3}}', 'line 2: "a.speed": is not known here.'),
        ('{\n "a": 3}', 'line 2: "a": '),
        ('{"a": {"size_mb": NaN}}', 'line 1: "a.size_mb": '),
        ('{"a": {},\n "b": {},\n "a": {}}', 'line 3: "a" is there twice.'),
        ('{"a": {},\n}', "line 2: this is no JSON"),
        ("", "line 1: this is no JSON"),
        ("[]", "line 1: "),
        ("{}", "is empty"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_fault_among_the_models_is_named_by_line_and_key(file: Path, text: str, told: str):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenFile) as caught:
        read_models(file)
    assert str(caught.value).startswith(str(file))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [('{"a": "x",\n "b": 3}', 'line 2: "b": '), ('{"a": "  "}', '"a": '), ('["Who?"]', "line 1: ")],
)
def test_a_fault_among_the_prompts_is_named_by_line_and_key(file: Path, text: str, told: str):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenFile) as caught:
        read_prompts(file)
    assert told in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_told(file: Path):
    with pytest.raises(StorageError, match="cannot be read"):
        read_models(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BrokenFile, match="UTF-8"):
        read_prompts(file)


def test_named_models_get_what_is_known_of_them_in_any_case():
    known = {"Phi-4-mini": ModelEntry(size_mb=1)}
    assert chosen(known, ("phi-4-MINI", "other")) == {"phi-4-MINI": ModelEntry(size_mb=1), "other": ModelEntry()}


NESTED = st.recursive(
    st.none() | st.floats() | st.text() | st.lists(st.text(), max_size=3),
    lambda inner: st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), NESTED, min_size=1, max_size=4), st.data())
def test_a_key_is_found_at_its_line(values: dict[str, Any], data: st.DataObject):
    """Every key stands on a line of its own here, so that its line is known."""
    path, inside = list[str](), values
    while isinstance(inside, dict) and inside and (not path or data.draw(st.booleans())):
        path.append(data.draw(st.sampled_from(sorted(inside))))
        inside = inside[path[-1]]
    lines = json.dumps(values, indent=1).split("\n")
    found = lines[_line("\n".join(lines), _place("\n".join(lines), path)) - 1]
    assert found.startswith(f"{' ' * len(path)}{json.dumps(path[-1])}: ")
