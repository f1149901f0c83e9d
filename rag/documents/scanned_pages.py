"""The pages of a PDF that have no text of their own, read by text recognition while there is time."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from rag.documents.ocr import NotReadable, Tesseract

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
