"""The probability that each fragment of the hits is the one that answers, and their sentences by that, best first.

A fragment's odds are exp(SHARPNESS · (coverage + PASSAGE_SHARE · score)) over its length in words to the power BREVITY:
coverage is the share of the query's mass in the fragment or in its heading context, score its passage's normalised
score over the best one's. An answer need not share words with its question, though: of each fragment's probability a
part goes to the fragments beside it and a part to all of its passage. Fitted as a conditional logit ("which sentence
holds the answer?") on halves of squad and xquad in English, Spanish, Russian and Chinese, whose own optima lie close
together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.text.analysis import analyse
from rag.text.definitions import defined_term, defines
from rag.text.sentences import sentence_spans
from rag.types import Passage, SearchResult

SHARPNESS, PASSAGE_SHARE, BREVITY = 14.0, 0.5, 0.2
DEFINITION = 10.0
"""The odds of a sentence that perhaps defines what the question asks the meaning of, beside one that only has its
words; squared where it surely does."""
HEADED, OPENING = 0.4, 3.0
"""Under a heading with this share of the query's mass the first fragment's odds are multiplied: where the heading asks
the question, the first sentence answers it. Squad, whose passages have no headings of their own, is as it was."""
SPREAD = 0.05
"""What part of its probability a fragment gives to the one before it, to the one after it, and to its passage."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A sentence of a hit."""

    number: int
    """The hit's number in the prompt, from 1."""
    start: int
    end: int
    """Span in the passage's text."""
    text: str
    score: float
    """[0, 1]: the probability that it is the sentence that answers; those of all sentences add up to 1."""


def highlights(search: SearchResult, *, most_passages: int = 5) -> list[Highlight]:
    """All sentences of the first hits, best first."""
    passages = [hit.passage.text for hit in search.hits[:most_passages]]
    spans = [list(sentence_spans(text)) for text in passages]
    shares = relevance(search, [[(text[a:b],) for a, b in each] for text, each in zip(passages, spans, strict=True)])
    found = [
        Highlight(number, start, end, text[start:end], probability)
        for number, (text, each, row) in enumerate(zip(passages, spans, shares, strict=True), 1)
        for (start, end), probability in zip(each, row, strict=True)
    ]
    return sorted(found, key=lambda highlight: -highlight.score)


def relevance(
    search: SearchResult, fragments: Sequence[Sequence[tuple[str, ...]]], question: str = ""
) -> list[list[float]]:
    """For each fragment of each of the first hits the probability that it is the one that answers; they add up to 1.

    A fragment is given as all the texts of its passage that are read with it: a row of a table with its header. With
    the `question`, what defines the term that it asks for comes first.
    """
    scorer = _Scorer(search.weights, defined_term(question))
    best = max((hit.normalised_score for hit in search.hits[: len(fragments)]), default=0.0) or 1.0
    odds = [
        scorer.odds(hit.passage, each, hit.normalised_score / best)
        for hit, each in zip(search.hits, fragments, strict=False)
    ]
    total = sum(map(sum, odds)) or 1.0
    return [_smoothed([each / total for each in row]) for row in odds]


class _Scorer:
    """The odds of fragments; each text is analysed once."""

    def __init__(self, weights: Mapping[str, float], term: str) -> None:
        self._weights, self._term = weights, term
        self._mass = sum(weights.values()) or 1.0
        self._seen: dict[str, tuple[frozenset[str], float]] = {}

    def odds(self, passage: Passage, fragments: Sequence[tuple[str, ...]], normalised_score: float) -> list[float]:
        """Those of the fragments of one passage, relative to all others."""
        context, _ = self._matches("\n".join((passage.document.title, *passage.headings, passage.header)))
        odds = [
            self._odds([self._matches(text) for text in texts], context, normalised_score)
            * DEFINITION ** defines(texts[-1], self._term)
            for texts in fragments
        ]
        if odds and self._coverage(context) >= HEADED:
            odds[0] *= OPENING
        return odds

    def _odds(
        self, texts: Sequence[tuple[frozenset[str], float]], context: frozenset[str], normalised_score: float
    ) -> float:
        length = sum(length for _, length in texts)
        terms = context.union(*(matching for matching, _ in texts))
        coverage = self._coverage(terms)
        return math.exp(SHARPNESS * (coverage + PASSAGE_SHARE * normalised_score)) / (1 + length) ** BREVITY

    def _coverage(self, terms: frozenset[str]) -> float:
        return math.fsum(self._weights[term] for term in terms) / self._mass  # the same in any order of a set

    def _matches(self, text: str) -> tuple[frozenset[str], float]:
        """The query's terms in a text, and its length in words."""
        if text not in self._seen:
            terms = analyse(text)
            length = (len(terms.words) + len(terms.units)) / 2  # a gram of a script without spaces is half a word
            matching = frozenset(term for term in (*terms.words, *terms.grams) if term in self._weights)
            self._seen[text] = matching, length
        return self._seen[text]


def _smoothed(own: Sequence[float]) -> list[float]:
    """Probabilities in one passage, a share of each given to its neighbours and to all; their sum stays."""
    if not own:
        return []
    everyone = SPREAD * sum(own) / len(own)
    before, after = [own[0], *own[:-1]], [*own[1:], own[-1]]
    return [
        (1 - 3 * SPREAD) * each + SPREAD * (left + right) + everyone
        for each, left, right in zip(own, before, after, strict=True)
    ]
