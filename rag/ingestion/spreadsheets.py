"""Spreadsheets and delimited text to Markdown tables: one or several a sheet, found by the blank rows between them."""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rag.ingestion.chunking import WORDS, count_words
from rag.ingestion.cleaning import clean_markdown, clean_text
from rag.ingestion.content import Content
from rag.ingestion.headings import protect
from rag.ingestion.tables import write_header, write_row

_NUMBER = re.compile(r"[-+(]?[$€£]?\s?\d[\d.,'\s:/-]*[%€)]?")
"""Also dates and times."""
_TITLE = re.compile(r"(?=.*[^\W\d_]).{1,100}(?<![.,;])")
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00")
_ROUNDING = re.compile(r"-?\d+\.\d{12,}")
"""What a spreadsheet stores for 2.4 after some arithmetic: 2.4000000000000004."""
_MOST_TITLES = 3
_WIDE = WORDS // 2
"""Words of a header that leaves its rows no room."""
_LONG = 60
"""Words of a row on average: such rows are texts, as a question with its answer, not figures."""
_DELIMITERS = ",;\t|"
_SAMPLE = 64_000
"""Characters."""
_SAMPLE_ROWS = 50
"""Of the sample, from which the delimiter is recognised."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""The first line by which a file tells Excel its delimiter; it is no row."""
_MOST_LINES = 200
"""Lines in one cell; more mean a quotation mark that was never closed."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a sheet."""

    name: str
    """"" for a file that is one table."""
    rows: Sequence[Sequence[str]]
    first_row: int = 1
    """The number that the file itself gives to the first of these rows."""


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: Sequence[str]

    @property
    def columns(self) -> list[int]:
        """Those that hold something."""
        return [column for column, cell in enumerate(self.cells) if cell]

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.cells))


_BLANK = _Row(0, ())


@dataclass(slots=True)
class _Block:
    """Rows without a blank one between them: the titles of a table, and the table."""

    titles: list[_Row]
    rows: list[_Row]
    columns: slice = field(init=False)

    def __post_init__(self) -> None:
        used = [column for row in self.rows for column in row.columns]
        self.columns = slice(min(used, default=0), max(used, default=-1) + 1)

    @property
    def title(self) -> str:
        """The first of the titles if it can be a heading, else ""."""
        return self.titles[0].text if self.rows and self.titles and _TITLE.fullmatch(self.titles[0].text) else ""


_Line = tuple[str, int]
"""A line of the text with the number of its row, 0 for one that is of none."""


def sheets_to_content(sheets: Sequence[Sheet], title: str = "") -> Content:
    """The sheets one below the other, each under its name, with the numbers of their rows; empty ones are left out."""
    parts, starts, offset = list[str](), list[tuple[int, int]](), 0
    for line, number in _lines(sheets):
        if number:
            starts.append((offset, number))
        parts.append(line)
        offset += len(line) + 1
    return Content("\n".join(parts).rstrip("\n"), title, row_starts=tuple(starts))


def _lines(sheets: Sequence[Sheet]) -> Iterator[_Line]:
    for sheet in sheets:
        previous_title = None
        for block in _blocks(_rows(sheet)):
            if sheet.name and (
                previous_title is None or (previous_title and not block.title)
            ):  # also ends a titled part
                yield f"## {_cell(sheet.name)}", 0
                yield "", 0
            yield from _block_lines(block)
            yield "", 0
            previous_title = block.title


def _rows(sheet: Sheet) -> Iterator[_Row]:
    for number, cells in enumerate(sheet.rows, sheet.first_row):
        yield _Row(number, [_cell(cell) for cell in cells]) if any(cells) else _BLANK  # there can be a million


def _cell(text: str) -> str:
    """The text of a cell on one line, without the markup and the rounding errors of its program."""
    if "<" in text:
        text = clean_markdown(text)
    elif not text.isprintable():
        text = clean_text(text)
    elif _ROUNDING.fullmatch(text):
        text = f"{float(text):.10g}"
    elif midnight := _MIDNIGHT.fullmatch(text):
        text = midnight[1]
    return " ".join(text.split())


