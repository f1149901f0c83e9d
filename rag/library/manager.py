"""All folders of the library while the app runs: searched from the start, kept in sync in the background."""

import asyncio
import logging
from collections.abc import Callable, Set
from contextlib import aclosing
from functools import partial

from rag.concurrency import supervised
from rag.errors import GroundworkError, ParserUnavailable, StorageError
from rag.ingestion.reader import Reader
from rag.library.changes import Changes
from rag.library.folders import Folder, FolderList, all_folders, parse_folders
from rag.library.library import Library
from rag.retrieval.tantivy_index import TantivyIndex
from rag.settings import Settings

_log = logging.getLogger(__name__)

_LIST_S = 2.0
"""How often the list of folders is read, which `rag library add` may change at any time."""
_OTHER_PROCESS_S = 0.5
"""How often a library is checked that another process reads for the first time."""

ChangeListener = Callable[[str, Changes], None]
"""Called with a library's name and what a commit has changed in it, on the event loop."""


def folders(settings: Settings) -> FolderList:
    """The folders of the settings and those that were added.

    Raises:
        SettingsError: the settings name one that is within another one, or give it a name that is not allowed.
    """
    return all_folders(parse_folders(settings.library_dirs), settings.data_folder)


def library_reader(settings: Settings) -> Reader:
    """A reader with the limits that hold for files of the library."""
    return Reader(
        workers=settings.read_workers,
        timeout_s=settings.read_timeout_s,
        max_bytes=_max_bytes(settings),
        max_pages=settings.document_max_pages,
        max_chars=settings.document_max_chars,
        ocr=settings.ocr == "auto",
    )


def open_library(folder: Folder, settings: Settings, reader: Reader) -> Library:
    """The library of a folder, whose index can be searched at once. Blocks for as long as opening an index takes."""
    return Library(folder, settings.data_folder, reader, max_bytes=_max_bytes(settings), ignore=settings.library_ignore)


def _max_bytes(settings: Settings) -> int:
    return int(settings.library_file_max_mb * 1_000_000)


class ManagedLibrary:
    """A library and the task that keeps it in sync."""

    def __init__(self, library: Library, on_change: ChangeListener) -> None:
        self.library = library
        self.ready = asyncio.Event()
        """Set when all of the folder has been read once, or cannot be."""
        self._on_change = on_change
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
            job = partial(self._keep_in_sync, retry)
            work = supervised(job, f"Keeping {self.name} in sync", on_error=self._show_error)
            self._task = asyncio.create_task(work)

    async def stop(self) -> None:
        """Ends the reading and following; what was read stays."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.ready.set()

    async def resync(self) -> None:
        """Checks all of the folder once more, also what could not be read before."""
        await self.stop()
        self.start(retry=True)

    async def close(self) -> None:
        """Stops, and frees the index."""
        await self.stop()
        await self.library.close()

    async def _keep_in_sync(self, retry: bool) -> None:
        try:
            await self._first_sync(retry)
        except (StorageError, ParserUnavailable) as error:
            self.library.problem = str(error)
            _log.warning("%s", error)
        self.ready.set()
        async with aclosing(self.library.follow()) as commits:
            async for changes in commits:
                self._on_change(self.name, changes)

    async def _first_sync(self, retry: bool) -> None:
        """Syncs it, unless another process does so; returns when one of the two has read all of it."""
        while not await self.library.acquire():
            summary = await asyncio.to_thread(self.library.stored.summary)
            await asyncio.to_thread(self.library.index.refresh)
            if summary.synced_at is not None:
                return
            await asyncio.sleep(_OTHER_PROCESS_S)
        await self.library.sync(retry=retry)

    def _show_error(self, error: Exception) -> None:
        self.library.problem = f"{self.name} could not be kept in sync ({_described(error)}). It is tried again."
        self.ready.set()


class LibraryManager:
    """The libraries of the running app; folders that are added or removed meanwhile come and go."""

    def __init__(self, settings: Settings) -> None:
        """Opens the indexes.

        Raises:
            SettingsError: LIBRARY_DIRS cannot be used.
            StorageError: the place of an index holds that of another folder, which is in use.
        """
        self._settings = settings
        self._reader = library_reader(settings)
        self._listeners: list[ChangeListener] = []
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

    @property
    def reading(self) -> tuple[int, int] | None:
        """How many of how many documents have been read of the folders that are read for the first time, or anew; None
        when all have been."""
        unread = [managed.library for managed in self.libraries.values() if not managed.ready.is_set()]
        running = [progress for library in unread if (progress := library.progress)]
        if not running:
            return None
        return sum(each.documents_done for each in running), sum(each.documents_total for each in running)

    def start(self) -> None:
        """Begins to keep everything in sync; may be called at every use."""
        if self._watching is None:
            work = supervised(self._watch_list, "Following the list of folders", on_error=self._show_error)
            self._watching = asyncio.create_task(work)
            for managed in self.libraries.values():
                managed.start()

    def listen(self, on_change: ChangeListener) -> None:
        """Calls `on_change` for each commit from now on, but for those of the first sync."""
        self._listeners.append(on_change)

    async def ready(self, timeout_s: float | None = None) -> bool:
        """Whether every folder has been read once; waits for that, for `timeout_s` at most."""
        self.start()
        waiting = [managed.ready for managed in self.libraries.values() if not managed.ready.is_set()]
        if not waiting:
            return True
        try:
            await asyncio.wait_for(asyncio.gather(*(ready.wait() for ready in waiting)), timeout_s)
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
        return ManagedLibrary(open_library(folder, self._settings, self._reader), self._changed)

    def _changed(self, name: str, changes: Changes) -> None:
        for on_change in self._listeners:
            on_change(name, changes)

    def _show_error(self, error: Exception) -> None:
        self.problem = f"The list of folders could not be followed ({_described(error)}). It is tried again."


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
