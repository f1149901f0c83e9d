"""Two projects of one person, each with its own chat and a folder called docs, in one data folder."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from rag.library.manager import LibraryManager
from rag.retrieval.search import Searcher
from rag.settings import Settings

PAGES = {
    "a": "# Salaries\n\nThe director of project A earns 250,000 euros a year.\n",
    "b": "# Menu\n\nProject B serves lunch at noon every day.\n",
}


@pytest.fixture
def projects(tmp_path: Path) -> dict[str, Path]:
    folders = {name: tmp_path / name / "docs" for name in PAGES}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "page.md").write_text(PAGES[name], encoding="utf-8")
    return folders


@pytest_asyncio.fixture
async def chat(tmp_path: Path, projects: dict[str, Path]) -> AsyncIterator[Callable[[str], LibraryManager]]:
    """Starts the library of a project's chat."""
    async with AsyncExitStack() as open_chats:

        def start(project: str) -> LibraryManager:
            settings = Settings(_env_file=None, library_dirs=(str(projects[project]),), data_dir=tmp_path / "data")  # type: ignore[call-arg]
            manager = LibraryManager(settings)
            open_chats.push_async_callback(manager.close)
            return manager

        yield start


def found(chat: LibraryManager, question: str) -> set[str]:
    return {hit.passage.text for hit in Searcher(*chat.indexes()).search(question, limit=3).hits}


async def test_each_answers_from_its_own_documents_while_both_run(chat: Callable[[str], LibraryManager]) -> None:
    a, b = chat("a"), chat("b")
    assert await a.ready(60)
    assert await b.ready(60)
    assert not [text for text in found(b, "What does the director earn?") if "director" in text]
    assert [text for text in found(b, "When is lunch?") if "noon" in text]
    assert [text for text in found(a, "What does the director earn?") if "250,000" in text]
    assert not [text for text in found(a, "When is lunch?") if "lunch" in text]


async def test_what_one_has_read_is_not_there_when_the_other_starts(chat: Callable[[str], LibraryManager]) -> None:
    a = chat("a")
    assert await a.ready(60)
    await a.close()
    b = chat("b")
    assert (b.passages, found(b, "What does the director earn?")) == (0, set())  # before it has read anything
    assert await b.ready(60)
    assert not [text for text in found(b, "What does the director earn?") if "director" in text]
    again = chat("a")
    assert [text for text in found(again, "What does the director earn?") if "250,000" in text]