def _blocks(rows: Iterator[_Row]) -> list[_Block]:
    """The tables of a sheet; rows after a blank one that have no header of their own continue the previous table."""
    blocks: list[_Block] = []
    for unbroken in _unbroken(rows):
        block = _block(unbroken)
        previous = blocks[-1] if blocks and not block.titles else None
        if previous and _continues(previous, block):
            previous.rows += block.rows
        elif previous and not previous.rows:  # a title, a blank row, its table
            blocks[-1] = _Block(previous.titles, block.rows)
        else:
            blocks.append(block)
    return blocks


def _unbroken(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    run: list[_Row] = []
    for row in rows:
        if any(row.cells):
            run.append(row)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _block(rows: list[_Row]) -> _Block:
    """Rows of one cell at the top are titles; many of them and nothing else are a table of one column."""
    narrow = next((index for index, row in enumerate(rows) if len(row.columns) > 1), len(rows))
    if narrow == len(rows) > _MOST_TITLES:
        narrow = 0
    return _Block(rows[:narrow], rows[narrow:])


def _continues(previous: _Block, block: _Block) -> bool:
    outside = block.columns.start < previous.columns.start or block.columns.stop > previous.columns.stop
    if not previous.rows or outside:
        return False
    top, below = block.rows[0].cells[block.columns], block.rows[1:]
    words_alone = all(cell and not _NUMBER.fullmatch(cell) for cell in top)
    numbers_below = any(_NUMBER.fullmatch(cell) for row in below for cell in row.cells)
    return not (words_alone and numbers_below)


def _block_lines(block: _Block) -> Iterator[_Line]:
    for index, row in enumerate(block.titles):
        yield (f"### {block.title}" if index == 0 and block.title else protect(row.text)), row.number
        yield "", 0
    if block.rows:
        yield from _table_lines(block)


def _table_lines(block: _Block) -> Iterator[_Line]:
    """The rows as a table, or each as a paragraph that names its columns where a table could not be read."""
    names, *rows = [(row.cells[block.columns], row.number) for row in block.rows]
    header = write_header(names[0], block.columns.stop - block.columns.start)
    lines = [(write_row(cells), number) for cells, number in rows]
    words = sum(count_words(line) for line, _ in lines)
    if rows and (count_words("\n".join(header)) > _WIDE or words > _LONG * len(rows)):
        for cells, number in rows:
            for paragraph in _record(names[0], cells):
                yield protect(paragraph), number
                yield "", 0
        return
    yield header[0], names[1]
    yield header[1], names[1]
    yield from lines


def _record(names: Sequence[str], cells: Sequence[str]) -> list[str]:
    """One row as "name: value; name: value", in paragraphs of a passage's size that all begin with its first value."""
    pairs = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell]
    pairs += [cell for cell in cells[len(names) :] if cell]
    paragraphs, size = [pairs[:1]], count_words(pairs[0])
    first = size
    for pair in pairs[1:]:
        words = count_words(pair)
        if size + words > WORDS and len(paragraphs[-1]) > 1:
            paragraphs.append(pairs[:1] if first <= WORDS // 4 else [])
            size = first
        paragraphs[-1].append(pair)
        size += words
    return ["; ".join(paragraph) for paragraph in paragraphs]


def read_delimited(text: str) -> list[list[str]]:
    """The rows of a table in a text file; blank lines are empty rows, a cell of several lines is one cell.

    The delimiter is recognised: a comma, a semicolon, a tab or a bar.
    """
    if named := _SEPARATOR_LINE.match(text):
        return _read(text[named.end() :], named[1])
    return _read(text, _delimiter(text[:_SAMPLE]))


def _read(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the text as a whole has a limit already
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if any(cell.count("\n") > _MOST_LINES for row in rows for cell in row):
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return rows


def _delimiter(sample: str) -> str:
    """The character that cuts most rows into the same number of cells, the header among them."""
    return max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths = [len(row) for row in islice(rows, _SAMPLE_ROWS) if any(row)]
    width, count = max(
        Counter(width for width in widths if width > 1).items(), key=lambda item: item[1], default=(0, 0)
    )
    return count + 0.5 * len(widths) * (widths[:1] == [width]), width
