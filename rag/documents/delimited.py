"""Tables in text files, CSV and the like, to rows of cells."""

import csv
import io
import re
import sys
from collections import Counter
from itertools import islice

_DELIMITERS = ",;\t|"
_SAMPLE = 64_000
"""Characters, of which so many rows tell what stands between the cells:"""
_SAMPLE_ROWS = 50
_NAMED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""The line with which Excel is told; it does not show that as a row."""
_MOST_LINES = 200
"""Lines in one cell; more mean a quotation mark that was never closed."""


def read_delimited(text: str) -> list[list[str]]:
    """The rows of a table in a text file; blank lines are empty rows, a cell of several lines is one cell.

    What stands between the cells is told by the text: a comma, a semicolon, a tab or a bar.
    """
    if named := _NAMED.match(text):
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
