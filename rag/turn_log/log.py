"""The turn log: one JSON line a turn in `turns.jsonl`, written by any number of processes, and read back.

Lines are appended under a file lock. POSIX alone would not need it for a short line, but Windows appends in two steps,
a line with text may be long, and two processes that rotate at once would overwrite a file. No file stays open between
two lines, because Windows does not rename an open one.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import AwareDatetime, TypeAdapter

from rag.errors import StorageError
from rag.storage import append_line
from rag.turn_log.record import LoggedTurn
from rag.types import Mode, Turn

FeedbackKind = Literal["up", "down", "none", "asked"]
"""Thumbs; "none" takes one back; "asked": the person asked the larger model although the draft or the gate stood."""

CURRENT = "turns.jsonl"
"""The file that grows."""
SCHEMA = 1
"""A line of a later one is left out when it is read; fields that only add to a line need no new number."""

_LOCK_S = 2.0
"""A writer waits this long for the others, which need a millisecond each, before its line is dropped."""
_LATER = {"thumb", "asked"}
"""What lines of feedback add to a turn; its own line does not have them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Head:
    v: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Feedback:
    id: str
    at: AwareDatetime
    feedback: FeedbackKind


_HEAD, _TURN, _FEEDBACK = TypeAdapter(_Head), TypeAdapter(LoggedTurn), TypeAdapter(_Feedback)


class TurnLog:
    """Appends to `turns.jsonl` in a folder; a full file becomes `turns.1.jsonl`, and so on up to `keep`.

    The methods wait for the disk: call them in a thread. They never raise for a log that cannot be written; the first
    line that is lost is reported in the app's own log.
    """

    def __init__(self, folder: Path, *, text: bool, max_bytes: int = 5_000_000, keep: int = 5) -> None:
        self._folder, self._text, self._max_bytes, self._keep = folder, text, max_bytes, keep
        self._threads = threading.Lock()
        self._processes = _lock(folder)
        self._warned = False

    def record(self, turn_id: str, turn: Turn, *, mode: Mode, at: datetime) -> None:
        """Appends a turn that ended at that time; without its words unless this log keeps text."""

        def line() -> dict[str, Any]:
            logged = LoggedTurn.of(turn_id, turn, mode=mode, at=at, text=self._text)
            values = _TURN.dump_python(logged, mode="json", by_alias=True, exclude=_LATER, exclude_none=True)
            return {"kind": "turn"} | values

        self._append(line)

    def feedback(self, turn_id: str, kind: FeedbackKind, at: datetime) -> None:
        """Appends a person's feedback on a turn; its latest thumb counts."""
        given = _Feedback(turn_id, at.astimezone(UTC), kind)
        self._append(lambda: {"kind": "feedback"} | _FEEDBACK.dump_python(given, mode="json"))

    def _append(self, line: Callable[[], dict[str, Any]]) -> None:
        try:
            data = json.dumps({"v": SCHEMA} | line(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._threads, self._processes.acquire(timeout=_LOCK_S):
                self._write(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, a person's answer does not fail for a line of a log
            if not self._warned:
                _log.warning("The turn log in %s cannot be written, turns are not noted: %s", self._folder, error)
            self._warned = True

    def _write(self, line: str) -> None:
        path = self._folder / CURRENT
        size = path.stat().st_size if path.exists() else 0
        if size and size + len(line.encode("utf-8", "replace")) + 1 > self._max_bytes:
            self._rotate(size)
        append_line(path, line)

    def _rotate(self, size: int) -> None:
        names = [CURRENT, *(f"turns.{number}.jsonl" for number in range(1, self._keep + 1))]
        paths = [self._folder / name for name in names]
        try:
            for newer, older in reversed(list(pairwise(paths))):
                if newer.exists():
                    os.replace(newer, older)
        except OSError:  # such as on Windows while another process reads one of them: a later line tries again
            if size > 2 * self._max_bytes:
                raise


@dataclass(frozen=True, slots=True)
class TurnHistory:
    """What was read from a log."""

    turns: tuple[LoggedTurn, ...]
    """Oldest first, with their feedback."""
    broken: int = 0
    """Lines that were cut or damaged."""
    newer: int = 0
    """Lines that a later version of this app wrote."""


def read_turns(path: Path, since: datetime | None = None) -> TurnHistory:
    """The turns from that time on, of the log in a folder or of a single file of one.

    Lines that cannot be understood are left out and counted; feedback on a turn that is not there any more is dropped.

    Raises:
        StorageError: there is no log, or it cannot be read.
    """
    turns, feedback, broken, newer = dict[str, LoggedTurn](), list[_Feedback](), 0, 0
    for line in _lines(path):
        try:
            entry = _parsed(line)
        except ValueError:
            broken += 1
            continue
        if isinstance(entry, LoggedTurn):
            turns[entry.id] = entry
        elif entry:
            feedback.append(entry)
        else:
            newer += 1
    for given in sorted(feedback, key=lambda each: each.at):
        if turn := turns.get(given.id):
            turns[given.id] = _with(turn, given.feedback)
    wanted = [turn for turn in turns.values() if since is None or turn.at >= since]
    return TurnHistory(tuple(sorted(wanted, key=lambda turn: turn.at)), broken, newer)


def _parsed(line: bytes) -> LoggedTurn | _Feedback | None:
    """What a line holds; None for one of a newer schema.

    Raises:
        ValueError: it is cut or damaged.
    """
    head = _HEAD.validate_json(line)
    if head.v > SCHEMA or head.kind not in ("turn", "feedback"):
        return None
    return (_FEEDBACK if head.kind == "feedback" else _TURN).validate_json(line)


def _with(turn: LoggedTurn, feedback: FeedbackKind) -> LoggedTurn:
    if feedback == "asked":
        return replace(turn, asked=True)
    return replace(turn, thumb=None if feedback == "none" else feedback)


def _lines(path: Path) -> Iterator[bytes]:
    if not _files(path):
        raise StorageError(f"There is no turn log in {path} yet. It begins with the first question, if TURN_LOG is on.")
    lock = _lock(path)
    if path.is_dir():
        # A rotation meanwhile would hide a file; a log of another account is read at that risk.
        with suppress(OSError):
            lock.acquire(timeout=_LOCK_S)
    try:
        contents = [file.read_bytes() for file in _files(path)]
    except OSError as error:
        raise StorageError(f"The turn log {error.filename} cannot be read ({error.strerror}).") from error
    finally:
        lock.release()
    return (line for content in contents for line in content.split(b"\n") if line)


def _files(path: Path) -> list[Path]:
    """The files of a log, oldest first, or the one that is named."""
    if path.is_file():
        return [path]
    numbers = [file.name.split(".")[1] for file in path.glob("turns.*.jsonl")]
    oldest_first = sorted(map(int, filter(str.isdecimal, numbers)), reverse=True)
    full = [path / f"turns.{number}.jsonl" for number in oldest_first]
    return [file for file in (*full, path / CURRENT) if file.exists()]


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / "turns.lock", mode=0o600, poll_interval=0.005)
