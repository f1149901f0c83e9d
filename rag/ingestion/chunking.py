"""Text to passages: about 160 words each, cut at sentence ends or rows, never across a heading or a page."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.ingestion.content import Content
from rag.ingestion.headings import Heading, find_headings
from rag.ingestion.tables import TextTable, find_tables, short_header
from rag.text.sentences import sentence_spans
from rag.types import Document, Passage

WORDS = 160
"""Sentences are added up to this size."""
MOST_WORDS = 200
"""A tiny rest may stretch its predecessor up to this size."""
MOST_HEADER_WORDS = 60
"""Of a table's header; a longer one is cut."""
_TINY = 40

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese: about two characters make a word."""
_WORD = re.compile(rf"[{_SPACELESS}]{{1,2}}|[^\s|{_SPACELESS}]{{1,20}}")
"""What counts as one word; a long address or number counts as several, since it costs as much."""
_LONGEST_PARAGRAPH = 20_000
"""Characters in which sentences are looked for at once, so that no text can make it slow."""
_BLANK = re.compile(r"\n[^\S\n]*\n")
_LINE = re.compile(r"\S(?:.*\S)?")


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of a table, as its rows carry it."""

    text: str = ""
    words: int = 0


_NO_HEADER = _Header()


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, a row of a table, or a part of an over-long one: what is not cut further."""

    start: int
    end: int
    words: int
    header: _Header = _NO_HEADER
    """What a passage that begins here needs to be understood."""


def chunk(content: Content, document: Document) -> list[Passage]:
    """The passages of a document, in order.

    Each character of its text that is neither white space nor part of a heading is in exactly one passage, and
    `content.text[passage.start:passage.end] == passage.text`. Rows keep the header of their table.
    """
    passages: list[Passage] = []
    for start, end, path in _sections(content.text, find_headings(content.text)):
        for page_start, page_end, page in _pages(start, end, content.page_starts):
            headings = (
                path if content.unit == "page" or page_start == start else ()
            )  # a slide has its own title or none
            for first, last, header in _spans(content.text, page_start, page_end):
                passages.append(
                    Passage(
                        document=document,
                        ordinal=len(passages),
                        text=content.text[first:last],
                        headings=headings,
                        page=page,
                        unit=content.unit,
                        rows=_rows(first, last, content.row_starts),
                        header=header,
                        start=first,
                        end=last,
                    )
                )
    return passages


def count_words(text: str) -> int:
    """How long a text is, in words of about equal cost: two characters in scripts without spaces, at most 20 else."""
    return sum(1 for _ in _WORD.finditer(text))


def _sections(text: str, headings: Sequence[Heading]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Start, end and heading path of the text between two headings."""
    start, path = 0, list[Heading]()
    for heading in headings:
        yield start, heading.start, tuple(outer.title for outer in path if outer.title)
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        start = heading.end
    yield start, len(text), tuple(outer.title for outer in path if outer.title)


def _pages(start: int, end: int, page_starts: Sequence[int]) -> Iterator[tuple[int, int, int | None]]:
    """The parts of a section on each page, with the page's number from 1."""
    if not page_starts:
        yield start, end, None
        return
    while start < end:
        page = max(1, bisect_right(page_starts, start))
        page_end = min(end, page_starts[page]) if page < len(page_starts) else end
        yield start, page_end, page
        start = page_end


