"""Checks one file of a library: whether it is at rest, whether its content changed, and what it holds."""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.errors import DocumentError, UnsupportedFile
from rag.ingestion.file_names import shown_name
from rag.ingestion.reader import ReadDocument, Reader
from rag.library.changes import Work
from rag.library.manifest import FileRecord
from rag.library.scanner import Found
from rag.types import Document, Passage

_SETTLE_S = 0.3
"""Seconds without a change after which a file that was written just now is read."""
_FAILURE_S = 3.0
"""Seconds that a file that was written just now, and cannot be read, has to become whole: it may be being copied."""
_PATIENCE_S = 10.0
"""Seconds after which a file that never comes to rest, such as a log, is read as it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of checking a file."""

    work: Work
    record: FileRecord | None = None
    """What to remember; None when nothing can be said of it now."""
    document: Document | None = None
    passages: Sequence[Passage] = ()
    unchanged: bool = False
    """Its content is what it was."""


@dataclass(slots=True)
class _Unsettled:
    since: float
    until: float
    """When to check again; both on the monotonic clock."""


class FileChecker:
    """Checks the files of one library, and knows which of them are still being written."""

    def __init__(self, collection: str, reader: Reader, *, version: int) -> None:
        """`collection` is the library's name; `version` is `READING_VERSION`."""
        self._collection = collection
        self._reader = reader
        self._version = version
        self._unsettled: dict[Path, _Unsettled] = {}

    @property
    def next_check(self) -> float | None:
        """When, on the monotonic clock, a file that was being written should be checked again."""
        return min((each.until for each in self._unsettled.values()), default=None)

    def due(self) -> list[Path]:
        """The files that should be checked again now."""
        now = time.monotonic()
        return [path for path, unsettled in self._unsettled.items() if unsettled.until <= now]

    def forget(self, paths: Iterable[Path]) -> None:
        """They are at rest, or not there any more."""
        for path in paths:
            self._unsettled.pop(path, None)

    def skip(self, work: Work, reason: str) -> Outcome:
        """The outcome for a file that is not to be read at all."""
        return Outcome(work, replace(self._record(work.found, b""), state="skipped", reason=reason))

    async def settled(self, works: Sequence[Work]) -> list[Work]:
        """Those that nobody is writing to, after a short wait if any of them was written just now."""
        young = [work for work in works if _age(work.found) < _SETTLE_S]
        if not young:
            return list(works)
        await asyncio.sleep(_SETTLE_S)
        moved = await asyncio.to_thread(lambda: {work.found.path for work in young if work.found.moved})
        moving = {path for path in moved if self._defer(path, _SETTLE_S)}
        return [work for work in works if work.found.path not in moving]

    async def check(self, work: Work) -> Outcome:
        """The outcome for the file; without a record when it is being written or has gone.

        Raises:
            ParserUnavailable: no file can be read at the moment; nothing is recorded of this one.
        """
        found, known = work.found, work.known
        try:
            digest = await asyncio.to_thread(_digest_of, found.path)
        except FileNotFoundError:
            self.forget([found.path])
            return Outcome(work)
        except OSError:
            return self._unopened(work)
        if known and known.digest == digest and not work.forced:
            self.forget([found.path])
            stamped = replace(known, size=found.size, mtime_ns=found.mtime_ns, read_at=time.time())
            return Outcome(work, stamped, unchanged=True)
        try:
            read = await self._reader.read(found.path, name=found.name, origin="library")
        except DocumentError as error:
            return await self._refused(work, digest, error)
        if await asyncio.to_thread(lambda: found.moved) and self._defer(found.path, _SETTLE_S):
            return Outcome(work)
        self.forget([found.path])
        return await asyncio.to_thread(self._read, work, digest, read)

    def _read(self, work: Work, digest: bytes, read: ReadDocument) -> Outcome:
        document = replace(read.document, collection=self._collection)
        record = replace(
            self._record(work.found, digest),
            state="indexed",
            reason=" ".join(read.notes),
            document_id=document.id,
            title=document.title,
            pages=document.pages,
            passages=len(read.passages),
            language=document.language,
        )
        return Outcome(work, record, document, [replace(passage, document=document) for passage in read.passages])

    async def _refused(self, work: Work, digest: bytes, error: DocumentError) -> Outcome:
        found, known = work.found, work.known
        moved = await asyncio.to_thread(lambda: found.moved)
        if moved or _age(found) < _FAILURE_S:
            self._defer(found.path, _FAILURE_S)
            return Outcome(work)
        self.forget([found.path])
        record = self._record(found, digest)
        if known and known.state == "indexed" and known.digest == digest:  # only this version of the app fails
            current = replace(
                known, size=found.size, mtime_ns=found.mtime_ns, version=self._version, read_at=time.time()
            )
            return Outcome(work, current, unchanged=True)
        state = "skipped" if isinstance(error, UnsupportedFile) else "failed"
        return Outcome(work, replace(record, state=state, reason=str(error)))

    def _unopened(self, work: Work) -> Outcome:
        """The outcome where another program has locked it, or the network is away: what was read of it before stays."""
        found, known = work.found, work.known
        if _age(found) < _PATIENCE_S and self._defer(found.path, _FAILURE_S):
            return Outcome(work)
        self.forget([found.path])
        if known and known.state == "indexed":
            return Outcome(work)
        reason = f"{shown_name(found.name)} cannot be opened. Check that it may be read and that no program locks it."
        same = known is not None and known.reason == reason
        return Outcome(work, replace(self._record(found, b""), state="failed", reason=reason), unchanged=same)

    def _record(self, found: Found, digest: bytes) -> FileRecord:
        return FileRecord(found.name, found.size, found.mtime_ns, digest, version=self._version, read_at=time.time())

    def _defer(self, path: Path, seconds: float) -> bool:
        """Schedules another check; False when the file has been written to for too long to wait any more."""
        now = time.monotonic()
        unsettled = self._unsettled.setdefault(path, _Unsettled(now, now))
        unsettled.until = now + seconds
        return now - unsettled.since < _PATIENCE_S


def _age(found: Found) -> float:
    """Seconds since it was written; a clock of a server that is ahead counts as age too."""
    return abs(time.time() - found.mtime_ns / 1e9)


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
