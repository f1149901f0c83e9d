"""Bytes of text to characters, in whatever encoding they were saved."""

import codecs
import re
import string
from collections.abc import Callable
from itertools import islice

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp866"),
    *("iso8859-2", "iso8859-7", "koi8-r", "koi8-u", "cp932", "euc_jp", "gb18030", "cp950", "cp949"),
)
_DECLARED = re.compile(rb"""(?:<\?xml[^>]{0,80}encoding|<meta[^>]{0,200}charset)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_USUAL = frozenset(f"{string.punctuation}{string.whitespace}–—‘’“”„«»…€°§。、，")
_SAMPLE = 8_192


def decode(data: bytes, guess: Callable[[bytes], str]) -> str:
    """The text, without a byte order mark; never fails.

    Unicode is recognised by its mark or its structure, HTML and XML by what they declare. For older encodings
    `guess` reads a sample in any way it can, and the encoding whose letters agree with it is taken.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if encoding := unmarked_utf16(data[:_SAMPLE]):
        return data.decode(encoding, errors="replace")
    text = data.decode(errors="replace")
    if _is_mostly_utf8(text):
        return text
    return data.decode(_declared(data) or _legacy(data, guess), errors="replace")


def unmarked_utf16(sample: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" when the bytes can only be that, else ""; the spaces of UTF-16 have a zero byte."""
    if 0 not in sample:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        usual = sum(character.isalnum() or character in _USUAL for character in text)
        if usual >= 0.95 * len(text):
            return encoding
    return ""


def _is_mostly_utf8(text: str) -> bool:
    """One damaged letter in a long text must not turn all the others into gibberish."""
    bad = text.count("\ufffd")
    return not bad or bad * 10 < sum(1 for character in text if character > "\x7f")


def _declared(data: bytes) -> str:
    match = _DECLARED.search(data[:2048])
    try:
        name = codecs.lookup(match[1].decode("ascii")).name if match else ""
    except LookupError:
        return ""
    return "" if name.startswith(("utf", "ascii")) else name


def _legacy(data: bytes, guess: Callable[[bytes], str]) -> str:
    foreign_words = (word for word in data.split() if not word.isascii())
    sample = b" ".join(islice(foreign_words, _SAMPLE))[:_SAMPLE]
    seen = _foreign(guess(sample))
    for encoding in _LEGACY:
        if seen and _foreign(sample.decode(encoding, errors="ignore")) == seen:
            return encoding
    return "cp1252"


def _foreign(text: str) -> str:
    return "".join(character for character in text if character > "\x7f")