def _rows(start: int, end: int, row_starts: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The numbers of the rows in which the span begins and ends."""
    if not row_starts or start < row_starts[0][0]:
        return None
    first, last = (bisect_right(row_starts, offset, key=lambda row: row[0]) - 1 for offset in (start, end - 1))
    return row_starts[first][1], row_starts[last][1]


def _spans(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """The spans of the passages, each with its table's header: whole paragraphs while they fit, else unit by unit."""
    groups: list[list[_Unit]] = [[]]
    for paragraph in _paragraphs(text, start, end):
        filled, more = _size(groups[-1]), _size(paragraph)
        if filled >= WORDS // 2 and filled + more > WORDS:
            groups.append([])
        for unit in paragraph:
            if groups[-1] and _size(groups[-1]) + unit.words > WORDS:
                groups.append([])
            groups[-1].append(unit)
    if len(groups) > 1 and _size(groups[-1]) < _TINY and _size(groups[-2]) + _size(groups[-1]) <= MOST_WORDS:
        rest = groups.pop()
        groups[-1] += rest
    return [(group[0].start, group[-1].end, group[0].header.text) for group in groups if group]


def _size(units: Sequence[_Unit]) -> int:
    return sum(unit.words for unit in units) + (units[0].header.words if units else 0)


def _paragraphs(text: str, start: int, end: int) -> Iterator[list[_Unit]]:
    for blank in _BLANK.finditer(text, start, end):
        yield _units(text, start, blank.start())
        start = blank.end()
    yield _units(text, start, end)


def _units(text: str, start: int, end: int) -> list[_Unit]:
    """A paragraph's rows of tables and sentences; the over-long ones cut at their line ends, or at word ends."""
    units: list[_Unit] = []
    for table in find_tables(text, start, end):
        units += _fitting(text, _sentences(text, start, table.start), _NO_HEADER)
        units += _table_units(text, table)
        start = table.end
    return units + _fitting(text, _sentences(text, start, end), _NO_HEADER)


def _table_units(text: str, table: TextTable) -> list[_Unit]:
    """The rows with their header; it stays with the first of them."""
    top = [line.span() for line in _LINE.finditer(text, table.start, table.body)]
    rows = [line.span() for line in _LINE.finditer(text, table.body, table.end)]
    if not (top and rows):
        return _fitting(text, iter(top + rows), _NO_HEADER)
    header = _header(text[table.start : table.body].rstrip("\n"))
    first = (top[0][0], rows[0][1])
    if count_words(text[slice(*first)]) > WORDS:
        return _fitting(text, iter(top), _NO_HEADER) + _fitting(text, iter(rows), header)
    return _fitting(text, iter([first]), _NO_HEADER) + _fitting(text, iter(rows[1:]), header)


def _header(text: str) -> _Header:
    """The header, cut if need be until it leaves room for the rows."""
    columns = text.count("|")
    while (words := count_words(text)) > MOST_HEADER_WORDS and columns > 1:
        columns = min(columns - 1, columns * MOST_HEADER_WORDS // words)
        text = short_header(text, max(1, columns))
    return _Header(text, words)


def _fitting(text: str, spans: Iterator[tuple[int, int]], header: _Header) -> list[_Unit]:
    """The spans as units, cut where one is too long for a passage."""
    units: list[_Unit] = []
    for first, last in spans:
        words = count_words(text[first:last])
        if words + header.words <= MOST_WORDS:
            units.append(_Unit(first, last, words, header))
        else:
            for line in _LINE.finditer(text, first, last):
                units += _parts(text, *line.span(), header)
    return units


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = end if end - start <= _LONGEST_PARAGRAPH else text.rfind(" ", start, start + _LONGEST_PARAGRAPH) + 1
        stop = stop if stop > start else start + _LONGEST_PARAGRAPH
        yield from ((start + first, start + last) for first, last in sentence_spans(text[start:stop]))
        start = stop


def _parts(text: str, start: int, end: int, header: _Header) -> Iterator[_Unit]:
    """The parts of one line, cut before a word; where there is no white space, before any letter."""
    words = [word.start() for word in _WORD.finditer(text, start, end)]
    first, room = 0, WORDS - header.words
    while len(words) - first > MOST_WORDS - header.words:
        candidates = range(first + room, first + room // 2, -1)
        after = next((i for i in candidates if text[words[i] - 1].isspace()), None) or next(
            (i for i in candidates if not unicodedata.category(text[words[i]]).startswith("M")), first + room
        )
        yield _Unit(start, start + len(text[start : words[after]].rstrip()), after - first, header)
        start, first = words[after], after
    yield _Unit(start, end, len(words) - first, header)
