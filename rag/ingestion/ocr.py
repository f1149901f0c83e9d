"""Text in pictures, read by the Tesseract program where it is installed; nothing is ever downloaded.

The parser has a Tesseract of its own inside. A program can be ended when a page takes too long, and costs only that
page when it crashes.
"""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

LANGUAGES = ("eng", "spa", "por", "rus", "slv", "deu", "fra", "ita", "ukr", "pol", "ces", "hrv", "nld")
"""The languages that are used where they are installed. Seven take two to four times as long as one, and err more."""
NEEDED = "Tesseract on this machine (OCR=auto)"
"""For messages where it is missing."""
_CYRILLIC = ("rus", "ukr")
_INSTALLED_AT = (r"C:\Program Files\Tesseract-OCR\tesseract.exe", "/opt/homebrew/bin/tesseract")
"""Where installers put it without a change of the search path."""
_START_S = 10.0
_ENOUGH = 200
"""Letters from which a language can be told."""
_NOTABLE = 0.02
"""Share of the letters; from this share of the other script on, the file is in two scripts."""
_LEAST_CONFIDENCE = 40
"""Percent, the mean of a line: text upside down gets 38, noise none, a poor scan 70 or more."""
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])")


class NotReadable(Exception):
    """Tesseract cannot open the picture."""


@dataclass(frozen=True, slots=True)
class Tesseract:
    """An installed Tesseract."""

    program: str
    languages: tuple[str, ...]
    """Of `LANGUAGES`, those that it has data for; at least one."""
    orients: bool
    """Whether it can tell which way is up."""

    def read(self, picture: bytes, timeout_s: float) -> list[str]:
        """The text of the picture, or of each page in it, "" for one without text; paragraphs are set apart.

        Raises:
            TimeoutError: it was not done in time.
            NotReadable: it is no picture, or one of a kind that this Tesseract does not know.
        """
        arguments = ["stdin", "stdout", "-l", "+".join(self.languages), "--psm", "1" if self.orients else "3"]
        words = _run([self.program, *arguments, "-c", "tessedit_create_tsv=1"], picture, timeout_s)
        return [_text(page) for page in _pages(words)]

    def suited(self, text: str, language: str) -> "Tesseract":
        """A copy with the languages of a text: its own (ISO 639-3), English, and Russian if part of it is Cyrillic."""
        letters = [character for character in text if character.isalpha()]
        if len(letters) < _ENOUGH or language not in self.languages:
            return self
        cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters) >= _NOTABLE * len(letters)
        wanted = {language, "eng", *(_CYRILLIC[:1] if cyrillic else ())}
        return replace(self, languages=(language, *(other for other in self.languages if other in wanted - {language})))


@functools.cache
def find_tesseract() -> Tesseract | None:
    """The Tesseract of this machine; None when there is none, or none with data for one of the languages.

    Looked for once in a process. Takes about 50 ms.
    """
    program = shutil.which("tesseract") or next((path for path in _INSTALLED_AT if Path(path).is_file()), None)
    if not program:
        return None
    try:
        installed = _run([program, "--list-langs"], b"", _START_S).split()
    except (OSError, TimeoutError, NotReadable):
        return None
    languages = tuple(language for language in LANGUAGES if language in installed)
    return Tesseract(program, languages, "osd" in installed) if languages else None


def _run(command: Sequence[str], stdin: bytes, timeout_s: float) -> str:
    try:
        finished = subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(0.0, timeout_s),
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    except subprocess.CalledProcessError as error:
        raise NotReadable from error
    return finished.stdout.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Word:
    paragraph: tuple[str, str]
    """The numbers of its block and of the paragraph in that."""
    line: str
    confidence: float
    text: str


def _pages(table: str) -> list[list[_Word]]:
    """The words of each page, from Tesseract's table: level, page, block, paragraph, line, …, confidence, text."""
    pages: list[list[_Word]] = []
    for row in table.split("\n"):
        cells = row.rstrip("\r").split("\t")
        if cells[0] == "1":
            pages.append([])
        elif cells[0] == "5" and len(cells) == 12 and cells[11].strip():
            pages[-1].append(_Word((cells[2], cells[3]), cells[4], float(cells[10]), cells[11]))
    return pages


def _text(words: Sequence[_Word]) -> str:
    paragraphs = (list(group) for _, group in groupby(words, key=lambda word: word.paragraph))
    texts = ("\n".join(_lines(paragraph)) for paragraph in paragraphs)
    return "\n\n".join(_HYPHEN.sub("", text) for text in texts if text)


def _lines(paragraph: Sequence[_Word]) -> Iterator[str]:
    """The lines that were recognised with enough confidence."""
    for _, group in groupby(paragraph, key=lambda word: word.line):
        words = list(group)
        letters = sum(len(word.text) for word in words)
        if sum(word.confidence * len(word.text) for word in words) >= _LEAST_CONFIDENCE * letters:
            yield " ".join(word.text for word in words)
