"""The bytes of a document to its content, each kind by its own rules; PDFs have a module of their own."""

import secrets
from dataclasses import replace
from typing import Literal

from rag.errors import BrokenFile, DocumentError, EmptyFile, ReadingTimedOut, UnsupportedFile
from rag.ingestion.cleaning import clean_markdown, clean_text
from rag.ingestion.content import Content
from rag.ingestion.encodings import decode
from rag.ingestion.file_names import shown_name
from rag.ingestion.file_types import ArchiveKind, Kind, OleKind, TextKind
from rag.ingestion.headings import demote_guesses, protect
from rag.ingestion.ocr import NEEDED, NotReadable, Tesseract
from rag.ingestion.office import (
    SheetInfo,
    sheet_infos,
    slide_order,
    with_entities,
    without_covered_cells,
    without_entities,
)
from rag.ingestion.parser import parse
from rag.ingestion.pdf import join_pages
from rag.ingestion.plain_text import text_to_markdown
from rag.ingestion.spreadsheets import Sheet, read_delimited, sheets_to_content

_MOST_ROWS = 100_000
"""Of a sheet; the parser gives nothing of one with several times as many, which may be one stray cell at its end."""


def document_to_content(data: bytes, kind: ArchiveKind | OleKind | TextKind | Literal["rtf"], name: str) -> Content:
    """The content of a file of any kind but PDFs and pictures; `name` is for messages.

    Raises:
        DocumentError: the parser refuses it.
    """
    if kind == "pptx":
        return _slides(data, name)
    if kind in ("xlsx", "ods", "xls"):
        return _workbook(data, kind, name)
    if kind in ("docx", "odt", "rtf", "doc", "ppt", "epub", "msg"):
        return _document(data, kind, name)
    try:
        if kind == "csv":
            return sheets_to_content([Sheet("", read_delimited(decode(data)))])
        if kind == "notebook":
            return _document(decode(data).encode(errors="replace"), kind, name)
        return Content(*text_to_markdown(data, kind))
    except (DocumentError, ValueError, RecursionError):  # not well-formed: still text that can be searched
        return Content(*text_to_markdown(data, "code"))


def picture_to_content(data: bytes, name: str, timeout_s: float, tesseract: Tesseract | None) -> Content:
    """The text in a picture, or in the pages of one that has several.

    Raises:
        UnsupportedFile: there is no Tesseract.
        EmptyFile, BrokenFile, ReadingTimedOut: it found no text in it, could not open it, or took too long.
    """
    shown = shown_name(name)
    if not tesseract:
        raise UnsupportedFile(
            f"{shown} cannot be read: it is a picture. Reading pictures needs {NEEDED}; "
            "otherwise add a PDF with searchable text."
        )
    try:
        pages = tesseract.read(data, timeout_s)
    except TimeoutError:
        raise ReadingTimedOut(f"{shown} could not be read within {timeout_s:g} seconds. Make it smaller.") from None
    except NotReadable:
        raise BrokenFile(f"{shown} cannot be opened as a picture; it may be damaged. Save it as PNG or JPEG.") from None
    if not any(map(str.strip, pages)):
        raise EmptyFile(f"{shown} shows no text that can be recognised. Check that it is the right file.")
    text, page_starts = join_pages([clean_text(protect(page)) for page in pages])
    return Content(text, page_starts=page_starts if len(pages) > 1 else ())


def _document(data: bytes, kind: Kind, name: str) -> Content:
    """Kinds whose Markdown the parser writes well; the headings of most are its guesses."""
    if kind == "doc":  # kreuzberg's Markdown of it loses the ends of the paragraphs
        parsed = parse(data, kind, name, form="plain")
        return Content(clean_text(protect(parsed.text).replace("\n", "\n\n")), parsed.title)
    if kind == "docx":
        parsed = parse(without_entities(data), kind, name)
        text = with_entities(demote_guesses(clean_markdown(parsed.text, parsed=True)))
        return Content(text, with_entities(parsed.title))
    parsed = parse(without_covered_cells(data) if kind == "odt" else data, kind, name)
    text = clean_markdown(parsed.text, parsed=True)
    return Content(demote_guesses(text) if kind in ("odt", "rtf", "ppt") else text, parsed.title)


def _slides(data: bytes, name: str) -> Content:
    mark = secrets.token_hex(12)
    parsed = parse(data, "pptx", name, slide_mark=f"\n\n{mark}\n\n")
    slides = [clean_markdown(slide, parsed=True) for slide in parsed.text.split(mark)]
    slides = slides[1:] if len(slides) > 1 else slides
    order = slide_order(data)
    text, page_starts = join_pages([slides[index] for index in order] if len(order) == len(slides) else slides)
    return Content(text, parsed.title, page_starts, unit="slide")


def _workbook(data: bytes, kind: Kind, name: str) -> Content:
    infos = sheet_infos(data)
    parsed = parse(data, kind, name)
    sheets: list[Sheet] = []
    for sheet, rows in parsed.sheets:
        info = infos.get(sheet, SheetInfo())
        sheets.append(Sheet(f"{sheet} (hidden)" if info.hidden else sheet, rows, info.first_row))
    read = {sheet for sheet, _ in parsed.sheets}
    missing = [
        (sheet, info.last_row) for sheet, info in infos.items() if sheet not in read and info.last_row > _MOST_ROWS
    ]
    notes = tuple(
        f"The sheet {sheet!r} goes down to row {last:,}, which is more than can be read. Delete the rows at its end."
        for sheet, last in missing
    )
    return replace(sheets_to_content(sheets, parsed.title), notes=notes)
