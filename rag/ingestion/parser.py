"""The one adapter of kreuzberg, the native parser: what the formats ask of it, in this app's own words.

Importing this module loads 80 MB of native code, so that only the worker processes do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import kreuzberg

from rag.errors import BrokenFile, DocumentError, FileTooLarge, ProtectedFile
from rag.ingestion.file_names import shown_name
from rag.ingestion.file_types import Kind

_OFFICE = "application/vnd.openxmlformats-officedocument"
_MIME_TYPES: dict[Kind, str] = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip",
    "doc": "application/msword",
    "ppt": "application/vnd.ms-powerpoint",
    "xls": "application/vnd.ms-excel",
    "msg": "application/vnd.ms-outlook",
    "rtf": "application/rtf",
    "csv": "text/csv",
    "notebook": "application/x-ipynb+json",
}
"""Of the kinds that are left to the parser."""
_LANGUAGE_SAMPLE = 5_000
"""Characters."""
_SCAN_DPI = 200
"""300 takes half as long again and recognises no more words."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or a heading, as the layout analysis found it."""

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
    """The sheets of a workbook that are not empty: name and rows of cells."""
    blocks: Sequence[Block] = ()
    """Paragraphs and headings of a PDF, if `layout` was asked for."""


class NotDrawable(Exception):
    """The page of a PDF cannot be drawn."""


def parse(
    data: bytes,
    kind: Kind,
    name: str,
    *,
    form: Literal["markdown", "plain"] = "markdown",
    layout: bool = False,
    slide_mark: str = "",
) -> Parsed:
    """The content of a file of a kind that is left to the parser; `name` is for messages.

    `layout` looks for blocks, which takes a multiple of the time; `slide_mark` is written before each slide.

    Raises:
        BrokenFile, ProtectedFile, FileTooLarge: the parser refuses the file.
    """
    config = kreuzberg.ExtractionConfig(
        output_format=form,
        include_document_structure=layout,
        content_filter=kreuzberg.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False, include_watermarks=True
        ),
        pages=kreuzberg.PageConfig(extract_pages=True, insert_page_markers=bool(slide_mark), marker_format=slide_mark),
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=2),
        use_cache=False,
        enable_quality_processing=False,
    )
    config.max_archive_depth = 0  # what is attached to a document is another document
    try:
        result = kreuzberg.extract_bytes_sync(data, _MIME_TYPES[kind], config)
    except kreuzberg.KreuzbergError as error:
        raise _refusal(str(error), name) from error
    return Parsed(
        text=result.content,
        title=result.metadata.get("title") or "",
        pages=[page["content"] for page in result.pages or []],
        sheets=_sheets(result),
        blocks=_blocks(result),
    )


def draw_page(pdf: Path, page: int) -> bytes:
    """A page of a PDF as a PNG at 200 dpi, by its index from 0.

    Raises:
        NotDrawable: it is damaged, or too large.
    """
    try:
        return kreuzberg.render_pdf_page(pdf, page, dpi=_SCAN_DPI)
    except (kreuzberg.KreuzbergError, RuntimeError, OSError, ValueError) as error:
        raise NotDrawable from error


def detect_language(text: str) -> str:
    """The language of a text as ISO 639-3, or "" when it cannot be told."""
    config = kreuzberg.ExtractionConfig(
        use_cache=False, language_detection=kreuzberg.LanguageDetectionConfig(enabled=True)
    )
    start = max(0, (len(text) - _LANGUAGE_SAMPLE) // 2)  # menus and legal notices stand at the ends
    sample = text[start : start + _LANGUAGE_SAMPLE].encode()
    found = kreuzberg.extract_bytes_sync(sample, "text/plain", config).detected_languages
    return found[0] if found else ""


def _sheets(result: kreuzberg.ExtractionResult) -> Sequence[tuple[str, Sequence[Sequence[str]]]]:
    names = result.metadata.get("sheet_names") or []
    tables = [table for table in result.tables if 0 < table.page_number <= len(names)]
    return [(names[table.page_number - 1], table.cells) for table in tables]


def _blocks(result: kreuzberg.ExtractionResult) -> Sequence[Block]:
    nodes = result.document["nodes"] if result.document else []
    contents = [(node.get("page"), node.get("content", {})) for node in nodes]
    return [Block(page, node.get("text", ""), node.get("level", 0)) for page, node in contents if page]


def _refusal(message: str, name: str) -> DocumentError:
    """The error for a message of the parser."""
    shown = shown_name(name)
    if "password" in message or "encrypted" in message:
        return ProtectedFile(f"{shown} is protected by a password. Save a copy without it and add that.")
    if "limit exceeded" in message:
        return FileTooLarge(f"{shown} unpacks to more than may be read. Split it into smaller documents.")
    return BrokenFile(f"{shown} could not be read; it may be damaged. Save a new copy and add that.")


_PAIRS = (
    "afr:af amh:am ara:ar aze:az bel:be ben:bn bul:bg cat:ca ces:cs cmn:zh cym:cy dan:da deu:de ell:el eng:en epo:eo "
    "est:et eus:eu fas:fa fin:fi fra:fr gle:ga glg:gl guj:gu heb:he hin:hi hrv:hr hun:hu hye:hy ind:id isl:is ita:it "
    "jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km kor:ko lat:la lav:lv lit:lt mal:ml mar:mr mkd:mk mya:my nep:ne nld:nl "
    "nno:no nob:no ori:or pan:pa pes:fa pol:pl por:pt ron:ro rus:ru sin:si slk:sk slv:sl sna:sn spa:es sqi:sq srp:sr "
    "swe:sv tam:ta tat:tt tel:te tgl:tl tha:th tuk:tk tur:tr ukr:uk urd:ur uzb:uz vie:vi yid:yi zul:zu aka:ak"
)
_SHORT = {pair[:3]: pair[4:] for pair in _PAIRS.split()}


def two_letters(code: str) -> str:
    """The two-letter code, or "" for a language without one."""
    return _SHORT.get(code, "")
