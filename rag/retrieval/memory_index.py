"""An index in memory, on rank-bm25: for a chat's uploads, and for a library of a few thousand passages."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi  # pyright: ignore[reportMissingTypeStubs]

from rag.ingestion.chunking import chunk
from rag.ingestion.content import Content
from rag.ingestion.headings import document_title
from rag.retrieval.document_names import name_forms
from rag.retrieval.fields import FIELDS, GRAMS, WORDS, field_terms
from rag.retrieval.index import K1, B, Statistics
from rag.retrieval.query import is_gram
from rag.types import Document, Hit, Passage


class _Field(BM25Okapi):
    """BM25 of one field, whose idf is never negative: rank-bm25's own is 0 or less in collections of a few passages."""

    idf: dict[str, float]
    doc_freqs: list[dict[str, int]]
    containing: dict[str, int]

    def __init__(self, texts: list[tuple[str, ...]]) -> None:
        super().__init__(texts, k1=K1, b=B)  # pyright: ignore[reportUnknownMemberType]

    def _calc_idf(self, nd: dict[str, int]) -> None:
        self.containing = nd

    def weighted(self, terms: Mapping[str, float], statistics: Statistics) -> NDArray[np.float64]:
        """The score of every passage, in their order."""
        known = [term for term in terms if term in self.containing]
        self.idf = {term: terms[term] * statistics.idf(term) for term in known}
        return self.get_scores(known)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@dataclass(frozen=True, slots=True)
class _Entry:
    passage: Passage
    terms: Mapping[str, tuple[str, ...]]
    """By the names of `FIELDS`."""


