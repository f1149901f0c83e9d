"""Cuts a passage into fragments that can be read alone: sentences, short lists, rows under their header, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.text.sentences import sentence_spans

SHORT_LIST = 600
"""Characters; up to here a list is one fragment, because its introduction stands before it once."""

_LEAD = 200
"""Characters; a longer line before a list, a block of code or a paragraph is no introduction to it."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_CODE = re.compile(r"^ {0,3}(```|~~~)(?![^\n]*\1).*?(?:^ {0,3}\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r" {0,3}\|")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_UNFINISHED = re.compile(r"[^.!?…。！？।؟۔\s\"'”’»)\]*_][\"'”’»)\]*_]*\Z")
"""Ends without the end of a sentence: a title, or a line that announces what follows."""
_REFERS = re.compile(
    r"(?:its?|this|that|these|those|they|their|he|his|she|her|such"  # English
    r"|este|estos?|estas?|ese|esos?|esas?|él|ellos|ellas?|sus?"  # Spanish
    r"|ess[ea]s?|isso|isto|eles?|elas?|seus?|suas?"  # Portuguese
    r"|он|она|оно|они|это|этот|эта|эти|его|её|ее|их"  # Russian
    r"|njegov\w*|njen\w*|njihov\w*|tega|temu"  # Slovenian
    r")\b|[他她它这該该此]",
    re.IGNORECASE,
)
"""Begins with what the sentence before it names. So do a tenth of the sentences that a prompt shows after a gap; that
sentence as well costs 0.5 % more tokens and holds the answer as often, every sentence's predecessor holds it less often
at the same cost (squad)."""

FragmentKind = Literal["prose", "line", "list", "header", "table", "code"]
"""What a fragment ends with: what introduces a list or code is one fragment with it. A header is a
table's, a line a form's."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of a passage's text, without the white space around it."""

    start: int
    end: int
    lead: int | None = None
    """The index of an earlier fragment that it depends on: a table's header, what announces a long list, the
    sentence that it refers to."""
    kind: FragmentKind = "prose"


def fragments_of(text: str) -> list[Fragment]:
    """The fragments of a text, in order; together they hold every character that is not white space."""
    fragments: list[Fragment] = []
    before: FragmentKind = "code"
    for kind, start, end in _blocks(text):
        if not text[start:end].strip():
            continue
        announced = before == "prose" and _announces(text, fragments[-1])
        if kind == "prose":
            _add_sentences(fragments, text, _sentences(text, start, end), announced=announced)
        elif kind == "table":
            fragments += _rows(text, start, end, len(fragments))
        elif kind == "list" and end - start > SHORT_LIST:
            lead = len(fragments) - 1 if announced else None
            fragments += [Fragment(*span, lead, "list") for span in _items(text, start, end)]
        else:
            _add(fragments, _stripped(text, start, end), announced=announced, kind=kind)
        before = kind
    return fragments


def _add_sentences(fragments: list[Fragment], text: str, spans: list[tuple[int, int]], *, announced: bool) -> None:
    """Adds the sentences of a stretch of prose, a title with the one below it."""
    for n, span in enumerate(spans):
        refers = n > 0 and bool(_REFERS.match(text, span[0]))
        _add(fragments, span, lead=len(fragments) - 1 if refers else None, announced=announced)
        announced = _announces(text, fragments[-1])


def _add(
    fragments: list[Fragment],
    span: tuple[int, int],
    *,
    lead: int | None = None,
    announced: bool,
    kind: FragmentKind = "prose",
) -> None:
    """Adds a fragment; together with the one before, where that announces it."""
    start, end = span
    if announced:
        opening = fragments.pop()
        start, lead = opening.start, opening.lead
    fragments.append(Fragment(start, end, lead, kind))


def _blocks(text: str) -> Iterator[tuple[FragmentKind, int, int]]:
    """The text as prose, lists, tables and blocks of code, in order and without a gap."""
    start = 0
    for code in _CODE.finditer(text):
        yield from _lines(text, start, code.start())
        yield "code", *code.span()
        start = code.end()
    yield from _lines(text, start, len(text))


def _lines(text: str, start: int, end: int) -> Iterator[tuple[FragmentKind, int, int]]:
    """The lines between two blocks of code, those of a kind together."""
    kind: FragmentKind = "prose"
    blank = False
    for line in _LINE.finditer(text, start, end):
        following = _kind(line.group(), kind, after_blank=blank)
        if following != kind:
            yield kind, start, line.start()
            kind, start = following, line.start()
        blank = not line.group().strip()
    yield kind, start, end


def _kind(line: str, before: FragmentKind, *, after_blank: bool) -> FragmentKind:
    """What a line belongs to."""
    if _ROW.match(line):
        return "table"
    if _ITEM.match(line):
        return "list"
    goes_on = not line.strip() or not after_blank or line.startswith("  ")
    return "list" if before == "list" and goes_on else "prose"


def _announces(text: str, fragment: Fragment) -> bool:
    """Whether a fragment is a short line that is no sentence: a title, or what introduces a list."""
    return fragment.end - fragment.start <= _LEAD and bool(_UNFINISHED.search(text[fragment.start : fragment.end]))


def _rows(text: str, start: int, end: int, index: int) -> Iterator[Fragment]:
    """The header of a table with the rule below it as one fragment, then each row, which depends on it."""
    lines = [_stripped(text, *line.span()) for line in _LINE.finditer(text, start, end)]
    headed = len(lines) > 1 and lines[0][1] - lines[0][0] <= SHORT_LIST and _is_rule(text[slice(*lines[1])])
    if headed:
        yield Fragment(lines[0][0], lines[1][1], kind="header")
    for first, last in lines[2:] if headed else lines:
        yield Fragment(first, last, index if headed else None, "table")


def _is_rule(line: str) -> bool:
    """Whether this is the line below a table's header, "|---|:--|"."""
    return "-" in line and not line.strip("|:- \t")


def _items(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The items of a list; of a long one its sentences."""
    begins = [line.start() for line in _LINE.finditer(text, start, end) if _ITEM.match(line.group())]
    for first, last in zip(begins, [*begins[1:], end], strict=True):
        if last - first <= SHORT_LIST:
            yield _stripped(text, first, last)
        else:
            yield from _sentences(text, first, last)


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(start + first, start + last) for first, last in sentence_spans(text[start:end])]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    stretch = text[start:end]
    return start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip())
