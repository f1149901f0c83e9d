"""What goes into one commit: documents to add and to take out, and what to remember of their files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.documents.changes import Changes
from rag.documents.examining import Outcome
from rag.documents.manifest import FileRecord
from rag.records import Document, Passage

_FULL = 2000
"""Passages."""


@dataclass(slots=True)
class Batch:
    """Grows until it is full or due."""

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
        return self._passages >= _FULL

    @property
    def changes(self) -> Changes:
        """What it will have changed, as a person sees it."""
        return Changes(*(tuple(sorted(names)) for names in (self._added, self._changed, self._removed, self._failed)))

    def remove(self, known: FileRecord) -> None:
        """Takes a file out that is not there any more."""
        self.gone.append(known.name)
        self._withdraw(known)

    def take(self, outcome: Outcome) -> None:
        """Adds what became of a file."""
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
