"""What lies in a library folder: its files with their sizes and times, without what is hidden or ignored."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from pathspec import GitIgnoreSpec

from rag.errors import StorageError
from rag.ingestion.file_names import readable_path

_TEMPORARY = (
    *("~$*", "*~", r"\#*#", "*.tmp", "*.temp"),  # locks and copies that programs make while a file is open
    *("*.part", "*.partial", "*.crdownload", "*.download", "*.opdownload"),  # downloads on their way
    *("Thumbs.db", "desktop.ini"),
)
_JUNCTION = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT: what Windows has in place of a link to a folder."""
_LATEST_NS = 2**63 - 1
_MOST_TOUCHED = 1000
"""Paths; for more of them one walk through the folder is cheaper."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder."""

    name: str
    """Its path in the folder, with "/", as it can be shown; unique."""
    path: Path
    size: int
    """Bytes."""
    mtime_ns: int

    @property
    def moved(self) -> bool:
        """Whether it changed or went since it was found."""
        try:
            status = os.stat(self.path)
        except OSError:
            return True
        return (status.st_size, _mtime_ns(status)) != (self.size, self.mtime_ns)


@dataclass(slots=True)
class Scan:
    """What was found in the folder, or in parts of it."""

    files: dict[str, Found] = field(default_factory=dict[str, Found])
    """By their names."""
    folders: set[str] = field(default_factory=set[str])
    """Which were listed, without what is below them."""
    trees: set[str] = field(default_factory=set[str])
    """Which were walked through to the bottom; "" is the whole. A path that is not there, or is a file, may be one."""
    unreadable: set[str] = field(default_factory=set[str])
    """Folders and files that are there, but could not be looked at; nothing is known of what is below them."""
    bare: bool = False
    """Whether the folder has nothing in it at all, not even a hidden file."""

    def unknown(self, name: str) -> bool:
        """Whether the scan could not tell if this file is there."""
        return any(path in ("", name) or name.startswith(f"{path}/") for path in self.unreadable)


class Scanner:
    """Looks at one folder.

    Left out: hidden files and folders, links that lead out of the folder and all links to folders, what
    programs and downloads leave while they run, and what the patterns ignore, which are those of `.gitignore`.
    """

    def __init__(self, folder: Path, *, ignore: Sequence[str] = (), without: Path | None = None) -> None:
        """`without` is a folder that is left out even when it lies within: the one of the index itself."""
        self.folder = folder
        self._ignored = GitIgnoreSpec.from_lines((*_TEMPORARY, *ignore))
        self._without = without and _within(without, folder)

    def scan(self, touched: Collection[str] | None = None) -> Scan:
        """All files; with `touched`, paths in the folder, only what may have changed when something happened to these.

        Raises:
            StorageError: the folder is not there, or cannot be listed.
        """
        scan = Scan(bare=self._is_bare())
        if touched is None or len(touched) > _MOST_TOUCHED or any(readable_path(path) != path for path in touched):
            scan.trees.add("")
            self._list_into(scan, "", "", deep=lambda _: True)
            return scan
        for path in filter(self._counts, touched):
            scan.trees.add(path)
            scan.folders.add(path.rpartition("/")[0])
        for parent in list(scan.folders):
            self._list_into(scan, parent, parent, deep=scan.trees.__contains__)
        return scan

    def relative(self, path: Path) -> str:
        """The path of a file in the folder, with "/"."""
        return path.relative_to(self.folder).as_posix()

    def _is_bare(self) -> bool:
        try:
            with os.scandir(self.folder) as entries:
                return next(entries, None) is None
        except OSError as error:
            raise StorageError(
                f"The folder {self.folder} cannot be opened ({error.strerror}). What is indexed of it stays; "
                "check that its drive is connected and that the folder is still there.",
                path=self.folder,
            ) from error

    def _counts(self, path: str) -> bool:
        """Whether what happened at the path can concern the library."""
        *ancestors, last = path.split("/")
        if _is_hidden(last) or self._ignored.match_file(path):
            return False
        parents = ["/".join(ancestors[: depth + 1]) for depth in range(len(ancestors))]
        return not any(
            _is_hidden(part) or self._ignored.match_file(f"{parent}/") or self._is_elsewhere(self.folder / parent)
            for part, parent in zip(ancestors, parents, strict=True)
        )

    def _list_into(self, scan: Scan, relative: str, name: str, deep: Callable[[str], bool]) -> None:
        """Adds the files of one folder, and of those below it where `deep` says so; `name` is `relative` as shown."""
        try:
            entries = _listed(self.folder / relative)
        except (FileNotFoundError, NotADirectoryError):
            return  # deleted in the meantime
        except OSError:
            scan.unreadable.add(name)
            return
        for entry, own_name in _named(entries):
            path, shown = _join(relative, entry.name), _join(name, own_name)
            if self._is_folder(entry):
                if not self._ignored.match_file(f"{path}/") and deep(path):
                    self._list_into(scan, path, shown, lambda _: True)
            elif not self._ignored.match_file(path):
                self._add(scan, entry, shown)

    def _add(self, scan: Scan, entry: os.DirEntry[str], name: str) -> None:
        try:
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self.folder.resolve()):
                return
            status = os.stat(entry.path)  # an entry's own may be stale on Windows
        except (FileNotFoundError, RuntimeError):  # deleted in the meantime, or a link to itself
            return
        except OSError:
            scan.unreadable.add(name)
            return
        if stat.S_ISREG(status.st_mode) and not _has_hidden_flag(status):
            scan.files[name] = Found(name, Path(entry.path), status.st_size, _mtime_ns(status))

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=False) and not self._is_elsewhere(Path(entry.path))
        except OSError:
            return False

    def _is_elsewhere(self, folder: Path) -> bool:
        """Whether it is a link, or not ours to read."""
        try:
            status = os.lstat(folder)
        except OSError:
            return False
        return (
            stat.S_ISLNK(status.st_mode)
            or getattr(status, "st_reparse_tag", 0) == _JUNCTION
            or _has_hidden_flag(status)
            or (self._without is not None and folder.resolve() == self._without)
        )


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not _is_hidden(entry.name)), key=lambda entry: entry.name)


def _named(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Entries of one folder with the names to show, no two alike: what cannot be shown as it is gives way."""
    odd: list[os.DirEntry[str]] = []
    taken: set[str] = set()
    for entry in entries:
        if readable_path(entry.name) == entry.name:
            taken.add(entry.name)
            yield entry, entry.name
        else:
            odd.append(entry)
    for entry in odd:
        stem, suffix = os.path.splitext(readable_path(entry.name))
        names = (f"{stem} ({number}){suffix}" if number > 1 else stem + suffix for number in count(1))
        name = next(name for name in names if name and name not in taken)
        taken.add(name)
        yield entry, name


def _within(inner: Path, outer: Path) -> Path | None:
    """The inner folder's real path, if that is in the outer one."""
    real = inner.resolve()
    return real if real.is_relative_to(outer.resolve()) else None


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _mtime_ns(status: os.stat_result) -> int:
    """When it was written, within what a database can hold: from 1677 to 2262."""
    return max(-_LATEST_NS, min(_LATEST_NS, status.st_mtime_ns))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _has_hidden_flag(status: os.stat_result) -> bool:
    return bool(getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN)
