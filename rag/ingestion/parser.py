"""What the formats ask of the parser, in this app's own words, so that only one module knows the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.ingestion.file_types import Kind


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or a heading, as the layout analysis saw it."""

    page: int
    """From 1."""
    text: str
    level: int
    """Of a heading, from 1; 0 for a paragraph."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as the parser reads it."""

    text: str
    title: str = ""
    pages: Sequence[str] = ()
    """The texts of the pages of a PDF."""
    sheets: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()
    """The sheets of a workbook that hold something: name and rows of cells."""
    blocks: Sequence[Block] = ()
    """Paragraphs and headings of a PDF, if they were asked for."""


class Parse(Protocol):
    """Reads bytes of a kind; raises DocumentError, which tells why it cannot."""

    def __call__(
        self, data: bytes, kind: Kind, *, form: Literal["markdown", "plain"] = ..., layout: bool = ..., mark: str = ...
    ) -> Parsed:
        """`layout` looks for blocks, which takes a multiple of the time; `mark` is written before each slide."""
        ...
