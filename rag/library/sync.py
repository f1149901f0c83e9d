"""Brings an index in sync with its folder: what changed is read, and stored in small commits."""

import asyncio
import threading
import time
from asyncio import FIRST_COMPLETED
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from rag.concurrency import run_to_completion
from rag.errors import ParserUnavailable, StorageError
from rag.ingestion.reader import Reader
from rag.library.changes import Changes, SyncPlan, SyncProgress, SyncRules, Work, compare
from rag.library.file_check import FileChecker, Outcome
from rag.library.manifest import FileRecord, Manifest
from rag.library.scanner import Scan, Scanner
from rag.retrieval.tantivy_index import TantivyIndex
from rag.types import Document, Passage

_BATCH_PASSAGES = 2000
_BATCH_S = 1.0
"""What is read can be searched after so long, also while there is much more to read."""
_SUSPICIOUS_LOSS = 20
"""Documents; a folder that is empty all of a sudden is taken for a drive that is not connected."""


@dataclass(slots=True)
class Batch:
    """What one commit will store; it grows until it is full or due."""

    puts: list[tuple[Document, Sequence[Passage]]] = field(default_factory=list[tuple[Document, Sequence[Passage]]])
    removals: set[str] = field(default_factory=set[str])
    """The ids of documents to take out."""
    records: list[FileRecord] = field(default_factory=list[FileRecord])
    gone: list[str] = field(default_factory=list[str])
    """The names of files that are not there any more."""
    _passages: int = 0
    _added: list[str] = field(default_factory=list[str])
    _changed: list[str] = field(default_factory=list[str])
    _removed: list[str] = field(default_factory=list[str])
    _failed: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(self.records or self.gone)

    @property
    def full(self) -> bool:
        """Whether it should wait for nothing more."""
        return self._passages >= _BATCH_PASSAGES

    @property
    def changes(self) -> Changes:
        """What it will have changed, as a person sees it."""
        return Changes(*(tuple(sorted(names)) for names in (self._added, self._changed, self._removed, self._failed)))

    def remove(self, known: FileRecord) -> None:
        """Takes a file out that is not there any more."""
        self.gone.append(known.name)
        self._withdraw(known)

    def add(self, outcome: Outcome) -> None:
        """Adds the outcome for a file."""
        record, known = outcome.record, outcome.work.known
        if record is None:
            return
        self.records.append(record)
        if outcome.work.replaces:
            self.remove(outcome.work.replaces)
        if outcome.document:
            self.puts.append((outcome.document, outcome.passages))
            self._passages += len(outcome.passages)
            (self._changed if known and known.state == "indexed" else self._added).append(record.name)
        elif record.state == "failed" and not outcome.unchanged:
            self._failed.append(record.name)
            self.removals.update(filter(None, [known and known.document_id]))
        elif record.state == "skipped" and known:
            self._withdraw(known)

    def _withdraw(self, known: FileRecord) -> None:
        if known.document_id:
            self.removals.add(known.document_id)
        if known.state == "indexed":
            self._removed.append(known.name)


