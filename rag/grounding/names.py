"""The names of a text: words with a capital letter where the language does not ask for one."""

import re
from collections.abc import Iterator

from rag.grounding.quantities import month_of, unit_of
from rag.grounding.words import all_words
from rag.text.analysis import fold
from rag.text.sentences import sentences

_WORD = re.compile(r"[^\W\d_][^\W_]+")
_FIRST_WORDS = re.compile(r"[\s\"'“„«(¿¡*_-]*([^\W\d_][^\W_]+)\s+([^\W_]+)")
_TWO_WORDS = re.compile(r"(?<![^\W_])([^\W\d_][^\W_]+)(?=\s+([^\W_]+))")
_LEADS_IN = re.compile(r"(?:\A|[:•#|>*\n]|[-–—] |\d[.)] )[\s\"'“„«(¿¡*_]*\Z")
"""A capital behind this says nothing: the start of a sentence, an item of a list, a cell, what follows a colon."""
_GERMAN = frozenset(("der", "die", "das", "und", "ist", "nicht", "ein", "eine", "wird", "werden"))
_LONG, _ENDING, _STEM = 5, 2, 3


def names(text: str) -> tuple[str, ...]:
    """The names of a text as it writes them; none for German, where every noun has a capital."""
    if len(_GERMAN & set(fold(text).split())) > 1:
        return ()
    return tuple(name for sentence in sentences(text) for name in _names(sentence))


def stands_in(name: str, terms: frozenset[str]) -> bool:
    """Whether one of the terms is the name, perhaps in another case: Ljubljana, v Ljubljani."""
    return all(word.term in terms or _inflected(word.term, terms) for word in all_words(name))


def subject(sentence: str) -> tuple[str, str]:
    """The first word when it has a capital, as it may be a name, and the term behind it; else two empty ones."""
    match = _FIRST_WORDS.match(sentence)
    return (match[1], _term(match[2])) if match and match[1][0].isupper() else ("", "")


def behind_names(text: str) -> frozenset[str]:
    """The terms behind words that the text never writes without a capital, first words of sentences among them."""
    small = {word for word in _WORD.findall(text) if not word[0].isupper()}
    pairs = _TWO_WORDS.findall(text)
    return frozenset(_term(second) for first, second in pairs if first[0].isupper() and first.lower() not in small)


def _names(sentence: str) -> Iterator[str]:
    for match in _WORD.finditer(sentence):
        folded = fold(match[0])
        if not match[0][0].isupper() or unit_of(folded) or month_of(folded):  # 25 MB and 1 May are `Facts`
            continue
        if not _LEADS_IN.search(sentence, max(0, match.start() - 20), match.start()):
            yield match[0]


def _inflected(name: str, terms: frozenset[str]) -> bool:
    stem = name[: max(_STEM, len(name) - _ENDING)]
    return len(name) >= _LONG and any(term.startswith(stem) and len(term) - len(stem) <= _ENDING for term in terms)


def _term(word: str) -> str:
    return next((each.term for each in all_words(word)), "")
