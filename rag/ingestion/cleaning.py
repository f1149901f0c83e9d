"""Extracted text cleaned of what a person does not read: pictures, comments, control characters, internal links."""

import html
import re

from rag.ingestion.markdown_syntax import ATX, FENCE, INDENT

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ue000-\uf8ff\ufeff\ufffc]")
"""Control characters, marks without a width, and what only the font of its program can show."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ODD_SPACE = re.compile(r"[\xa0\u2000-\u200a\u202f\u205f]")
_TRAILING_SPACE = re.compile(r"(?<![ \t])[ \t]++(?=\n|\Z)")
_MANY_LINES = re.compile(r"\n{3,}")
_FENCED = re.compile(rf"^{INDENT}({FENCE})[^\n]*+\n.*?(?:^{INDENT}\1[`~]*+[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL)
_BASE64 = re.compile(r"(?:data:[\w.+/-]+;base64,)?[A-Za-z0-9+/]{200,}={0,2}|data:[\w.+/-]+;base64,[A-Za-z0-9+/]*={0,2}")
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_TARGET = r"\(((?:[^()\n]|\([^()\n]*\)){0,2000})\)"
_IMAGE = re.compile(r"\\?!\[([^\[\]]{0,1000})\]" + _TARGET)
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\]){0,500})\]" + _TARGET)
_TAG = re.compile(
    r"</?(a|abbr|b|blockquote|br|center|code|col|colgroup|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i"
    r"|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|small|source|span|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead"
    r"|tr|u|ul|video)(?:\s[^<>]{0,1000})?/?>",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{}~])")  # but not \|, which keeps the cells of a table apart
_ESCAPED_MARKUP = re.compile(rf"^{INDENT}\\(?={ATX}|[=-]+[ \t]*$)", re.MULTILINE)
_RULE = re.compile(rf"(?<=\n\n){INDENT}([-*_])(?:[ \t]*\1){{2,}}[ \t]*$", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,8}\d?);", re.IGNORECASE)
_EMPTY_MARK = re.compile(r"^[ \t]*(?:\\?[-*+]|[-=_]{3,})[ \t]*$", re.MULTILINE)
_NO_DESCRIPTION = re.compile(
    r"(?:svg )?(?:image|img|picture|photo|logo|icon)?\s?\d*|\S+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.I
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(.*)$", re.MULTILINE)
_LONGEST_ADDRESS = 120
"""Characters; longer addresses carry tracking codes, and a prompt has no room for them."""


def clean_text(text: str) -> str:
    """The text with plain line ends and spaces, without characters that cannot be seen and surplus blank lines."""
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    text = _ODD_SPACE.sub(" ", _SURROGATE.sub("\ufffd", text))
    return _MANY_LINES.sub("\n\n", _TRAILING_SPACE.sub("", text)).strip("\n")


def clean_markdown(text: str, *, parsed: bool = False) -> str:
    """The Markdown text as a person would read it; fenced code stays as it is.

    A picture becomes its description, a link that leads nowhere outside its source becomes its words, front matter
    becomes a heading with its title; rules, comments, HTML tags and backslashes before marks go. With `parsed`, the
    text comes from a parser, whose marks for bold text are often torn apart, and they go too.
    """
    text = _FRONT_MATTER.sub(_title_of, _BASE64.sub("", clean_text(text)))
    parts, done = list[str](), 0
    for code in _FENCED.finditer(text):
        parts += [_clean_prose(text[done : code.start()], parsed), code[0]]
        done = code.end()
    return clean_text("".join(parts) + _clean_prose(text[done:], parsed))


def described(picture: str) -> str:
    """A picture's description, or "" when that only names it a picture."""
    words = " ".join(picture.split())
    return "" if _NO_DESCRIPTION.fullmatch(words) else words


def linked(words: str, address: str) -> str:
    """A Markdown link, or the words alone when the address does not lead out of its source, or is the same."""
    words = words.strip()
    if not words or not address.startswith(("https://", "http://", "mailto:")) or len(address) > _LONGEST_ADDRESS:
        return words
    return words if words == address.removeprefix("mailto:") else f"[{words}]({address})"


def _clean_prose(text: str, parsed: bool) -> str:
    text = _COMMENT.sub(lambda comment: "" if comment[1] else comment[0], text)
    text = _IMAGE.sub(lambda image: described(image[1]), text)
    text = _TAG.sub(_gap, _LINK.sub(_relinked, _RULE.sub("", text)))
    if parsed:
        text = _EMPTY_MARK.sub("", text.replace("**", "").replace("\\*\\*", ""))
    else:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return _ESCAPE.sub(r"\1", _ESCAPED_MARKUP.sub("    ", text))


def _relinked(link: re.Match[str]) -> str:
    return linked(link[1], (link[2].split() or [""])[0].strip("<>"))


def _title_of(front_matter: re.Match[str]) -> str:
    title = _TITLE.search(front_matter[1])
    words = title[1].strip().strip("\"'") if title else ""
    return f"# {words}\n\n" if words.strip(">|-") else ""


def _gap(tag: re.Match[str]) -> str:
    return " " if tag[1].lower() in ("br", "td", "th", "li") else ""
