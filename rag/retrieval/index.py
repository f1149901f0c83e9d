"""The protocol of every index of passages, and the statistics that make two of them one ranking."""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from rag.types import Document, Hit, Passage

K1 = 1.2
"""BM25's term saturation: Lucene's and tantivy's value."""
B = 0.75
"""BM25's length normalisation: Lucene's and tantivy's value."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """How common some terms are; those of two collections add up."""

    passages: int = 0
    containing: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many passages hold each term."""

    def __add__(self, other: "Statistics") -> "Statistics":
        terms = self.containing.keys() | other.containing.keys()
        both = {t: self.containing.get(t, 0) + other.containing.get(t, 0) for t in terms}
        return Statistics(self.passages + other.passages, both)

    def smoothed(self, every: "Statistics", passages: int) -> "Statistics":
        """Those of a part of a collection with so many passages of an average kind beside its own, as Dirichlet priors
        do for language models (Zhai and Lafferty 2004): the counts of a large part stand for themselves."""
        share = passages / (every.passages or 1)
        counts = {term: n + round(share * every.containing.get(term, 0)) for term, n in self.containing.items()}
        return Statistics(self.passages + passages, counts)

    def idf(self, term: str) -> float:
        """log(1 + (N - n + 0.5) / (n + 0.5)), never negative (Lucene's form of Robertson and Spärck Jones)."""
        n = self.containing.get(term, 0)
        return math.log(1 + (self.passages - n + 0.5) / (n + 0.5))


class PassageIndex(Protocol):
    """A searchable set of passages; safe to call from several threads, every call may block for a while."""

    def put(self, document: Document, passages: Sequence[Passage]) -> None:
        """Adds a document, or replaces the one of its id."""
        ...

    def remove(self, document_id: str) -> bool:
        """Takes a document out; False when it was not there."""
        ...

    def passages(self, document_id: str, first: int = 0, limit: int = 1) -> list[Passage]:
        """Up to `limit` passages of a document from the one with the ordinal `first` on; none when it is not here."""
        ...

    def statistics(self, terms: Iterable[str], documents: Set[str] | None = None) -> Statistics:
        """How common these terms are here, or in these documents only."""
        ...

    def name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many documents there are, and how many have each of these forms (see `document_names`) in their names."""
        ...

    def own_name_counts(self, forms: Iterable[str]) -> Statistics:
        """How many passages have each of these forms as a word, and are of a document that is called so."""
        ...

    def documents_called(self, forms: Mapping[str, float], limit: int) -> list[tuple[Document, float]]:
        """The documents whose names have the greatest sum of these weights, with it, greatest first."""
        ...

    def search(
        self,
        terms: Mapping[str, float],
        limit: int,
        statistics: Statistics | None = None,
        documents: Set[str] | None = None,
        bonuses: Mapping[str, float] | None = None,
    ) -> list[Hit]:
        """The best passages by BM25 (see `fields`) with a weight for each term, best first, without those that score 0.

        With `statistics` the terms' idf comes from there, so that scores of two indexes are comparable. With
        `documents`, ids, only their passages are searched. `bonuses`, by the ids of documents, are added to the scores
        of their passages that hold any of the terms.
        """
        ...

    def close(self) -> None:
        """Frees what it holds; it is not used afterwards."""
        ...

    def __len__(self) -> int:
        """The number of passages."""
        ...
