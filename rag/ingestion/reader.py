"""Files to documents with passages, each read in a worker process under limits."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rag.errors import BrokenFile, DocumentError, ParserUnavailable, ReadingTimedOut
from rag.ingestion.content import FileLimits
from rag.ingestion.file_names import safe_name, shown_name
from rag.ingestion.worker_pool import WorkerCrashed, WorkerNotStarted, WorkerPool, WorkerTimedOut
from rag.types import Document, Origin, Passage

_log = logging.getLogger(__name__)

READING_VERSION = 2
"""Raised when the same file gives other passages than before, so that libraries read their files anew."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file that was read."""

    document: Document
    text: str
    """Markdown; the passages' offsets count in it."""
    passages: tuple[Passage, ...]
    """At least one, in order."""
    notes: tuple[str, ...] = ()
    """Sentences for a person about what in the file was not read: "Pages 3 and 5–7 have no text. …"."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a worker is asked for."""

    path: Path
    name: str
    origin: Origin
    limits: FileLimits
    ocr: bool


class Reader:
    """Reads files in worker processes, so that a parser that crashes, hangs or swells costs one file only."""

    def __init__(
        self, *, workers: int, timeout_s: float, max_bytes: int, max_pages: int, max_chars: int, ocr: bool = True
    ) -> None:
        self.workers = workers
        """How many files are read at a time; more wait their turn."""
        self._limits = FileLimits(timeout_s, max_bytes, max_pages, max_chars)
        self._ocr = ocr
        self._pool = WorkerPool("rag.ingestion.worker", workers)

    async def read(self, path: Path, *, name: str, origin: Origin) -> ReadDocument:
        """The document in the file and its passages; its kind is recognised by its content.

        An upload's name is made safe first. With `ocr`, scans and pictures are read where Tesseract is installed.
        Cancelling frees the worker.

        Raises:
            DocumentError: of the class that says why it cannot be read, with the name and what to do.
            ParserUnavailable: no file can be read at the moment.
        """
        request = Request(path, safe_name(name) if origin == "upload" else name, origin, self._limits, self._ocr)
        try:
            reply = await self._pool.ask(request, self._limits.timeout_s)
        except WorkerTimedOut:
            raise ReadingTimedOut(
                f"{shown_name(name)} took longer than {self._limits.timeout_s:g} seconds to read. "
                "Split it into smaller files, or save it in another format.",
                name=name,
                limit=self._limits.timeout_s,
            ) from None
        except WorkerCrashed as crash:
            _log.warning("A worker ended while it read a file: %s", str(crash) or "it wrote no reason")
            raise BrokenFile(
                f"{shown_name(name)} could not be read; it may be damaged. Save a new copy and add that."
            ) from None
        except WorkerNotStarted as failure:
            raise _unavailable(failure) from None
        if isinstance(reply, DocumentError):
            reply.name = name
            raise reply
        return cast(ReadDocument, reply)

    async def close(self) -> None:
        """Ends the worker processes; reads that still wait are cancelled."""
        await self._pool.close()


def _unavailable(failure: WorkerNotStarted) -> ParserUnavailable:
    _log.warning("No worker can be started: %s", failure)
    return ParserUnavailable(
        f"No file can be read at the moment, because the parser does not start ({failure}). "
        "Start the app again; if that does not help, install it again. What was read before can still be searched."
    )
