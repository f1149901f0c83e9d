"""Headings of Markdown text: found, protected from being found, and demoted where a parser only guessed them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePosixPath

from rag.ingestion.markdown_syntax import ATX, FENCE, INDENT, LIST_ITEM, UNDERLINE

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_ATX_LINE = re.compile(rf"{INDENT}({ATX})[ \t]?([^\n]*)\n?\Z", re.MULTILINE)
_UNDERLINE = re.compile(rf"{INDENT}(=+|-{{2,}})[ \t]*\n?\Z")
_FENCE_LINE = re.compile(rf"{INDENT}({FENCE})([^\n]*)")
_NO_PARAGRAPH = re.compile(rf"\s*(?:{LIST_ITEM}|[|>]|$)| {{4}}|\t")
_LOOKS_LIKE_MARKUP = re.compile(rf"^{INDENT}(?={ATX}|{UNDERLINE}|{FENCE})", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2}|_{1,2}|`)(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_NUMBERING = re.compile(r"^[\d.]+\s")
_BULLET = re.compile(r"^[-•·]\s+")
_ANCHOR = re.compile(r"\s*\{[:#][^{}]*\}$|\s*¶$")
_PLACEHOLDER = re.compile(
    r"^\W*(?:untitled|anonymous|(?:unknown )?title|(?:document|presentation|book|slide) ?\d*)?\W*$"
    r"|^powerpoint presentation$"
    r"|^microsoft \w+ - |\.(?:docx?|pptx?|xlsx?|pdf|indd|tex|dvi)$",
    re.IGNORECASE,
)
_MOST_WORDS_BEFORE = 20
"""Words of menus and badges that may precede a title; after a paragraph, a heading of level 1 is a chapter's."""
_LONGEST_LINE = 300
"""Characters; longer headings are not written, and a passage carries its headings with it."""
_LONGEST_TITLE = 16
"""Words; a guessed heading that is longer is a paragraph in bold."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading's lines, `text[start:end]`."""

    start: int
    end: int
    level: int
    """1 is the outermost."""
    title: str
    """Without its marks, on one line; "" for a heading of marks alone."""


def find_headings(text: str) -> list[Heading]:
    """The headings of a Markdown text, in order: `# …` and underlined ones, but none in fenced code."""
    return list(_headings(text))


def protect(text: str) -> str:
    """Plain text in which nothing reads as a heading or a code fence: such lines are indented."""
    return _LOOKS_LIKE_MARKUP.sub("    ", text)


def demote_guesses(text: str) -> str:
    """The Markdown text of a parser that guesses headings, with the unlikely ones turned into paragraphs.

    Unlikely are those that are long, end like a sentence, are mostly digits, or have no text after them: the words of
    those would otherwise be in no passage.
    """
    headings = find_headings(text)
    likely = [heading for heading in headings if reads_like_a_title(heading.title)]
    true = {one for one, following in zip_longest(likely, likely[1:]) if _has_body(text, one, following)}
    parts, done = list[str](), 0
    for heading in headings:
        if heading not in true:
            parts += [text[done : heading.start], protect(heading.title), "\n"]
            done = heading.end
    return "".join(parts) + text[done:]


def reads_like_a_title(title: str) -> bool:
    """Whether a guessed heading is short, made of words, and not the end of a sentence."""
    words = _NUMBERING.sub("", title)
    letters = sum(map(str.isalpha, words))
    return (
        10 * letters >= 7 * len(words.replace(" ", "")) > 0
        and len(words.split()) <= _LONGEST_TITLE
        and len(words) <= 8 * _LONGEST_TITLE
        and not words.endswith((".", ",", ";", "。"))
    )


def document_title(text: str, metadata: str, name: str) -> str:
    """The title of a document: a heading of level 1 at its top, else its metadata, else its file's name."""
    declared = " ".join(metadata.split())[:_LONGEST_LINE]
    for heading in find_headings(text)[:1]:
        if heading.level == 1 and heading.title and len(text[: heading.start].split()) <= _MOST_WORDS_BEFORE:
            return heading.title
    return _readable(name) if _PLACEHOLDER.search(declared) else declared


def _readable(name: str) -> str:
    """ "travel-policy_2024.pdf" as "Travel policy 2024"."""
    words = " ".join(re.split(r"[\s_+-]+", PurePosixPath(name).stem)).strip()
    return (words[:1].upper() + words[1:]) or name


def _headings(text: str) -> Iterator[Heading]:
    fence, previous, in_paragraph = "", None, False
    for line in _LINE.finditer(text):
        content, paragraph = line[0], False
        mark = _FENCE_LINE.match(content)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not mark[2].strip() else fence
        elif mark:
            fence = mark[1]
        elif (match := _ATX_LINE.match(content)) and len(content) <= _LONGEST_LINE:
            yield Heading(line.start(), line.end(), len(match[1]), _plain(match[2] or ""))
        elif previous and (match := _UNDERLINE.match(content)):
            yield Heading(previous.start(), line.end(), 1 if match[1][0] == "=" else 2, _plain(previous[0]))
        else:
            paragraph = not _NO_PARAGRAPH.match(content)
        previous = line if paragraph and not in_paragraph and len(content) <= _LONGEST_LINE else None
        in_paragraph = paragraph


def _has_body(text: str, heading: Heading, following: Heading | None) -> bool:
    if following is None:
        return bool(text[heading.end :].strip())
    return following.level > heading.level or bool(text[heading.end : following.start].strip())


def _plain(title: str) -> str:
    """A title without closing marks, links, emphasis and anchors, on one line."""
    title = _BULLET.sub("", title.strip())
    if (bare := title.rstrip("#")) == "" or bare[-1] in " \t":
        title = bare
    title = _ANCHOR.sub("", _LINK.sub(r"\1", title))
    return " ".join(_EMPHASIS.sub(r"\2", title).split())
