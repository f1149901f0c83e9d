"""Quotes as Markdown: block quotes with lists, tables and code as they stand in the passage, one sentence in bold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise

from rag.generation.fragments import Fragment
from rag.text.untrusted import visible, without_own_marks
from rag.types import Passage

_WRAP = re.compile(r"(?<=\S)[ \t]*\n(?!\s*(?:\n|[-*+•|>#]|\d{1,3}[.)]\s))[ \t]*")
"""The end of a line that was only wrapped: no list item, table row or paragraph begins after it."""
_TEMPLATE_TAG = re.compile(r"^[ \t]*\{[%#{][^\n]*[%#}]\}[ \t]*(?:\n\s*|\Z)", re.MULTILINE)
"""A line that is nothing but a tag of a template, such as `{% image "a.png" %}`."""
_CELL = re.compile(r"(?<!\\)\|")
_ITEM = re.compile(r"(\s*(?:[-*+•]|\d{1,3}[.)])\s+)?(.*)", re.DOTALL)
_CODE = re.compile(r"(`[^`\n]+`)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1|(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=\S)\*(?![\w*])", re.DOTALL)
_FENCE = re.compile(r" {0,3}(```|~~~)")
_ENDS_ITS_LINE = re.compile(r"\s*(?:\||```|~~~)")
"""A row of a table or the end of a block of code: behind it on its line nothing else may stand."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted of a passage."""

    number: int
    """The passage's, from 1."""
    passage: Passage
    fragments: tuple[Fragment, ...]
    """In order."""
    decisive: tuple[int, int] | None = None
    """Span in the passage's text of the sentence that most probably answers; None when none stands out."""

    @property
    def text(self) -> str:
        """The fragments' own words, as the passage writes them."""
        return "\n".join(self.passage.text[each.start : each.end] for each in self.fragments)


def as_markdown(quote: Quote) -> str:
    """A block quote that ends with the passage's mark, the decisive sentence in bold.

    Wrapped lines run on; rows stand under their header as a table; where something is left out stands "…". The text's
    own marks such as "[2]" become "(2)", so that they cite nothing.
    """
    blocks = list(_blocks(quote))
    last = blocks[-1] if blocks else ""
    apart = bool(_ENDS_ITS_LINE.match(last[last.rfind("\n") + 1 :]))
    blocks[-1:] = [last, f"[{quote.number}]"] if apart else [f"{last} [{quote.number}]"]
    lines = "\n\n".join(blocks).split("\n")
    return "\n".join(f"> {line}" if line.strip() else ">" for line in lines)


def _blocks(quote: Quote) -> Iterator[str]:
    """The paragraphs, lists, tables and blocks of code of a quote, an ellipsis where text between two is left out."""
    text, before = quote.passage.text, None
    for kind, group in groupby(_runs(quote), key=lambda run: run[0]):
        runs = [fragments for _, fragments in group]
        for fragments in [list(chain.from_iterable(runs))] if kind == "table" else runs:
            if before and text[before.end : fragments[0].start].strip():
                yield "…"
            written = [_written(text, each, quote.decisive) for each in fragments]
            yield _table(quote, fragments) if kind == "table" else _joined(text, fragments, written)
            before = fragments[-1]


def _runs(quote: Quote) -> Iterator[tuple[str, list[Fragment]]]:
    """Fragments of a kind that make one paragraph, list or table."""
    run: list[Fragment] = []
    for before, each in pairwise((None, *quote.fragments)):
        assert each is not None
        if before and (_kind(before) != _kind(each) or _is_parted(quote.passage.text, before, each)):
            yield _kind(before), run
            run = []
        run.append(each)
    if run:
        yield _kind(run[-1]), run


def _kind(fragment: Fragment) -> str:
    return "table" if fragment.kind == "header" else fragment.kind


