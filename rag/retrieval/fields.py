"""What of a passage is searched, field by field; every index scores by this one table.

A term t that the query weighs w scores

    w · idf(t) · Σ over the fields of its kind: field weight · tf (k1 + 1) / (tf + k1 (1 - b + b · length / mean))

with the field's own term frequency, length and mean length (BM25, summed over fields), and one idf for all of them,
from `words` and `grams`, which hold everything.
"""

from dataclasses import dataclass

from rag.retrieval.document_names import name_forms
from rag.text.analysis import analyse
from rag.types import Passage


@dataclass(frozen=True, slots=True)
class Field:
    """A stretch of a passage with term frequencies and a length of its own."""

    name: str
    weight: float
    grams: bool = False
    """Whether it holds grams rather than words."""


WORDS, GRAMS = Field("words", 1.0), Field("grams", 1.0, grams=True)
NAMES = Field("names", 0.0)
"""What the passage's document is called: it counts by the document, not by the passage (see `document_names`)."""
FIELDS = (WORDS, GRAMS, Field("title", 0.4), Field("headings", 0.4), NAMES)


def searched_text(passage: Passage) -> str:
    """What a passage is found by: its heading context and its text."""
    return f"{heading_context(passage)}\n{passage.text}"


def heading_context(passage: Passage) -> str:
    """A passage's document title, headings and table header."""
    return "\n".join((passage.document.title, *_headings(passage), *filter(None, [passage.header])))


def field_terms(passage: Passage) -> dict[str, tuple[str, ...]]:
    """Every occurrence of a term in each of `FIELDS`, by the field's name."""
    everything = analyse(searched_text(passage))
    return {
        "words": everything.words,
        "grams": everything.grams,
        "title": analyse(passage.document.title).words,
        "headings": analyse("\n".join(_headings(passage))).words,
        "names": name_forms(passage.document),
    }


def _headings(passage: Passage) -> list[str]:
    return [heading for heading in passage.headings if heading != passage.document.title]
