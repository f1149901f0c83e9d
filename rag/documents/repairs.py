"""Ways around faults of the parser in zipped documents, by changing the document before it sees it.

Word's: it drops the entities of XML, "R&amp;D" came out as "RD". Each is replaced by the character that it stands for,
and the three that XML cannot hold by characters that Unicode keeps free for internal use; afterwards those are put
back. OpenDocument's: it drops the cells that a merged one covers, so that those behind move into other columns.
"""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable

_ENTITY = re.compile(rb"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);")
_STAND_INS = {"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2", '"': "\ufdd3"}
_BACK = str.maketrans({stand_in: character for character, stand_in in _STAND_INS.items()})
_WORD_PARTS = re.compile(r"(?:word|docProps)/.*\.xml")


def without_entities(docx: bytes) -> bytes:
    """The Word document with all entities of its text replaced, and without its pictures, which nobody reads.

    The same bytes when there are no entities, or when it is too damaged to be packed again.
    """
    return _changed(docx, lambda name, part: _ENTITY.sub(_stand_in, part) if _WORD_PARTS.fullmatch(name) else part)


def with_characters(text: str) -> str:
    """The parsed text with the characters that stood in for others put back."""
    return text.translate(_BACK)


def without_covered_cells(odt: bytes) -> bytes:
    """The OpenDocument text with empty cells where a merged one reaches; the same bytes when there are none."""
    return _changed(odt, lambda _, part: part.replace(b"table:covered-table-cell", b"table:table-cell"))


def _changed(document: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist() if _is_read(name)}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        return document
    changed = {name: change(name, part) for name, part in parts.items()}
    return document if changed == parts else _packed(changed)


def _is_read(name: str) -> bool:
    return name.endswith((".xml", ".rels")) or name == "mimetype"


def _stand_in(entity: re.Match[bytes]) -> bytes:
    character = html.unescape(entity[0].decode("ascii"))
    return _STAND_INS.get(character, character).encode(errors="replace")


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()
