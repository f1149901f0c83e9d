"""A question and those before it, as weighted search terms."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from rag.retrieval.history import points_back
from rag.retrieval.index import Statistics
from rag.retrieval.synonyms import Expansion, Synonyms
from rag.text.analysis import GRAM_PREFIX, GRAM_WEIGHT, Terms, analyse
from rag.text.definitions import defined_term
from rag.text.function_words import function_words, is_function_gram, words_of
from rag.text.language import language_of

EARLIER_WEIGHT, DECAY = 0.4, 1 / 3
"""The most that a word of the chat's first and of its last question counts beside one of this question, and the factor
for each question further back: "and how much memory does it need?" is found by what "it" was. Raises
hit@5 on follow-ups of CAsT 2021 from .63 to .72 (benchmarks/retrieval)."""

FUNCTION_WEIGHT = 0.5
"""What a word counts that asks rather than names, beside the others of its question: nDCG@10 on squad .892 → .903, on
400 of stackfaq and 250 of each xquad within .003 (benchmarks/retrieval)."""

SYNONYM_WEIGHT = 0.6
"""What a synonym counts beside the word that was asked."""

TYPED_WEIGHT = 1.0
"""What a misspelt word counts beside the word that it was corrected to."""

_NO_SYNONYMS = Synonyms()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Query:
    """Search terms with their weights; a term is in one of the three mappings only."""

    own: Mapping[str, float]
    """Words (weight 1) and grams (`GRAM_WEIGHT`) of the question itself."""
    earlier: Mapping[str, float]
    """Terms that only earlier questions have, with their decayed weights."""
    units: frozenset[str]
    """The terms that the question and its synonyms are measured by: words, and bigrams of scripts without spaces."""
    synonyms: Mapping[str, float] = field(default_factory=dict[str, float])
    """Terms that only synonyms of the question's phrases have, at `SYNONYM_WEIGHT`."""
    variants: tuple[tuple[Mapping[str, float], ...], ...] = ()
    """For each phrase that has synonyms the terms of each variant, first of the one that was asked."""
    typed: Mapping[str, float] = field(default_factory=dict[str, float])
    """Terms of words that were corrected, at `TYPED_WEIGHT`: they are searched for, but do not count in a score."""
    points_back: bool = True
    """Whether the question needs those before it."""
    language: str = ""
    """ISO 639-1 code of the question's; "" where it shows none."""
    term: str = ""
    """What the question wants defined, folded; "" when it asks for something else."""
    asked_for: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """For each term that only synonyms have the terms of the phrase that was asked, words for words, grams for grams.
    """

    @property
    def terms(self) -> dict[str, float]:
        """All of them."""
        return {**self.typed, **self.earlier, **self.synonyms, **self.own}

    def together(self, others: "Sequence[Query]") -> "Query":
        """The query that searches for the terms of the others as well."""
        own = _heaviest(each.own for each in (self, *others))
        return replace(
            self,
            own=own,
            earlier=_without(self.earlier, own),
            synonyms=_without(self.synonyms, own),
            asked_for=_without(self.asked_for, own),
        )

    def with_history_weight(self, factor: float) -> "Query":
        """The query with the weights of earlier questions multiplied by a factor in [0, 1]."""
        return replace(self, earlier={term: weight * factor for term, weight in self.earlier.items()})

    def blended(self, statistics: Statistics) -> Statistics:
        """The statistics with each synonym at least as common as the rarest word that was asked in its place: a rare
        word for a common thing says no more than the common one. Lucene's SynonymQuery does it likewise."""
        counts = statistics.containing
        common = {
            term: max(counts.get(term, 0), min((counts.get(each, 0) for each in asked), default=0))
            for term, asked in self.asked_for.items()
        }
        return Statistics(statistics.passages, {**counts, **common})


def build_query(
    question: str, earlier: Sequence[str] = (), synonyms: Synonyms = _NO_SYNONYMS, typed: Collection[str] = ()
) -> Query:
    """The query for a question; `earlier` are the questions before it, oldest first, `typed` its words that were
    corrected."""
    asked = analyse(question)
    expansions = synonyms.expand(question)
    every = (*expansions, *chain.from_iterable(map(synonyms.expand, earlier)))
    asked_for = {term: terms for each in every for term, terms in _asked_for(each)}
    others = [terms for each in expansions for terms in each.others]
    own = _asked(question, 1.0)
    other = _heaviest(_weighted(terms, SYNONYM_WEIGHT) for terms in others)
    term = defined_term(question)
    names_all = bool(term) and term != " ".join(words_of(question))  # "what is RAG", not "RAG?"
    before = _heaviest(_expanded(text, weight, synonyms) for text, weight in _decayed(() if names_all else earlier))
    return Query(
        own,
        _without(_without(before, own), other),
        frozenset(unit for terms in (asked, *others) for unit in terms.units),
        _without(other, own),
        tuple(tuple(_weighted(terms, 1.0) for terms in (each.asked, *each.others)) for each in expansions),
        _weighted(analyse(" ".join(typed)), TYPED_WEIGHT),
        points_back(question),
        language_of(question),
        term,
        _without(asked_for, own),
    )


def is_gram(term: str) -> bool:
    """Whether a term of a query is a gram rather than a word."""
    return term.startswith(GRAM_PREFIX)


def _asked_for(expansion: Expansion) -> Iterator[tuple[str, frozenset[str]]]:
    for other in expansion.others:
        for term in other.words:
            yield term, frozenset(expansion.asked.words)
        for term in other.grams:
            yield term, frozenset(expansion.asked.grams)


def _decayed(earlier: Sequence[str]) -> Iterator[tuple[str, float]]:
    for n, text in enumerate(earlier):
        yield text, EARLIER_WEIGHT * (DECAY ** (len(earlier) - 1 - n) if n else 1)


def _expanded(text: str, weight: float, synonyms: Synonyms) -> dict[str, float]:
    others = (terms for each in synonyms.expand(text) for terms in each.others)
    return _heaviest((*(_weighted(terms, weight * SYNONYM_WEIGHT) for terms in others), _asked(text, weight)))


def _asked(text: str, weight: float) -> dict[str, float]:
    """The terms of a question; words that ask rather than name count less, unless there are no others."""
    words = words_of(text)
    functions = function_words(words)
    everything = _weighted(analyse(text), weight * FUNCTION_WEIGHT)
    content = _weighted(analyse(" ".join(word for word in words if word not in functions)), weight)
    content = {term: own for term, own in content.items() if not is_function_gram(term)}
    return {**everything, **content} if content else _weighted(analyse(text), weight)


def _weighted(terms: Terms, weight: float) -> dict[str, float]:
    return dict.fromkeys(terms.words, weight) | dict.fromkeys(terms.grams, weight * GRAM_WEIGHT)


def _without(terms: Mapping[str, _T], others: Mapping[str, float]) -> dict[str, _T]:
    return {term: value for term, value in terms.items() if term not in others}


def _heaviest(several: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Each term with the greatest of its weights."""
    weights: dict[str, float] = {}
    for each in several:
        for term, weight in each.items():
            weights[term] = max(weight, weights.get(term, 0.0))
    return weights
