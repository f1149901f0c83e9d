"""What a question asks of a model besides its documents, by the tags that models have in `models.json`. Pure."""

import re

from rag.records import SearchResult

CODE, LONG_CONTEXT, MULTILINGUAL = "code", "long-context", "multilingual"
NEEDS = (CODE, LONG_CONTEXT, MULTILINGUAL)
"""What can be told from a question and its passages."""

LONG_CHARS = 2_000
"""A question of so many characters brings a text of its own."""

_FENCE = re.compile(r"```|~~~")
_CODE = re.compile(
    r"\w+\([^)\n]*\)\s*[;{:]|[{};]\s*$|=>|==|!=|::|</?\w+[^>\n]*>|^\s*(?:def|class|import|from|const|let|SELECT|FROM|WHERE)\b"
    r"|\bTraceback\b|\b\w+(?:Error|Exception)\b",
    re.MULTILINE,
)
_FEW = 2
"""One sign of code stands in ordinary questions too, such as the name of an error."""


def needs(question: str, search: SearchResult) -> frozenset[str]:
    """Of `NEEDS` those that the question has.

    `code` for a fenced block or two signs of code; `long-context` for a long text in the question; `multilingual` where
    the passages found are of several languages.
    """
    found: set[str] = set()
    if _FENCE.search(question) or len(_CODE.findall(question)) >= _FEW:
        found.add(CODE)
    if len(question) >= LONG_CHARS:
        found.add(LONG_CONTEXT)
    if len({hit.passage.document.language for hit in search.hits[:5]} - {""}) > 1:
        found.add(MULTILINGUAL)
    return frozenset(found)
