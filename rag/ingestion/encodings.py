"""Bytes of text to characters, in whatever encoding they were saved."""

import codecs
import re
import string
import unicodedata

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""(?:<\?xml[^>]{0,80}encoding|<meta[^>]{0,200}charset)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_MEANT = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **{"iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "big5": "cp950"},
    **{"shift_jis": "cp932", "euc_kr": "cp949"},
}
"""Declared encodings and those that are meant, as browsers have agreed (WHATWG Encoding Standard, section 4.2)."""
_ALIASES = {"x-sjis": "cp932", "windows-31j": "cp932", "windows-874": "cp874", "iso-8859-8-i": "iso8859-8"}
_TEXTUAL = re.compile(r"ascii|cp\d|iso|koi8|mac|euc|shift|big5|gb|hz|johab|tis")
_USUAL = frozenset(f"{string.punctuation}{string.whitespace}–—‘’“”„«»…€°§。、，")
_SAMPLE = 8_192


def decode(data: bytes, declared: str = "") -> str:
    """The text, without a byte order mark; never fails.

    Unicode is recognised by its mark or its structure, other encodings by their name: `declared`, or what HTML and XML
    declare themselves. Without a name, the letters decide.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if encoding := unmarked_utf16(data[:_SAMPLE]):
        return data.decode(encoding, errors="replace")
    named = _named(declared) or _declared(data)
    if named.startswith(("iso2022", "hz")):  # its bytes are ASCII
        return data.decode(named, errors="replace")
    text = data.decode(errors="replace")
    if _is_mostly_utf8(text):
        return text
    return data.decode(named or _undeclared(data), errors="replace")


def _undeclared(data: bytes) -> str:
    from rag.ingestion.alphabets import likely_encoding  # 50 ms, for the few files that need it

    return likely_encoding(data)


def unmarked_utf16(sample: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" when the bytes can only be that, else ""; the spaces of UTF-16 have a zero byte."""
    if 0 not in sample:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        usual = sum(character in _USUAL or unicodedata.category(character)[0] in "LMN" for character in text)
        if usual >= 0.95 * len(text):
            return encoding
    return ""


def _is_mostly_utf8(text: str) -> bool:
    """One damaged letter in a long text must not turn all the others into gibberish."""
    bad = text.count("\ufffd")
    return not bad or bad * 10 < sum(1 for character in text if character > "\x7f")


def _declared(data: bytes) -> str:
    match = _DECLARED.search(data[:2048])
    return _named(match[1].decode("ascii")) if match else ""


def _named(declared: str) -> str:
    """The encoding of that name; "" for UTF-8, which needs no name, and for an unknown one."""
    try:
        name = codecs.lookup(_ALIASES.get(declared.lower(), declared)).name
    except (LookupError, ValueError):
        return ""
    return _MEANT.get(name, name) if _TEXTUAL.match(name) else ""
