"""Whether a text states a fact, whatever its case, accents, number format and marks. Pure functions."""

import re
from collections.abc import Sequence

from rag.citations import without_marks
from rag.evaluation.questions import Fact
from rag.retrieval.analysis import fold

_GROUPED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:([.,'’\s])\d{3})(?:\1\d{3})*(?![\d]|[.,]\d)")
"""12,000, 12.000, 12 000 and 12'000; 0.300 is none, and neither is 1.2345."""
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_UNIT = re.compile(r"(?<=\d)\s*(?=[^\W\d_]|%)")
"""Between a number and what it counts: "25MB" is "25 MB"."""
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_EMPHASIS = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_NOT_INSIDE = r"(?<![^\W_])(?<!\d[.,])"
"""Where a fact may begin: not within a word, and not within a number."""
_ENDS_IN_DIGIT = re.compile(r"\d\Z")


def found(text: str, facts: Sequence[Fact]) -> float:
    """[0, 1]: the share of the facts that the text states; 0 for no facts."""
    return 1 - len(missing(text, facts)) / len(facts) if facts else 0.0


def missing(text: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts of which the text holds no alternative.

    The comparison is lexical: that a text denies what it names goes unnoticed.
    """
    plain = normal(text)
    return tuple(fact for fact in facts if not any(_holds(plain, alternative) for alternative in fact))


def normal(text: str) -> str:
    """The text without differences of case, accent, white space, dash, emphasis, number format and citation marks."""
    text = fold(_EMPHASIS.sub("", _DASHES.sub("-", without_marks(text))))
    text = _GROUPED.sub(lambda number: re.sub(r"\D", "", number.group()), text)
    text = _UNIT.sub(" ", _DECIMAL_COMMA.sub(".", text))
    return " ".join(text.split())


def _holds(plain: str, alternative: str) -> bool:
    """Whether the fact stands in the text from the beginning of a word; a word may end otherwise, a number may not."""
    wanted = normal(alternative)
    end = r"(?!\d|[.,]\d)" if _ENDS_IN_DIGIT.search(wanted) else ""
    return bool(re.search(_NOT_INSIDE + re.escape(wanted) + end, plain))
