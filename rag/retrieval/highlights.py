"""The sentences of the hits, best first: what a person would underline."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rag.records import SearchResult
from rag.retrieval.analysis import analyse
from rag.sentences import sentence_spans

PASSAGE_SHARE = 0.5
"""How much a passage's own score counts beside its sentence's, both as shares of the query's mass; chosen with
benchmarks/quoting, flat between 0.3 and 0.8."""

_LENGTH_PIVOT = 25
"""Words: a sentence of this length keeps its score, a longer one loses (BM25's b = 0.3 on sentences)."""


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
    """Share of the query's mass in the sentence plus that of its passage; for ranking only."""


def highlights(search: SearchResult, *, most_passages: int = 5) -> list[Highlight]:
    """All sentences of the first hits, best first."""
    mass = sum(search.weights.values()) or 1.0
    best = max((hit.score for hit in search.hits), default=0.0) or 1.0
    found: list[Highlight] = []
    for number, hit in enumerate(search.hits[:most_passages], 1):
        passage_score = PASSAGE_SHARE * hit.score / best
        for start, end in sentence_spans(hit.passage.text):
            text = hit.passage.text[start:end]
            found.append(Highlight(number, start, end, text, _score(text, search.weights) / mass + passage_score))
    return sorted(found, key=lambda highlight: -highlight.score)


def _score(text: str, weights: Mapping[str, float]) -> float:
    terms = analyse(text)
    held = Counter(term for term in (*terms.words, *terms.grams) if term in weights)
    length = (len(terms.words) + len(terms.units)) / 2  # a gram of a script without spaces is half a word
    norm = 1 + 0.3 * (length / _LENGTH_PIVOT - 1)
    return sum(weights[term] * 2.2 * n / (n + 1.2 * norm) for term, n in held.items())
