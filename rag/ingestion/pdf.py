"""PDFs to content: each page's own text, or what text recognition makes of a scan, with the analysed headings."""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from rag.errors import BrokenFile, DocumentError, EmptyFile, ReadingTimedOut
from rag.ingestion.cleaning import clean_text
from rag.ingestion.content import Content, FileLimits
from rag.ingestion.file_names import shown_name
from rag.ingestion.headings import demote_guesses, protect, reads_like_a_title
from rag.ingestion.ocr import NEEDED, NotReadable, Tesseract
from rag.ingestion.parser import Block, NotDrawable, detect_language, draw_page, parse

_THREADS = min(4, os.cpu_count() or 1)


def read_scans(pdf: Path, pages: Sequence[int], tesseract: Tesseract, deadline: float) -> dict[int, str]:
    """The text of each page that could be read until the deadline (of `time.monotonic`), by its index from 0.

    The languages of the first page are those in which the others are read: that is faster and errs less.
    """
    first = _read(pdf, pages[:1], tesseract, deadline)
    text = "".join(first.values())
    return first | _read(pdf, pages[1:], tesseract.suited(text, detect_language(text)), deadline)


def named_pages(pages: Sequence[int]) -> str:
    """The pages, as indices from 0, in words: "Page 3", "Pages 2, 5–7 and 9"."""
    runs = [[page for _, page in run] for _, run in groupby(enumerate(pages), key=lambda item: item[1] - item[0])]
    parts = [f"{run[0] + 1}–{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{'Page' if len(pages) == 1 else 'Pages'} {listed}"


def _read(pdf: Path, pages: Sequence[int], tesseract: Tesseract, deadline: float) -> dict[int, str]:
    drawing = threading.Lock()

    def read(page: int) -> tuple[int, str] | None:
        try:
            if time.monotonic() < deadline:
                with drawing:
                    picture = draw_page(pdf, page)
                return page, "\n\n".join(tesseract.read(picture, deadline - time.monotonic()))
        except (NotDrawable, NotReadable, TimeoutError):
            pass
        return None

    with ThreadPoolExecutor(_THREADS) as threads:
        return dict(filter(None, threads.map(read, pages)))


_PAGE_END = "\n\n\f\n"
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|p\.|seite|página|стр\.|第)?\s*\d{1,4}(?:\s*(?:/|of|von|de|из)\s*\d{1,4})?\W*", re.I
)
_RULER = re.compile(r"^[-=_*·.\s]{3,}$", re.MULTILINE)
_NO_LETTER = re.compile(r"[\W_]+")
_KEY = 24
"""Letters and digits that are enough to find a paragraph's first line on its page."""
_EDGE = 2
"""Lines at the top and at the bottom of a page that can be running headers and footers."""
_MOST_HEADING_LINES = 2
_LAYOUT_COST = 4
"""Times the cost of the text alone, measured on 50 to 2,000 pages."""
_RECOGNITION_SHARE = 0.8
"""Of the time for a file; the rest is for what comes after."""


def pdf_to_content(data: bytes, path: Path, name: str, limits: FileLimits, tesseract: Tesseract | None) -> Content:
    """The text of the pages, and notes about those that are scans and were not read.

    `data` is the content of the file at `path`; `name` is for messages; without a Tesseract, scans are not read.

    The parser's own Markdown has no page numbers (its byte ranges count in another text), loses lines that look like
    headers, and takes forms for tables.

    Raises:
        EmptyFile: no page has text, or none that can be recognised.
        ReadingTimedOut: all pages are scans, and none was read in time.
        DocumentError: likewise of the other kinds, from the parser.
    """
    started = time.monotonic()
    parsed = parse(data, "pdf", name, form="plain")
    pages = list(parsed.pages)
    limits.check_pages(name, len(pages))
    in_time = (time.monotonic() - started) * _LAYOUT_COST < limits.timeout_s / 2
    scans = pages_without_text(pages)
    blocks = _blocks(data, name) if in_time and len(scans) < len(pages) else ()
    deadline = started + limits.timeout_s * _RECOGNITION_SHARE
    read = read_scans(path, scans, tesseract, deadline) if tesseract and scans else {}
    for page, text in read.items():
        pages[page] = text or pages[page]
    unread = [page for page in scans if page not in read]
    late = bool(unread) and time.monotonic() >= deadline
    if not any(map(str.strip, pages)):
        raise _nothing_read(name, unread, late, limits) if tesseract else _not_recognised(name)
    text, page_starts = join_pages(_with_headings(pages, blocks))
    notes = _notes(unread, late, bool(tesseract)) if unread else ()
    return Content(text, parsed.title, page_starts, notes=notes)


