"""The content of a file before it is cut into passages: its text, the offsets that citations need, and its limits."""

from dataclasses import dataclass
from typing import Literal

from rag.errors import FileTooLarge
from rag.ingestion.file_names import shown_name
from rag.machine import format_bytes

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


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The limits of one file; each `check_` raises FileTooLarge with the name and the numbers."""

    timeout_s: float
    max_bytes: int
    max_pages: int
    max_chars: int

    def check_bytes(self, name: str, size: int) -> None:
        """For the size of the file as it lies on the disk."""
        if size > self.max_bytes:
            raise FileTooLarge(
                f"{shown_name(name)} has {format_bytes(size)}; at most {format_bytes(self.max_bytes)} can be read. "
                "Split it into smaller files.",
                size=size,
                limit=self.max_bytes,
            )

    def check_pages(self, name: str, count: int) -> None:
        """For the number of its pages or slides."""
        _check(name, count, self.max_pages, "pages")

    def check_text(self, name: str, text: str) -> None:
        """For all text that is in it."""
        _check(name, len(text), self.max_chars, "characters of text")


def _check(name: str, count: int, limit: int, unit: str) -> None:
    if count > limit:
        raise FileTooLarge(
            f"{shown_name(name)} has {count:,} {unit}; at most {limit:,} can be read. Split it into smaller files.",
            size=count,
            limit=limit,
        )
