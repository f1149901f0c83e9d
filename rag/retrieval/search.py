"""The library and this chat's uploads as one ranking, with one strength."""

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

from rag.records import Hit, SearchResult
from rag.retrieval.analysis import analyse
from rag.retrieval.fields import searched_text
from rag.retrieval.index import K1, B, PassageIndex, Statistics
from rag.retrieval.query import Query, build_query

NEAR_DUPLICATE = 0.8
"""Share of two passages' words, of all that they have, above which the lower one is left out."""

FOCUS_BOOST = 1.25
"""What a passage of a file that came with the question counts more than another."""

_T = TypeVar("_T")

POINTED_AT = 0.4
"""A file that came with a question whose words find it less strongly than this was pointed at, not asked about; its
first passages have full strength then, because the person chose them."""

_PRIOR_PASSAGES, _PRIOR_SHARE = 50, 0.05
"""Strength sees each term as if in 5 % of 50 more passages, so that one uploaded page does not make every word that it
lacks weigh five times one that it has."""


class Searcher:
    """Searches several indexes as if they were one; its calls block: run them in a worker thread."""

    def __init__(self, *indexes: PassageIndex) -> None:
        self.indexes = indexes

    def __len__(self) -> int:
        return sum(len(index) for index in self.indexes)

    def search(
        self, question: str, earlier: Sequence[str] = (), *, limit: int, focus: Set[str] = frozenset()
    ) -> SearchResult:
        """The best passages for a question; `earlier` are the chat's questions before it, oldest first.

        `focus` names documents that came with the question: their passages count more, and where the question's words
        find none of them well ("summarise this"), their first passages are given, in turn with what was found.
        """
        query = build_query(question, earlier)
        terms = query.terms
        statistics = sum((index.statistics(terms) for index in self.indexes), Statistics())
        found = [hit for index in self.indexes for hit in index.search(terms, 3 * limit, statistics)]
        found = [_boosted(hit, focus) for hit in found]
        found.sort(key=lambda hit: -hit.score)
        hits = _distinct(found, limit)
        weigher = _Weigher(query, statistics, hits)
        hits = [weigher.with_strength(hit) for hit in hits]
        if focus and max((hit.strength for hit in hits if hit.passage.document.id in focus), default=0) < POINTED_AT:
            hits = _distinct(_in_turn(self._opening(focus, limit), hits), limit)
        return SearchResult(tuple(hits), weigher.weights, len(self), weigher.coverage(hits))

    def _opening(self, focus: Set[str], limit: int) -> list[Hit]:
        """The first passages of these documents: all first ones, then all second ones."""
        each = [index.passages(document, limit=limit) for index in self.indexes for document in sorted(focus)]
        return [Hit(passage, 0.0, 1.0) for passage in _in_turn(*each)]


class _Weigher:
    """What a query's terms are worth, and how much of that a passage holds."""

    def __init__(self, query: Query, statistics: Statistics, hits: Sequence[Hit]) -> None:
        self._own = {term: weight * _idf(statistics, term) for term, weight in query.own.items()}
        self._earlier = {term: weight * _idf(statistics, term) for term, weight in query.earlier.items()}
        self.weights = {**self._earlier, **self._own}
        self._units = query.units
        self._terms = {hit.passage.id: analyse(searched_text(hit.passage)) for hit in hits}
        lengths = [len(terms.units) for terms in self._terms.values()]
        self._mean_length = sum(lengths) / (len(lengths) or 1) or 1.0

    def with_strength(self, hit: Hit) -> Hit:
        """The hit with its BM25 over the most that the query scores where each term stands once.

        Of earlier questions only the terms that the passage holds count, so that a new topic is not held against it.
        """
        terms = self._terms[hit.passage.id]
        held = Counter(term for term in (*terms.words, *terms.grams) if term in self.weights)
        length = len(terms.units) / self._mean_length
        score = sum(self.weights[t] * n * (K1 + 1) / (n + K1 * (1 - B + B * length)) for t, n in held.items())
        most = sum(self._own.values()) + sum(self._earlier.get(term, 0.0) for term in held)
        return replace(hit, strength=min(1.0, score / most) if most else 0.0)

    def coverage(self, hits: Sequence[Hit]) -> float:
        """[0, 1]: share of the mass of the question's words (in scripts without spaces, its grams) in the hits."""
        words = {term: mass for term, mass in self._own.items() if term in self._units}
        held: set[str] = set()
        for hit in hits:
            terms = self._terms.get(hit.passage.id) or analyse(searched_text(hit.passage))
            held.update(terms.words, terms.grams)
        most = sum(words.values())
        return sum(mass for term, mass in words.items() if term in held) / most if most else 0.0


def _idf(statistics: Statistics, term: str) -> float:
    n = statistics.containing.get(term, 0) + _PRIOR_PASSAGES * _PRIOR_SHARE
    return math.log(1 + (statistics.passages + _PRIOR_PASSAGES - n + 0.5) / (n + 0.5))


def _boosted(hit: Hit, focus: Set[str]) -> Hit:
    return replace(hit, score=hit.score * FOCUS_BOOST) if hit.passage.document.id in focus else hit


def _in_turn(*rows: Sequence[_T]) -> list[_T]:
    """The first of each, then the second of each …"""
    return [each for column in zip_longest(*rows) for each in column if each is not None]


def _distinct(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first hits whose words are not nearly those of one before."""
    kept: list[Hit] = []
    words: list[frozenset[str]] = []
    for hit in hits:
        own = frozenset(analyse(hit.passage.text).units or [hit.passage.id])
        if any(len(own & other) > NEAR_DUPLICATE * len(own | other) for other in words):
            continue
        kept.append(hit)
        words.append(own)
        if len(kept) == limit:
            break
    return kept
