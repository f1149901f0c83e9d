"""Files to documents with passages, each read in a worker process under limits. Only this module knows kreuzberg."""

import importlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rag.documents.cleaning import clean_markdown
from rag.documents.decoding import decode
from rag.documents.entities import with_characters, without_entities
from rag.documents.headings import demote_guesses, document_title
from rag.documents.kinds import MIME_TYPES, Kind, kind_of
from rag.documents.languages import two_letters
from rag.documents.names import safe_name, shown_name
from rag.documents.pages import Block, join_pages, mark_up
from rag.documents.splitting import split
from rag.documents.texts import text_to_markdown
from rag.documents.workers import WorkerCrashed, WorkerPool, WorkerTimedOut
from rag.errors import BrokenFile, DocumentError, EmptyFile, FileTooLarge, ProtectedFile, ReadingTimedOut
from rag.records import Document, Origin, Passage

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

_LAYOUT_COST = 4
"""Times the cost of the text alone, measured on 50 to 2,000 pages."""
_LANGUAGE_SAMPLE = 5_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file that was read."""

    document: Document
    text: str
    """Markdown; the passages' offsets count in it."""
    passages: tuple[Passage, ...]
    """At least one, in order."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may be."""

    timeout_s: float
    max_bytes: int
    max_pages: int
    max_chars: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a worker is asked for."""

    path: Path
    name: str
    origin: Origin
    limits: Limits


class Reader:
    """Reads files in worker processes, so that a parser that crashes, hangs or swells costs one file only."""

    def __init__(self, *, workers: int, timeout_s: float, max_bytes: int, max_pages: int, max_chars: int) -> None:
        self.workers = workers
        """How many files are read at a time; more wait their turn."""
        self._limits = Limits(timeout_s, max_bytes, max_pages, max_chars)
        self._pool = WorkerPool("rag.documents.worker", workers)

    async def read(self, path: Path, *, name: str, origin: Origin) -> ReadDocument:
        """The document in the file and its passages; its type is told by its content.

        An upload's name is made safe first. Cancelling frees the worker.

        Raises:
            DocumentError: of the kind that tells why it cannot be read, with the name and what to do.
        """
        request = Request(path, safe_name(name) if origin == "upload" else name, origin, self._limits)
        try:
            reply = await self._pool.ask(request, self._limits.timeout_s)
        except WorkerTimedOut:
            raise ReadingTimedOut(
                f"{shown_name(name)} took longer than {self._limits.timeout_s:g} seconds to read. "
                "Split it into smaller files, or save it in another format."
            ) from None
        except WorkerCrashed:
            raise _broken(name) from None
        if isinstance(reply, DocumentError):
            raise reply
        return cast(ReadDocument, reply)

    async def close(self) -> None:
        """Ends the worker processes; reads that still wait are cancelled."""
        await self._pool.close()


@dataclass(frozen=True, slots=True)
class _Content:
    text: str
    title: str = ""
    page_starts: tuple[int, ...] = ()


def load_parser() -> None:
    """Loads the native parser now, so that the first file need not wait for it."""
    importlib.import_module("kreuzberg")  # 80 MB of native code that the app itself need not carry


def read_file(request: Request) -> ReadDocument:
    """Reads the file in this process; what `Reader.read` does in a worker.

    Raises:
        DocumentError: as for `Reader.read`.
    """
    name, limits = request.name, request.limits
    data = _load(request)
    content = _content(data, kind_of(data, name, max_bytes=limits.max_bytes), name, limits)
    _refuse_excess(name, len(content.page_starts), limits.max_pages, "pages")
    _refuse_excess(name, len(content.text), limits.max_chars, "characters of text")
    document = Document(
        name=name,
        title=document_title(content.text, content.title, name),
        origin=request.origin,
        language=_language(content.text),
        pages=len(content.page_starts),
        characters=len(content.text),
    )
    passages = tuple(split(content.text, document=document, page_starts=content.page_starts))
    if not any(character.isalnum() for passage in passages for character in passage.text):
        raise EmptyFile(f"{shown_name(name)} holds no text. Check that it is the right file.")
    return ReadDocument(document, content.text, passages)


def _load(request: Request) -> bytes:
    name = shown_name(request.name)
    try:
        size = request.path.stat().st_size
        if size <= request.limits.max_bytes:
            return request.path.read_bytes()
    except OSError as error:
        raise BrokenFile(f"{name} cannot be opened. Check that it is still there and that it may be read.") from error
    raise FileTooLarge(
        f"{name} has {size / 1e6:,.1f} MB; at most {request.limits.max_bytes / 1e6:,.1f} MB can be read. "
        "Split it into smaller files."
    )


def _refuse_excess(name: str, count: int, most: int, what: str) -> None:
    if count > most:
        raise FileTooLarge(
            f"{shown_name(name)} has {count:,} {what}; at most {most:,} can be read. Split it into smaller files."
        )


def _content(data: bytes, kind: Kind, name: str, limits: Limits) -> _Content:
    if kind == "pdf":
        return _pdf(data, name, limits)
    if kind == "pptx":
        return _slides(data, name)
    if kind == "docx":
        return _word(data, name)
    if kind in ("odt", "rtf", "doc", "ppt"):
        content = _parsed(data, kind, name)
        return _Content(demote_guesses(content.text), content.title)
    if kind in ("xlsx", "ods", "xls", "epub", "msg"):
        return _parsed(data, kind, name)
    try:
        if kind in ("csv", "tsv", "notebook"):
            return _parsed(decode(data, _guess).encode(errors="replace"), kind, name)
        return _Content(*text_to_markdown(data, kind, _guess))
    except (DocumentError, ValueError, RecursionError):  # not well-formed: still text that can be searched
        return _Content(*text_to_markdown(data, "code", _guess))


def _pdf(data: bytes, name: str, limits: Limits) -> _Content:
    """The text of the pages, with the headings of a layout analysis when there is time for one.

    kreuzberg's own Markdown has no page numbers (its byte ranges count in another text), loses lines that look like
    headers, and takes forms for tables.
    """
    started = time.monotonic()
    result = _parse(data, "pdf", name, form="plain")
    pages = [page["content"] for page in result.pages or []]
    if not any(map(str.strip, pages)):
        raise EmptyFile(
            f"{shown_name(name)} looks like a scan; there is no text in it. "
            "Run it through text recognition (OCR) first, or add the original document."
        )
    in_time = (time.monotonic() - started) * _LAYOUT_COST < limits.timeout_s / 2
    blocks = _blocks(data, name) if in_time and len(pages) <= limits.max_pages else []
    text, page_starts = join_pages(mark_up(pages, blocks))
    return _Content(text, result.metadata.get("title") or "", page_starts)


def _blocks(data: bytes, name: str) -> list[Block]:
    """What the layout analysis finds; nothing when it fails, since the text is there all the same."""
    try:
        structure = _parse(data, "pdf", name, layout=True).document
    except DocumentError:
        return []
    contents = [(node.get("page"), node.get("content", {})) for node in (structure or {"nodes": []})["nodes"]]
    return [Block(page, node.get("text", ""), node.get("level", 0)) for page, node in contents if page]


def _word(data: bytes, name: str) -> _Content:
    content = _parsed(without_entities(data), "docx", name)
    return _Content(with_characters(demote_guesses(content.text)), with_characters(content.title))


def _slides(data: bytes, name: str) -> _Content:
    mark = secrets.token_hex(12)
    result = _parse(data, "pptx", name, slide_mark=f"\n\n{mark}\n\n")
    slides = [clean_markdown(slide, parsed=True) for slide in result.content.split(mark)]
    text, page_starts = join_pages(slides[1:] if len(slides) > 1 else slides)
    return _Content(text, result.metadata.get("title") or "", page_starts)


def _parsed(data: bytes, kind: Kind, name: str) -> _Content:
    result = _parse(data, kind, name)
    return _Content(clean_markdown(result.content, parsed=True), result.metadata.get("title") or "")


def _parse(
    data: bytes, kind: Kind, name: str, *, form: str = "markdown", layout: bool = False, slide_mark: str = ""
) -> "ExtractionResult":
    import kreuzberg as k

    config = k.ExtractionConfig(
        output_format=form,
        include_document_structure=layout,
        content_filter=k.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False, include_watermarks=True
        ),
        pages=k.PageConfig(extract_pages=True, insert_page_markers=bool(slide_mark), marker_format=slide_mark),
        concurrency=k.ConcurrencyConfig(max_threads=2),
        use_cache=False,
        enable_quality_processing=False,
    )
    config.max_archive_depth = 0  # what is attached to a document is another document
    try:
        return k.extract_bytes_sync(data, MIME_TYPES[kind], config)
    except k.KreuzbergError as error:
        raise _translated(str(error), name) from error


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
        return _parse(sample, "csv", "", form="plain").content
    except DocumentError:
        return ""


def _language(text: str) -> str:
    import kreuzberg as k

    config = k.ExtractionConfig(use_cache=False, language_detection=k.LanguageDetectionConfig(enabled=True))
    start = max(0, (len(text) - _LANGUAGE_SAMPLE) // 2)  # menus and legal notices stand at the ends
    sample = text[start : start + _LANGUAGE_SAMPLE].encode()
    found = k.extract_bytes_sync(sample, "text/plain", config).detected_languages
    return two_letters(found[0]) if found else ""
