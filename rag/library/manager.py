"""All folders of the library while the app runs: searched from the start, kept in step in the background."""

import asyncio
import logging
from collections.abc import Callable, Set
from contextlib import aclosing
from pathlib import Path

import platformdirs

from rag.errors import GroundworkError, ParserUnavailable, StorageError
from rag.ingestion.reader import READING_VERSION, Reader
from rag.library.changes import Changes
from rag.library.folders import Folder, FolderList, all_folders, parse_folders
from rag.library.library import Library
from rag.retrieval.tantivy_index import TantivyIndex
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


def open_library(folder: Folder, settings: Settings, reader: Reader) -> Library[TantivyIndex]:
    """The library of a folder, whose index can be searched at once. Blocks for as long as opening an index takes."""
    return Library(
        folder,
        data_dir(settings),
        reader,
        TantivyIndex,
        max_bytes=max_bytes(settings),
        version=READING_VERSION,
        ignore=settings.library_ignore,
    )


def max_bytes(settings: Settings) -> int:
    """The size of the largest file of a library that is read."""
    return int(settings.library_file_max_mb * 1_000_000)


_log = logging.getLogger(__name__)

_LIST_S = 2.0
"""How often the list of folders is looked at, which `rag library add` may change at any time."""
_OTHERS_S = 0.5
"""How often one looks at a library that another process reads for the first time."""


class ManagedLibrary:
    """A library and the task that keeps it in step."""

    def __init__(self, library: Library[TantivyIndex], hear: Callable[[str, Changes], None]) -> None:
        self.library = library
        self.ready = asyncio.Event()
        """Set when all of the folder has been looked through once, or cannot be."""
        self._hear = hear
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.library.folder.name

    @property
    def is_syncing(self) -> bool:
        """Whether files are being read, or looked for."""
        return bool(self.library.progress) or not self.ready.is_set()

    @property
    def is_paused(self) -> bool:
        """Whether a person has stopped it; what it holds can still be searched."""
        return bool(self._task and self._task.done())

    def start(self, *, retry: bool = False) -> None:
        """Begins, or goes on after a stop; with `retry`, what could not be read before is tried again."""
        if self._task is None or self._task.done():
            self.ready.clear()
            self._task = asyncio.create_task(self._keep(retry))

    async def stop(self) -> None:
        """Ends the reading and following; what was read stays."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.ready.set()

    async def again(self) -> None:
        """Looks through all of the folder once more, also at what could not be read before."""
        await self.stop()
        self.start(retry=True)

    async def close(self) -> None:
        """Stops, and frees the index."""
        await self.stop()
        await self.library.close()

    async def _keep(self, retry: bool) -> None:
        try:
            await self._first_look(retry)
        except (StorageError, ParserUnavailable) as error:
            self.library.problem = str(error)
            _log.warning("%s", error)
        self.ready.set()
        async with aclosing(self.library.follow()) as commits:
            async for changes in commits:
                self._hear(self.name, changes)

    async def _first_look(self, retry: bool) -> None:
        if await self.library.take():
            await self.library.sync(retry=retry)
            return
        while (await asyncio.to_thread(self.library.stored.summary)).synced_at is None:  # noqa: ASYNC110  (its disk)
            await asyncio.sleep(_OTHERS_S)
        await asyncio.to_thread(self.library.index.refresh)


class LibraryManager:
    """The libraries of the running app; folders that are added or removed meanwhile come and go."""

    def __init__(self, settings: Settings) -> None:
        """Opens the indexes.

        Raises:
            SettingsError: LIBRARY_DIRS cannot be used.
        """
        self._settings = settings
        self._reader = library_reader(settings)
        self._listeners: list[Callable[[str, Changes], None]] = []
        self._watching: asyncio.Task[None] | None = None
        listed = folders(settings)
        self.problem = listed.problem
        """Why some folders that were added are not there, in a sentence; "" when all are."""
        self.libraries: dict[str, ManagedLibrary] = {folder.name: self._opened(folder) for folder in listed.folders}
        """By their names."""

    @property
    def passages(self) -> int:
        """How many can be searched now."""
        return sum(len(managed.library.index) for managed in self.libraries.values())

    def start(self) -> None:
        """Begins to keep everything in step; may be called at every use."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch_list())
            for managed in self.libraries.values():
                managed.start()

    def listen(self, hear: Callable[[str, Changes], None]) -> None:
        """`hear` is told what each commit from now on changed, with the library's name; not what the start finds."""
        self._listeners.append(hear)

    async def ready(self, timeout_s: float | None = None) -> bool:
        """Waits until every folder has been looked through once, so long at the most; whether that is so."""
        self.start()
        waiting = asyncio.gather(*(managed.ready.wait() for managed in self.libraries.values()))
        try:
            await asyncio.wait_for(waiting, timeout_s)
        except TimeoutError:
            return False
        return True

    def indexes(self, closed: Set[str] = frozenset()) -> list[TantivyIndex]:
        """What to search, without the folders of these names."""
        return [managed.library.index for name, managed in self.libraries.items() if name not in closed]

    async def close(self) -> None:
        """Ends all that runs."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        for managed in self.libraries.values():
            await managed.close()
        await self._reader.close()

    async def _watch_list(self) -> None:
        while True:
            await asyncio.sleep(_LIST_S)
            try:
                listed = await asyncio.to_thread(folders, self._settings)
            except GroundworkError as error:
                self.problem = str(error)
                continue
            self.problem = listed.problem
            if not listed.problem:
                await self._follow_list({folder.name: folder for folder in listed.folders})

    async def _follow_list(self, listed: dict[str, Folder]) -> None:
        for name, managed in list(self.libraries.items()):
            if listed.get(name) != managed.library.folder:
                await self.libraries.pop(name).close()
        for name, folder in listed.items():
            if name not in self.libraries:
                self.libraries[name] = managed = await asyncio.to_thread(self._opened, folder)
                managed.start()

    def _opened(self, folder: Folder) -> ManagedLibrary:
        return ManagedLibrary(open_library(folder, self._settings, self._reader), self._tell)

    def _tell(self, name: str, changes: Changes) -> None:
        for hear in self._listeners:
            hear(name, changes)
