"""Facts about Office files that kreuzberg (4.10) leaves out, and workarounds for its faults in them.

Each workaround can go when the fault in its docstring is mended there.
"""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)
"""The errors of an archive that cannot be unpacked."""
_TAG_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)>")
_START = 2_000_000
"""Bytes of a member that are looked at."""
_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_DIMENSION = re.compile(r'<(?:\w+:)?dimension\b[^>]*\bref="[A-Z]+\d+:[A-Z]+(\d{1,7})"')
_XLSX_ROW = re.compile(r"<(?:\w+:)?row\b([^>]*)>|<(?:\w+:)?(?:v|is)\b")
_ODS_ROW = re.compile(r"<table:table(?=[\s>])([^>]*)>|<table:table-row(?=[\s/>])([^>]*)>|<text:p\b|office:value=")
_ODS_START = 20_000_000
"""Bytes; all sheets are one member."""
_SLIDE_ID = re.compile(r"<(?:\w+:)?sldId\b([^>]*)>")
_SLIDE_NUMBER = re.compile(r"slide(\d+)\.xml$")
_ENTITY = re.compile(rb"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);")
_SUBSTITUTES = {"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2", '"': "\ufdd3"}
_ORIGINALS = str.maketrans({substitute: character for character, substitute in _SUBSTITUTES.items()})
_WORD_PARTS = re.compile(r"(?:word|docProps)/.*\.xml")


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """What is known of a sheet."""

    first_row: int = 1
    """The number of the first row that is not empty."""
    last_row: int = 0
    """The number of the last row, empty ones included; 0 when the file does not tell."""
    hidden: bool = False


def sheet_infos(workbook: bytes) -> dict[str, SheetInfo]:
    """The sheets of an Excel or OpenDocument workbook by their names; nothing of others, or of damaged ones.

    kreuzberg begins a sheet with its first row that is not empty and does not give that row's number; it names hidden
    sheets like the others, and gives no cells of a sheet with a million rows.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            if "xl/workbook.xml" in archive.namelist():
                return _excel(archive)
            return _open_document(_member_text(archive, "content.xml", _ODS_START))
    except (*_DAMAGED, KeyError, ValueError):
        return {}


def _excel(archive: zipfile.ZipFile) -> dict[str, SheetInfo]:
    targets = _targets_of(archive, "xl/_rels/workbook.xml.rels")
    infos: dict[str, SheetInfo] = {}
    for tag in _SHEET.finditer(_member_text(archive, "xl/workbook.xml")):
        sheet = _attributes_of(tag[1])
        start = _member_text(archive, targets[sheet["r:id"]])
        extent = _DIMENSION.search(start)
        hidden = sheet.get("state", "visible") != "visible"
        infos[sheet["name"]] = SheetInfo(_first_row(start), int(extent[1]) if extent else 0, hidden)
    return infos


def _first_row(sheet: str) -> int:
    number = 0
    for tag in _XLSX_ROW.finditer(sheet):
        if tag[1] is None:
            return max(1, number)
        number = int(_attributes_of(tag[1]).get("r", number + 1))
    return 1


def _open_document(content: str) -> dict[str, SheetInfo]:
    infos: dict[str, SheetInfo] = {}
    name, first, following = "", 0, 1
    for tag in _ODS_ROW.finditer(content):
        if tag[1] is not None:
            name, first, following = _attributes_of(tag[1]).get("table:name", ""), 0, 1
        elif tag[2] is not None:
            first = following
            following += int(_attributes_of(tag[2]).get("table:number-rows-repeated", 1))
        elif first:
            infos.setdefault(name, SheetInfo(first))
    return infos


def slide_order(pptx: bytes) -> list[int]:
    """For each slide as it is shown, its index among the slides ordered by file name; empty when that is not known.

    kreuzberg gives the slides in the order of their file names (slide1.xml, slide2.xml), which is the one in which they
    were made; the order in which they are shown is in ppt/presentation.xml.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(pptx)) as archive:
            targets = _targets_of(archive, "ppt/_rels/presentation.xml.rels")
            tags = _SLIDE_ID.finditer(_member_text(archive, "ppt/presentation.xml"))
            shown = [int(_SLIDE_NUMBER.findall(targets[_attributes_of(tag[1])["r:id"]])[0]) for tag in tags]
    except (*_DAMAGED, KeyError, IndexError):
        return []
    by_name = {number: index for index, number in enumerate(sorted(shown))}
    return [by_name[number] for number in shown]


def without_entities(docx: bytes) -> bytes:
    """The Word document with a substitute for each entity of its text, and without its pictures.

    The same bytes when there are no entities, or when it is too damaged to be packed again. kreuzberg drops entities in
    the text of a DOCX: "R&amp;D costs &lt; 5" becomes "RD costs 5".
    """
    return _changed(docx, lambda name, part: _ENTITY.sub(_substitute, part) if _WORD_PARTS.fullmatch(name) else part)


def with_entities(text: str) -> str:
    """The parsed text with the characters of the entities in the place of their substitutes."""
    return text.translate(_ORIGINALS)


def without_covered_cells(odt: bytes) -> bytes:
    """The OpenDocument text with empty cells where a merged one spans; the same bytes when there are none.

    kreuzberg leaves out the covered cells of a merged one, so that the rest of their row moves to the left.
    """
    return _changed(odt, lambda _, part: part.replace(b"table:covered-table-cell", b"table:table-cell"))


def _changed(document: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist() if _is_read(name)}
    except _DAMAGED:
        return document
    changed = {name: change(name, part) for name, part in parts.items()}
    return document if changed == parts else _zipped(changed)


def _is_read(name: str) -> bool:
    return name.endswith((".xml", ".rels")) or name == "mimetype"


def _substitute(entity: re.Match[bytes]) -> bytes:
    character = html.unescape(entity[0].decode("ascii"))
    return _SUBSTITUTES.get(character, character).encode(errors="replace")


def _zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _member_text(archive: zipfile.ZipFile, member: str, most: int = _START) -> str:
    """The first `most` bytes of a member as text; KeyError when there is none of that name."""
    with archive.open(member) as stream:
        return stream.read(most).decode(errors="replace")


def _attributes_of(tag: str) -> dict[str, str]:
    """The attributes in the text of an XML tag."""
    return {name: html.unescape(value) for name, value in _TAG_ATTRIBUTE.findall(tag)}


def _targets_of(archive: zipfile.ZipFile, relations: str) -> dict[str, str]:
    """The targets of an Office part by their ids, from its `.rels` member, as names of members."""
    folder = relations.split("_rels/")[0]
    tags = (_attributes_of(tag[1]) for tag in _RELATION.finditer(_member_text(archive, relations)))
    return {tag["Id"]: tag["Target"][1:] if tag["Target"].startswith("/") else folder + tag["Target"] for tag in tags}
