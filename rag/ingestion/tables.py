"""Tables in Markdown: found in a text, written from cells, and their headers cut to a length."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.ingestion.markdown_syntax import INDENT, TABLE_ROW, TABLE_RULE_CELL

_RULE = rf"^{INDENT}(?=[^\n]*\|)\|?{TABLE_RULE_CELL}(?:\|{TABLE_RULE_CELL})*\|?[ \t]*(?:\n|\Z)"
"""The line of dashes below a header; with at least one bar, since one of dashes alone underlines a heading."""
_TABLE = re.compile(rf"{TABLE_ROW}{_RULE}(?:{TABLE_ROW})*|(?:^{INDENT}\|[^\n]*(?:\n|\Z))+", re.MULTILINE)
_HEADER = re.compile(rf"(?:{TABLE_ROW}){{1,3}}?{_RULE}", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")
_SHORT_CELL = 20
"""Characters of a column's name in a header that is cut."""
_MOST_COLUMNS, _MOST_ROWS = 50, 200
"""The most that one cell may span; pages from strangers ask for 65,534."""
_REPEATED = 60
"""Characters; shorter text is repeated in all that its cell spans, so that each row can be read alone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that may span several columns and rows."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table, `text[start:end]`, whose header is `text[start:body]`; without one, `body` is `start`."""

    start: int
    body: int
    end: int


def find_tables(text: str, start: int, end: int) -> Iterator[TextTable]:
    """The tables of a Markdown text between two offsets, in order, with or without bars at the ends of their lines."""
    for table in _TABLE.finditer(text, start, end):
        header = _HEADER.match(text, table.start(), table.end())
        yield TextTable(table.start(), header.end() if header else table.start(), table.end())


def write_row(cells: Sequence[str]) -> str:
    """The cells as one line of a table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def write_header(cells: Sequence[str], columns: int) -> list[str]:
    """The two lines above the rows of a table; with fewer columns than the rows, it would be no header."""
    return [write_row([*cells, *[""] * (columns - len(cells))]), "|" + " --- |" * columns]


def short_header(header: str, columns: int) -> str:
    """The header with its first `columns` columns, each name cut short, as Markdown."""
    names = [name.strip() for name in _BAR.split(header.split("\n", 1)[0].strip().strip("|"))]
    short = [name if len(name) <= _SHORT_CELL else f"{name[: _SHORT_CELL - 1].rstrip()}…" for name in names[:columns]]
    return "\n".join(write_header(short, len(short)))


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """The texts of the rows, each in its column, with the cells that span several spread over them."""
    grid: list[dict[int, str]] = [{} for _ in rows]
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[number]:
                column += 1
            repeated = cell.text if len(cell.text) <= _REPEATED else ""
            for line in grid[number : number + max(1, min(cell.rows, _MOST_ROWS))]:
                for spanned in range(column, column + max(1, min(cell.columns, _MOST_COLUMNS))):
                    line.setdefault(spanned, repeated)
            grid[number][column] = cell.text
    return [[line.get(column, "") for column in range(max(line, default=-1) + 1)] for line in grid]
