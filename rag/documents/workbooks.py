"""What the parser does not say about the sheets of a workbook: the row they begin in, and which are hidden."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

from rag.documents.packages import attributes_of, member_text, targets_of

_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_DIMENSION = re.compile(r'<(?:\w+:)?dimension\b[^>]*\bref="[A-Z]+\d+:[A-Z]+(\d{1,7})"')
_XLSX_ROW = re.compile(r"<(?:\w+:)?row\b([^>]*)>|<(?:\w+:)?(?:v|is)\b")
_ODS_ROW = re.compile(r"<table:table(?=[\s>])([^>]*)>|<table:table-row(?=[\s/>])([^>]*)>|<text:p\b|office:value=")
_ODS_START = 20_000_000
"""Bytes; all sheets are one member."""


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """What is known of a sheet."""

    first_row: int = 1
    """The number of the first row that holds something."""
    last_row: int = 0
    """Of the last one, also of those that only look empty; 0 when the file does not say."""
    hidden: bool = False


def sheet_infos(workbook: bytes) -> dict[str, SheetInfo]:
    """Of each sheet of an Excel or OpenDocument workbook, by its name; of others, or damaged ones, nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            if "xl/workbook.xml" in archive.namelist():
                return _excel(archive)
            return _open_document(member_text(archive, "content.xml", _ODS_START))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, KeyError, ValueError):
        return {}


def _excel(archive: zipfile.ZipFile) -> dict[str, SheetInfo]:
    targets = targets_of(archive, "xl/_rels/workbook.xml.rels")
    infos: dict[str, SheetInfo] = {}
    for tag in _SHEET.finditer(member_text(archive, "xl/workbook.xml")):
        sheet = attributes_of(tag[1])
        start = member_text(archive, targets[sheet["r:id"]])
        extent = _DIMENSION.search(start)
        hidden = sheet.get("state", "visible") != "visible"
        infos[sheet["name"]] = SheetInfo(_first_row(start), int(extent[1]) if extent else 0, hidden)
    return infos


def _first_row(sheet: str) -> int:
    number = 0
    for tag in _XLSX_ROW.finditer(sheet):
        if tag[1] is None:
            return max(1, number)
        number = int(attributes_of(tag[1]).get("r", number + 1))
    return 1


def _open_document(content: str) -> dict[str, SheetInfo]:
    infos: dict[str, SheetInfo] = {}
    name, first, following = "", 0, 1
    for tag in _ODS_ROW.finditer(content):
        if tag[1] is not None:
            name, first, following = attributes_of(tag[1]).get("table:name", ""), 0, 1
        elif tag[2] is not None:
            first = following
            following += int(attributes_of(tag[2]).get("table:number-rows-repeated", 1))
        elif first:
            infos.setdefault(name, SheetInfo(first))
    return infos
