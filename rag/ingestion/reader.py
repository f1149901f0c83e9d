"""Files to documents with passages, each read in a worker process under limits. Only this module knows kreuzberg."""

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from rag.errors import BrokenFile, DocumentError, EmptyFile, FileTooLarge, ProtectedFile, ReadingTimedOut
from rag.ingestion.chunking import chunk
from rag.ingestion.content import Content, FileLimits
from rag.ingestion.convert import document_to_content, picture_to_content
from rag.ingestion.file_names import safe_name, shown_name
from rag.ingestion.file_types import MIME_TYPES, Kind, kind_of
from rag.ingestion.headings import document_title
from rag.ingestion.ocr import NotReadable, ScanReader, find_tesseract
from rag.ingestion.parser import Block, Parsed
from rag.ingestion.pdf import pdf_to_content
from rag.ingestion.worker_pool import WorkerCrashed, WorkerPool, WorkerTimedOut
from rag.text.language import two_letters
from rag.types import Document, Origin, Passage

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult


READING_VERSION = 1
"""Raised when the same file gives other passages than before, so that libraries read their files anew."""

_LANGUAGE_SAMPLE = 5_000
"""Characters."""
_SCAN_DPI = 200
"""300 takes half as long again and recognises no more words."""


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
        """The document in the file and its passages; its type is told by its content.

        An upload's name is made safe first. With `ocr`, scans and pictures are read where Tesseract is installed.
        Cancelling frees the worker.

        Raises:
            DocumentError: of the kind that tells why it cannot be read, with the name and what to do.
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
        except WorkerCrashed:
            raise _broken(name) from None
        if isinstance(reply, DocumentError):
            reply.name = name
            raise reply
        return cast(ReadDocument, reply)

    async def close(self) -> None:
        """Ends the worker processes; reads that still wait are cancelled."""
        await self._pool.close()


def load_parser() -> None:
    """Loads the native parser now, so that the first file need not wait for it."""
    importlib.import_module("kreuzberg")  # 80 MB of native code that the app itself need not carry


def read_file(request: Request) -> ReadDocument:
    """Reads the file in this process; what `Reader.read` does in a worker.

    Raises:
        DocumentError: as for `Reader.read`.
    """
    name, limits = request.name, request.limits
    content = _content(request, _load(request))
    limits.check_pages(name, len(content.page_starts))
    limits.check_text(name, content.text)
    document = Document(
        name=name,
        title=document_title(content.text, content.title, name),
        origin=request.origin,
        language=two_letters(_language(content.text)),
        pages=len(content.page_starts),
        characters=len(content.text),
    )
    passages = tuple(chunk(content, document))
    if not any(character.isalnum() for passage in passages for character in passage.text):
        reason = " ".join(content.notes) or "Check that it is the right file."
        raise EmptyFile(f"{shown_name(name)} holds no text. {reason}")
    return ReadDocument(document, content.text, passages, content.notes)


def _load(request: Request) -> bytes:
    try:
        request.limits.check_bytes(request.name, request.path.stat().st_size)
        return request.path.read_bytes()
    except OSError as error:
        raise BrokenFile(
            f"{shown_name(request.name)} cannot be opened. Check that it is still there and that it may be read."
        ) from error


def _content(request: Request, data: bytes) -> Content:
    name, limits = request.name, request.limits
    kind = kind_of(data, name, max_bytes=limits.max_bytes)
    parse = functools.partial(_parse, name)
    if kind not in ("pdf", "picture"):
        return document_to_content(data, kind, parse, _guess)
    tesseract = find_tesseract() if request.ocr else None
    if kind == "picture":
        return picture_to_content(data, name, limits.timeout_s * 0.9, tesseract)
    draw = functools.partial(_draw_page, request.path)
    return pdf_to_content(data, name, limits, parse, ScanReader(tesseract, draw, _language) if tesseract else None)


def _parse(
    name: str,
    data: bytes,
    kind: Kind,
    *,
    form: Literal["markdown", "plain"] = "markdown",
    layout: bool = False,
    mark: str = "",
) -> Parsed:
    import kreuzberg as k

    config = k.ExtractionConfig(
        output_format=form,
        include_document_structure=layout,
        content_filter=k.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False, include_watermarks=True
        ),
        pages=k.PageConfig(extract_pages=True, insert_page_markers=bool(mark), marker_format=mark),
        concurrency=k.ConcurrencyConfig(max_threads=2),
        use_cache=False,
        enable_quality_processing=False,
    )
    config.max_archive_depth = 0  # what is attached to a document is another document
    try:
        result = k.extract_bytes_sync(data, MIME_TYPES[kind], config)
    except k.KreuzbergError as error:
        raise _translated(str(error), name) from error
    return Parsed(
        text=result.content,
        title=result.metadata.get("title") or "",
        pages=[page["content"] for page in result.pages or []],
        sheets=_sheets(result),
        blocks=_blocks(result),
    )


def _sheets(result: "ExtractionResult") -> Sequence[tuple[str, Sequence[Sequence[str]]]]:
    names = result.metadata.get("sheet_names") or []
    tables = [table for table in result.tables if 0 < table.page_number <= len(names)]
    return [(names[table.page_number - 1], table.cells) for table in tables]


def _blocks(result: "ExtractionResult") -> Sequence[Block]:
    nodes = result.document["nodes"] if result.document else []
    contents = [(node.get("page"), node.get("content", {})) for node in nodes]
    return [Block(page, node.get("text", ""), node.get("level", 0)) for page, node in contents if page]


def _draw_page(path: Path, page: int) -> bytes:
    """A picture of a page of a PDF, by its index from 0."""
    import kreuzberg as k

    try:
        return k.render_pdf_page(path, page, dpi=_SCAN_DPI)
    except (k.KreuzbergError, RuntimeError, OSError, ValueError) as error:
        raise NotReadable from error


def _translated(message: str, name: str) -> DocumentError:
    if "password" in message or "encrypted" in message:
        return ProtectedFile(f"{shown_name(name)} is protected by a password. Save a copy without it and add that.")
    if "limit exceeded" in message:
        return FileTooLarge(f"{shown_name(name)} unpacks to more than may be read. Split it into smaller documents.")
    return _broken(name)


def _broken(name: str) -> BrokenFile:
    return BrokenFile(f"{shown_name(name)} could not be read; it may be damaged. Save a new copy and add that.")


def _guess(sample: bytes) -> str:
    """The sample in whatever encoding kreuzberg finds; it looks for one only in tables."""
    try:
        return _parse("", sample, "csv", form="plain").text
    except DocumentError:
        return ""


def _language(text: str) -> str:
    """ISO 639-3, or "" when it cannot be told."""
    import kreuzberg as k

    config = k.ExtractionConfig(use_cache=False, language_detection=k.LanguageDetectionConfig(enabled=True))
    start = max(0, (len(text) - _LANGUAGE_SAMPLE) // 2)  # menus and legal notices stand at the ends
    sample = text[start : start + _LANGUAGE_SAMPLE].encode()
    found = k.extract_bytes_sync(sample, "text/plain", config).detected_languages
    return found[0] if found else ""
