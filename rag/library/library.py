"""A folder of documents and an index that is kept in step with it, by one process at a time."""

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock, Timeout

from rag.concurrency import run_to_completion
from rag.errors import GroundworkError, ParserUnavailable, StorageError
from rag.ingestion.reader import Reader
from rag.library.changes import Changes, SyncProgress, SyncRules
from rag.library.folders import Folder
from rag.library.manifest import Manifest
from rag.library.scanner import Scanner
from rag.library.store import INDEX, LOCK, MANIFEST, StoredLibrary
from rag.library.sync import Index, Syncer
from rag.library.watcher import FolderWatch

_log = logging.getLogger(__name__)

_LOCK_S = 2.0
"""How often a process that waits for its turn tries again, and looks at what the other one has written."""
_LAST_LOOKS_S = 15.0
"""How long `sync` stays for files that are still being written."""
_RESCAN_S = 30.0
"""The whole folder is looked through this often, because events get lost."""
_POLL_S = 1.0
"""The same, where there are no events."""
_RESCAN_COST, _POLL_COST = 100, 20
"""Times as long as a look took is the least time to the next one."""
_LONGEST_PAUSE_S = 5.0

IndexT = TypeVar("IndexT", bound=Index)


class Library(Generic[IndexT]):
    """One folder and its index."""

    def __init__(
        self,
        folder: Folder,
        data_dir: Path,
        reader: Reader,
        make_index: Callable[[Path], IndexT],
        *,
        max_bytes: int,
        version: int,
        ignore: Sequence[str] = (),
    ) -> None:
        """Opens the index for searching.

        `make_index` gets the folder for its files; `version` is `READING_VERSION`; `ignore` are patterns as in
        `.gitignore`. Blocks for as long as opening an index takes.
        """
        self.folder = folder
        self.progress: SyncProgress | None = None
        """How far the reading is; None while nothing is read."""
        self.problem = ""
        """Why it cannot be kept in step at the moment, in a sentence; "" when it can."""
        self.on_progress: Callable[[SyncProgress | None], None] = lambda _: None
        """Hears of each change of `progress`, on the event loop."""
        self.stored = StoredLibrary.of(folder, data_dir)
        """What it holds, file by file."""
        self._place = self.stored.place
        self.index = make_index(self._place / INDEX)
        """For searching; it stays the same object."""
        self._reader = reader
        self._rules = SyncRules(version, max_bytes)
        self._scanner = Scanner(folder.path, ignore=ignore, without=data_dir)
        self._lock = FileLock(self._place / LOCK, thread_local=False)
        self._one_at_a_time = asyncio.Lock()
        self._manifest: Manifest | None = None
        self._syncer: Syncer | None = None

    async def take(self) -> bool:
        """Takes on the task of keeping it in step; False when another process has it.

        Raises:
            StorageError: the data folder cannot be written.
        """
        return bool(await run_to_completion(self._acquire))

    async def sync(self, *, retry: bool = False) -> Changes:
        """Brings all of it in step, once; what changed. Stays a little for files that are still being written.

        With `retry`, what failed before is read again. Cancelling it keeps what was committed.

        Raises:
            StorageError: the folder cannot be listed, the index cannot be written, or another process keeps it in step.
            ParserUnavailable: no file can be read at the moment.
        """
        if not (syncer := await run_to_completion(self._acquire)):
            raise StorageError(f"Another process keeps {self.folder.name} in step, such as the running chat.")
        changes, last_look = Changes(), time.monotonic() + _LAST_LOOKS_S
        async for some in self._commits(syncer, None, retry=retry):
            changes += some
        while (look := syncer.next_look) is not None and look < last_look:
            await asyncio.sleep(look - time.monotonic())
            async for some in self._commits(syncer, frozenset()):
                changes += some
        return changes

    async def follow(self) -> AsyncGenerator[Changes]:
        """Keeps it in step for as long as it is iterated; yields what each commit changed.

        Where another process does that already, it waits for its turn and shows what that one writes. What goes wrong
        is told by `problem`, and tried again. Close it (`contextlib.aclosing`), or cancel whoever iterates it.
        """
        syncer, failures = await self._turn(), 0
        async with FolderWatch(self.folder.path) as watch:
            rescan_at = time.monotonic()
            while True:
                touched = await watch.touched(_pause(syncer, rescan_at))
                if syncer.lost or time.monotonic() >= rescan_at:
                    touched = None
                try:
                    async with aclosing(self._commits(syncer, touched)) as commits:
                        async for changes in commits:
                            yield changes
                    self.problem, failures = "", 0
                except (StorageError, ParserUnavailable) as error:
                    self._note(error)
                    failures += 1
                    rescan_at = time.monotonic() + min(_RESCAN_S, _POLL_S * 2**failures)
                    continue
                if touched is None:
                    rescan_at = time.monotonic() + _rest(syncer, polling=not watch.events)

    async def close(self) -> None:
        """Gives up the task of keeping it in step, and frees the index; `sync` and `follow` have ended before."""
        await asyncio.to_thread(self._close)

    def _acquire(self) -> Syncer | None:
        """What keeps it in step, if no other process does."""
        if self._syncer:
            return self._syncer
        try:
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds the text of the documents
            self._lock.acquire(timeout=0)
        except Timeout:
            return None
        except OSError as error:
            raise StorageError(
                f"The data folder {self._place} cannot be written ({error.strerror}). Set DATA_DIR to another place."
            ) from error
        try:
            self._manifest = Manifest(self._place / MANIFEST)
        except BaseException:
            self._lock.release()
            raise
        if not self._manifest.identity:  # nobody knows what the index holds
            shutil.rmtree(self._place / INDEX, ignore_errors=True)
            self.index.refresh()
        self._syncer = Syncer(self.folder.name, self._scanner, self._manifest, self.index, self._reader, self._rules)
        self._syncer.on_progress = self._hear
        return self._syncer

    async def _turn(self) -> Syncer:
        while True:
            try:
                if syncer := await run_to_completion(self._acquire):
                    return syncer
                await asyncio.to_thread(self.index.refresh)
            except StorageError as error:
                self._note(error)
            await asyncio.sleep(_LOCK_S)

    async def _commits(
        self, syncer: Syncer, touched: frozenset[str] | None, *, retry: bool = False
    ) -> AsyncGenerator[Changes]:
        async with self._one_at_a_time, aclosing(syncer.commits(touched, retry=retry)) as commits:
            async for changes in commits:
                if changes:
                    yield changes

    def _hear(self, progress: SyncProgress | None) -> None:
        self.progress = progress
        self.on_progress(progress)

    def _note(self, error: GroundworkError) -> None:
        if self.problem != str(error):
            self.problem = str(error)
            _log.warning("%s", error)

    def _close(self) -> None:
        self._syncer = None
        if self._manifest:
            self._manifest.close()
            self._manifest = None
        self._lock.release()
        self.index.close()


def _pause(syncer: Syncer, rescan_at: float) -> float:
    """Seconds to wait for an event."""
    now = time.monotonic()
    return max(0.0, min(rescan_at, syncer.next_look or rescan_at, now + _LONGEST_PAUSE_S) - now)


def _rest(syncer: Syncer, *, polling: bool) -> float:
    """Seconds between two looks at the whole folder, which are a small part of the time however large it is."""
    least, cost = (_POLL_S, _POLL_COST) if polling else (_RESCAN_S, _RESCAN_COST)
    return max(least, cost * syncer.look_s)
