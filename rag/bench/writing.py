"""Reports as files: of the kinds that there are, and never over what is there unless asked."""

from pathlib import Path

from rag.errors import SettingsError, StorageError
from rag.files import write_whole

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
    write_whole(path, text)
