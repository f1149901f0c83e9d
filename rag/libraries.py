"""The libraries that the settings name, put together for whoever searches them or keeps them in step."""

from pathlib import Path

import platformdirs

from rag.documents.folders import Folder, FolderList, all_folders, parse_folders
from rag.documents.library import Library
from rag.documents.reading import READING_VERSION, Reader
from rag.retrieval.disk import DiskIndex
from rag.settings import Settings


def data_dir(settings: Settings) -> Path:
    """Where indexes and lists of this app lie."""
    return settings.data_dir or platformdirs.user_data_path("groundwork", appauthor=False)


def folders(settings: Settings) -> FolderList:
    """The folders of the settings and those that were added.

    Raises:
        SettingsError: the settings name one that is within another one, or give it a name that is not allowed.
    """
    return all_folders(parse_folders(settings.library_dirs), data_dir(settings))


def library_reader(settings: Settings) -> Reader:
    """A reader with the limits that hold for files of the library."""
    return Reader(
        workers=settings.read_workers,
        timeout_s=settings.read_timeout_s,
        max_bytes=max_bytes(settings),
        max_pages=settings.document_max_pages,
        max_chars=settings.document_max_chars,
        ocr=settings.ocr == "auto",
    )


def open_library(folder: Folder, settings: Settings, reader: Reader) -> Library[DiskIndex]:
    """The library of a folder, whose index can be searched at once. Blocks for as long as opening an index takes."""
    return Library(
        folder,
        data_dir(settings),
        reader,
        DiskIndex,
        max_bytes=max_bytes(settings),
        version=READING_VERSION,
        ignore=settings.library_ignore,
    )


def max_bytes(settings: Settings) -> int:
    """The size of the largest file of a library that is read."""
    return int(settings.library_file_max_mb * 1_000_000)
