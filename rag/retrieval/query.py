"""A question and what was asked before it, as weighted search terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.retrieval.analysis import GRAM_PREFIX, GRAM_WEIGHT, analyse

EARLIER_WEIGHT = 0.4
"""What a word of an earlier question counts beside one of this question: "and how much memory does it need?" is
found by what "it" was. Raises hit@5 on follow-ups of CAsT 2021 from .61 to .70 (benchmarks/retrieval)."""


@dataclass(frozen=True, slots=True)
class Query:
    """Search terms with their weights; a term is in one of the two mappings only."""

    own: Mapping[str, float]
    """Words (weight 1) and grams (`GRAM_WEIGHT`) of the question itself."""
    earlier: Mapping[str, float]
    """Terms that only earlier questions have, at `EARLIER_WEIGHT` of that."""
    units: frozenset[str]
    """The terms of `own` that the question is measured by."""

    @property
    def terms(self) -> dict[str, float]:
        """All of them."""
        return {**self.earlier, **self.own}


def build_query(question: str, earlier: Sequence[str] = ()) -> Query:
    """The query for a question; of the earlier questions, oldest first, the first and the last are heard."""
    own = _weighted(question, 1.0)
    heard = dict.fromkeys((*earlier[:1], *earlier[-1:]))
    before: dict[str, float] = {}
    for text in heard:
        before |= _weighted(text, EARLIER_WEIGHT)
    earlier_only = {term: weight for term, weight in before.items() if term not in own}
    return Query(own, earlier_only, frozenset(analyse(question).units))


def _weighted(text: str, weight: float) -> dict[str, float]:
    terms = analyse(text)
    return dict.fromkeys(terms.words, weight) | dict.fromkeys(terms.grams, weight * GRAM_WEIGHT)


def is_gram(term: str) -> bool:
    """Whether a term of a query is a gram rather than a word."""
    return term.startswith(GRAM_PREFIX)
