"""The words of a text as they are compared: pronouns left out, function words worth less, each with its grams."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.escalation.function_words import FUNCTION_WORDS, PRONOUNS
from rag.retrieval.analysis import analyse, fold

FUNCTION_WORD_WEIGHT = 0.625
"""Of a function word beside a content word; BEGIN's AUROC is flat between 0.5 and 1 (.961 to .962 and .971 to .972),
and sums of eighths are exact, so that a copy has exactly 1."""

_BREAK = re.compile(r"[\s!-/:-@\[-`{-~¡¿…“”„«»‘’—–•·]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a bigram of a script without spaces."""

    term: str
    """Its stem; a function word as it is."""
    grams: frozenset[str] = frozenset()
    """None of a function word."""
    weight: float = 1.0

    @property
    def says(self) -> bool:
        """Whether it is a content word."""
        return self.weight == 1


def all_words(text: str) -> list[Word]:
    """The words of a text in order."""
    return [word for piece in _pieces(text) for word in _words(piece)]


def words(text: str) -> list[Word]:
    """The same without pronouns."""
    return [word for piece in _pieces(text) if piece not in PRONOUNS for word in _words(piece)]


def _pieces(text: str) -> list[str]:
    return [piece for piece in _BREAK.split(fold(text)) if piece]


@lru_cache(maxsize=100_000)
def _words(piece: str) -> tuple[Word, ...]:
    if piece in FUNCTION_WORDS:
        return (Word(piece, weight=FUNCTION_WORD_WEIGHT),)
    found = analyse(piece)
    if len(found.words) == len(found.units) == 1:
        return (Word(found.units[0], frozenset(found.grams)),)
    return tuple(Word(bigram, frozenset((bigram,))) for bigram in found.units)
