"""A way around a fault of the Word parser, which drops the entities of XML: "R&amp;D" came out as "RD".

Before parsing, each entity is replaced by the character that it stands for, and the three that XML cannot hold by
characters that Unicode keeps free for internal use; afterwards those are put back.
"""

import html
import io
import re
import zipfile
import zlib

_ENTITY = re.compile(rb"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);")
_STAND_INS = {"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2", '"': "\ufdd3"}
_BACK = str.maketrans({stand_in: character for character, stand_in in _STAND_INS.items()})
_PARTS = re.compile(r"(?:word|docProps)/.*\.xml")


def without_entities(docx: bytes) -> bytes:
    """The Word document with all entities of its text replaced, and without its pictures, which nobody reads.

    The same bytes when there are no entities, or when it is too damaged to be packed again.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        return docx
    replaced = {name: _ENTITY.sub(_stand_in, part) if _PARTS.fullmatch(name) else part for name, part in parts.items()}
    return docx if replaced == parts else _packed(replaced)


def with_characters(text: str) -> str:
    """The parsed text with the characters that stood in for others put back."""
    return text.translate(_BACK)


def _stand_in(entity: re.Match[bytes]) -> bytes:
    character = html.unescape(entity[0].decode("ascii"))
    return _STAND_INS.get(character, character).encode(errors="replace")


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()
