"""What lies on the disk of each library, for a look at it by any process.

<data folder>/library/<directory>/index/        the index
<data folder>/library/<directory>/files.sqlite  the manifest: what the index holds of each file
<data folder>/library/<directory>/lock          locked by the process that syncs it, and freed when that dies
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import StorageError
from rag.library.folders import Folder, real_path
from rag.library.manifest import FileRecord, State, Summary, reading
from rag.types import Document

INDEX, MANIFEST, LOCK = "index", "files.sqlite", "lock"
_RELEASE_S = 10.0
"""A running chat lets a folder go that is taken off the list, but not at once."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Some documents of a library."""

    documents: int = 0
    """How many it holds."""
    folders: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many lie directly in each folder; "" is the library folder itself."""
    first: tuple[FileRecord, ...] = ()
    """By name."""
    newest: tuple[FileRecord, ...] = ()
    """Those that were read last, newest first."""


@dataclass(frozen=True, slots=True)
class StoredLibrary:
    """The part of a library that outlives its process; every call blocks for a moment."""

    folder: Folder
    directory: Path
    listed: bool = True
    """False when its folder belongs to the library no more, and only its index is left."""

    @classmethod
    def of(cls, folder: Folder, data_dir: Path) -> "StoredLibrary":
        """That of a folder, whether there is anything yet or not; what a former version left is taken over."""
        directory, former = (data_dir / "library" / name for name in (folder.directory, folder.former_directory))
        if not directory.exists() and (former / MANIFEST).exists():
            with suppress(OSError, Timeout, StorageError):  # then it is indexed anew
                _take_over(cls(folder, former), directory)
        return cls(folder, directory)

    @property
    def is_foreign(self) -> bool:
        """Whether another folder was indexed here, as in a data folder that was put together by hand."""
        with suppress(StorageError), reading(self.directory / MANIFEST) as manifest:
            return bool(
                manifest and manifest.folder and real_path(Path(manifest.folder)) != real_path(self.folder.path)
            )
        return False  # a damaged manifest is replaced when the library is synced

    def summary(self) -> Summary:
        """The library in numbers.

        Raises:
            StorageError: the manifest cannot be read; so for `files` and `listing`.
        """
        with reading(self.directory / MANIFEST) as manifest:
            return manifest.summary() if manifest else Summary()

    def files(self, state: State | None = None) -> list[FileRecord]:
        """What is known of each file, by name."""
        with reading(self.directory / MANIFEST) as manifest:
            return list(manifest.records(state=state)) if manifest else []

    def listing(self, limit: int) -> "Listing":
        """How many documents there are, and a few of them, whatever their number."""
        with reading(self.directory / MANIFEST) as manifest:
            if not manifest:
                return Listing()
            documents = manifest.summary().documents
            first, newest = manifest.first(limit), manifest.first(limit, newest=True)
            return Listing(documents, manifest.folders(), tuple(first), tuple(newest))

    def documents(self, folder: str = "") -> list[Document]:
        """Those at or below a folder of the library, by name; all of them where it is ""."""
        with reading(self.directory / MANIFEST) as manifest:
            records = manifest.records(trees=[folder]) if manifest else ()
            found = (each for each in records if each.state == "indexed" and each.name != folder)
            return [each.document(self.folder.name) for each in sorted(found, key=lambda each: each.name)]

    def languages(self) -> dict[str, int]:
        """How many passages there are in each language, by ISO 639-1 code; "" is unknown."""
        with reading(self.directory / MANIFEST) as manifest:
            return manifest.languages() if manifest else {}

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(path.stat().st_size for path in self.directory.rglob("*") if path.is_file())

    def delete(self) -> None:
        """Deletes the index and all that belongs to it, when no process uses it; the documents are elsewhere, and stay.

        Raises:
            StorageError: a process syncs it, or it cannot be deleted.
        """
        if not self.directory.exists():
            return
        try:
            with FileLock(self.directory / LOCK).acquire(timeout=_RELEASE_S):
                (self.directory / MANIFEST).unlink(missing_ok=True)  # first: an index without it counts for nothing
            shutil.rmtree(self.directory)
        except Timeout:
            raise StorageError(
                f"The index of {self.folder.name} is in use, probably by the running chat. Close that and try again.",
                path=self.directory,
            ) from None
        except OSError as error:
            raise StorageError(
                f"The index in {self.directory} cannot be deleted ({error.strerror}).", path=self.directory
            ) from error


def stored_libraries(folders: Sequence[Folder], data_dir: Path) -> list[StoredLibrary]:
    """Those of these folders, and then what is left of others.

    Raises:
        StorageError: a manifest cannot be read.
    """
    listed = [StoredLibrary.of(folder, data_dir) for folder in folders]
    known = {library.directory for library in listed}
    others = sorted(manifest.parent for manifest in (data_dir / "library").glob(f"*/{MANIFEST}"))
    return listed + [_unlisted(directory) for directory in others if directory not in known]


def _unlisted(directory: Path) -> StoredLibrary:
    with reading(directory / MANIFEST) as manifest:
        name, folder = (manifest.name, manifest.folder) if manifest else ("", "")
    return StoredLibrary(Folder(name or directory.name, Path(folder)), directory, listed=False)


def _take_over(former: StoredLibrary, directory: Path) -> None:
    """Moves the library to this directory, if it is of its folder and no process uses it."""
    if not former.is_foreign:
        with FileLock(former.directory / LOCK).acquire(timeout=0):
            former.directory.rename(directory)
