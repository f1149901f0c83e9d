"""What a file is, told by its content; its name only decides between kinds of text."""

import re
from typing import Literal, Never

from rag.documents.archives import ArchiveKind, archive_kind
from rag.documents.decoding import unmarked_utf16
from rag.documents.names import shown_name, suffix_of
from rag.errors import BrokenFile, EmptyFile, ProtectedFile, UnsupportedFile

OleKind = Literal["doc", "xls", "ppt", "msg"]
TextKind = Literal["html", "xml", "mail", "notebook", "json", "csv", "markdown", "text", "code"]
Kind = Literal["pdf", "rtf", "picture"] | ArchiveKind | OleKind | TextKind

READABLE = (
    "PDF, Word, PowerPoint, Excel, OpenDocument text and tables, EPUB, RTF, HTML, e-mail, Jupyter notebooks, CSV, "
    "JSON, XML, Markdown and plain text"
)
"""The kinds of files in plain words, for a message or a page of help."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
MIME_TYPES: dict[Kind, str] = {
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
"""Of the kinds that are left to a parser."""
_TEXT_KINDS: dict[str, TextKind] = {
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("xml", "rss", "atom"), "xml"),
    **dict.fromkeys(("eml", "mht", "mhtml"), "mail"),
    **dict.fromkeys(("md", "markdown", "mdx"), "markdown"),
    **dict.fromkeys(("txt", "text", "rst", ""), "text"),
    "ipynb": "notebook",
    "json": "json",
    **dict.fromkeys(("csv", "tsv", "psv", "tab"), "csv"),
}
_OLE_STREAMS: tuple[tuple[str, OleKind], ...] = (
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("__substg1.0_", "msg"),
)
_READABLE_PICTURE = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|II\*\0|MM\0\*|GIF8[79]a|BM.{4}\0{4}|RIFF.{4}WEBP", re.DOTALL
)
"""The starts of PNG, JPEG, TIFF, GIF, BMP and WebP, in which text can be recognised."""
_PICTURE, _SOUND, _VIDEO, _ARCHIVE = "a picture", "a sound recording", "a video", "an archive"
_UNREADABLE: tuple[tuple[int, bytes, str], ...] = (
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a Linux program"),
    (0, b"\xcf\xfa\xed\xfe", "a macOS program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (4, b"ftyphei", _PICTURE),
    (4, b"ftypavif", _PICTURE),
    (4, b"ftypM4A", _SOUND),
    (4, b"ftyp", _VIDEO),
    (0, b"\x1a\x45\xdf\xa3", _VIDEO),
    (8, b"AVI ", _VIDEO),
    (8, b"WAVE", _SOUND),
    (0, b"ID3", _SOUND),
    (0, b"\xff\xfb", _SOUND),
    (0, b"OggS", _SOUND),
    (0, b"fLaC", _SOUND),
    (0, b"\x1f\x8b", _ARCHIVE),
    (0, b"7z\xbc\xaf", _ARCHIVE),
    (0, b"Rar!", _ARCHIVE),
    (0, b"BZh", _ARCHIVE),
    (0, b"\xfd7zXZ", _ARCHIVE),
    (257, b"ustar", _ARCHIVE),
    (0, b"SQLite format 3", "a database"),
)
_ADVICE = {
    _PICTURE: "Save it as PNG or JPEG and add that.",
    _ARCHIVE: "Unpack it and add the files that are in it.",
}
_BINARY_SUFFIXES = {"pdf", "docx", "pptx", "xlsx", "odt", "ods", "epub", "doc", "xls", "ppt", "msg", "rtf"}
_CONTROL = bytes({*range(0x20), 0x7F} - {0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})
_SAMPLE = 16_384
_MAIL_HEADERS = re.compile(
    rb"(?:(?:from|to|subject|date|received|message-id|mime-version|return-path):.*\r?\n){3}", re.I
)


def kind_of(data: bytes, name: str, *, max_bytes: int) -> Kind:
    """The kind of document that the bytes hold, whatever the name says.

    Raises:
        EmptyFile: there are no bytes.
        UnsupportedFile: nothing that can be read; the text says what it is instead.
        BrokenFile: named like a document, but its content is of no known kind, or it is a cut-off archive.
        ProtectedFile: locked with a password.
        FileTooLarge: it would unpack to far more than `max_bytes`.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise EmptyFile(f"{shown_name(name)} is empty. Check that it was saved and copied completely.")
    if data.startswith(b"%PDF-") or (suffix_of(name) == "pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(data, name)
    if data.startswith(b"PK\x03\x04"):
        return archive_kind(data, name, max_bytes=max_bytes) or _refuse(name, _ARCHIVE)
    if _READABLE_PICTURE.match(data):
        return "picture"
    return _text_kind(data, name) if _is_text(data) else _refuse(name, _unreadable(data))


def _ole_kind(data: bytes, name: str) -> OleKind:
    """The kind of an old Office file, by the names in its directory, which are UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise ProtectedFile(f"{shown_name(name)} is protected by a password. Save a copy without it and add that.")
    for stream, kind in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return kind
    _refuse(name, "an Office file of an unknown kind")


def _is_text(data: bytes) -> bool:
    """Whether it can be text in some encoding: next to no control characters, at the start, middle and end."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    middle = len(data) // 2
    sample = data[:_SAMPLE] + data[middle : middle + _SAMPLE] + data[-_SAMPLE:]
    return len(sample.translate(None, _CONTROL)) >= 0.99 * len(sample) or bool(unmarked_utf16(data[:_SAMPLE]))


def _text_kind(data: bytes, name: str) -> TextKind:
    start = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start):
        return "html"
    kind = _TEXT_KINDS.get(suffix_of(name), "code")
    if start.startswith(b"<?xml"):
        return "xml"
    if suffix_of(name) in _BINARY_SUFFIXES and b"<table" in start:
        return "html"  # what many systems export as "Excel"
    return "mail" if _MAIL_HEADERS.match(start) else kind


def _unreadable(data: bytes) -> str:
    return next((label for offset, magic, label in _UNREADABLE if data.startswith(magic, offset)), "")


def _refuse(name: str, label: str) -> Never:
    shown, suffix = shown_name(name), suffix_of(name)
    if not label and suffix in _BINARY_SUFFIXES:
        raise BrokenFile(f"{shown} is named .{suffix}, but its content is not; it may be damaged. Get a fresh copy.")
    named = f", although it is named .{suffix}" if suffix and suffix in _BINARY_SUFFIXES | _TEXT_KINDS.keys() else ""
    advice = _ADVICE.get(label, f"These kinds can be: {READABLE}.")
    raise UnsupportedFile(f"{shown} cannot be read: it is {label or 'of an unknown kind'}{named}. {advice}")
