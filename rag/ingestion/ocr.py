"""Text in pictures, read by the Tesseract program where it is installed; nothing is ever downloaded.

The parser has a Tesseract of its own inside. A program can be ended when a page takes too long, and costs only that
page when it crashes.
"""

import functools
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

LANGUAGES = ("eng", "spa", "por", "rus", "slv", "deu", "fra", "ita", "ukr", "pol", "ces", "hrv", "nld")
"""Those that are used where they are installed. Seven take two to four times as long as one, and mistake more."""
NEEDED = "Tesseract on this machine (OCR=auto)"
"""What a person is told where it is missing."""
_CYRILLIC = ("rus", "ukr")
_USUAL_PLACES = (r"C:\Program Files\Tesseract-OCR\tesseract.exe", "/opt/homebrew/bin/tesseract")
"""Where installers put it without telling the search path."""
_START_S = 10.0
_ENOUGH = 200
"""Letters that tell a language."""
_NOTABLE = 0.02
"""Share of the letters; so many in the other script mean that the file is in two."""
_LEAST_CONFIDENCE = 40
"""Percent, the mean of a line: text that stands upside down gets 38, noise none, a poor scan 70 or more."""
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])")


class NotReadable(Exception):
    """Tesseract cannot open the picture."""


@dataclass(frozen=True, slots=True)
class Tesseract:
    """An installed Tesseract."""

    program: str
    languages: tuple[str, ...]
    """Of `LANGUAGES`, those that it has data for; at least one."""
    turns: bool
    """Whether it can tell which way is up."""

    def read(self, picture: bytes, timeout_s: float) -> list[str]:
        """The text of the picture, or of each page in it, "" for one without text; paragraphs are set apart.

        Raises:
            TimeoutError: it was not done in time.
            NotReadable: it is no picture, or one of a kind that this Tesseract does not know.
        """
        arguments = ["stdin", "stdout", "-l", "+".join(self.languages), "--psm", "1" if self.turns else "3"]
        words = _run([self.program, *arguments, "-c", "tessedit_create_tsv=1"], picture, timeout_s)
        return [_text(page) for page in _pages(words)]

    def suited(self, text: str, language: str) -> "Tesseract":
        """The same for texts like this one: its language (ISO 639-3), English, and one more if it has two scripts."""
        letters = [character for character in text if character.isalpha()]
        if len(letters) < _ENOUGH or language not in self.languages:
            return self
        cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in letters) >= _NOTABLE * len(letters)
        wanted = {language, "eng", *(_CYRILLIC[:1] if cyrillic else ())}
        return replace(self, languages=(language, *(one for one in self.languages if one in wanted - {language})))


@functools.cache
def find_tesseract() -> Tesseract | None:
    """The Tesseract of this machine; None when there is none, or none with data for one of the languages.

    Looked for once in a process. Takes about 50 ms.
    """
    program = shutil.which("tesseract") or next((place for place in _USUAL_PLACES if Path(place).is_file()), None)
    if not program:
        return None
    try:
        installed = _run([program, "--list-langs"], b"", _START_S).split()
    except (OSError, TimeoutError, NotReadable):
        return None
    languages = tuple(language for language in LANGUAGES if language in installed)
    return Tesseract(program, languages, "osd" in installed) if languages else None


def _run(command: Sequence[str], given: bytes, timeout_s: float) -> str:
    try:
        done = subprocess.run(
            command,
            input=given,
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
    return done.stdout.decode(errors="replace")


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
    """The lines that were recognised rather than guessed."""
    for _, group in groupby(paragraph, key=lambda word: word.line):
        words = list(group)
        letters = sum(len(word.text) for word in words)
        if sum(word.confidence * len(word.text) for word in words) >= _LEAST_CONFIDENCE * letters:
            yield " ".join(word.text for word in words)


_AT_ONCE = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class ScanReader:
    """Reads the pages of one file."""

    tesseract: Tesseract
    draw: Callable[[int], bytes]
    """A picture of a page, by its index from 0; raises NotReadable. It is called by one thread at a time."""
    language_of: Callable[[str], str]
    """The language of a text as ISO 639-3, or ""."""

    def read(self, pages: Sequence[int], deadline: float) -> dict[int, str]:
        """The text of each page that could be read until then (a time of `time.monotonic`), by its index.

        The first page tells the languages in which the others are read: that is faster and makes fewer mistakes.
        """
        first = self._read(pages[:1], self.tesseract, deadline)
        text = "".join(first.values())
        return first | self._read(pages[1:], self.tesseract.suited(text, self.language_of(text)), deadline)

    def _read(self, pages: Sequence[int], tesseract: Tesseract, deadline: float) -> dict[int, str]:
        turn = threading.Lock()

        def read(page: int) -> tuple[int, str] | None:
            try:
                if time.monotonic() < deadline:
                    with turn:
                        picture = self.draw(page)
                    return page, "\n\n".join(tesseract.read(picture, deadline - time.monotonic()))
            except (NotReadable, TimeoutError):
                pass
            return None

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return dict(filter(None, threads.map(read, pages)))


def named_pages(pages: Sequence[int]) -> str:
    """The pages, as indices from 0, in words: "Page 3", "Pages 2, 5–7 and 9"."""
    runs = [[page for _, page in run] for _, run in groupby(enumerate(pages), key=lambda item: item[1] - item[0])]
    parts = [f"{run[0] + 1}–{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{'Page' if len(pages) == 1 else 'Pages'} {listed}"
