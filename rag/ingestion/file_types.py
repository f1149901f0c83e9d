"""The kind of a file, recognised by its content; its name only decides between kinds of text."""

import io
import re
import zipfile
from typing import Literal, Never

from rag.errors import BrokenFile, EmptyFile, FileTooLarge, ProtectedFile, UnsupportedFile
from rag.ingestion.encodings import unmarked_utf16
from rag.ingestion.file_names import shown_name, suffix_of
from rag.machine import format_bytes

ArchiveKind = Literal["docx", "pptx", "xlsx", "odt", "ods", "epub"]
OleKind = Literal["doc", "xls", "ppt", "msg"]
TextKind = Literal["html", "xml", "mail", "notebook", "json", "csv", "markdown", "text", "code"]
Kind = Literal["pdf", "rtf", "picture"] | ArchiveKind | OleKind | TextKind

READABLE = (
    "PDF, Word, PowerPoint, Excel, OpenDocument text and tables, EPUB, RTF, HTML, e-mail, Jupyter notebooks, CSV, "
    "JSON, XML, Markdown and plain text"
)
"""The kinds of files in plain words, for messages."""

_MOST_MEMBERS = 20_000
_MOST_EXPANSION = 20
"""Times the upload limit: the XML of real documents shrinks to about a tenth, their pictures not at all."""
_BOMB_RATIO = 200
_BOMB_BYTES = 50_000_000
"""Below it any ratio is harmless; a workbook of equal cells packs very well."""
_ENCRYPTED = 0x1

_MIMETYPES: dict[bytes, ArchiveKind] = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}
_CONTENT_TYPES: tuple[tuple[bytes, ArchiveKind], ...] = (
    (b"wordprocessingml.document.main", "docx"),
    (b"wordprocessingml.template.main", "docx"),
    (b"ms-word.document.macroEnabled.main", "docx"),
    (b"presentationml.presentation.main", "pptx"),
    (b"presentationml.slideshow.main", "pptx"),
    (b"ms-powerpoint.presentation.macroEnabled.main", "pptx"),
    (b"spreadsheetml.sheet.main", "xlsx"),
    (b"ms-excel.sheet.macroEnabled.main", "xlsx"),
)
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
    """The kind of document in the bytes, whatever the name says.

    Raises:
        EmptyFile: there are no bytes.
        UnsupportedFile: nothing that can be read; the message names what it is instead.
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
        return _archive_kind(data, name, max_bytes=max_bytes) or _refuse(name, _ARCHIVE)
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


def _archive_kind(data: bytes, name: str, *, max_bytes: int) -> ArchiveKind | None:
    """Which document the archive is, or None for one that is just an archive.

    Only its directory and two small members are unpacked here.

    Raises:
        BrokenFile: it has no directory, as after a cut-off download.
        FileTooLarge: it would unpack to far more than `max_bytes`, or to very many members.
        ProtectedFile: it is locked with a password.
        UnsupportedFile: an OpenDocument presentation, which the parser does not know.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive, len(data), name, max_bytes)
            return _kind_of_archive(archive, name)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise BrokenFile(f"{shown_name(name)} is damaged or was cut off. Get a fresh copy of it.") from error


def _refuse_bombs(archive: zipfile.ZipFile, packed: int, name: str, max_bytes: int) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if (
        len(members) > _MOST_MEMBERS
        or unpacked > _MOST_EXPANSION * max_bytes
        or (unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * packed)
    ):
        raise FileTooLarge(
            f"{shown_name(name)} unpacks to {format_bytes(unpacked)} in {len(members):,} parts, which is more than may "
            "be read. Split it into smaller documents."
        )


def _kind_of_archive(archive: zipfile.ZipFile, name: str) -> ArchiveKind | None:
    members = {member.filename: member for member in archive.infolist()}
    if any(member.flag_bits & _ENCRYPTED for member in members.values()):
        raise ProtectedFile(f"{shown_name(name)} is protected by a password. Save a copy without it and add that.")
    if "mimetype" in members:
        mimetype = _start(archive, members["mimetype"]).strip()
        if mimetype == b"application/vnd.oasis.opendocument.presentation":
            raise UnsupportedFile(
                f"{shown_name(name)} is an OpenDocument presentation, which cannot be read. "
                "Save it as PowerPoint (.pptx) or PDF and add that."
            )
        return _MIMETYPES.get(mimetype)
    if "[Content_Types].xml" in members:
        types = _start(archive, members["[Content_Types].xml"])
        return next((kind for mark, kind in _CONTENT_TYPES if mark in types), None)
    return None


def _start(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The member's first megabyte; its declared size is not believed."""
    with archive.open(member) as stream:
        return stream.read(1_000_000)
