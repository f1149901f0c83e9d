"""An index on disk, on tantivy, which only this module knows: opens at once at any size, every change is atomic.

    <folder>/index.json   names the directory that is in use (see `index_files`)
    <folder>/index-…/     tantivy's files

A commit is tantivy's own, which is atomic. An index of another version of the app goes on answering while a new one is
made beside it from its passages; then `index.json`, replaced in one step, names the new one.
"""

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from traceback import clear_frames
from typing import Any, cast

import tantivy
from tantivy import Occur, Query

from rag.errors import StorageError
from rag.retrieval.fields import FIELDS, GRAMS, NAMES, WORDS, Field, field_terms
from rag.retrieval.index import Statistics
from rag.retrieval.index_files import (
    IndexMetadata,
    from_bytes,
    panics_as_errors,
    read_metadata,
    sweep,
    to_bytes,
    write_errors,
    write_metadata,
)
from rag.retrieval.query import is_gram
from rag.types import Document, Hit, Passage

_WRITER_BYTES = 64_000_000
_COPIED_AT_A_TIME = 5_000
_ADDED_AT_A_TIME = 100
"""`add_document` lets go of the interpreter and takes it back within microseconds: a thread that waits for it is
woken, loses the race and starts its 5 ms anew. One such call after each analysis starves the event loop for up to
0.2 s; many in a row are over in a few milliseconds."""
_FEW = 16
"""Documents; a set of terms is looked up anew in all of the index for each query, in 0.3 ms of 77,000 passages; a query
for each of 8 takes 0.1 ms, for one 0.02 ms."""
_EVERY = "every"
"""A field with one and the same term in each passage, whose frequency counts them as tantivy does for its idf: with
those that were removed, until their segment is merged."""


class _Opened:
    """One tantivy index; what it answers from is replaced as a whole after a commit."""

    def __init__(self, metadata: IndexMetadata, index: tantivy.Index) -> None:
        index.config_reader("Manual")
        self.metadata, self.index, self.schema = metadata, index, index.schema
        self.searcher = index.searcher()
        self.called: dict[str, int] = {}
        """How many documents have a form in their names, for those that were counted since the last change."""

    @classmethod
    def read(cls, folder: Path) -> "_Opened | None":
        """The index that is in use; None when there is none, or it does not open."""
        metadata = read_metadata(folder)
        try:
            with panics_as_errors():
                return cls(metadata, tantivy.Index.open(str(folder / metadata.directory))) if metadata else None
        except (OSError, ValueError):
            return None

    @classmethod
    def make(cls, folder: Path, metadata: IndexMetadata, passages: Iterable[Passage] = ()) -> "_Opened":
        """A new index with these passages, not yet in use."""
        directory = folder / metadata.directory
        directory.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(directory), reuse=False)
        writer = index.writer(_WRITER_BYTES, num_threads=1)
        _add(writer, passages)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return cls(metadata, index)

    def reload(self) -> None:
        self.index.reload()
        self.searcher, self.called = self.index.searcher(), {}


