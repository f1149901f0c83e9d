"""Sentences of a text in any language, as spans; a line of a list or a row of a table counts as one."""

import re
from collections.abc import Iterator

_CITED = r"(?:[ \t]*\[\d{1,2}\]|\s+\[\d{1,2}\](?=[\[\]\d \t]*(?:\n|\Z)))*"
"""A mark like [1] after a sentence stays with it; on a later line only where nothing else stands there."""
_END = re.compile(
    rf"""
    (?<![.!?…])[.!?…]++["'”’»)\]]*{_CITED}(?=\s|$)     # Latin, Cyrillic, Greek …: a mark, then space
    | [。！？｡]+["'”’」』）]*{_CITED}                    # Chinese, Japanese: no space needed
    | [।॥။።؟۔]+{_CITED}(?=\s|$)                      # Hindi, Burmese, Amharic, Arabic, Urdu
    | \n(?=\s*(?:[-*+•|#>]|\d{{1,3}}[.)]\s)) | \n\s*\n   # list items, table rows, headings, paragraphs
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'«„])(?:[^\W\d_]|e\.g|i\.e|etc|vs|cf|ca|approx|nr|fig|vol|pp?|dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co"
    r"|z\.\s?b|d\.\s?h|u\.\s?a|bzw|usw|p\.\s?ej|sra?|ud|núm|т\.\s?[её]|т\.\s?д|т\.\s?п|др|см|рис|стр|npr|itd|oz|št|str)\.$",
    re.IGNORECASE,
)
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}\.$")
_NUMERO = re.compile(r"(?:^|[\s(])no\.$", re.IGNORECASE)
"""An abbreviation before a number only: "no. 5", but "The answer is no."."""


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the sentences, in order, without the white space around them; empty ones are left out."""
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if text[match.start()] == "." and _goes_on(text, start, end):
            continue
        yield from _trimmed(text, start, end)
        start = end
    yield from _trimmed(text, start, len(text))


def sentences(text: str) -> list[str]:
    """The sentences themselves."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether the full stop that ends at `end` is an abbreviation's or a list number's, not a sentence's."""
    before = text[start:end]
    following = text[end : end + 2].strip()[:1]
    if following.islower() and text[end - 1] == ".":
        return True
    if following.isdigit() and _NUMERO.search(before[-5:]):
        return True
    return bool(_LIST_NUMBER.match(before) or _ABBREVIATION.search(before[-12:]))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
