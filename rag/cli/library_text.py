"""What the `rag library` commands print: lines that read well in 80 columns, and JSON for other programs."""

import json
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rag.library.changes import Changes, SyncProgress
from rag.library.manifest import FileRecord, State, Summary
from rag.library.store import StoredLibrary
from rag.machine import format_bytes

_WIDTH = 79
_MOST_FAILURES = 10
_COLUMNS = "{:<24} {:>9} {:>9} {:>6} {:>9}  {:<16}"


def folder(library: StoredLibrary) -> Iterator[str]:
    """A folder and what is indexed of it."""
    summary, folder = library.summary(), library.folder
    yield f"{folder.name}  {folder.path}"
    if not library.listed:
        yield f'  Not listed any more, only its index is left; to delete it: rag library remove "{folder.name}"'
    elif not folder.path.is_dir():
        yield "  The folder cannot be opened; what is indexed of it stays."
    others = [
        f"{count:,} {what}" for count, what in ((summary.failed, "failed"), (summary.skipped, "skipped")) if count
    ]
    yield f"  {', '.join([_size(summary), *others])}; {_in_sync(summary)}"


def file(record: FileRecord) -> Iterator[str]:
    """A file of a folder with its state, and why it failed, was skipped, or was read in part only."""
    size = f"  {record.passages:,} passage{'' if record.passages == 1 else 's'}" if record.state == "indexed" else ""
    yield f"    {record.state:<8} {record.name}{size}"
    yield from textwrap.wrap(record.reason, _WIDTH, initial_indent=" " * 13, subsequent_indent=" " * 13)


def changes(library: StoredLibrary, changes: Changes) -> Iterator[str]:
    """What was done to a folder, with the first failures and their reasons."""
    counts = [f"{len(names):,} {what}" for what, names in asdict(changes).items() if names]
    yield f"{library.folder.name}: {', '.join(counts) or 'nothing to do'}; {_size(library.summary())}."
    failed = set(changes.failed)
    failures = [record for record in library.files("failed") if record.name in failed]
    for record in failures[:_MOST_FAILURES]:
        yield from file(record)
    if len(failures) > _MOST_FAILURES:
        yield f'    All {len(failures):,} of them: rag library list "{library.folder.name}" --failed'


def progress_line(progress: SyncProgress) -> str:
    """How far the reading is, in one line of at most 79 characters."""
    left = "" if progress.remaining_s is None else f", {_duration(progress.remaining_s)} left"
    tail = (
        f": {progress.documents_done:,} of {progress.documents_total:,} documents, "
        f"{progress.passages:,} passages, {progress.rate:.1f}/s{left}"
    )
    return _shortened(progress.library, max(6, _WIDTH - len(tail))) + tail


def stats(libraries: Sequence[StoredLibrary]) -> Iterator[str]:
    """A table with a row for each folder, and one for all."""
    yield _COLUMNS.format("", "documents", "passages", "failed", "on disk", "in sync since").rstrip()
    rows = [(library.folder.name, library.summary(), library.size()) for library in libraries]
    for name, summary, size in rows:
        yield _row(name, summary, size, _in_sync_at(summary))
    if len(rows) > 1:
        summaries = [summary for _, summary, _ in rows]
        total = Summary(
            sum(each.documents for each in summaries),
            sum(each.passages for each in summaries),
            sum(each.failed for each in summaries),
        )
        yield _row("all", total, sum(size for *_, size in rows), "")


def as_json(libraries: Iterable[StoredLibrary], state: State | None = None) -> str:
    """The folders with their files, those of one state only if one is given."""
    return _dumped(
        [_described(each) | {"files": [_file(record) for record in each.files(state)]} for each in libraries]
    )


def stats_as_json(libraries: Iterable[StoredLibrary]) -> str:
    """The folders with their numbers."""
    return _dumped([_described(each) | {"bytes_on_disk": each.size()} for each in libraries])


def _described(library: StoredLibrary) -> dict[str, Any]:
    folder = library.folder
    about = {"name": folder.name, "folder": str(folder.path), "added": folder.added, "listed": library.listed}
    return about | asdict(library.summary())


def _file(record: FileRecord) -> dict[str, Any]:
    return asdict(record) | {"digest": record.digest.hex()}


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _size(summary: Summary) -> str:
    plural = "" if summary.documents == 1 else "s"
    return f"{summary.documents:,} document{plural}, {summary.passages:,} passages"


def _row(name: str, summary: Summary, size: int, since: str) -> str:
    numbers = (f"{summary.documents:,}", f"{summary.passages:,}", f"{summary.failed:,}", format_bytes(size))
    return _COLUMNS.format(_shortened(name, 24), *numbers, since).rstrip()


def _in_sync(summary: Summary) -> str:
    return f"in sync since {_in_sync_at(summary)}" if summary.synced_at else "not read to the end yet"


def _in_sync_at(summary: Summary) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(summary.synced_at)) if summary.synced_at else "never"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _shortened(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"
