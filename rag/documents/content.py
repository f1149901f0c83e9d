"""What comes out of a file before it is cut: its text, with the places in it that a citation points at."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["page", "slide"]


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a file."""

    text: str
    """Markdown."""
    title: str = ""
    """What the file calls itself outside of its text; "" when it does not."""
    page_starts: tuple[int, ...] = ()
    """Offsets in the text at which the pages begin, first page first; empty for formats without pages."""
    unit: Unit = "page"
    """What these pages are."""
    row_starts: tuple[tuple[int, int], ...] = ()
    """Of each row of a table file or a sheet, in order: its offset in the text and its number in the file, from 1."""
    notes: tuple[str, ...] = ()
    """Sentences for a person about what was not read."""