@dataclass(frozen=True, slots=True)
class _StoredDocument:
    document: Document
    entries: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All that one search needs; never changed after it is made."""

    entries: tuple[_Entry, ...]
    fields: Mapping[str, _Field | None]

    def containing(self, term: str, documents: Set[str] | None = None) -> int:
        """How many passages hold a term, of all or of these documents."""
        field = self.fields[(GRAMS if is_gram(term) else WORDS).name]
        if documents is None or not field:
            return field.containing.get(term, 0) if field else 0
        each = zip(self.entries, field.doc_freqs, strict=True)
        return sum(entry.passage.document.id in documents and term in counts for entry, counts in each)

    def documents(self) -> dict[str, Document]:
        """The documents that have passages, by their ids."""
        return {entry.passage.document.id: entry.passage.document for entry in self.entries}

    def called(self, forms: Iterable[str]) -> dict[str, set[str]]:
        """For each form that names a document the ids of these."""
        wanted, found = frozenset(forms), dict[str, set[str]]()
        for document_id, document in self.documents().items():
            for form in wanted.intersection(name_forms(document)):
                found.setdefault(form, set()).add(document_id)
        return found


class MemoryIndex:
    """A `PassageIndex` in this process only; rebuilt at the first search after a change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # around the documents, for moments: `len` never waits for a search
        self._working = threading.Lock()  # around building and scoring
        self._documents: dict[str, _StoredDocument] = {}
        self._changes = 0
        self._snapshot: _Snapshot | None = None

    def put(self, document: Document, passages: Sequence[Passage]) -> None:
        """Adds a document, or replaces the one of its id."""
        entries = tuple(_Entry(passage, field_terms(passage)) for passage in passages)
        with self._lock:
            self._documents[document.id] = _StoredDocument(document, entries)
            self._changed()

    def add_text(self, name: str, text: str) -> Document:
        """Adds a text as a document of that name, or replaces the one that is there; gives back the document.

        The text is cut into passages of about 160 words; headings in Markdown ("# …") are shown with each.
        """
        document = Document(name, document_title(text, "", name), characters=len(text))
        self.put(document, chunk(Content(text), document))
        return document

    def remove(self, document_id: str) -> bool:
        """Takes a document out; False when it was not there."""
        with self._lock:
            self._changed()
            return self._documents.pop(document_id, None) is not None

    def documents(self) -> list[Document]:
        """All documents, in the order in which they came."""
        with self._lock:
            return [stored.document for stored in self._documents.values()]

    def passages(self, document_id: str, first: int = 0, limit: int = 1) -> list[Passage]:
        """Up to `limit` passages of a document from the one with the ordinal `first` on; none when it is not here."""
        with self._lock:
            stored = self._documents.get(document_id)
        wanted = range(first, first + limit)
        return [entry.passage for entry in stored.entries if entry.passage.ordinal in wanted] if stored else []

    def statistics(self, terms: Iterable[str], documents: Set[str] | None = None) -> Statistics:
        """How common these terms are here, or in these documents only."""
        entries = (snapshot := self._current()).entries
        size = sum(documents is None or entry.passage.document.id in documents for entry in entries)
        return Statistics(size, {term: snapshot.containing(term, documents) for term in terms})

    def name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many documents there are, and how many have each of these forms in their names."""
        wanted, snapshot = list(forms), self._current()
        called = snapshot.called(wanted)
        return Statistics(len(snapshot.documents()), {form: len(called.get(form, ())) for form in wanted})

    def own_name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many passages have each of these forms as a word, and are of a document that is called so."""
        wanted, snapshot = list(forms), self._current()
        called = snapshot.called(wanted)
        own = {form: snapshot.containing(form, called.get(form, set())) for form in wanted}
        return Statistics(len(snapshot.entries), own)

    def documents_called(self, forms: Mapping[str, float], limit: int) -> list[tuple[Document, float]]:
        """The documents whose names have the greatest sum of these weights, with it, greatest first."""
        snapshot, sums = self._current(), Counter[str]()
        for form, documents in snapshot.called(forms).items():
            sums.update(dict.fromkeys(documents, forms[form]))
        every = snapshot.documents()
        return [(every[document_id], total) for document_id, total in sums.most_common(limit)]

    def search(
        self,
        terms: Mapping[str, float],
        limit: int,
        statistics: Statistics | None = None,
        documents: Set[str] | None = None,
        bonuses: Mapping[str, float] | None = None,
    ) -> list[Hit]:
        """The best passages, best first, without those that score 0."""
        snapshot = self._current()
        if not snapshot.entries:
            return []
        statistics = statistics or self.statistics(terms)
        scores = np.zeros(len(snapshot.entries))
        with self._working:  # the fields keep the idf of the running search
            for field in FIELDS:
                if scorer := snapshot.fields.get(field.name):
                    weights = {t: w * field.weight for t, w in terms.items() if is_gram(t) == field.grams}
                    scores += scorer.weighted(weights, statistics)
        if bonuses:
            scores += (scores > 0) * [bonuses.get(entry.passage.document.id, 0.0) for entry in snapshot.entries]
        if documents is not None:
            scores *= [entry.passage.document.id in documents for entry in snapshot.entries]
        best = np.argsort(-scores, kind="stable")[:limit]
        return [Hit(snapshot.entries[int(i)].passage, float(scores[i])) for i in best if scores[i] > 0]

    def close(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._documents.clear()
            self._changed()

    def __len__(self) -> int:
        with self._lock:
            return sum(len(stored.entries) for stored in self._documents.values())

    def _changed(self) -> None:
        self._changes += 1
        self._snapshot = None

    def _current(self) -> _Snapshot:
        with self._working:
            with self._lock:
                if self._snapshot:
                    return self._snapshot
                changes = self._changes
                entries = tuple(chain.from_iterable(stored.entries for stored in self._documents.values()))
            fields = {
                field.name: _field([entry.terms[field.name] for entry in entries]) for field in FIELDS if field.weight
            }
            snapshot = _Snapshot(entries, fields)
            with self._lock:
                if changes == self._changes:
                    self._snapshot = snapshot
            return snapshot


def _field(texts: list[tuple[str, ...]]) -> _Field | None:
    """The field, or None without a single term, where BM25's mean length would be 0."""
    return _Field(texts) if any(texts) else None
