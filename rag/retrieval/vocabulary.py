"""The words that documents are written with, as terms of an index that are found by a word's beginning or by its end.

    café → "cafe/café" and "<efac/café": folded, forwards and backwards, and as it is written where that differs

Two ranges of a sorted list hold every word with one error, whichever half of it the error is in, so that an index that
lists its terms by prefix needs no table of its own, neither built nor loaded, however many words there are.
"""

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from rag.text.analysis import fold, written_words

BACKWARDS = "<"
"""Stands before a word that is written from its end."""
_FORM = "/"
LONGEST = 40
"""Letters; what is longer is no word."""

Spelling = tuple[str, str]
"""A word folded, and as it is written in lower case."""


def spelling_terms(text: str) -> frozenset[str]:
    """The terms of all words in a text that have three letters or more."""
    words = {match[0].lower() for match in written_words(unicodedata.normalize("NFKC", text))}
    return frozenset(term for word in words if 3 <= len(word) <= LONGEST for term in _terms(word))


def spelling_of(term: str) -> Spelling:
    """The word of a term."""
    letters, _, form = term.partition(_FORM)
    folded = letters[:0:-1] if letters.startswith(BACKWARDS) else letters
    return folded, form or folded


class SpellingTable:
    """The terms of texts in memory; never changed after it is made."""

    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        self._containing: Counter[str] = Counter()
        for terms in texts:
            self._containing.update(terms)
        self._sorted = sorted(self._containing)

    def with_prefix(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Up to `limit` terms that begin so, each with how many texts have it, the most frequent first."""
        first = bisect_left(self._sorted, prefix)
        last = bisect_left(self._sorted, prefix + chr(0x10FFFF), first)
        terms = sorted(self._sorted[first:last], key=lambda term: -self._containing[term])
        return [(term, self._containing[term]) for term in terms[:limit]]


@lru_cache(maxsize=200_000)
def _terms(word: str) -> tuple[str, str]:
    folded = fold(word)
    form = "" if folded == word else _FORM + word
    return folded + form, f"{BACKWARDS}{folded[::-1]}{form}"
