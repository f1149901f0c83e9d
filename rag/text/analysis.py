"""Text to search terms, the same for every language and every index.

NFKC, case and accents folded; words (English stop words left out, stems by script) and, beside them, the character
4-grams of each word with its beginning, which find inflected and compounded forms in any language; scripts that do not
put spaces between words give single characters and bigrams instead. No language is detected.
"""

import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import cast

import Stemmer

VERSION = 3
"""Raised when the same text gives other terms, so that a stored index knows that it is out of date."""

GRAM_WEIGHT = 0.3
"""BM25 of the grams beside BM25 of the words; flat between 0.25 and 0.5 on the collections of benchmarks/retrieval."""

GRAM_PREFIX = "#"
"""Keeps a gram and a word that are spelled alike apart, where both stand in one mapping."""

WORD_START = "_"
"""Stands before a word's first letter in its grams: "up" of "upload" means more than "up" of "setup"."""

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
_NO_WORD = re.compile(r"\d")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_STEMMED = re.compile(
    "(?P<english>[a-z]+)|(?P<russian>[\u0400-\u052f]+)|(?P<greek>[\u0370-\u03ff]+)|(?P<arabic>[\u0620-\u06d3]+)"
    "|(?P<hindi>[\u0900-\u097f]+)"
)
"""The Snowball stemmer of each script, that of the language with most readers; for the others of a script it cuts the
same ends from a question as from a passage. nDCG@10 of xquad: ru .957 → .966, el .963 → .972, ar .945 → .957,
hi .963 → .967, and English stems on German and Spanish words do no harm."""
_FOLDED_SHORT_I = re.compile("(?<=[аеиоуыэюя])и")
"""Where the folding made и of й, which the Russian stemmer's endings have."""
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
    folded = fold(text)
    tokens = _WORD.findall(folded)
    if _UNSPACED.search(folded):
        runs = [run for token in tokens for run in _script_runs(token)]
        found = [_unspaced(run) if _UNSPACED.match(run) else _word(run) for run in runs]
    else:
        found = list(map(_word, tokens))
    return Terms(
        tuple(chain.from_iterable(terms.words for terms in found)),
        tuple(chain.from_iterable(terms.grams for terms in found)),
        tuple(chain.from_iterable(terms.units for terms in found)),
    )


analyse_again = lru_cache(maxsize=500)(analyse)
"""The same, remembered: for the texts of hits, which are looked at several times in a turn and in the next one."""


def written_words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text as they are written, without those with a digit or of a script without spaces."""
    return (match for match in _WORD.finditer(text) if not (_NO_WORD.search(match[0]) or _UNSPACED.search(match[0])))


def spaced_parts(token: str) -> list[str]:
    """The parts of a token between those of a script without spaces: the year in "1991年谁赢了"."""
    return [part for part in _UNSPACED.split(token) if part]


def fold(text: str) -> str:
    """The text without differences of case, accent and Unicode form."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", text).translate(_UNDECOMPOSED)


def _script_runs(token: str) -> Iterator[str]:
    """The token cut where its script changes between spaced and unspaced."""
    end = 0
    for match in _UNSPACED.finditer(token):
        if match.start() > end:
            yield token[end : match.start()]
        yield match.group()
        end = match.end()
    if end < len(token):
        yield token[end:]


@lru_cache(maxsize=200_000)
def _word(word: str) -> Terms:
    """The terms of one word; words repeat, so this pays."""
    if word in STOP_WORDS:
        return Terms((), (), ())
    own = (stem(sys.intern(word)),)
    return Terms(own, _ngrams(WORD_START + word, 4), own)


def _unspaced(text: str) -> Terms:
    """The terms of a stretch of a script without spaces."""
    pairs = _ngrams(text, 2)
    return Terms((), (*pairs, *_ngrams(text, 1)) if len(text) > 1 else pairs, pairs)


def _ngrams(word: str, size: int) -> tuple[str, ...]:
    if len(word) <= size:
        return (GRAM_PREFIX + word,)
    return tuple(sys.intern(GRAM_PREFIX + word[i : i + size]) for i in range(len(word) - size + 1))


def stem(word: str) -> str:
    """The stem of a folded word; the word itself where its script has no stemmer."""
    script = _STEMMED.fullmatch(word)
    if not script or not script.lastgroup:
        return word
    if script.lastgroup == "russian":
        word = _FOLDED_SHORT_I.sub("й", word)
    return sys.intern(stemmer(script.lastgroup)(word) or word)


def stemmer(language: str) -> Callable[[str], str]:
    """What stems the words of a language ("english"); this thread's: PyStemmer's objects must not be shared."""
    stemmers: dict[str, Callable[[str], str]] = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = cast(Callable[[str], str], Stemmer.Stemmer(language).stemWord)  # pyright: ignore
    return stemmers[language]
