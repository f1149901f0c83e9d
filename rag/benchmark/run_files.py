"""Bench runs as JSON: one in a file, and all of this machine in a history of one line each."""

import json
from dataclasses import dataclass
from pathlib import Path

from rag.benchmark.records import BenchRun
from rag.errors import BrokenFile, StorageError
from rag.storage import adapter, append_line, of_json, read_text, reason

SCHEMA = 1
"""Raised when an older app can no longer read what a newer one writes; fields that only add need no new number."""

HISTORY = Path("bench") / "history.jsonl"
"""Inside the data folder."""


@dataclass(frozen=True, slots=True)
class _Head:
    schema: int


def to_json(run: BenchRun, *, indent: int | None = None) -> str:
    """The run as JSON, in one line without `indent`."""
    values = {"schema": SCHEMA} | adapter(BenchRun).dump_python(run, mode="json")
    return json.dumps(values, ensure_ascii=False, allow_nan=False, indent=indent)


def run_of_json(text: str, name: str) -> BenchRun:
    """What `to_json` wrote; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is something else, or was written by a newer version.
    """
    if (schema := of_json(text, _Head, name).schema) > SCHEMA:
        raise BrokenFile(f"{name} was written by a newer version of `rag bench` (schema {schema}).")
    return of_json(text, BenchRun, name)


def read_run(path: Path) -> BenchRun:
    """The run in a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it holds something else.
    """
    return run_of_json(read_text(path), str(path))


def append_run(path: Path, run: BenchRun) -> None:
    """Adds the run to the history, its line whole or not at all.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        append_line(path, to_json(run))
    except OSError as error:
        raise StorageError(f"The history {path} cannot be written: {reason(error)}.") from None
