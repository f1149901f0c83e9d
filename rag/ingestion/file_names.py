"""File names from strangers: made safe for a disk, and fit to be shown in a sentence."""

import os
import re
import unicodedata
from pathlib import PurePosixPath

_WINDOWS_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)
_FORBIDDEN_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_MOST_BYTES = 200
"""File systems allow 255 bytes; the rest is for a prefix or a suffix that a caller may add."""
_SHOWN = 80


def safe_name(name: str) -> str:
    """A bare file name that is safe on Linux, macOS and Windows; "file" when nothing of the name is left.

    No folders, no control or bidirectional characters, no leading dots, no Windows device, at most 200 bytes.
    Applying it twice changes nothing.
    """
    base = unicodedata.normalize("NFC", _visible(name)).replace("\\", "/").rpartition("/")[2]
    base = _FORBIDDEN_ON_WINDOWS.sub("_", base).lstrip(". ").rstrip(". ")
    if _WINDOWS_DEVICE.match(base):
        base = f"_{base}"
    return _shortened(base) or "file"


def shown_name(name: str) -> str:
    """The name's last part for a sentence: no control characters, at most 80 characters."""
    base = _visible(name).replace("\\", "/").rstrip("/").rpartition("/")[2].strip() or "The file"
    return base if len(base) <= _SHOWN else f"{base[: _SHOWN - 20]}…{base[-19:]}"


def readable_path(path: str) -> str:
    """A path as it can be shown and stored: bytes that are no text replaced, no invisible characters."""
    return _visible(os.fsencode(path).decode(errors="replace"))


def suffix_of(name: str) -> str:
    """The last extension, in lower case and without its dot: "pdf" for "a.b.PDF", "" for "README"."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower().removeprefix(".")


def _visible(name: str) -> str:
    """The name without control, format (bidirectional, zero-width), surrogate and line-breaking characters."""
    return "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))


def _shortened(name: str) -> str:
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > 20:
        stem, dot, suffix = name, "", ""
    room = _MOST_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix
