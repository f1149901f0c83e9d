"""Documents that are zip archives: which kind, and whether it is safe to unpack them."""

import io
import zipfile
from typing import Literal

from rag.documents.names import shown_name
from rag.errors import BrokenFile, FileTooLarge, ProtectedFile, UnsupportedFile

ArchiveKind = Literal["docx", "pptx", "xlsx", "odt", "ods", "epub"]

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


def archive_kind(data: bytes, name: str, *, max_bytes: int) -> ArchiveKind | None:
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
            return _kind(archive, name)
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
            f"{shown_name(name)} unpacks to {unpacked / 1e6:,.0f} MB in {len(members):,} parts, which is more than may "
            "be read. Split it into smaller documents."
        )


def _kind(archive: zipfile.ZipFile, name: str) -> ArchiveKind | None:
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
