"""Normalised scores: how much of a question its hits hold, comparable between indexes."""

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

SELF_CONTAINED = 2.5
"""A question with this many words of the greatest idf, or with more that are less rare, needs no earlier question."""

STANDS_ALONE = 0.6
"""The most that earlier questions count for a question which does not point back at them, and less the more specific it
is: people leave out what was just named without a word that shows it ("what caused the drought?"). hit@5 on follow-ups
of CAsT 2021 .723 (with 0: .690), after another topic .859 instead of .864 (benchmarks/retrieval)."""

LEAST_HISTORY = 0.2
"""How far earlier questions count in the normalised score of a self-contained question, as a share of its own terms:
too little to lift a new topic over the gate."""

_PRIOR_PASSAGES, _PRIOR_SHARE = 50, 0.05
"""The idf here takes each term for one in 5 % of 50 more passages, so that one uploaded page does not make every word
that it lacks weigh five times one that it has."""

_Masses = Mapping[str, float]
"""Terms with their masses: weight times idf."""


def history_weight(query: Query, statistics: Statistics) -> float:
    """[0, 1]: the factor for the weights of earlier questions; the more specific a question, the lower."""
    specificity = max(1.0, _specificity(query, statistics))
    return specificity**-0.5 if query.points_back else STANDS_ALONE / specificity


def rarest(passages: int) -> float:
    """The idf of a word that is in none of these passages: the greatest there is."""
    return _idf(Statistics(passages), "")


class QueryScorer:
    """The masses of a query's terms, and how much of them a passage holds."""

    def __init__(self, query: Query, statistics: Statistics, hits: Sequence[Hit]) -> None:
        def masses(weights: Mapping[str, float]) -> _Masses:
            return {term: weight * _idf(statistics, term) for term, weight in weights.items()}

        own = masses(query.own)
        self._earlier = masses(query.earlier)
        phrases = [[masses(variant) for variant in variants] for variants in query.variants]
        found = [_first_found(variants, hits) for variants in phrases]
        used = {term for variant in found for term in variant}
        synonyms = {term: weight for term, weight in query.synonyms.items() if term in used}
        replaced = [variants[0] for variants, variant in zip(phrases, found, strict=True) if variant is not variants[0]]
        self.replaced = frozenset(term for variant in replaced for term in variant) - used
        """The question's terms in whose place the hits have a synonym."""
        self.weights = {**self._earlier, **masses(synonyms), **own}
        """The masses of the question's terms, of those of earlier ones, and of the synonyms that the hits are found by:
        the others would only count as what is missing."""
        asked = {term for variants in phrases for term in variants[0]}
        self._rest = {term: mass for term, mass in own.items() if term not in asked}
        self._phrases = [[_without(variant, self._rest) for variant in variants] for variants in phrases]
        self._units = query.units
        specificity = _specificity(query, statistics)
        self._most_history = _mass(own) * max(1 / specificity - 1, LEAST_HISTORY) if specificity else math.inf
        lengths = [_length(hit.passage) for hit in hits]
        self._mean_length = sum(lengths) / (len(lengths) or 1) or 1.0

    def with_normalised_score(self, hit: Hit) -> Hit:
        """The hit with its BM25 over what the query scores in a passage with each of its terms once, at most 1.

        A phrase that has synonyms counts as if it had been asked in the passage's own words. Of earlier questions only
        the terms that the passage holds count, so that a new topic does not lower the score, and only so far as the
        question depends on them, so that they do not raise it either.
        """
        counts = Counter(_terms(hit.passage))
        norm = K1 * (1 - B + B * _length(hit.passage) / self._mean_length)

        def score(masses: _Masses) -> float:
            return sum(masses[t] * n * (K1 + 1) / (n + norm) for t in masses if (n := counts[t]))

        asked = [self._rest, *(_best(variants, score) for variants in self._phrases)]
        history = {term: mass for term, mass in self._earlier.items() if term in counts}
        share = min(1.0, self._most_history / (_mass(history) or 1.0))
        asked.append({term: mass * share for term, mass in history.items()})
        most = sum(map(_mass, asked))
        return replace(hit, normalised_score=min(1.0, sum(map(score, asked)) / most) if most else 0.0)

    def coverage(self, hits: Sequence[Hit]) -> float:
        """[0, 1]: share of the mass of the question's words (in scripts without spaces, its grams) in the hits."""
        found = {term for hit in hits for term in _terms(hit.passage)}

        def within(masses: _Masses) -> _Masses:
            return {term: mass for term, mass in masses.items() if term in self._units}

        def score(masses: _Masses) -> float:
            return sum(mass for term, mass in masses.items() if term in found)

        phrases = [[within(variant) for variant in variants] for variants in self._phrases]
        asked = [within(self._rest), *(_best(variants, score) for variants in phrases)]
        most = sum(map(_mass, asked))
        return sum(map(score, asked)) / most if most else 0.0


def _terms(passage: Passage) -> Iterator[str]:
    """Every occurrence of a term in what the passage is found by."""
    return chain.from_iterable((*terms.words, *terms.grams) for terms in _analysed(passage))


def _length(passage: Passage) -> int:
    return sum(len(terms.units) for terms in _analysed(passage))


def _analysed(passage: Passage) -> tuple[Terms, Terms]:
    return analyse_again(heading_context(passage)), analyse_again(passage.text)


def _specificity(query: Query, statistics: Statistics) -> float:
    """The idf of a question's words, as shares of the greatest there is, over `SELF_CONTAINED`; 1 needs no history.

    A bigram of a script without spaces is half a word.
    """
    units = query.units & query.own.keys()
    total = sum(_idf(statistics, unit) / (2 if is_gram(unit) else 1) for unit in units)
    return total / rarest(statistics.passages) / SELF_CONTAINED


def _best(variants: Sequence[_Masses], score: Callable[[_Masses], float]) -> _Masses:
    """The variant of a phrase of which most is found; the one that was asked, between equals."""
    return max(variants, key=lambda variant: score(variant) / (_mass(variant) or 1.0))


def _first_found(variants: Sequence[_Masses], hits: Sequence[Hit]) -> _Masses:
    """The variant of a phrase that stands in the first hit which has all of one; the one that was asked, if none."""
    for hit in hits:
        terms = frozenset(_terms(hit.passage))
        for variant in variants:
            if variant.keys() <= terms:
                return variant
    return variants[0]


def _mass(masses: _Masses) -> float:
    return sum(masses.values())


def _without(masses: _Masses, others: Collection[str]) -> _Masses:
    return {term: mass for term, mass in masses.items() if term not in others}


def _idf(statistics: Statistics, term: str) -> float:
    n = statistics.containing.get(term, 0) + _PRIOR_PASSAGES * _PRIOR_SHARE
    return math.log(1 + (statistics.passages + _PRIOR_PASSAGES - n + 0.5) / (n + 0.5))
