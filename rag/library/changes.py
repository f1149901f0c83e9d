"""What differs between a folder and its manifest, and what a sync has changed. Pure functions."""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace

from rag.ingestion.file_names import shown_name
from rag.library.manifest import FileRecord
from rag.library.scanner import Found, Scan
from rag.machine import format_bytes

_RACY_S = 2.0
"""A file that was read so soon after it was written may have been written again within the same tick of the file
system's clock (2 s on FAT), with the same size."""


@dataclass(frozen=True, slots=True)
class Work:
    """A file to check."""

    found: Found
    known: FileRecord | None = None
    forced: bool = False
    """Read it even when its content is what it was."""
    replaces: FileRecord | None = None
    """The file that it was before it was renamed, which goes in the same commit."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync has to do."""

    works: list[Work] = field(default_factory=list[Work])
    too_large: list[Work] = field(default_factory=list[Work])
    gone: list[FileRecord] = field(default_factory=list[FileRecord])
    whole: bool = False
    """Whether the whole folder was looked at."""


@dataclass(frozen=True, slots=True)
class SyncRules:
    """What decides that a file is checked again."""

    version: int
    """`READING_VERSION`; files that another one read are read again."""
    max_bytes: int
    retry: bool = False
    """Also what failed or was skipped."""

    def too_large(self, found: Found) -> str:
        """Why a file is skipped."""
        return (
            f"{shown_name(found.name)} has {format_bytes(found.size)}; at most {format_bytes(self.max_bytes)} are "
            "read. Split it into smaller files, or raise LIBRARY_FILE_MAX_MB."
        )


def compare(scan: Scan, known: Iterable[FileRecord], rules: SyncRules, touched: Set[str] = frozenset()) -> SyncPlan:
    """The plan; `touched` are names of files that are checked whatever their time says.

    `known` are the records of all that the scan covers.
    """
    plan, files = SyncPlan(), dict(scan.files)
    for record in known:
        if found := files.pop(record.name, None):
            _add(plan, Work(found, record, _is_forced(record, rules)), rules, record.name in touched)
        elif not scan.unknown(record.name):
            plan.gone.append(record)
    for found in files.values():
        _add(plan, Work(found), rules, True)
    _pair_renamed(plan)
    plan.works.sort(key=lambda work: work.found.name)
    return plan


def _add(plan: SyncPlan, work: Work, rules: SyncRules, touched: bool) -> None:
    found, known = work.found, work.known
    if found.size > rules.max_bytes:
        if not (known and known.state == "skipped" and _same_stamp(found, known)):
            plan.too_large.append(work)
    elif known is None or touched or work.forced or _may_differ(found, known):
        plan.works.append(work)


def _is_forced(known: FileRecord, rules: SyncRules) -> bool:
    return known.version != rules.version or known.state == "pending" or (rules.retry and known.state != "indexed")


def _may_differ(found: Found, known: FileRecord) -> bool:
    racy = abs(known.read_at - known.mtime_ns / 1e9) < _RACY_S
    return racy or not known.digest or not _same_stamp(found, known)


def _same_stamp(found: Found, known: FileRecord) -> bool:
    return (found.size, found.mtime_ns) == (known.size, known.mtime_ns)


def _pair_renamed(plan: SyncPlan) -> None:
    """Takes a file that is gone, and a new one of its size and time, for one that was renamed."""
    gone = {(record.size, record.mtime_ns): record for record in plan.gone if record.state == "indexed"}
    renamed: set[str] = set()
    for position, work in enumerate(plan.works if gone else ()):
        if work.known is None and (record := gone.pop((work.found.size, work.found.mtime_ns), None)):
            plan.works[position] = replace(work, replaces=record)
            renamed.add(record.name)
    plan.gone[:] = (record for record in plan.gone if record.name not in renamed)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit changed, as names of files."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.failed)

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the reading of a folder is."""

    library: str
    documents_done: int
    documents_total: int
    passages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Documents per second."""
        return self.documents_done / self.seconds if self.seconds else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds that the rest will take at this rate; None before the first document."""
        return (self.documents_total - self.documents_done) / self.rate if self.rate else None
