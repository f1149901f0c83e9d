"""Headings of Markdown text: where they stand, and which ones a parser only guessed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePosixPath

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]([^\n]*))?\n?\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\n?\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_NO_PARAGRAPH = re.compile(r"\s*(?:[-*+•]\s|[|>]|\d+[.)]\s|$)| {4}|\t")
_LOOKS_LIKE_MARKUP = re.compile(r"^ {0,3}(?=#{1,6}(?:[ \t]|$)|(?:=+|-+)[ \t]*$|`{3}|~{3})", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2}|_{1,2}|`)(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_NUMBERING = re.compile(r"^[\d.]+\s")
_BULLET = re.compile(r"^[-•·]\s+")
_ANCHOR = re.compile(r"\s*\{[:#][^{}]*\}$|\s*¶$")
_SAYS_NOTHING = re.compile(
    r"^\W*(?:untitled|anonymous|(?:unknown )?title|(?:document|presentation|book|slide) ?\d*)?\W*$"
    r"|^powerpoint presentation$"
    r"|^microsoft \w+ - |\.(?:docx?|pptx?|xlsx?|pdf|indd|tex|dvi)$",
    re.IGNORECASE,
)
_MOST_WORDS_ABOVE = 20
"""Menus and badges may stand above a title; below a paragraph, a heading of level 1 is a chapter's."""
_LONGEST_LINE = 300
"""Characters; nobody writes longer headings, and a passage carries its headings with it."""
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

    Unlikely are those that are long, end like a sentence, are mostly digits, or have nothing below them: their words
    would else be in no passage.
    """
    headings = find_headings(text)
    likely = [heading for heading in headings if reads_like_a_title(heading.title)]
    kept = {one for one, following in zip_longest(likely, likely[1:]) if _has_body(text, one, following)}
    parts, done = list[str](), 0
    for heading in headings:
        if heading not in kept:
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
    """What the document calls itself: a heading of level 1 at its top, else its metadata, else its file's name."""
    said = " ".join(metadata.split())[:_LONGEST_LINE]
    for heading in find_headings(text)[:1]:
        if heading.level == 1 and heading.title and len(text[: heading.start].split()) <= _MOST_WORDS_ABOVE:
            return heading.title
    return _readable(name) if _SAYS_NOTHING.search(said) else said


def _readable(name: str) -> str:
    """ "travel-policy_2024.pdf" as "Travel policy 2024"."""
    words = " ".join(re.split(r"[\s_+-]+", PurePosixPath(name).stem)).strip()
    return (words[:1].upper() + words[1:]) or name


def _headings(text: str) -> Iterator[Heading]:
    fence, above, in_paragraph = "", None, False
    for line in _LINE.finditer(text):
        content, paragraph = line[0], False
        mark = _FENCE.match(content)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not mark[2].strip() else fence
        elif mark:
            fence = mark[1]
        elif (match := _ATX.match(content)) and len(content) <= _LONGEST_LINE:
            yield Heading(line.start(), line.end(), len(match[1]), _plain(match[2] or ""))
        elif above and (match := _UNDERLINE.match(content)):
            yield Heading(above.start(), line.end(), 1 if match[1][0] == "=" else 2, _plain(above[0]))
        else:
            paragraph = not _NO_PARAGRAPH.match(content)
        above = line if paragraph and not in_paragraph and len(content) <= _LONGEST_LINE else None
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
