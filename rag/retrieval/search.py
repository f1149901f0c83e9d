"""The library and a chat's uploads as one ranking, with one normalised score."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import TypeVar

from rag.retrieval.dedup import deduplicate, group_neighbours, merge_neighbours
from rag.retrieval.definitions import DEFINES, definition
from rag.retrieval.fields import searched_text
from rag.retrieval.index import PassageIndex, Statistics
from rag.retrieval.query import Query, build_query
from rag.retrieval.scoring import QueryScorer, history_weight
from rag.retrieval.synonyms import Synonyms
from rag.text.analysis import fold
from rag.types import Hit, SearchResult

FOCUS_BOOST = 1.25
"""What a passage of a file that came with the question counts more than another."""

POINTED_AT = 0.4
"""A file that came with a question, and whose best normalised score is below this, was pointed at, not asked about; its
first passages have the full score then, because the person chose them."""

MOST_TERMS = 128
"""A question of thousands of words, or the rest of a long talk, is searched for by the terms of the greatest mass; a
usual question has about 50, and what is left out changes no measure (benchmarks/retrieval)."""

_WIDER = 6
"""How many times as many hits are looked at for one that defines what was asked for: a definition says a word once."""

_MOST_FOUND = 500
"""Hits; a ranking full of near-duplicates is followed no further than this."""

_T = TypeVar("_T")


class Searcher:
    """Searches several indexes as if they were one; its calls block: run them in a worker thread."""

    def __init__(self, *indexes: PassageIndex, synonyms: Synonyms | None = None) -> None:
        self.indexes = indexes
        self.synonyms = synonyms or Synonyms()

    def __len__(self) -> int:
        return sum(len(index) for index in self.indexes)

    def search(
        self,
        question: str,
        earlier: Sequence[str] = (),
        *,
        limit: int,
        focus: Set[str] = frozenset(),
        without: str = "",
    ) -> SearchResult:
        """The best passages for a question; `earlier` are the chat's questions before it, oldest first.

        `focus` names documents that came with the question: their passages count more and are every other hit at
        least; where the question's words find none of them well ("summarise this"), these hits are their first
        passages. Of near-duplicates only the first is given; two neighbours in a document are one hit. The document
        `without` is passed over, but for how common it makes words.
        """
        query = build_query(question, earlier, self.synonyms)
        statistics = sum((index.statistics(query.terms) for index in self.indexes), Statistics())
        query = query.with_history_weight(history_weight(query, statistics))
        groups = self._groups(query, statistics, limit, focus, without)
        scorer = QueryScorer(query, statistics, list(chain.from_iterable(groups)))
        groups = [tuple(map(scorer.with_normalised_score, group)) for group in groups]
        hits = sorted(map(merge_neighbours, groups), key=_by_score)
        if (
            focus
            and max((hit.normalised_score for hit in hits if hit.passage.document.id in focus), default=0) < POINTED_AT
        ):
            ranked = sorted(chain.from_iterable(groups), key=_by_score)
            hits = list(islice(deduplicate(_in_turn(self._opening(focus, limit), ranked)), limit))
        return SearchResult(tuple(hits), scorer.weights, len(self), scorer.coverage(hits))

    def _groups(
        self, query: Query, statistics: Statistics, limit: int, focus: Set[str], without: str
    ) -> list[tuple[Hit, ...]]:
        """The best `limit` groups of hits; a ranking full of near-duplicates is followed further down."""
        terms, count = _heaviest_terms(query.terms, statistics), 3 * limit * (_WIDER if query.term else 1)
        says = definition(query.term) if query.term else None
        while True:
            rows = [index.search(terms, count, statistics) for index in self.indexes]
            if focus:
                rows += [index.search(terms, count, statistics, documents=focus) for index in self.indexes]
            wanted = (hit for row in rows for hit in row if hit.passage.document.id != without)
            hits = {hit.passage.id: _boosted(hit, focus, says) for hit in wanted}
            ranked = sorted(hits.values(), key=_by_score)
            of_focus = [hit for hit in ranked if hit.passage.document.id in focus]
            groups = group_neighbours(deduplicate(_in_turn(of_focus, ranked)), limit)
            if len(groups) == limit or count >= _MOST_FOUND or all(len(row) < count for row in rows):
                return groups
            count *= 4

    def _opening(self, focus: Set[str], limit: int) -> list[Hit]:
        """The first passages of these documents: all first ones, then all second ones."""
        each = [index.passages(document, limit=limit) for index in self.indexes for document in sorted(focus)]
        return [Hit(passage, 0.0, 1.0) for passage in _in_turn(*each)]


def _heaviest_terms(terms: Mapping[str, float], statistics: Statistics) -> Mapping[str, float]:
    """Of the terms that are in any passage those with the greatest weight times idf."""
    known = (term for term in terms if statistics.containing.get(term))
    ranked = sorted(known, key=lambda term: -terms[term] * statistics.idf(term))
    return {term: terms[term] for term in ranked[:MOST_TERMS]}


def _boosted(hit: Hit, focus: Set[str], says: re.Pattern[str] | None) -> Hit:
    factor = FOCUS_BOOST if hit.passage.document.id in focus else 1.0
    if says and says.search(fold(searched_text(hit.passage))):
        factor *= DEFINES
    return replace(hit, score=hit.score * factor)


def _by_score(hit: Hit) -> float:
    return -hit.score


def _in_turn(*rows: Sequence[_T]) -> list[_T]:
    """The first of each, then the second of each …"""
    return [each for column in zip_longest(*rows) for each in column if each is not None]
