"""`models.json` and `prompts.json`: what is measured, and with what; a fault in one is named by line and key."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from rag.errors import BrokenFile
from rag.files import read_text

Named = TypeVar("Named")
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern="^https?://.+")]

_SPACE = " \t\n\r"


class ModelEntry(BaseModel):
    """What a file knows of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    capabilities: tuple[_Words, ...] = ()
    size_mb: _Positive | None = None
    """Of its files, where nobody can look."""
    endpoint: _Address | None = None
    """The server that it is on; None for the one that all others are on."""
    price: tuple[_Price, _Price] | None = None
    """Of a million tokens: read, written."""


_MODELS = TypeAdapter(dict[_Words, ModelEntry])
_PROMPTS = TypeAdapter(dict[_Words, _Words])


def read_models(path: Path) -> dict[str, ModelEntry]:
    """The models of a file by alias, in its order.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is no UTF-8 text, no JSON, names no model, or says something else; the text has line and key.
    """
    return _read(_MODELS, read_text(path), str(path))


def read_prompts(path: Path) -> dict[str, str]:
    """The prompts of a file by name, in its order.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is no UTF-8 text, no JSON, names no prompt, or says something else; the text has line and key.
    """
    return _read(_PROMPTS, read_text(path), str(path))


def known_models() -> dict[str, ModelEntry]:
    """The models that this app knows by itself."""
    return _read(_MODELS, _shipped("models.json"), "models.json")


def standard_prompts() -> dict[str, str]:
    """The four prompts that ship."""
    return _read(_PROMPTS, _shipped("prompts.json"), "prompts.json")


def _shipped(name: str) -> str:
    return files("rag.bench").joinpath(name).read_text(encoding="utf-8")


def _read(kind: TypeAdapter[dict[str, Named]], text: str, name: str) -> dict[str, Named]:
    try:
        values = json.loads(text)
        _refuse_twins(text, name)
        found = kind.validate_python(values)
    except json.JSONDecodeError as error:
        raise BrokenFile(f"{name}, line {error.lineno}: this is no JSON ({error.msg}).") from None
    except RecursionError:
        raise BrokenFile(f"{name}: this is nested too deeply.") from None
    except ValidationError as error:
        raise BrokenFile(_explained(error, text, name)) from None
    if not found:
        raise BrokenFile(f"{name} is empty: there is nothing to measure in it.")
    return found


def _refuse_twins(text: str, name: str) -> None:
    """Raises where the file has a name twice; JSON itself would drop the first one without a word."""
    there: set[str] = set()
    for key, place, _ in _members(text, 0):
        if key in there:
            raise BrokenFile(f'{name}, line {_line(text, place)}: "{key}" is there twice.')
        there.add(key)


def _explained(error: ValidationError, text: str, name: str) -> str:
    fault = error.errors(include_url=False)[0]
    path = [str(part) for part in fault["loc"] if part != "[key]"]
    what = "is not known here" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    key = f'"{".".join(path)}": ' if path else ""
    return f"{name}, line {_line(text, _place(text, path))}: {key}{what}."


def _place(text: str, path: list[str]) -> int:
    """Where in the text the value begins that these keys lead to; as far as they lead."""
    found = value = 0
    for key in path:
        places = {name: (place, inner) for name, place, inner in _members(text, value)}
        if key not in places:
            break
        found, value = places[key]
    return found


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The keys of the object that begins there, each with its place and its value's; none where no object is.

    The text is known to be JSON, so it need not be checked again.
    """
    decoder = json.JSONDecoder()
    place = _after_space(text, start)
    if text[place : place + 1] != "{":
        return
    place = _after_space(text, place + 1)
    while text[place] == '"':
        key, end = decoder.raw_decode(text, place)
        value = _after_space(text, _after_space(text, end) + 1)  # behind the colon
        yield key, place, value
        comma = _after_space(text, decoder.raw_decode(text, value)[1])
        place = _after_space(text, comma + 1) if text[comma] == "," else comma


def _after_space(text: str, place: int) -> int:
    return place + len(text[place:]) - len(text[place:].lstrip(_SPACE))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def chosen(known: Mapping[str, ModelEntry], aliases: tuple[str, ...]) -> dict[str, ModelEntry]:
    """These models, with what is known of each by its alias in whatever case."""
    folded = {alias.casefold(): entry for alias, entry in known.items()}
    return {alias: folded.get(alias.casefold(), ModelEntry()) for alias in aliases}
