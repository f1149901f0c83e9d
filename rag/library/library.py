"""A folder of documents and an index that is kept in sync with it, by one process at a time."""

import asyncio
import logging
import os
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from rag.concurrency import run_to_completion
from rag.errors import GroundworkError, ParserUnavailable, StorageError
from rag.ingestion.reader import READING_VERSION, Reader
from rag.library.changes import Changes, SyncProgress, SyncRules
from rag.library.folders import Folder, folder_at
from rag.library.manifest import Manifest
from rag.library.scanner import Scanner
from rag.library.store import INDEX, LOCK, MANIFEST, StoredLibrary
from rag.library.sync import Syncer
from rag.library.watcher import FolderWatch
from rag.retrieval.tantivy_index import TantivyIndex
from rag.storage import user_data_dir

_log = logging.getLogger(__name__)

MAX_BYTES = 100_000_000
"""The largest file that is read, by default."""

_LOCK_S = 2.0
"""How often a process that waits for the lock tries again, and looks at what the other one has written."""
_LAST_CHECKS_S = 15.0
"""How long `sync` stays for files that are still being written."""
_RESCAN_S = 30.0
"""The whole folder is scanned this often, because events get lost."""
_POLL_S = 1.0
"""The same, where there are no events."""
_RESCAN_COST, _POLL_COST = 100, 20
"""Times as long as a scan took is the least time to the next one."""
_LONGEST_PAUSE_S = 5.0


