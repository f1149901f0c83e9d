"""What lies on the disk of each library, for a look at it by any process.

<data folder>/library/<place>/index/        the index
<data folder>/library/<place>/files.sqlite  the manifest: what the index holds of each file
<data folder>/library/<place>/lock          held by the process that keeps it in step, and freed when that dies
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import StorageError
from rag.library.folders import Folder
from rag.library.manifest import FileRecord, State, Summary, reading

INDEX, MANIFEST, LOCK = "index", "files.sqlite", "lock"
_LET_GO_S = 10.0
"""A running chat lets a folder go that is taken off the list, but not at once."""


@dataclass(frozen=True, slots=True)
class StoredLibrary:
    """The part of a library that outlives its process; every call blocks for a moment."""

    folder: Folder
    place: Path
    """The directory."""
    listed: bool = True
    """False when its folder belongs to the library no more, and only its index is left."""

    @classmethod
    def of(cls, folder: Folder, data_dir: Path) -> "StoredLibrary":
        """That of a folder, whether there is anything yet or not."""
        return cls(folder, data_dir / "library" / folder.place)

    def summary(self) -> Summary:
        """The library in numbers.

        Raises:
            StorageError: the manifest cannot be read; so for `files`.
        """
        with reading(self.place / MANIFEST) as manifest:
            return manifest.summary() if manifest else Summary()

    def files(self, state: State | None = None) -> list[FileRecord]:
        """What is known of each file, by name."""
        with reading(self.place / MANIFEST) as manifest:
            return list(manifest.records(state=state)) if manifest else []

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(path.stat().st_size for path in self.place.rglob("*") if path.is_file())

    def delete(self) -> None:
        """Deletes the index and all that belongs to it, when no process uses it; the documents are elsewhere, and stay.

        Raises:
            StorageError: a process keeps it in step, or it cannot be deleted.
        """
        if not self.place.exists():
            return
        try:
            with FileLock(self.place / LOCK).acquire(timeout=_LET_GO_S):
                (self.place / MANIFEST).unlink(missing_ok=True)  # goes first: an index without it counts for nothing
            shutil.rmtree(self.place)
        except Timeout:
            raise StorageError(
                f"The index of {self.folder.name} is in use, probably by the running chat. Close that and try again."
            ) from None
        except OSError as error:
            raise StorageError(f"The index in {self.place} cannot be deleted ({error.strerror}).") from error


def stored_libraries(folders: Sequence[Folder], data_dir: Path) -> list[StoredLibrary]:
    """Those of these folders, and then what is left of others.

    Raises:
        StorageError: a manifest cannot be read.
    """
    listed = [StoredLibrary.of(folder, data_dir) for folder in folders]
    places = {library.place for library in listed}
    others = sorted(manifest.parent for manifest in (data_dir / "library").glob(f"*/{MANIFEST}"))
    return listed + [_left(place) for place in others if place not in places]


def _left(place: Path) -> StoredLibrary:
    with reading(place / MANIFEST) as manifest:
        name, folder = (manifest.name, manifest.folder) if manifest else ("", "")
    return StoredLibrary(Folder(name or place.name, Path(folder)), place, listed=False)