def _blocks(data: bytes, name: str) -> Sequence[Block]:
    """What the layout analysis finds; nothing when it fails, since the text is there all the same."""
    try:
        return parse(data, "pdf", name, layout=True).blocks
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


def join_pages(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """One text without the unlikely headings, and the offset in it at which each page begins."""
    text, starts = "", list[int]()
    for page in demote_guesses(_PAGE_END.join(pages)).split("\f"):
        starts.append(len(text))
        text += page.strip("\n") + "\n\n"
    return text.rstrip("\n"), tuple(starts)


def _with_headings(pages: Sequence[str], blocks: Sequence[Block]) -> list[str]:
    """The plain pages as Markdown: every line stays, blocks that are found on their page are set apart.

    The page's own text is the better one (complete, hyphenation mended); the analysis knows what is a heading.
    """
    lines = _without_running_lines([_RULER.sub("", clean_text(page)).split("\n") for page in pages])
    on_page: dict[int, list[Block]] = {}
    for block in blocks:
        on_page.setdefault(block.page, []).append(block)
    return [clean_text(_page_with_headings(page, on_page.get(number, []))) for number, page in enumerate(lines, 1)]


def pages_without_text(pages: Sequence[str]) -> list[int]:
    """The pages, as indices from 0, without words of their own: only running lines and a number. Scans, as a rule."""
    lines = [page.split("\n") for page in pages]
    shared = {"0", *_running_lines(lines)}
    return [
        index for index, page in enumerate(lines) if not any(_key(line) and _shape(line) not in shared for line in page)
    ]


def _without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages without the header and footer lines that stand on most of them; the first of each stays."""
    running = _running_lines(pages)
    seen, cleaned = set[str](), list[list[str]]()
    for page in pages:
        drop = {i for i in _edges(page) if _shape(page[i]) in running & seen}
        seen |= {_shape(page[i]) for i in _edges(page)}
        cleaned.append([line for i, line in enumerate(page) if i not in drop])
    return cleaned


def _running_lines(pages: list[list[str]]) -> set[str]:
    counts = Counter(key for page in pages for key in {_shape(page[i]) for i in _edges(page)})
    return {key for key, count in counts.items() if key and count > 2 and 2 * count > len(pages)}


def _edges(page: list[str]) -> list[int]:
    full = [i for i, line in enumerate(page) if line.strip()]
    return full if len(full) <= 2 * _EDGE else full[:_EDGE] + full[-_EDGE:]


def _shape(line: str) -> str:
    """What two running lines have in common; only page numbers may differ, since other numbers are data."""
    return "0" if _PAGE_NUMBER.fullmatch(line) else line.strip()


def _page_with_headings(lines: Sequence[str], blocks: Sequence[Block]) -> str:
    """The lines with the blocks that are found among them, in order, set apart by blank lines and heading marks."""
    keys = [_key(line) for line in lines]
    out, done = list[str](), 0
    for block in blocks:
        wanted = [_key(line) for line in block.text.splitlines()]
        heading = block.level > 0 and len(wanted) <= _MOST_HEADING_LINES and reads_like_a_title(block.text)
        start = _find(wanted, keys, done, whole=heading)
        if start is None or (not heading and lines[start][:1].islower()):  # a sentence goes on
            continue
        out += [protect("\n".join(lines[done:start])), ""]
        done = start
        if heading:
            done = start + len(wanted)
            out += [f"{'#' * block.level} {' '.join(lines[start:done])}", ""]
    return "\n".join([*out, protect("\n".join(lines[done:]))])


def _find(wanted: Sequence[str], keys: Sequence[str], start: int, *, whole: bool) -> int | None:
    """The line at which the block begins, by its first words or, with `whole`, by all of its lines."""
    if not any(wanted):
        return None
    for index in range(start, len(keys)):
        if keys[index : index + len(wanted)] == wanted if whole else keys[index][:_KEY] == wanted[0][:_KEY]:
            return index
    return None


def _key(line: str) -> str:
    return _NO_LETTER.sub("", line).casefold()
