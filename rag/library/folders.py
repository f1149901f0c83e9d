"""Which folders the library is made of: those of the settings, and those that a person added.

The added ones are in `<data folder>/folders.json`, which is replaced as a whole, never half written.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from rag.errors import SettingsError, StorageError
from rag.settings import find_file
from rag.storage import write_atomically

_MOST_CHARACTERS = 60
_PUNCTUATION = " -_.()"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of documents, and what it is called."""

    name: str
    """Unique, whatever its case: letters, digits, spaces and - _ . ( ), at most 60."""
    path: Path
    """Absolute."""
    added: bool = False
    """By a person, not by the settings."""

    @property
    def directory(self) -> str:
        """A name for the directory of its index that every system takes: "team-docs-5f3a90c1".

        Made of its name and its real path, so that folders of one name have an index each.
        """
        return _directory_name(self.name, f"\0{real_path(self.path)}")

    @property
    def former_directory(self) -> str:
        """The same as the first versions made it, of the name alone."""
        return _directory_name(self.name)


@dataclass(frozen=True, slots=True)
class FolderList:
    """All folders of the library."""

    folders: tuple[Folder, ...]
    """Those of the settings first."""
    problem: str = ""
    """Why some that were added are not among them, in a sentence; "" when all are."""


def parse_folders(items: Iterable[str]) -> tuple[Folder, ...]:
    """The folders that a setting names, each as a path or as "name=path".

    Without a name of its own, a folder is called by the last part of its path; the second of a name gets " (2)".

    Raises:
        SettingsError: a name has characters that are not allowed, or one folder is in another one.
    """
    folders: tuple[Folder, ...] = ()
    for item in items:
        name, path = _split(item.strip())
        if name and (fault := _fault(name)):
            raise SettingsError(f"LIBRARY_DIRS: {fault}", names=("LIBRARY_DIRS",))
        folder = _named(path, name, folders)
        if other := _overlapping(folder.path, folders):
            raise SettingsError(f"LIBRARY_DIRS: {_overlap(folder.path, other)}", names=("LIBRARY_DIRS",))
        folders += (folder,)
    return folders


def folder_at(path: Path) -> Folder:
    """The folder at a path, called by the last part of it."""
    return _named(path, "", ())


def all_folders(configured: Sequence[Folder], data_dir: Path) -> FolderList:
    """Those of the settings and those that were added, as far as these can be used."""
    folders, problems = tuple(configured), list[str]()
    try:
        added = _read(data_dir)
    except StorageError as error:
        return FolderList(folders, str(error))
    for folder in added:
        if other := _overlapping(folder.path, folders):
            problems.append(f"{_overlap(folder.path, other)} The one that was added is left out.")
        else:
            folders += (replace(folder, name=_free(folder.name, folders)),)
    return FolderList(folders, " ".join(problems))


def add_folder(configured: Sequence[Folder], data_dir: Path, path: Path, name: str = "") -> Folder:
    """Adds a folder for good; what it is called now.

    Raises:
        StorageError: it is no folder, it is within another one or holds one, its name is not allowed, or the list
            cannot be written.
    """
    if fault := _fault(name) if name else "":
        raise StorageError(fault)
    if not path.is_dir():
        raise StorageError(f"There is no folder {path}. Check how its path is written.", path=path)
    with _list_lock(data_dir):
        added = _read(data_dir)
        folder = replace(_named(path, name, (*configured, *added)), added=True)
        if other := _overlapping(folder.path, (*configured, *added)):
            raise StorageError(_overlap(folder.path, other), path=folder.path)
        if real_path(folder.path).is_relative_to(real_path(data_dir)):
            raise StorageError(
                f"{folder.path} is where the library's index lies. Add the folder of your documents.", path=folder.path
            )
        _write(data_dir, (*added, folder))
    return folder


def remove_folder(data_dir: Path, folder: Folder) -> None:
    """Takes a folder off the list of those that were added.

    Raises:
        StorageError: the list cannot be read or written.
    """
    with _list_lock(data_dir):
        _write(data_dir, [other for other in _read(data_dir) if real_path(other.path) != real_path(folder.path)])


def _directory_name(name: str, path: str = "") -> str:
    folded = unicodedata.normalize("NFC", name).casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", folded)[:30].strip("-") or "folder"
    return f"{slug}-{hashlib.blake2b((folded + path).encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"


def _split(item: str) -> tuple[str, Path]:
    """The name, or "", and the path; a "=" in a path makes no name of what is before it."""
    name, equals, path = item.partition("=")
    if equals and not set(name) & {"/", "\\", ":", "~"}:
        return name.strip(), Path(path.strip())
    return "", Path(item)


def _named(path: Path, name: str, others: Collection[Folder]) -> Folder:
    path = Path(os.path.abspath(find_file(path.expanduser())))
    return Folder(_free(name or _name_of(path), others), path)


def _name_of(path: Path) -> str:
    cleaned = "".join(c if _may_be_in_name(c) else " " for c in unicodedata.normalize("NFC", path.name))
    return " ".join(cleaned.split())[:_MOST_CHARACTERS].strip(" .") or "documents"


def _free(name: str, others: Collection[Folder]) -> str:
    taken, number, free = {other.name.casefold() for other in others}, 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _fault(name: str) -> str:
    """Why a folder cannot be called so; "" when it can."""
    if all(map(_may_be_in_name, name)) and name == name.strip(" .") and 0 < len(name) <= _MOST_CHARACTERS:
        return ""
    return f"A folder cannot be called {name!r}: use letters, digits, spaces and - _ . ( ), at most {_MOST_CHARACTERS}."


def _may_be_in_name(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def _overlapping(path: Path, others: Iterable[Folder]) -> Folder | None:
    mine = real_path(path)
    paths = ((other, real_path(other.path)) for other in others)
    return next((other for other, its in paths if mine.is_relative_to(its) or its.is_relative_to(mine)), None)


def _overlap(path: Path, other: Folder) -> str:
    mine, its = real_path(path), real_path(other.path)
    if mine == its:
        return f"{path} is there already, as {other.name}."
    if mine.is_relative_to(its):
        return f"{path} is within {other.path}, whose documents are read with all folders below it."
    return f"{other.path}, which is there as {other.name}, is within {path}. Only one of the two can be read."


def real_path(path: Path) -> Path:
    """The path without links, in one way to write it; equal for the same folder."""
    return Path(os.path.normcase(os.path.realpath(path)))


def _list_lock(data_dir: Path) -> FileLock:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(data_dir, error) from error
    return FileLock(data_dir / "folders.lock")


def _read(data_dir: Path) -> tuple[Folder, ...]:
    path = data_dir / "folders.json"
    try:
        entries = cast(list[dict[str, Any]], json.loads(path.read_bytes())["folders"])
        return tuple(Folder(str(entry["name"]), Path(entry["path"]), added=True) for entry in entries)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"The list of added folders, {path}, cannot be understood. Delete it and add the folders again; "
            "those of the settings are not concerned.",
            path=path,
        ) from error


def _write(data_dir: Path, folders: Iterable[Folder]) -> None:
    entries = [{"name": folder.name, "path": str(folder.path)} for folder in folders]
    text = json.dumps({"folders": entries}, ensure_ascii=False, indent=1)
    try:
        write_atomically(data_dir / "folders.json", text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise _unwritable(data_dir, error) from error


def _unwritable(data_dir: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The data folder {data_dir} cannot be written ({error.strerror}). Set DATA_DIR to another place.",
        path=data_dir,
    )
