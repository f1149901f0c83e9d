"""PDFs to text: each page's own, or what text recognition makes of a scan, with the headings of a layout analysis."""

import time
from collections.abc import Sequence

from rag.documents.content import Content
from rag.documents.limits import FileLimits
from rag.documents.names import shown_name
from rag.documents.ocr import NEEDED
from rag.documents.pages import Block, join_pages, mark_up, pages_without_text
from rag.documents.parsing import Parse
from rag.documents.scanned_pages import ScanReader, named_pages
from rag.errors import BrokenFile, DocumentError, EmptyFile, ReadingTimedOut

_LAYOUT_COST = 4
"""Times the cost of the text alone, measured on 50 to 2,000 pages."""
_RECOGNITION_SHARE = 0.8
"""Of the time for a file; the rest is for what comes after."""


def pdf_to_content(data: bytes, name: str, limits: FileLimits, parse: Parse, scan_reader: ScanReader | None) -> Content:
    """The text of the pages, and notes about those that are scans and were not read.

    The parser's own Markdown has no page numbers (its byte ranges count in another text), loses lines that look like
    headers, and takes forms for tables.

    Raises:
        EmptyFile: no page has text, or none that can be recognised.
        ReadingTimedOut: all pages are scans, and none was read in time.
        DocumentError: likewise of the other kinds, from the parser.
    """
    started = time.monotonic()
    parsed = parse(data, "pdf", form="plain")
    pages = list(parsed.pages)
    limits.check_pages(name, len(pages))
    in_time = (time.monotonic() - started) * _LAYOUT_COST < limits.timeout_s / 2
    scans = pages_without_text(pages)
    blocks = _blocks(data, parse) if in_time and len(scans) < len(pages) else ()
    deadline = started + limits.timeout_s * _RECOGNITION_SHARE
    read = scan_reader.read(scans, deadline) if scan_reader and scans else {}
    for page, text in read.items():
        pages[page] = text or pages[page]
    unread = [page for page in scans if page not in read]
    late = bool(unread) and time.monotonic() >= deadline
    if not any(map(str.strip, pages)):
        raise _nothing_read(name, unread, late, limits) if scan_reader else _not_recognised(name)
    text, page_starts = join_pages(mark_up(pages, blocks))
    notes = _notes(unread, late, bool(scan_reader)) if unread else ()
    return Content(text, parsed.title, page_starts, notes=notes)


def _blocks(data: bytes, parse: Parse) -> Sequence[Block]:
    """What the layout analysis finds; nothing when it fails, since the text is there all the same."""
    try:
        return parse(data, "pdf", layout=True).blocks
    except DocumentError:
        return ()


def _notes(unread: Sequence[int], late: bool, can_read_scans: bool) -> tuple[str, ...]:
    pages, one = named_pages(unread), len(unread) == 1
    if not can_read_scans:
        return (f"{pages} {'has' if one else 'have'} no text. Reading scans needs {NEEDED}.",)
    reason = " in time. Split the file to have all of it read." if late else "."
    return (f"{pages} {'is a scan' if one else 'are scans'} that could not be read{reason}",)


def _not_recognised(name: str) -> DocumentError:
    return EmptyFile(
        f"{shown_name(name)} looks like a scan; there is no text in it. "
        f"Reading scans needs {NEEDED}; otherwise add the original document."
    )


def _nothing_read(name: str, unread: Sequence[int], late: bool, limits: FileLimits) -> DocumentError:
    shown = shown_name(name)
    if late:
        return ReadingTimedOut(
            f"{shown} is a scan, and none of its text could be read within {limits.timeout_s:g} seconds. "
            "Split it into smaller files, or add the original document."
        )
    if unread:
        return BrokenFile(f"{shown} is a scan whose pages cannot be drawn; it may be damaged. Save a new copy of it.")
    return EmptyFile(
        f"{shown} shows no text that can be recognised. "
        "Check that it is the right file, scan it again, or add the original document."
    )
