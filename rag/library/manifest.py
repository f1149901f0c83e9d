"""What an index holds of its folder, file by file, so that only what changed is read again. In SQLite.

It is written by the process that keeps the index in sync, and read by any other at the same time. A file has its row
before its passages are in the index and until they are out of it, so that a process that is killed in between never
leaves passages that nobody knows of.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Literal, cast

from rag.errors import StorageError
from rag.types import Document

State = Literal["indexed", "failed", "skipped", "pending"]

_SCHEMA_VERSION = 1
_SCHEMA = f"""
BEGIN;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    name TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, digest BLOB, state TEXT, reason TEXT, document_id TEXT,
    title TEXT, pages INTEGER, passages INTEGER, language TEXT, version INTEGER, read_at REAL, folder TEXT
);
CREATE INDEX by_folder ON files (folder);
PRAGMA user_version = {_SCHEMA_VERSION};
COMMIT;
"""
_AFTER_SLASH = "0"
"""The character that follows "/"."""
_BUSY_S = 10.0
"""Readers and the writer never wait for each other in WAL mode, but for the moments in which it is opened or folded."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a file."""

    name: str
    """Its path in the folder, with "/"."""
    size: int = 0
    """Bytes, when it was read; so is `mtime_ns`."""
    mtime_ns: int = 0
    digest: bytes = b""
    """Of its content; empty when that was not read."""
    state: State = "pending"
    """ "pending": being taken up, or it was when the process ended."""
    reason: str = ""
    """Why it failed, was skipped or was read in part only, in a sentence or two for a person."""
    document_id: str = ""
    title: str = ""
    pages: int = 0
    passages: int = 0
    language: str = ""
    version: int = 0
    """`READING_VERSION` of what read it."""
    read_at: float = 0.0
    """Seconds since the epoch."""

    def document(self, collection: str) -> Document:
        """What was read of it, as a document of the library folder of this name."""
        return Document(self.name, self.title, collection=collection, language=self.language)


_NAMES = tuple(field.name for field in fields(FileRecord))
_values_of = attrgetter(*_NAMES)
_SELECT = f"SELECT {', '.join(_NAMES)} FROM files"
_VALUES = f"INTO files ({', '.join(_NAMES)}, folder) VALUES ({', '.join('?' * (len(_NAMES) + 1))})"


@dataclass(frozen=True, slots=True)
class Summary:
    """A library in numbers."""

    documents: int = 0
    passages: int = 0
    failed: int = 0
    skipped: int = 0
    synced_at: float | None = None
    """When the whole folder was last found to be in sync, in seconds since the epoch."""


@contextlib.contextmanager
def reading(path: Path) -> Generator["Manifest | None"]:
    """The manifest, opened for reading beside the process that writes it; None where there is none yet.

    Raises:
        StorageError: it cannot be read, or is damaged.
    """
    try:
        manifest = Manifest(path, writable=False) if path.exists() else None
    except _Unfinished:
        manifest = None
    try:
        yield manifest
    finally:
        if manifest:
            manifest.close()


class _Unfinished(Exception):
    """Another process is making it in this moment."""