class Syncer:
    """Brings the index of one folder in sync; the manifest and the index are its own to write."""

    def __init__(
        self, name: str, scanner: Scanner, manifest: Manifest, index: TantivyIndex, reader: Reader, rules: SyncRules
    ) -> None:
        """`name` is the library's."""
        self._name = name
        self._folder = str(scanner.folder)
        self._scanner = scanner
        self._manifest = manifest
        self._index = index
        self._rules = rules
        self._window = reader.workers + 1
        self._checker = FileChecker(name, reader, version=rules.version)
        self.on_progress: Callable[[SyncProgress | None], None] = lambda _: None
        """Called with each file that is done, and with None at the end."""
        self.scan_s = 0.0
        """Seconds that the last scan of the whole folder took."""
        self._identity = ""

    @property
    def next_check(self) -> float | None:
        """When, on the monotonic clock, `commits` should run for files that were still being written."""
        return self._checker.next_check

    @property
    def index_replaced(self) -> bool:
        """Whether the index is not the one any more that was written to."""
        return self._index.identity != self._identity

    async def commits(self, touched: Collection[str] | None = None, *, retry: bool = False) -> AsyncGenerator[Changes]:
        """What each commit changed, until all of the folder is in sync but what is still being written.

        With `touched`, paths in the folder, only what may have changed when something happened to these is looked at.
        With `retry`, what failed before is read again. It can be left at any time; what was committed stays.

        Raises:
            StorageError: the folder cannot be listed, or the index not be written.
            ParserUnavailable: no file can be read at the moment; all else was committed.
        """
        stopped = threading.Event()
        plan = await run_to_completion(lambda: self._plan(touched, retry, stopped), on_cancel=stopped.set)
        batch = Batch()
        for known in plan.gone:
            batch.remove(known)
        for work in plan.too_large:
            batch.add(self._checker.skip(work, self._rules.too_large(work.found)))
        committed = time.monotonic()
        unavailable: ParserUnavailable | None = None
        try:
            async with aclosing(self._outcomes(await self._checker.settled(plan.works))) as outcomes:
                async for finished in outcomes:
                    for outcome in finished:
                        batch.add(outcome)
                    if batch.full or (batch and time.monotonic() - committed > _BATCH_S):
                        yield await self._commit(batch)
                        batch, committed = Batch(), time.monotonic()
        except ParserUnavailable as error:
            unavailable = error
        if batch:
            yield await self._commit(batch)
        if unavailable:
            raise unavailable
        if plan.whole:
            await run_to_completion(lambda: self._manifest.finish(self._folder))

    def _plan(self, touched: Collection[str] | None, retry: bool, stopped: threading.Event) -> SyncPlan:
        due = self._checker.due()
        if self._prepare(stopped):
            touched = None
        if touched is not None:
            touched = {*touched, *map(self._scanner.relative, due)}
        started = time.monotonic()
        scan = self._scanner.scan(touched)
        found = {file.path for file in scan.files.values()}
        self._checker.forget(path for path in due if path not in found)
        rules = replace(self._rules, retry=retry)
        if touched is None:
            self._refuse_sudden_loss(scan)
        plan = compare(scan, self._manifest.records(scan.folders, scan.trees), rules, frozenset(touched or ()))
        self.scan_s = time.monotonic() - started if touched is None else self.scan_s
        return replace(plan, whole=touched is None)

    def _prepare(self, stopped: threading.Event) -> bool:
        """Makes the index ready; whether it is a new one, and empty."""

        def on_progress(done: int, total: int) -> None:
            if stopped.is_set():
                raise _Stopped

        self._index.prepare(on_progress)
        self._identity = self._index.identity
        if self._identity == self._manifest.identity:
            return False
        self._manifest.begin(self._identity, self._name, self._folder)
        return True

    def _refuse_sudden_loss(self, scan: Scan) -> None:
        if scan.bare and (documents := self._manifest.summary().documents) >= _SUSPICIOUS_LOSS:
            raise StorageError(
                f"The folder {self._folder} is empty, but {documents} documents of it are indexed. They stay, "
                "in case its drive is not connected. If they are meant to go, put any file into the folder."
            )

    async def _outcomes(self, works: Sequence[Work]) -> AsyncGenerator[list[Outcome]]:
        """The outcomes for the files, as each is done; an empty list when none was done for a while."""
        waiting, running = deque(works), set[asyncio.Task[Outcome]]()
        started, done, passages = time.monotonic(), 0, 0
        try:
            while waiting or running:
                while waiting and len(running) < self._window:
                    running.add(asyncio.create_task(self._checker.check(waiting.popleft())))
                finished, running = await asyncio.wait(running, timeout=_BATCH_S / 4, return_when=FIRST_COMPLETED)
                outcomes = await asyncio.gather(*finished)  # of several that fail, it looks at each
                done, passages = done + len(outcomes), passages + sum(len(each.passages) for each in outcomes)
                self.on_progress(SyncProgress(self._name, done, len(works), passages, time.monotonic() - started))
                yield outcomes
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            self.on_progress(None)

    async def _commit(self, batch: Batch) -> Changes:
        await run_to_completion(lambda: self._store(batch))
        return batch.changes

    def _store(self, batch: Batch) -> None:
        """Writes in an order in which the next run repairs a kill in between: no passage is ever without its row."""
        if batch.puts or batch.removals:
            self._manifest.expect(FileRecord(document.name, document_id=document.id) for document, _ in batch.puts)
            self._index.apply(batch.puts, batch.removals)
            if self.index_replaced:
                raise StorageError("The library's index was damaged. It is made anew from your documents.")
        self._manifest.record(batch.records, batch.gone)


class _Stopped(Exception):
    """The caller was cancelled."""