class TantivyIndex:
    """A `PassageIndex` in a folder. Any number of processes may search it; one at a time may write, which is the
    caller's to see to. Where nothing is there yet it is empty, until the first writing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.RLock()
        self._writer: tantivy.IndexWriter | None = None
        self._damaged = False
        """Its files have proved unreadable; it is empty until it is made anew."""
        self._opened = _Opened.read(folder)

    @property
    def identity(self) -> str:
        """Another one after the index had to be made anew without its passages; "" where none is there yet."""
        return self._opened.metadata.identity if self._opened else ""

    @property
    def outdated(self) -> bool:
        """Whether it was made by another version of the app; it answers, but not as well as it could."""
        return bool(self._opened and self._opened.metadata.outdated)

    def prepare(self, on_progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Makes it ready to be written: new where there is none that works, and anew from its passages if outdated.

        `on_progress` is called with the passages that are copied and with all; what it raises ends the copying, and
        the old index stays.

        Raises:
            StorageError: the disk is full or cannot be written; the old one stays.
        """
        with self._writing, write_errors(self._folder):
            if self._opened is None and not self._damaged:
                self._opened = _Opened.read(self._folder)  # it may be there by now, or have failed for a moment only
            old = self._opened
            if old and not old.metadata.outdated:
                return
            metadata = IndexMetadata(identity=old.metadata.identity) if old else IndexMetadata()
            made = _Opened.make(self._folder, metadata, _copied(old, on_progress) if old else ())
            write_metadata(self._folder, metadata)
            self._opened, self._writer, self._damaged = made, None, False
            sweep(self._folder, metadata)

    def refresh(self) -> None:
        """Sees what another process has written since."""
        with self._writing, self._read_errors():
            if self._opened and self._opened.metadata == read_metadata(self._folder):
                self._opened.reload()
            else:
                self._opened = _Opened.read(self._folder)

    def apply(self, puts: Sequence[tuple[Document, Sequence[Passage]]], removals: Collection[str] = ()) -> None:
        """Adds or replaces documents and takes others out by their ids, in one commit, on the disk when it returns.

        Raises:
            StorageError: the disk is full or cannot be written; nothing has changed then.
        """
        with self._writing, write_errors(self._folder):
            self.prepare()
            opened = cast(_Opened, self._opened)
            self._writer = self._writer or opened.index.writer(_WRITER_BYTES, num_threads=1)
            try:
                for document_id in (*removals, *(document.id for document, _ in puts)):
                    self._writer.delete_documents_by_term("document", document_id)
                _add(self._writer, (passage for _, passages in puts for passage in passages))
                self._writer.commit()
            except BaseException as error:
                self._writer = None  # and with it all that it had not committed
                clear_frames(error.__traceback__)  # which would keep it alive, and its lock taken
                raise
            opened.reload()

    def put(self, document: Document, passages: Sequence[Passage]) -> None:
        """Adds a document, or replaces the one of its id."""
        self.apply([(document, passages)])

    def remove(self, document_id: str) -> bool:
        """Takes a document out; False when it was not there."""
        there = any(self.passages(document_id, limit=len(self)))
        if there:
            self.apply((), [document_id])
        return there

    def passages(self, document_id: str, first: int = 0, limit: int = 1) -> list[Passage]:
        """Up to `limit` passages of a document from the one with the ordinal `first` on; none when it is not here."""
        if not (opened := self._opened):
            return []
        schema, kind = opened.schema, tantivy.FieldType.Unsigned
        of_document = Query.term_query(schema, "document", document_id, "basic")
        in_range = Query.range_query(schema, "ordinal", kind, max(first, 0), max(first + limit - 1, 0))
        found = self._fetch(opened, Query.boolean_query([(Occur.Must, of_document), (Occur.Must, in_range)]), limit)
        return sorted((hit.passage for hit in found), key=lambda passage: passage.ordinal)

    def statistics(self, terms: Iterable[str], documents: Set[str] | None = None) -> Statistics:
        """How common these terms are here, or in these documents only; without `documents` a removed passage counts
        until its segment is merged."""
        if not (opened := self._opened):
            return Statistics(0, dict.fromkeys(terms, 0))
        with self._read_errors():
            if documents is not None:
                among = _of_documents(opened, documents, 0.0)
                containing = {term: _count(opened, _term(opened, _searched(term), term), among) for term in terms}
                return Statistics(_count(opened, among), containing)
            containing = {term: _frequency(opened, _searched(term), term) for term in terms}
            return Statistics(_size(opened), containing)

    def name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many documents there are, and how many have each of these forms in their names."""
        if not (opened := self._with_names()):
            return Statistics(0, dict.fromkeys(forms, 0))
        with self._read_errors():
            first, called, wanted = _first_passages(opened), opened.called, list(forms)
            for form in wanted:
                if form not in called and _frequency(opened, NAMES, form):
                    called[form] = _named(opened, form, first)
            return Statistics(_count(opened, first), {form: called.get(form, 0) for form in wanted})

    def own_name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many passages have each of these forms as a word, and are of a document that is called so."""
        if not (opened := self._with_names()):
            return Statistics(0, dict.fromkeys(forms, 0))
        with self._read_errors():
            own = {f: _named(opened, f, _term(opened, _searched(f), f)) for f in forms}
            return Statistics(_size(opened), own)

    def documents_called(self, forms: Mapping[str, float], limit: int) -> list[tuple[Document, float]]:
        """The documents whose names have the greatest sum of these weights, with it, greatest first."""
        if not (opened := self._with_names()):
            return []
        clauses = [
            (Occur.Should, Query.const_score_query(_term(opened, NAMES, form), weight))
            for form, weight in sorted(forms.items())
        ]
        called = [(Occur.Must, Query.boolean_query(clauses)), (Occur.Must, _first_passages(opened))]
        return [(hit.passage.document, hit.score) for hit in self._fetch(opened, Query.boolean_query(called), limit)]

    def _with_names(self) -> _Opened | None:
        """The index, if one is open and its version has the field."""
        return self._opened if self._opened and NAMES.name in self._opened.metadata.fields else None

    def search(
        self,
        terms: Mapping[str, float],
        limit: int,
        statistics: Statistics | None = None,
        documents: Set[str] | None = None,
        bonuses: Mapping[str, float] | None = None,
    ) -> list[Hit]:
        """The best passages, best first, without those that score 0."""
        if not (opened := self._opened):
            return []
        with self._read_errors():
            clauses = [(Occur.Must, _scored(opened, terms, statistics or self.statistics(terms)))]
        if documents is not None:
            clauses.append((Occur.Must, _of_documents(opened, documents, 0.0)))
        for bonus, ids in _grouped(bonuses or {}).items():
            clauses.append((Occur.Should, _of_documents(opened, ids, bonus)))
        return self._fetch(opened, Query.boolean_query(clauses) if len(clauses) > 1 else clauses[0][1], limit)

    def close(self) -> None:
        """Frees its files, once segments that are being merged are whole; it is not used afterwards."""
        with self._writing:
            writer, self._writer, self._opened = self._writer, None, None
            with suppress(ValueError), panics_as_errors():
                if writer:
                    writer.wait_merging_threads()

    def __len__(self) -> int:
        return self._opened.searcher.num_docs if self._opened else 0

    def _fetch(self, opened: _Opened, query: Query, limit: int) -> list[Hit]:
        searcher = opened.searcher
        with self._read_errors():
            room = max(min(limit, searcher.num_docs), 1)  # tantivy sets memory aside for all of it
            hits = searcher.search(query, room, count=False).hits[:limit]
            return [Hit(_passage(searcher, address), score) for score, address in cast(list[tuple[float, Any]], hits)]

    @contextmanager
    def _read_errors(self) -> Generator[None]:
        try:
            with panics_as_errors():
                yield
        except (OSError, ValueError) as error:
            with self._writing:
                self._opened, self._writer, self._damaged = None, None, True
            raise StorageError(
                "The library's index is damaged. It is made anew from your documents, which are not touched; "
                "ask again in a while."
            ) from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field.name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    builder.add_text_field(_EVERY, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("ordinal", fast=True, indexed=True)
    builder.add_bytes_field("stored", stored=True, indexed=False)
    return builder.build()


def _add(writer: tantivy.IndexWriter, passages: Iterable[Passage]) -> None:
    remaining = iter(passages)
    while batch := [_tantivy_document(passage) for passage in islice(remaining, _ADDED_AT_A_TIME)]:
        for document in batch:
            writer.add_document(document)


def _tantivy_document(passage: Passage) -> tantivy.Document:
    document = tantivy.Document()
    for name, terms in field_terms(passage).items():
        document.add_text(name, " ".join(terms))
    document.add_text("document", passage.document.id)
    document.add_text(_EVERY, _EVERY)
    document.add_unsigned("ordinal", passage.ordinal)
    document.add_bytes("stored", to_bytes(passage))
    return document


def _scored(opened: _Opened, terms: Mapping[str, float], statistics: Statistics) -> Query:
    """A clause for each term in each field, boosted so that tantivy's own idf gives way to that of `statistics`."""
    size = _size(opened)
    clauses: list[tuple[Occur, Query]] = []
    for field in FIELDS:
        if field.name not in opened.metadata.fields or not field.weight:
            continue
        for term, weight in terms.items():
            if is_gram(term) == field.grams and (n := _frequency(opened, field, term)):
                own_idf = math.log(1 + (size - n + 0.5) / (n + 0.5))
                clause = Query.term_query(opened.schema, field.name, term, "freq")
                boost = field.weight * weight * statistics.idf(term) / own_idf
                clauses.append((Occur.Should, Query.boost_query(clause, boost)))
    return Query.boolean_query(clauses)


def _searched(term: str) -> Field:
    """The field that holds all occurrences of a term."""
    return GRAMS if is_gram(term) else WORDS


def _term(opened: _Opened, field: Field, term: str) -> Query:
    return Query.const_score_query(Query.term_query(opened.schema, field.name, term, "basic"), 0.0)


def _first_passages(opened: _Opened) -> Query:
    """One for each document."""
    return Query.const_score_query(Query.term_query(opened.schema, "ordinal", 0, "basic"), 0.0)


def _count(opened: _Opened, *queries: Query) -> int:
    """How many passages are found by all of these."""
    query = Query.boolean_query([(Occur.Must, each) for each in queries])
    return cast(int, cast(Any, opened.searcher.search(query, 1, count=True)).count)


def _named(opened: _Opened, form: str, among: Query) -> int:
    """How many of these passages are of documents with this form in their names."""
    return _count(opened, _term(opened, NAMES, form), among) if _frequency(opened, NAMES, form) else 0


def _of_documents(opened: _Opened, ids: Collection[str], score: float) -> Query:
    """The passages of these documents, each with the same score."""
    if len(ids) > _FEW:
        return Query.const_score_query(Query.term_set_query(opened.schema, "document", sorted(ids)), score)
    each = [(Occur.Should, Query.term_query(opened.schema, "document", name, "basic")) for name in sorted(ids)]
    return Query.const_score_query(Query.boolean_query(each), score)


def _grouped(bonuses: Mapping[str, float]) -> dict[float, list[str]]:
    """The documents by their bonus."""
    groups: dict[float, list[str]] = defaultdict(list)
    for document_id, bonus in bonuses.items():
        groups[bonus].append(document_id)
    return groups


def _size(opened: _Opened) -> int:
    return opened.searcher.doc_freq(_EVERY, _EVERY)


def _frequency(opened: _Opened, field: Field, term: str) -> int:
    return opened.searcher.doc_freq(field.name, term)


def _passage(searcher: tantivy.Searcher, address: Any) -> Passage:
    return from_bytes(bytes(cast(Any, searcher.doc(address))["stored"][0]))


def _copied(old: _Opened, on_progress: Callable[[int, int], None]) -> Iterator[Passage]:
    everything, total = Query.all_query(), old.searcher.num_docs
    for done in range(0, total, _COPIED_AT_A_TIME):
        on_progress(done, total)
        for _, address in old.searcher.search(everything, _COPIED_AT_A_TIME, count=False, offset=done).hits:
            yield _passage(old.searcher, address)
