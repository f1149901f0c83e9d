"""Reports as files: whole or not at all, and never over what is there unless asked."""

import os
from contextlib import suppress
from pathlib import Path

from rag.errors import SettingsError, StorageError

ENDINGS = (".json", ".csv", ".md", ".html")


def check_ending(ending: str) -> None:
    """Raises a `SettingsError` for a file name's ending that no report has."""
    if ending.lower() not in ENDINGS:
        raise SettingsError(f"A report ends in {', '.join(ENDINGS)}; {ending or 'no ending'} is none of them.")


def write_report(path: Path, text: str, *, force: bool) -> None:
    """Writes the text as UTF-8 with its line ends as they are; makes its folder when that is missing.

    Raises:
        StorageError: the file is there and `force` is not given, the disk is full, or the folder cannot be written.
    """
    if path.exists() and not force:
        raise StorageError(f"{path} is there already. Give another --out, or --force to replace it.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode("utf-8", "replace"))
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}.") from None
