"""The scanned pages of a PDF: found, drawn, and read by Tesseract within a deadline."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from rag.ingestion.ocr import NotReadable, Tesseract
from rag.ingestion.parser import NotDrawable, detect_language, draw_page

_THREADS = min(4, os.cpu_count() or 1)


def read_scans(pdf: Path, pages: Sequence[int], tesseract: Tesseract, deadline: float) -> dict[int, str]:
    """The text of each page that could be read until the deadline (of `time.monotonic`), by its index from 0.

    The languages of the first page are those in which the others are read: that is faster and errs less.
    """
    first = _read(pdf, pages[:1], tesseract, deadline)
    text = "".join(first.values())
    return first | _read(pdf, pages[1:], tesseract.suited(text, detect_language(text)), deadline)


def named_pages(pages: Sequence[int]) -> str:
    """The pages, as indices from 0, in words: "Page 3", "Pages 2, 5–7 and 9"."""
    runs = [[page for _, page in run] for _, run in groupby(enumerate(pages), key=lambda item: item[1] - item[0])]
    parts = [f"{run[0] + 1}–{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{'Page' if len(pages) == 1 else 'Pages'} {listed}"


def _read(pdf: Path, pages: Sequence[int], tesseract: Tesseract, deadline: float) -> dict[int, str]:
    drawing = threading.Lock()

    def read(page: int) -> tuple[int, str] | None:
        try:
            if time.monotonic() < deadline:
                with drawing:
                    picture = draw_page(pdf, page)
                return page, "\n\n".join(tesseract.read(picture, deadline - time.monotonic()))
        except (NotDrawable, NotReadable, TimeoutError):
            pass
        return None

    with ThreadPoolExecutor(_THREADS) as threads:
        return dict(filter(None, threads.map(read, pages)))
