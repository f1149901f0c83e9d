"""How much of a question its hits hold, as shares that mean the same in every index."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from rag.retrieval.fields import heading_context
from rag.retrieval.index import K1, B, Statistics
from rag.retrieval.query import Query, is_gram
from rag.text.analysis import Terms, analyse_again
from rag.types import Hit, Passage

ALONE = 2.5
"""A question of so many words that stand nowhere, or of more that are less rare, says all that there is to know."""

VOUCHED = 0.2
"""How far the words of earlier questions count in the strength of a question that stands alone, as a share of its own:
too little to lift a new topic over the gate."""

_PRIOR_PASSAGES, _PRIOR_SHARE = 50, 0.05
"""Strength sees each term as if in 5 % of 50 more passages, so that one uploaded page does not make every word that it
lacks weigh five times one that it has."""

_Masses = Mapping[str, float]
"""Terms with what they are worth: weight times idf."""


def history_weight(query: Query, statistics: Statistics) -> float:
    """[0, 1]: how much a question hears of the earlier ones; the less, the more it says itself."""
    standing = _standing(query, statistics)
    return min(1.0, standing**-0.5) if standing else 1.0


def rarest(passages: int) -> float:
    """The idf of a word that stands in none of so many passages, the greatest that a result's weights have in them."""
    return _idf(Statistics(passages), "")


class QueryScorer:
    """What a query's terms are worth, and how much of that a passage holds."""

    def __init__(self, query: Query, statistics: Statistics, hits: Sequence[Hit]) -> None:
        def masses(weights: Mapping[str, float]) -> _Masses:
            return {term: weight * _idf(statistics, term) for term, weight in weights.items()}

        own = masses(query.own)
        self._earlier = masses(query.earlier)
        self.weights = {**self._earlier, **masses(query.synonyms), **own}
        choices = [[masses(way) for way in ways] for ways in query.choices]
        asked = {term for ways in choices for term in ways[0]}
        self._rest = {term: mass for term, mass in own.items() if term not in asked}
        self._choices = [[_without(way, self._rest) for way in ways] for ways in choices]
        self._units = query.units
        standing = _standing(query, statistics)
        self._vouched = _mass(own) * max(1 / standing - 1, VOUCHED) if standing else math.inf
        lengths = [_length(hit.passage) for hit in hits]
        self._mean_length = sum(lengths) / (len(lengths) or 1) or 1.0

    def with_normalised_score(self, hit: Hit) -> Hit:
        """The hit with its BM25 over the most that the query scores where each term stands once.

        A phrase that has synonyms counts as if it had been asked in the passage's own words. Of earlier questions only
        the terms that the passage holds count, so that a new topic is not held against it, and so far as the question
        leans on them, so that they do not make it strong either.
        """
        counts = Counter(_terms(hit.passage))
        norm = K1 * (1 - B + B * _length(hit.passage) / self._mean_length)

        def score(masses: _Masses) -> float:
            return sum(masses[t] * n * (K1 + 1) / (n + norm) for t in masses if (n := counts[t]))

        asked = [self._rest, *(_best(ways, score) for ways in self._choices)]
        heard = {term: mass for term, mass in self._earlier.items() if term in counts}
        share = min(1.0, self._vouched / (_mass(heard) or 1.0))
        asked.append({term: mass * share for term, mass in heard.items()})
        most = sum(map(_mass, asked))
        return replace(hit, normalised_score=min(1.0, sum(map(score, asked)) / most) if most else 0.0)

    def coverage(self, hits: Sequence[Hit]) -> float:
        """[0, 1]: share of the mass of the question's words (in scripts without spaces, its grams) in the hits."""
        held = {term for hit in hits for term in _terms(hit.passage)}

        def within(masses: _Masses) -> _Masses:
            return {term: mass for term, mass in masses.items() if term in self._units}

        def score(masses: _Masses) -> float:
            return sum(mass for term, mass in masses.items() if term in held)

        asked = [within(self._rest), *(_best([within(way) for way in ways], score) for ways in self._choices)]
        most = sum(map(_mass, asked))
        return sum(map(score, asked)) / most if most else 0.0


def _terms(passage: Passage) -> Iterator[str]:
    """Every occurrence of a term in what the passage is found by."""
    return chain.from_iterable((*terms.words, *terms.grams) for terms in _analysed(passage))


def _length(passage: Passage) -> int:
    return sum(len(terms.units) for terms in _analysed(passage))


def _analysed(passage: Passage) -> tuple[Terms, Terms]:
    return analyse_again(heading_context(passage)), analyse_again(passage.text)


def _standing(query: Query, statistics: Statistics) -> float:
    """How much a question says by itself: the idf of its words, as shares of the greatest there is, over `ALONE`.

    A bigram of a script without spaces is half a word.
    """
    units = query.units & query.own.keys()
    said = sum(_idf(statistics, unit) / (2 if is_gram(unit) else 1) for unit in units)
    return said / rarest(statistics.passages) / ALONE


def _best(ways: Sequence[_Masses], score: Callable[[_Masses], float]) -> _Masses:
    """The way to say a phrase of which most is held, as asked between equals."""
    return max(ways, key=lambda way: score(way) / (_mass(way) or 1.0))


def _mass(masses: _Masses) -> float:
    return sum(masses.values())


def _without(masses: _Masses, others: Collection[str]) -> _Masses:
    return {term: mass for term, mass in masses.items() if term not in others}


def _idf(statistics: Statistics, term: str) -> float:
    n = statistics.containing.get(term, 0) + _PRIOR_PASSAGES * _PRIOR_SHARE
    return math.log(1 + (statistics.passages + _PRIOR_PASSAGES - n + 0.5) / (n + 0.5))
