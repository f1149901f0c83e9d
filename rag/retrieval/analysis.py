"""Text to search terms, one way for every language and every index.

NFKC, case and accents folded; words (English stop words left out, English stems) and, beside them, the character
4-grams inside each word, which find inflected and compounded forms in any language; scripts that do not put spaces
between words give single characters and bigrams instead. No language is detected.
"""

import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import Stemmer

VERSION = 1
"""Raised when the same text gives other terms, so that a stored index knows that it is out of date."""

GRAM_WEIGHT = 0.3
"""BM25 of the grams beside BM25 of the words; flat between 0.25 and 0.5 on the collections of benchmarks/retrieval."""

GRAM_PREFIX = "#"
"""Keeps a gram and a word that are spelled alike apart, where both stand in one mapping."""

STOP_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not"),
        *("of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was"),
        *("will", "with"),
    )
)
"""Lucene's short list; a longer one helps long questions and hurts short ones."""

_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0655\u0670]")
"""Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel and hamza signs: what people do not type."""
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
)
_MARKS = "".join(chr(c) for c in range(0x300, 0xFFFF) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Terms:
    """The analysed text: every occurrence, in order."""

    words: tuple[str, ...]
    grams: tuple[str, ...]
    """Each with `GRAM_PREFIX`."""
    units: tuple[str, ...]
    """What a text is measured by: its words and, where a script has no spaces, its bigrams."""


def analyse(text: str) -> Terms:
    """The terms of a text; empty for text without letters and digits."""
    words: list[str] = []
    grams: list[str] = []
    units: list[str] = []
    for token in _WORD.findall(fold(text)):
        for piece in _pieces(token):
            terms = _terms(piece)
            words += terms.words
            grams += terms.grams
            units += terms.units
    return Terms(tuple(words), tuple(grams), tuple(units))


def fold(text: str) -> str:
    """The text without differences of case, accent and Unicode form."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", text).translate(_UNDECOMPOSED)


def _pieces(token: str) -> Iterator[str]:
    """The token cut where its script changes between spaced and unspaced."""
    if token.isascii():
        yield token
        return
    end = 0
    for match in _UNSPACED.finditer(token):
        if match.start() > end:
            yield token[end : match.start()]
        yield match.group()
        end = match.end()
    if end < len(token):
        yield token[end:]


@lru_cache(maxsize=200_000)
def _terms(piece: str) -> Terms:
    """The terms of one word, or of a stretch of an unspaced script; words repeat, so this pays."""
    piece = sys.intern(piece)
    if _UNSPACED.match(piece):
        pairs = _ngrams(piece, 2)
        return Terms((), (*pairs, *_ngrams(piece, 1)) if len(piece) > 1 else pairs, pairs)
    if piece in STOP_WORDS:
        return Terms((), (), ())
    stem = (_stem(piece),)
    return Terms(stem, _ngrams(piece, 4), stem)


def _ngrams(word: str, size: int) -> tuple[str, ...]:
    if len(word) <= size:
        return (GRAM_PREFIX + word,)
    return tuple(sys.intern(GRAM_PREFIX + word[i : i + size]) for i in range(len(word) - size + 1))


def _stem(word: str) -> str:
    if not (word.isascii() and word.isalpha()):
        return word
    if not hasattr(_local, "stem"):  # PyStemmer's objects must not be shared between threads
        _local.stem = cast(Callable[[str], str], Stemmer.Stemmer("english").stemWord)  # pyright: ignore
    stem: Callable[[str], str] = _local.stem
    return sys.intern(stem(word))
