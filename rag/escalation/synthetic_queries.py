"""Synthetic queries: the first words of sentences from a library's passages, each searched with its document left out.

Such a search is like one when the library does not hold the answer, in its own language and about its own
subjects, and nobody has to write a question. Deterministic: the same library gives the same queries.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rag.retrieval.search import Searcher
from rag.text.analysis import analyse
from rag.text.sentences import sentences
from rag.types import Passage, SearchResult

WORDS = 11
"""In a query; two characters of a script without spaces are a word. Of 7 to 12 that were tried, 11 leaves the widest
range of percentiles with which the bars of benchmarks/confidence hold in five languages: 86 to 89."""

_GOLDEN = (5**0.5 - 1) / 2
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Size:
    """How many passages a document has."""

    document_id: str
    passages: int


def spread(sizes: Sequence[Size], most: int) -> Iterator[tuple[str, int]]:
    """At most `most` passages, by document id and ordinal, evenly spread over all; so are the first of them.

    A Weyl sequence with the golden ratio (Kuipers and Niederreiter, 1974), which may be cut off anywhere.
    """
    ends = np.cumsum([size.passages for size in sizes], dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    positions = range(total) if total <= most else dict.fromkeys(int(total * (n * _GOLDEN % 1)) for n in range(most))
    for position in positions:
        document = int(np.searchsorted(ends, position, "right"))
        yield sizes[document].document_id, position - int(ends[document]) + sizes[document].passages


def synthetic_query(passage: Passage) -> str:
    """The first words of one of the passage's sentences; "" when none is long enough."""
    runs = [run for sentence in sentences(passage.text) if (run := _run(sentence))]
    return runs[passage.ordinal % len(runs)] if runs else ""


def leave_one_out(searcher: Searcher, passages: Iterable[Passage], *, limit: int) -> Iterator[tuple[str, SearchResult]]:
    """The synthetic queries of passages, each with its search in all documents but its own."""
    for passage in passages:
        if query := synthetic_query(passage):
            yield query, searcher.search(query, limit=limit, without={passage.document.id})


def _run(sentence: str) -> str:
    """The first `WORDS` words of a sentence; "" when it has fewer."""
    missing = float(WORDS)
    for token in _TOKEN.finditer(sentence):
        words = _words(token.group())
        if words >= missing:
            length = len(token.group())
            return sentence[: token.start() + (round(length * missing / words) if words > 2 else length)]
        missing -= words
    return ""


def _words(token: str) -> float:
    """How many words stand in a stretch without white space."""
    return max(1.0, len(analyse(token).units) / 2) if any(map(str.isalnum, token)) else 0.0
