"""JSON and JSON lines as frozen records; whatever is wrong in a file is named by line and key."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.errors import BrokenFile

Record = TypeVar("Record")


def of_lines(text: str, kind: type[Record], name: str) -> Iterator[tuple[int, Record]]:
    """The records of a JSONL file with their line numbers, from 1; empty lines are left out.

    Raises:
        BrokenFile: a line is no JSON, or a key of it is missing, unknown or has a value that is not allowed.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, of_json(line, kind, f"{name}, line {number}")


def of_json(text: str, kind: type[Record], name: str) -> Record:
    """The record that a JSON text holds; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is no JSON, or a key is missing, unknown or has a value that is not allowed.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        place = f", line {error.lineno}" if "\n" in text.strip() else ""
        raise BrokenFile(f"{name}{place}: this is no JSON ({error.msg}, at character {error.colno}).") from None
    except RecursionError:
        raise BrokenFile(f"{name}: this is nested too deeply.") from None
    try:
        return adapter(kind).validate_python(values)
    except ValidationError as error:
        raise BrokenFile(f"{name}: {_first(error)}") from None


@cache
def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The validator of a dataclass; making one takes milliseconds, so each is made once."""
    return TypeAdapter(kind)


def _first(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "missing":
            return f'the key "{key}" is missing.'
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f'the key "{key}" is not known here.'
        case _ if not key:
            return f"{fault['msg']}."
        case _:
            return f'"{key}": {fault["msg"]}.'
