"""Files: where they lie, read with faults as sentences, written whole or not at all."""

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import platformdirs
from pydantic import StringConstraints, TypeAdapter, ValidationError

from rag.errors import BrokenFile, SettingsError, StorageError


def user_data_dir() -> Path:
    """Where this account's indexes, logs and lists lie unless another folder is named."""
    return platformdirs.user_data_path("groundwork", appauthor=False)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {reason(error)}.", path=path) from None
    except UnicodeDecodeError:
        raise BrokenFile(f"{path} is not UTF-8 text.", name=path.name) from None


def write_whole(path: Path, text: str) -> None:
    """Writes the text as UTF-8 with its line ends as they are; makes its folder when that is missing.

    Raises:
        StorageError: the disk is full, or the folder cannot be written; what was there before is still there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {reason(error)}.", path=path) from None


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces the file in one step: a reader sees the old content or the new one, also after a power cut.

    Raises:
        OSError: the disk is full, or the folder is missing or cannot be written; the old content is still there.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def append_line(path: Path, line: str) -> None:
    """Appends a line, whole or not at all; on a line of its own also where a writer was killed in the middle of one.

    A file that is made by it can be read by this account only.

    Raises:
        OSError: the disk is full, or the folder is missing or cannot be written; the file is as it was.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        is_cut = file.read(1) not in (b"", b"\n")
        rest = memoryview(b"\n" * is_cut + line.encode("utf-8", "replace") + b"\n")
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise


def reason(error: OSError) -> str:
    """The system's own words, within a sentence."""
    return (error.strerror or str(error)).lower()


Record = TypeVar("Record")
Named = TypeVar("Named")
NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_SPACE = " \t\n\r"


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


def read_named(kind: TypeAdapter[dict[str, Named]], text: str, name: str) -> dict[str, Named]:
    """The entries of a JSON object by their names, in its order; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is no JSON, empty, or holds what `kind` refuses; the sentence names line and key.
    """
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


ENDINGS = (".json", ".csv", ".md", ".html")


def check_ending(ending: str) -> None:
    """Raises a `SettingsError` for a file name's ending that no report has."""
    if ending.lower() not in ENDINGS:
        raise SettingsError(f"A report ends in {', '.join(ENDINGS)}; {ending or 'no ending'} is none of them.")


def write_report(path: Path, text: str, *, force: bool) -> None:
    """Writes the text as UTF-8 with its line ends as they are; makes its folder when that is missing.

    Raises:
        StorageError: the file is there and `force` is not given, the disk is full, or the folder cannot be written.
    """
    if path.exists() and not force:
        raise StorageError(f"{path} is there already. Give another --out, or --force to replace it.", path=path)
    write_whole(path, text)


def check_output(path: Path, *, force: bool) -> None:
    """Comes back when a report can be written there, so that nobody measures for an hour in vain.

    Raises:
        StorageError: the file is there already and `force` is not given, or its folder cannot be written.
    """
    if path.is_dir():
        raise StorageError(f"{path} cannot be written: it is a folder. Give --out the name of a file.")
    if path.exists() and not force:
        raise StorageError(f"{path} is there already. Give another --out, or --force to replace it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {reason(error)}.") from None