class Library:
    """One folder and its index; used as `async with Library.open("docs") as library`."""

    def __init__(
        self,
        folder: Folder,
        data_dir: Path,
        reader: Reader,
        *,
        max_bytes: int = MAX_BYTES,
        version: int = READING_VERSION,
        ignore: Sequence[str] = (),
    ) -> None:
        """Opens the index for searching; blocks for as long as that takes.

        `max_bytes` is the size of the largest file that is read, `version` tells whether a file must be read again,
        `ignore` are patterns as in `.gitignore`. The reader stays the caller's to close.

        Raises:
            StorageError: the index in its place is of another folder, and cannot be deleted.
        """
        self.folder = folder
        self.progress: SyncProgress | None = None
        """How far the reading is; None while nothing is read."""
        self.problem = ""
        """Why it cannot be kept in sync at the moment, in a sentence; "" when it can."""
        self.on_progress: Callable[[SyncProgress | None], None] = lambda _: None
        """Called with each new `progress`, on the event loop."""
        self.stored = StoredLibrary.of(folder, data_dir)
        """What it holds, file by file."""
        if self.stored.is_foreign:
            self.stored.delete()
        self._directory = self.stored.directory
        self.index = TantivyIndex(self._directory / INDEX)
        """For searching; it stays the same object."""
        self._reader = reader
        self._owns_reader = False
        self._rules = SyncRules(version, max_bytes)
        self._scanner = Scanner(folder.path, ignore=ignore, without=data_dir)
        self._lock = FileLock(self._directory / LOCK, thread_local=False)
        self._one_at_a_time = asyncio.Lock()
        self._manifest: Manifest | None = None
        self._syncer: Syncer | None = None

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        data_dir: str | os.PathLike[str] | None = None,
        reader: Reader | None = None,
        max_bytes: int = MAX_BYTES,
        ignore: Sequence[str] = (),
    ) -> "Library":
        """The library of a folder, called by the last part of its path; what is indexed of it can be searched at once.

        The index lies in `data_dir`, by default in this account's data folder. Without a `reader` it has one of its
        own, which ends with it. `max_bytes` is the size of the largest file that is read, `ignore` are patterns as in
        `.gitignore`.

        Raises:
            StorageError: there is no such folder.
        """
        folder = folder_at(Path(path))
        if not folder.path.is_dir():
            raise StorageError(f"There is no folder {folder.path}. Check how its path is written.", path=folder.path)
        library = cls(
            folder,
            Path(data_dir) if data_dir is not None else user_data_dir(),
            reader or Reader(workers=1, timeout_s=30, max_bytes=max_bytes, max_pages=2000, max_chars=5_000_000),
            max_bytes=max_bytes,
            ignore=ignore,
        )
        library._owns_reader = reader is None
        return library

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def acquire(self) -> bool:
        """Makes this process the one that keeps it in sync, until `close`; False when another process is that.

        Raises:
            StorageError: the data folder cannot be written.
        """
        return bool(await run_to_completion(self._acquire))

    async def sync(self, *, retry: bool = False) -> Changes:
        """Brings all of it in sync, once; what changed. Stays a little for files that are still being written.

        With `retry`, what failed before is read again. Cancelling it keeps what was committed.

        Raises:
            StorageError: the folder cannot be listed, the index cannot be written, or another process keeps it in sync.
            ParserUnavailable: no file can be read at the moment.
        """
        if not (syncer := await run_to_completion(self._acquire)):
            raise StorageError(f"Another process keeps {self.folder.name} in sync, such as the running chat.")
        changes, last_check = Changes(), time.monotonic() + _LAST_CHECKS_S
        async for commit in self._commits(syncer, None, retry=retry):
            changes += commit
        while (check := syncer.next_check) is not None and check < last_check:
            await asyncio.sleep(check - time.monotonic())
            async for commit in self._commits(syncer, frozenset()):
                changes += commit
        return changes

    async def follow(self) -> AsyncGenerator[Changes]:
        """Keeps it in sync for as long as it is iterated; yields what each commit changed.

        Where another process does that already, it waits for the lock and shows what that one writes. A `StorageError`
        is shown by `problem`, and what failed is tried again. Close it (`contextlib.aclosing`), or cancel whoever
        iterates it.
        """
        syncer, failures = await self._wait_for_lock(), 0
        async with FolderWatch(self.folder.path) as watch:
            rescan_at = time.monotonic()
            while True:
                touched = await watch.touched(_pause(syncer, rescan_at))
                if syncer.index_replaced or time.monotonic() >= rescan_at:
                    touched = None
                try:
                    async with aclosing(self._commits(syncer, touched)) as commits:
                        async for changes in commits:
                            yield changes
                    self.problem, failures = "", 0
                except (StorageError, ParserUnavailable) as error:
                    self._show(error)
                    failures += 1
                    rescan_at = time.monotonic() + min(_RESCAN_S, _POLL_S * 2**failures)
                    continue
                if touched is None:
                    rescan_at = time.monotonic() + _rescan_interval(syncer, polling=not watch.events)

    async def close(self) -> None:
        """Releases the lock and frees the index; `sync` and `follow` have ended before."""
        await asyncio.to_thread(self._close)
        if self._owns_reader:
            await self._reader.close()

    def _acquire(self) -> Syncer | None:
        """What brings it in sync; None while another process has the lock."""
        if self._syncer:
            return self._syncer
        if not self._lock_directory():
            return None
        try:
            self._manifest = Manifest(self._directory / MANIFEST)
        except BaseException:
            self._lock.release()
            raise
        if not self._manifest.identity:  # nobody knows what the index holds
            shutil.rmtree(self._directory / INDEX, ignore_errors=True)
            self.index.refresh()
        self._syncer = Syncer(self.folder.name, self._scanner, self._manifest, self.index, self._reader, self._rules)
        self._syncer.on_progress = self._progressed
        return self._syncer

    def _lock_directory(self) -> bool:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds the text of the documents
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StorageError(
                f"The data folder {self._directory} cannot be written ({error.strerror}). "
                "Set DATA_DIR to another place.",
                path=self._directory,
            ) from error
        return True

    async def _wait_for_lock(self) -> Syncer:
        while True:
            try:
                if syncer := await run_to_completion(self._acquire):
                    return syncer
                await asyncio.to_thread(self.index.refresh)
            except StorageError as error:
                self._show(error)
            await asyncio.sleep(_LOCK_S)

    async def _commits(
        self, syncer: Syncer, touched: frozenset[str] | None, *, retry: bool = False
    ) -> AsyncGenerator[Changes]:
        async with self._one_at_a_time, aclosing(syncer.commits(touched, retry=retry)) as commits:
            async for changes in commits:
                if changes:
                    yield changes

    def _progressed(self, progress: SyncProgress | None) -> None:
        self.progress = progress
        self.on_progress(progress)

    def _show(self, error: GroundworkError) -> None:
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
    return max(0.0, min(rescan_at, syncer.next_check or rescan_at, now + _LONGEST_PAUSE_S) - now)


def _rescan_interval(syncer: Syncer, *, polling: bool) -> float:
    """Seconds between two scans of the whole folder, which are a small part of the time however large it is."""
    least, cost = (_POLL_S, _POLL_COST) if polling else (_RESCAN_S, _RESCAN_COST)
    return max(least, cost * syncer.scan_s)
