"""The one table writer: a head and rows as lines of a terminal, as Markdown, as HTML and as CSV. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.reports.markup import Markup, tag

Row = Sequence[str]
Cell = str | int | float | None

_WIDEST = 28
"""Longer names are cut in a terminal, so that a row stays on its line."""
_SHORT = 22
"""Characters of a name that need not be broken into lines on a page."""
_RULED = Box("    \n    \n -  \n    \n    \n    \n    \n    \n")
"""A rule of dashes under the head and nothing else."""
_WIDE_CONSOLE = 10_000
_MARKUP = frozenset("\\|`*_<>[]~&#$")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def printable(text: str) -> str:
    """The text on one line, without control sequences, which a name could send to the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def escaped(text: str) -> str:
    """The text on one line of Markdown, without a character that Markdown or HTML would take for its own."""
    return "".join(f"\\{c}" if c in _MARKUP else c for c in printable(text))


def terminal_table(head: Row, rows: Sequence[Row], names: int = 1) -> list[str]:
    """Lines of columns under their heads: `names` columns to the left, the numbers after them to the right.

    They are plain text, the same in a terminal, a pipe and a file.
    """
    table = Table(box=_RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for n, cell in enumerate(head):
        table.add_column(
            Text(cell), justify="left" if n < names else "right", max_width=_WIDEST, no_wrap=True, overflow="ellipsis"
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    out = io.StringIO()
    Console(file=out, width=_WIDE_CONSOLE, color_system=None, legacy_windows=False).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def markdown_table(head: Row, rows: Iterable[Row], names: int = 1, *, padded: bool = False) -> list[str]:
    """Lines of a Markdown table, aligned as in a terminal; `padded`, they can be read in one, too."""
    cells = [[escaped(cell) for cell in row] for row in (head, *rows)]
    widths = [max(3, *map(len, column)) if padded else 3 for column in zip(*cells, strict=True)]
    rule = ["-" * width if n < names else "-" * (width - 1) + ":" for n, width in enumerate(widths)]
    if padded:
        cells = [[_aligned(c, w, n < names) for n, (c, w) in enumerate(zip(row, widths, strict=True))] for row in cells]
    return [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]


def html_table(head: Row, rows: Iterable[Row], names: int = 1) -> Markup:
    """A `table` whose names are heads of their rows."""
    return tag(
        "table",
        tag("thead", tag("tr", *(_html_head(cell, n < names) for n, cell in enumerate(head)))),
        tag("tbody", *(tag("tr", *map(_html_name, row[:names]), *(tag("td", c) for c in row[names:])) for row in rows)),
    )


def csv_text(head: Row, rows: Iterable[Iterable[Cell]]) -> str:
    """A header and rows as RFC 4180 has them; lines end in CR LF, what is not known is empty.

    Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _aligned(cell: str, width: int, left: bool) -> str:
    return cell.ljust(width) if left else cell.rjust(width)


def _html_head(cell: str, name: bool) -> Markup:
    unit_kept = f"{cell[:-2]}\N{NO-BREAK SPACE}s" if cell.endswith(" s") else cell
    return tag("th", unit_kept, scope="col", class_="name" if name else None)


def _html_name(cell: str) -> Markup:
    return tag("th", cell, scope="row", class_="name" if len(cell) <= _SHORT else "name long")


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 6)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