class Manifest:
    """The rows of one library; safe to call from several threads, one at a time gets through."""

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        """Opens it; with `writable`, one that is damaged or of another version is moved aside, and an empty one made.

        Raises:
            StorageError: it cannot be opened or written.
        """
        self._path = path
        self._lock = threading.Lock()
        try:
            if writable:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._opened(writable)
        except (OSError, sqlite3.OperationalError) as error:
            raise _storage_error(path, error) from error
        except sqlite3.DatabaseError as error:
            if not writable:
                raise _storage_error(path, error) from error
            self._set_aside()
            self._db = self._opened(writable)

    @property
    def identity(self) -> str:
        """The identity of the index that the rows are about; "" when there is none yet."""
        return self._fact("identity")

    @property
    def name(self) -> str:
        """What the library is called."""
        return self._fact("name")

    @property
    def folder(self) -> str:
        """The folder that was read."""
        return self._fact("folder")

    def begin(self, identity: str, name: str, folder: str) -> None:
        """Forgets every file: the index is another one, and empty."""
        with self._writing() as db:
            db.execute("DELETE FROM files")
            db.execute("DELETE FROM facts")
            facts = [("identity", identity), ("name", name), ("folder", folder)]
            db.executemany("INSERT INTO facts VALUES (?, ?)", facts)

    def finish(self, folder: str) -> None:
        """Notes that all of this folder is in sync now."""
        with self._writing() as db:
            facts = [("folder", folder), ("synced_at", str(time.time()))]
            db.executemany("REPLACE INTO facts VALUES (?, ?)", facts)

    def expect(self, records: Iterable[FileRecord]) -> None:
        """Notes files that the index is about to get, unless they have their rows already."""
        with self._writing() as db:
            db.executemany(f"INSERT OR IGNORE {_VALUES}", map(_row, records))

    def record(self, records: Iterable[FileRecord], gone: Iterable[str] = ()) -> None:
        """Replaces the rows of files, and drops those of names that are gone, in one transaction."""
        with self._writing() as db:
            db.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in gone])
            db.executemany(f"REPLACE {_VALUES}", map(_row, records))

    def records(
        self, folders: Collection[str] = (), trees: Collection[str] = ("",), state: State | None = None
    ) -> Iterator[FileRecord]:
        """The files directly in the folders, and those at or below the trees; all of them by name, of one state or any,
        where "" is among the trees."""
        if "" in trees:
            yield from self._select("WHERE ? IS NULL OR state = ? ORDER BY name", state, state)
            return
        found = {record.name: record for folder in folders for record in self._select("WHERE folder = ?", folder)}
        for tree in trees:
            below = self._select("WHERE name = ? OR (name > ? AND name < ?)", tree, f"{tree}/", tree + _AFTER_SLASH)
            found.update((record.name, record) for record in below)
        yield from found.values()

    def first(self, limit: int, *, newest: bool = False) -> list[FileRecord]:
        """The first `limit` indexed files by name, or those that were read last, newest first."""
        order = "read_at DESC, name" if newest else "name"
        return list(self._select(f"WHERE state = 'indexed' ORDER BY {order} LIMIT ?", limit))

    def folders(self) -> dict[str, int]:
        """How many indexed files lie directly in each folder, by name; "" is the library folder itself."""
        with self._using() as db:
            rows = db.execute("SELECT folder, count(*) FROM files WHERE state = 'indexed' GROUP BY folder").fetchall()
        return dict(sorted(cast(list[tuple[str, int]], rows)))

    def languages(self) -> dict[str, int]:
        """How many passages the documents of each language have, by ISO 639-1 code; "" is unknown."""
        with self._using() as db:
            rows = db.execute("SELECT language, sum(passages) FROM files WHERE state = 'indexed' GROUP BY language")
            return dict(cast(list[tuple[str, int]], rows.fetchall()))

    def summary(self) -> Summary:
        """The numbers."""
        with self._using() as db:
            rows = cast(
                list[tuple[str, int, int]],
                db.execute("SELECT state, count(*), coalesce(sum(passages), 0) FROM files GROUP BY state").fetchall(),
            )
        counts = {state: (files, passages) for state, files, passages in rows}
        documents, passages = counts.get("indexed", (0, 0))
        synced_at = self._fact("synced_at")
        return Summary(
            documents=documents,
            passages=passages,
            failed=counts.get("failed", (0, 0))[0],
            skipped=counts.get("skipped", (0, 0))[0],
            synced_at=float(synced_at) if synced_at else None,
        )

    def close(self) -> None:
        """Frees the file."""
        with self._lock:
            self._db.close()

    def _select(self, where: str, *values: object) -> Iterator[FileRecord]:
        with self._using() as db:
            rows = db.execute(f"{_SELECT} {where}", values).fetchall()
        yield from (FileRecord(*row) for row in rows)

    def _fact(self, key: str) -> str:
        with self._using() as db:
            row = cast(tuple[str] | None, db.execute("SELECT value FROM facts WHERE key = ?", [key]).fetchone())
        return row[0] if row else ""

    @contextlib.contextmanager
    def _using(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.DatabaseError as error:
                raise _storage_error(self._path, error) from error

    @contextlib.contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """One transaction: all of it, or nothing when something is raised."""
        with self._using() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def _opened(self, writable: bool) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode={'rwc' if writable else 'rw'}"
        db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _check(db, writable)
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self) -> None:
        """Moves a damaged file out of the way, for someone who wants to know what happened to it."""
        try:
            os.replace(self._path, self._path.with_suffix(".damaged"))
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            raise _storage_error(self._path, error) from error


def _check(db: sqlite3.Connection, writable: bool) -> None:
    """Makes the tables where they are to be made.

    Raises:
        DatabaseError: of sqlite3; the file is damaged, or of another version.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        if not writable:
            raise _Unfinished
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(_SCHEMA)
    elif version != _SCHEMA_VERSION or db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("damaged, or of another version")
    db.execute("PRAGMA synchronous = FULL")  # the default of SQLite, but not of every build of it


def _row(record: FileRecord) -> tuple[object, ...]:
    return *_values_of(record), record.name.rpartition("/")[0]


def _storage_error(path: Path, error: Exception) -> StorageError:
    if "full" in str(error):
        return StorageError(f"The disk is full: {path} cannot be written. Free some space; then it goes on.", path=path)
    return StorageError(
        f"{path} cannot be used ({error}). Check that the folder is there and may be written.", path=path
    )
