"""Text files of the commands: read with faults as sentences, written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from rag.errors import BrokenFile, StorageError


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {reason(error)}.") from None
    except UnicodeDecodeError:
        raise BrokenFile(f"{path} is not UTF-8 text.") from None


def write_whole(path: Path, text: str) -> None:
    """Writes the text as UTF-8 with its line ends as they are; makes its folder when that is missing.

    Raises:
        StorageError: the disk is full, or the folder cannot be written; what was there before is still there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode("utf-8", "replace"))
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {reason(error)}.") from None


def reason(error: OSError) -> str:
    """The system's own words, within a sentence."""
    return (error.strerror or str(error)).lower()
