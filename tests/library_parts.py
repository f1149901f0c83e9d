"""A library over a folder of small files, with the real reader and the real index."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rag.errors import DocumentError
from rag.ingestion.reader import ReadDocument, Reader
from rag.library.folders import Folder
from rag.library.library import Library

PATIENCE_S = 20.0
"""For what takes a second on an idle machine."""
EVERYWHERE = "walnut"
"""A word that the tests put in every file, to find them all by; its stem is itself."""


class CountingReader(Reader):
    """The real reader; it remembers what it was asked for, and refuses what it is told to refuse."""

    def __init__(self, **changes: Any) -> None:
        limits = {"workers": 2, "timeout_s": 30, "max_bytes": 10**8, "max_pages": 50, "max_chars": 10**6}
        super().__init__(**(limits | changes))
        self.asked: list[str] = []
        self.refused: dict[str, DocumentError] = {}
        self.meanwhile: Callable[[str], None] = lambda _: None
        """Called with the name of each file when it has been read, and before anybody knows."""

    async def read(self, path: Path, *, name: str, **others: Any) -> ReadDocument:
        self.asked.append(name)
        if error := self.refused.get(name):
            raise error
        read = await super().read(path, name=name, **others)
        self.meanwhile(name)
        return read

    def take_asked(self) -> list[str]:
        """What it was asked for since the last time, by name."""
        asked, self.asked = sorted(self.asked), []
        return asked


@asynccontextmanager
async def library_of(
    folder: Path,
    data_dir: Path,
    reader: Reader,
    *,
    name: str = "Docs",
    **changes: Any,
) -> AsyncIterator[Library]:
    options: dict[str, Any] = {"max_bytes": 10**8, "version": 1}
    async with Library(Folder(name, folder), data_dir, reader, **(options | changes)) as library:
        yield library


def put(path: Path, text: str = "Some text.") -> Path:
    """A text file with the word that is everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text} {EVERYWHERE}", encoding="utf-8")
    return path


def held(library: Library) -> list[str]:
    """The names of the files whose documents can be found; twice where a file is there twice."""
    hits = library.index.search({EVERYWHERE: 1.0}, 100_000)
    passages = Counter(hit.passage.id for hit in hits)
    return sorted(
        name
        for hit in hits
        if hit.passage.ordinal == 0
        for name in [hit.passage.document.name] * passages[hit.passage.id]
    )


def answers(library: Library, word: str) -> list[str]:
    """The names of the files that hold a word, in the form that it is indexed in."""
    return sorted({hit.passage.document.name for hit in library.index.search({word: 1.0}, 1000)})


def states(library: Library) -> dict[str, str]:
    """What the manifest says of each file."""
    return {record.name: record.state for record in library.stored.files()}


async def until(condition: Callable[[], bool], what: str = "it never happened") -> None:
    """Waits for the condition."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.05)
