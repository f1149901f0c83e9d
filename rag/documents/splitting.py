"""Text to passages: about 160 words each, cut at sentence ends, never across a heading or a page."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.documents.headings import Heading, find_headings
from rag.records import Document, Passage
from rag.sentences import sentence_spans

WORDS = 160
"""Sentences are added up to this size."""
MOST_WORDS = 200
"""A tiny rest may stretch its predecessor up to this size."""
_TINY = 40

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese: about two characters make a word."""
_WORD = re.compile(rf"[{_SPACELESS}]{{1,2}}|[^\s|{_SPACELESS}]{{1,20}}")
"""What counts as one word; a long address or number counts as several, since it costs as much."""
_LONGEST_PARAGRAPH = 20_000
"""Characters; sentences are looked for in so many at a time, so that no text can make it slow."""
_BLANK = re.compile(r"\n[^\S\n]*\n")
_TABLE = re.compile(r"(?:^ {0,3}\|[^\n]*(?:\n|\Z))+", re.MULTILINE)
_LINE = re.compile(r"\S(?:.*\S)?")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, a row of a table, or a piece of an over-long one: what is not cut further."""

    start: int
    end: int
    words: int


def split(text: str, *, document: Document, page_starts: Sequence[int] = ()) -> list[Passage]:
    """The passages of a Markdown text, in order.

    `page_starts` are the offsets at which the pages begin, first page first; empty for formats without pages.
    Each character that is neither white space nor part of a heading is in exactly one passage, and
    `text[passage.start:passage.end] == passage.text`.
    """
    passages: list[Passage] = []
    for start, end, path in _sections(text, find_headings(text)):
        for page_start, page_end, page in _pages(start, end, page_starts):
            for piece_start, piece_end in _pieces(text, page_start, page_end):
                passages.append(
                    Passage(
                        document=document,
                        ordinal=len(passages),
                        text=text[piece_start:piece_end],
                        headings=path,
                        page=page,
                        start=piece_start,
                        end=piece_end,
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
        yield start, heading.start, tuple(above.title for above in path if above.title)
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        start = heading.end
    yield start, len(text), tuple(above.title for above in path if above.title)


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


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the passages: whole paragraphs while they fit, else sentence by sentence."""
    pieces: list[list[_Unit]] = [[]]
    for paragraph in _paragraphs(text, start, end):
        filled, more = _size(pieces[-1]), _size(paragraph)
        if filled >= WORDS // 2 and filled + more > WORDS:
            pieces.append([])
        for unit in paragraph:
            if pieces[-1] and _size(pieces[-1]) + unit.words > WORDS:
                pieces.append([])
            pieces[-1].append(unit)
    if len(pieces) > 1 and _size(pieces[-1]) < _TINY and _size(pieces[-2]) + _size(pieces[-1]) <= MOST_WORDS:
        rest = pieces.pop()
        pieces[-1] += rest
    return [(piece[0].start, piece[-1].end) for piece in pieces if piece]


def _size(units: Sequence[_Unit]) -> int:
    return sum(unit.words for unit in units)


def _paragraphs(text: str, start: int, end: int) -> Iterator[list[_Unit]]:
    for blank in _BLANK.finditer(text, start, end):
        yield _units(text, start, blank.start())
        start = blank.end()
    yield _units(text, start, end)


def _units(text: str, start: int, end: int) -> list[_Unit]:
    """A paragraph's rows of tables and sentences; the over-long ones cut at their line ends, or at word ends."""
    units: list[_Unit] = []
    for first, last in _spans(text, start, end):
        words = count_words(text[first:last])
        if words <= MOST_WORDS:
            units.append(_Unit(first, last, words))
        else:
            units += (chunk for line in _LINE.finditer(text, first, last) for chunk in _chunks(text, *line.span()))
    return units


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for table in _TABLE.finditer(text, start, end):
        yield from _sentences(text, start, table.start())
        yield from (row.span() for row in _LINE.finditer(text, *table.span()))
        start = table.end()
    yield from _sentences(text, start, end)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = end if end - start <= _LONGEST_PARAGRAPH else text.rfind(" ", start, start + _LONGEST_PARAGRAPH) + 1
        stop = stop if stop > start else start + _LONGEST_PARAGRAPH
        yield from ((start + first, start + last) for first, last in sentence_spans(text[start:stop]))
        start = stop


def _chunks(text: str, start: int, end: int) -> Iterator[_Unit]:
    """Pieces of one line, cut before a word; where there is no white space, before any letter."""
    words = [word.start() for word in _WORD.finditer(text, start, end)]
    first = 0
    while len(words) - first > MOST_WORDS:
        candidates = range(first + WORDS, first + WORDS // 2, -1)
        after = next((i for i in candidates if text[words[i] - 1].isspace()), None) or next(
            (i for i in candidates if not unicodedata.category(text[words[i]]).startswith("M")), first + WORDS
        )
        yield _Unit(start, start + len(text[start : words[after]].rstrip()), after - first)
        start, first = words[after], after
    yield _Unit(start, end, len(words) - first)
