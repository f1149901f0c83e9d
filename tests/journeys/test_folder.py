"""A folder of the library, from the disk to what is answered about it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from rag.events import Finished
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.intent.contents import Contents
from rag.services import Services
from rag.settings import Settings
from rag.turn.answer import MOST_DOCUMENTS, answer
from rag.types import Exchange, Turn

PAGES = {
    "start.md": "# Start\n\nThe office opens at nine.\n",
    "contracts/rules.md": "# Rules\n\nEvery contract has a notice period of two months. It is signed by both sides.\n",
    "contracts/2024/lease.md": "# Lease of the shed\n\nThe shed costs 300 euros a month. It stands in the harbour.\n",
}


@pytest_asyncio.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    pages = PAGES | {f"notes/{n:03}.md": f"# Note {n}\n\nOn day {n} it rained.\n" for n in range(MOST_DOCUMENTS + 1)}
    for name, text in pages.items():
        path = tmp_path / "handbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings(
        _env_file=None, library_dirs=(str(tmp_path / "handbook"),), data_dir=tmp_path / "data", runtime="off"
    )  # type: ignore[call-arg]
    services = Services(settings)
    assert await services.library_manager.ready(60)
    yield services
    await services.close()


async def asked(services: Services, question: str, *history: Exchange) -> Turn:
    models = ModelSet(ExtractiveModel())
    contents = Contents(services.catalogue, services.documents_in)
    events = answer(question, searcher=services.searcher(), models=models, history=history, contents=contents)
    turns = [event.turn async for event in events if isinstance(event, Finished)]
    return turns[0]


async def test_what_is_in_a_folder_is_listed_and_can_be_opened(services: Services) -> None:
    turn = await asked(services, "Which documents are in the folder contracts?")
    assert turn.answer.splitlines() == [
        *("**contracts** · 2 documents", "", "- Lease of the shed (contracts/2024/lease.md)"),
        "- Rules (contracts/rules.md)",
    ]
    assert [passage.document.name for passage in turn.listed] == ["contracts/2024/lease.md", "contracts/rules.md"]
    assert "300 euros" in turn.listed[0].text


async def test_a_folder_is_summarised_from_all_of_its_documents(services: Services) -> None:
    turn = await asked(services, "Summarise the folder contracts")
    assert turn.outcome == "quoted"
    assert {document.name for document in turn.documents} == {"contracts/2024/lease.md", "contracts/rules.md"}
    assert "300 euros" in turn.answer
    assert "two months" in turn.answer
    assert not turn.notices


async def test_a_question_about_a_folder_is_answered_from_it(services: Services) -> None:
    turn = await asked(services, "What does the folder contracts say about the notice period?")
    assert "two months" in turn.answer
    turn = await asked(services, "What does the folder notes say about the notice period?")
    assert "two months" not in turn.answer


async def test_a_file_that_is_named_with_its_folder_is_answered_alone(services: Services) -> None:
    turn = await asked(services, "Summarise lease.md in the folder contracts")
    assert [document.name for document in turn.documents] == ["contracts/2024/lease.md"]
    assert "two months" not in turn.answer


async def test_of_a_large_folder_it_says_how_much_was_read(services: Services) -> None:
    turn = await asked(services, "summarise the folder notes")
    assert turn.notices == (f"The answer is about the first {MOST_DOCUMENTS} of {MOST_DOCUMENTS + 1} documents.",)


async def test_the_folders_are_told_with_what_they_hold(services: Services) -> None:
    turn = await asked(services, "which folders are there?")
    assert "- **handbook/contracts** · 2 documents" in turn.answer
    assert "- **handbook/notes** · 101 documents" in turn.answer
