"""HTML and XML to Markdown: complete whatever tags are missing, and nothing but what a person reads."""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from rag.ingestion.cleaning import described, linked
from rag.ingestion.headings import protect
from rag.ingestion.tables import Cell, spread, write_header, write_row

_WORD = re.compile(r"\w+")
_IGNORED = frozenset(
    _WORD.findall("script style noscript template svg math nav iframe object button select datalist textarea")
)
_CODE = frozenset(["script", "style"])
_INLINE = frozenset(
    _WORD.findall(
        "a abbr acronym b bdi bdo big br cite code data del dfn em font i img input ins kbd label mark meta output q "
        "rb rp rt ruby s samp small span strike strong sub sup time tt u var wbr"
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_CONDITION = re.compile(r"<!\[[^>]*>?")
"""What Word writes around alternatives; the standard parser gives up on some of them."""
_TAG = re.compile(r"</?[a-z][a-z0-9]*[\s/>]", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_ITEM = re.compile(r" *(?:- |\d+\. )")
_LONGEST_CELL = 500
"""Characters; tables with more text in a cell, with headings or with lists of lists are there for the layout."""


@dataclass(slots=True)
class _Table:
    rows: list[list[list[str]]] = field(default_factory=list[list[list[str]]])
    """The blocks in each cell of each row."""
    spans: list[list[tuple[int, int]]] = field(default_factory=list[list[tuple[int, int]]])
    """The columns and rows that each of them spans."""
    in_cell: bool = False


def html_to_markdown(markup: str) -> tuple[str, str]:
    """The page's title ("" without one) and its text.

    Headings, lists, tables and code stay so. Scripts, styles, menus and controls are left out; a link has its
    address when that leads out of the page. Missing end tags lose nothing.
    """
    return _convert(markup, _IGNORED)


def xml_to_markdown(markup: str) -> str:
    """The text of all elements, a line each with the element's name; HTML inside one, as in feeds, is converted."""
    text = _CDATA.sub(lambda cdata: html.escape(cdata[1]), markup)
    return _read(text, _MarkupReader(frozenset(), xml=True)).text


def _convert(markup: str, ignored: frozenset[str]) -> tuple[str, str]:
    reader = _read(markup, _MarkupReader(ignored))
    if reader.skipping and reader.skipping not in _CODE:  # never closed: reading it is better than losing all below
        return _convert(markup, ignored - {reader.skipping})
    return reader.title, reader.text


def _read(markup: str, reader: "_MarkupReader") -> "_MarkupReader":
    reader.feed(_CONDITION.sub(" ", markup))
    reader.close()
    return reader


class _MarkupReader(HTMLParser):
    """Collects blocks of Markdown; whatever is open when a new block begins is closed first."""

    def __init__(self, ignored: frozenset[str], *, xml: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.skipping = ""
        """The tag whose content is being left out."""
        self._xml = xml
        self._ignored, self._inline = ignored, frozenset[str]() if xml else _INLINE
        self._skipped_depth = 0
        self._words: list[str] = []
        self._targets: list[list[str]] = [[]]
        """Where blocks go: the page, and on top of it each open table cell."""
        self._tables: list[_Table] = []
        self._lists: list[int] = []
        """Of each open list the next number, or 0 for bullets."""
        self._mark = ""
        """What the next block begins with: the marks of a heading or a list item, the name of an XML element."""
        self._link: tuple[int, str] | None = None
        self._pre = self._in_title = False

    @property
    def text(self) -> str:
        """The blocks so far, one below the other."""
        return "".join(
            block + ("\n" if self._xml or (_ITEM.match(block) and _ITEM.match(following)) else "\n\n")
            for block, following in zip(self._targets[0], [*self._targets[0][1:], ""], strict=False)
        ).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipping or tag in self._ignored:
            self.skipping = self.skipping or tag
            self._skipped_depth += tag == self.skipping
        elif tag not in self._inline:
            self._end_block()
            self._begin_block(tag, dict(attrs))
        elif tag == "br":
            self._words.append("\n")
        elif tag == "a":
            self._link = (len(self._words), dict(attrs).get("href") or "")
        elif tag == "img":
            self._words.append(described(dict(attrs).get("alt") or ""))

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self._skipped_depth -= tag == self.skipping
            self.skipping = self.skipping if self._skipped_depth else ""
        elif tag not in self._inline:
            self._end_block()
            self._end(tag)
        elif tag == "a":
            self._end_link()

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self._words.append(data if self._pre else _SPACE.sub(" ", data))

    def close(self) -> None:
        super().close()
        self._end_block()
        while self._tables:
            self._end("table")

    def _begin_block(self, tag: str, attributes: dict[str, str | None]) -> None:
        if self._xml:
            self._mark = f"{tag}: "
        elif tag in _HEADINGS:
            self._mark = "#" * _HEADINGS[tag] + " "
        elif tag == "li":
            number = self._lists[-1] if self._lists else 0
            self._mark = "  " * (len(self._lists) - 1) + (f"{number}. " if number else "- ")
            self._lists[-1:] = [number + 1 if number else 0]
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "table":
            self._tables.append(_Table())
        elif tag in ("tr", "td", "th") and self._tables:
            self._begin_cell(tag, attributes, self._tables[-1])
        self._pre = not self._xml and (self._pre or tag == "pre")
        self._in_title = not self._xml and tag == "title"

    def _end(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag in ("td", "th", "tr") and self._tables:
            self._end_cell(self._tables[-1])
        elif tag == "table" and self._tables:
            self._end_cell(self._tables[-1])
            self._targets[-1] += _table_blocks(self._tables.pop())
        elif tag == "li" or tag in _HEADINGS or self._xml:
            self._mark = ""
        self._pre = self._pre and tag != "pre"
        self._in_title = False

    def _begin_cell(self, tag: str, attributes: dict[str, str | None], table: _Table) -> None:
        self._end_cell(table)
        if tag == "tr" or not table.rows:
            table.rows.append([])
            table.spans.append([])
        if tag != "tr":
            table.rows[-1].append([])
            table.spans[-1].append((_count(attributes.get("colspan")), _count(attributes.get("rowspan"))))
            table.in_cell = True
            self._targets.append(table.rows[-1][-1])

    def _end_cell(self, table: _Table) -> None:
        if table.in_cell:
            self._targets.pop()
            table.in_cell = False

    def _end_link(self) -> None:
        if self._link:
            start, address = self._link
            self._words[start:] = [linked("".join(self._words[start:]), address)]
        self._link = None

    def _end_block(self) -> None:
        """What was collected becomes a block of the kind that was begun."""
        words, mark = "".join(self._words), self._mark
        self._words, self._link = [], None
        if not words.strip():
            return
        self._mark = ""
        if self._in_title:
            self.title = self.title or " ".join(words.split())
        elif self._pre:
            self._targets[-1].append(_fenced(words))
        elif self._xml and _TAG.search(words):
            self._targets[-1].append("\n" + html_to_markdown(words)[1] + "\n")
        elif mark.startswith("#"):
            self._targets[-1].append(mark + " ".join(words.split()))
        else:
            self._targets[-1].append(mark + protect("\n".join(line.strip() for line in words.strip().split("\n"))))


def _fenced(code: str) -> str:
    fence = "~~~" if "```" in code else "```"
    return f"{fence}\n{code.strip(chr(10))}\n{fence}"


def _count(attribute: str | None) -> int:
    return int(attribute) if attribute and attribute.isascii() and attribute.isdigit() and len(attribute) < 6 else 1


def _table_blocks(table: _Table) -> list[str]:
    """The rows as one Markdown table; the blocks one after the other when the table only lays out a page."""
    blocks = [block for row in table.rows for cell in row for block in cell]
    layout = any(len(block) > _LONGEST_CELL or block.startswith(("#", "|", "```", "~~~")) for block in blocks)
    if layout or max(map(len, table.rows), default=0) < 2:
        return blocks
    cells = [
        [Cell(" ".join(cell), *span) for cell, span in zip(*row, strict=True)]
        for row in zip(table.rows, table.spans, strict=True)
    ]
    rows = [row for row in spread(cells) if any(row)]
    if not rows:
        return []
    header = write_header(rows[0], max(map(len, rows)))
    return ["\n".join([*header, *map(write_row, rows[1:])])]