def _is_parted(text: str, before: Fragment, after: Fragment) -> bool:
    """Whether a new paragraph begins between two fragments of a kind."""
    between = text[before.end : after.start]
    return after.kind == "code" or (after.kind == "prose" and not between.strip() and "\n\n" in between)


def _written(text: str, fragment: Fragment, decisive: tuple[int, int] | None) -> str:
    """A fragment as Markdown, with the decisive sentence in bold where it lies inside."""
    start, end = decisive or (0, 0)
    if fragment.kind == "code":
        return _closed(visible(text[fragment.start : fragment.end]))
    if not fragment.start <= start < end <= fragment.end:
        words = _inline(text[fragment.start : fragment.end])
        return words.replace("*", "\\*") if fragment.kind == "line" and "**" not in words else words
    before, after = text[fragment.start : start], text[end : fragment.end]
    lead, body = _ITEM.fullmatch(text[start:end]).groups()  # type: ignore[union-attr]  # it matches any text
    gap = before[len(before.rstrip()) :]
    between = "\n" * min(gap.count("\n"), 2) if lead or "\n\n" in gap else " " if gap else ""
    opening = _inline(before.rstrip())
    marked = f"{opening}{between if opening else ''}{lead or ''}{_bold(body)}"
    return f"{marked}{'' if not after or after[0].isspace() else ' '}{_inline(after)}"


def _joined(text: str, fragments: Sequence[Fragment], written: Sequence[str]) -> str:
    """Fragments of one paragraph or list; an ellipsis stands for those between that are left out."""
    parts = [written[0]]
    for (before, after), words in zip(pairwise(fragments), written[1:], strict=True):
        gap = bool(text[before.end : after.start].strip())
        if after.kind in ("line", "list"):
            parts.append(("\n…" if gap else "") + ("  \n" if after.kind == "line" else "\n") + words)
        else:
            parts.append((" … " if gap else " ") + words)
    return "".join(parts)


def _table(quote: Quote, rows: Sequence[Fragment]) -> str:
    """Rows under their header; a table that has none gets an empty one, as Markdown knows no other."""
    text, start = quote.passage.text, quote.decisive[0] if quote.decisive else -1
    lines = [
        _bold_row(line) if row.kind == "table" and row.start == start else _row(line)
        for row in rows
        for line in text[row.start : row.end].split("\n")
    ]
    if rows[0].kind == "header":
        return "\n".join(lines)
    opens = all(line.lstrip().startswith("|") for line in text[: rows[0].start].strip().split("\n") if line)
    header = [_row(line) for line in quote.passage.header.split("\n")] if quote.passage.header and opens else []
    columns = max(1, len(_cells(lines[0])))
    empty = ["|" + "  |" * columns, "|" + "---|" * columns]
    return "\n".join([*(header or empty), *lines])


def _row(line: str) -> str:
    return without_own_marks(visible(line.strip()))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(line.strip().strip("|"))]


def _bold_row(line: str) -> str:
    return "| " + " | ".join(_bold(cell) if cell else "" for cell in _cells(line)) + " |"


def _inline(text: str) -> str:
    """Prose and lists: wrapped lines run on, nothing of it cites."""
    shown = _TEMPLATE_TAG.sub("", visible(text))
    return without_own_marks("\n".join(line.rstrip() for line in _WRAP.sub(" ", shown).split("\n")))


def _bold(text: str) -> str:
    """The text in bold; its own emphasis goes, and asterisks that are none are escaped, as they would end it."""
    parts = _CODE.split(_inline(text))
    plain = (part if n % 2 else _EMPHASIS.sub(_bare, part).replace("*", "\\*") for n, part in enumerate(parts))
    return f"**{''.join(plain).strip()}**"


def _bare(emphasis: re.Match[str]) -> str:
    return emphasis[2] or emphasis[3]


def _closed(code: str) -> str:
    """A block of code that ends, also where its passage was cut in the middle of it."""
    fence = _FENCE.match(code)
    return code if fence is None or code.count(fence[1]) > 1 else f"{code}\n{fence[1]}"
