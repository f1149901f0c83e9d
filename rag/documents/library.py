"""The documents of a folder, one after the other, so that an index can be filled while the rest is being read."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.documents.names import readable_path
from rag.documents.reading import ReadDocument, Reader
from rag.errors import DocumentError, StorageError


@dataclass(frozen=True, slots=True)
class DocumentFailure:
    """A file of the folder that could not be read."""

    name: str
    """Its path in the folder, with "/"."""
    reason: str
    """One or two sentences for a person."""


async def read_folder(folder: Path, reader: Reader) -> AsyncIterator[ReadDocument | DocumentFailure]:
    """Every file below the folder, in the order of their names, read or with the reason why not.

    Hidden files and folders, and links that lead out of the folder, are left out. As many files as the reader has
    workers are read ahead.

    Raises:
        StorageError: there is no such folder, or it cannot be listed.
    """
    files = deque(await asyncio.to_thread(_files, folder))
    ahead: deque[asyncio.Task[ReadDocument | DocumentFailure]] = deque()
    try:
        while files or ahead:
            while files and len(ahead) <= reader.workers:
                ahead.append(asyncio.create_task(_read(folder, files.popleft(), reader)))
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


async def _read(folder: Path, file: str, reader: Reader) -> ReadDocument | DocumentFailure:
    name = readable_path(file)
    try:
        return await reader.read(folder / file, name=name, origin="library")
    except DocumentError as error:
        return DocumentFailure(name, str(error))


def _files(folder: Path) -> list[str]:
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be opened ({error.strerror}). Check LIBRARY_DIR and that the folder is there."
        ) from error
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[str]:
    inside = folder.resolve()
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if not name.startswith((".", "~$")) and path.is_file() and path.resolve().is_relative_to(inside):
                yield path.relative_to(folder).as_posix()
