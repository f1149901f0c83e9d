"""Files of a chat from the paperclip to the answer, over the real websocket of the real app."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.chat_client import ChatClient, Json, open_chat, until
from tests.serving import App, running

QUESTION = "Which colour is the kettle of our kitchen?"
MAX_FILES = 2


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """No model, so that answers are quotes, and room for two files in a chat."""
    with running(tmp_path_factory.mktemp("uploads"), RUNTIME="off", UPLOAD_MAX_FILES=str(MAX_FILES)) as app:
        yield app


@pytest_asyncio.fixture
async def chat(app: App) -> AsyncIterator[ChatClient]:
    async with open_chat(app.url) as chat:
        yield chat


def kettle(colour: str) -> bytes:
    return f"The kettle of our kitchen is {colour} and it whistles.".encode()


async def attach(chat: ChatClient, text: str = "", **files: bytes) -> Json:
    """Sends these text files, with a question or without; gives back the last message that came of it."""
    ids = [await chat.upload(f"{name}.txt", content) for name, content in files.items()]
    return await chat.ask(text, files=ids)


def documents(chat: ChatClient, answer: Json) -> set[str]:
    """The documents that an answer cites."""
    return {source["document"] for source in chat.sources(answer)["cited"]}


async def test_a_file_is_asked_about_removed_and_then_unknown(chat: ChatClient) -> None:
    answer = await attach(chat, QUESTION, note=kettle("green"))
    assert "green" in answer["output"]
    assert documents(chat, answer) == {"note.txt"}
    assert chat.said[0]["output"].startswith("**note.txt** · 1 passage")

    await chat.act("remove_file", {"document": "upload:note.txt"})
    await until(lambda: chat.text == "**note.txt** is removed from this chat.", "the removal")
    answer = await chat.ask(QUESTION)
    assert "green" not in answer["output"]
    assert "note.txt" not in documents(chat, answer)

    await chat.ask("/files")
    assert chat.text.startswith("This chat holds no files.")


async def test_a_full_chat_replaces_a_file_that_it_holds_and_refuses_a_new_one(chat: ChatClient) -> None:
    await attach(chat, note=kettle("green"), recipe=b"The pancakes of our kitchen need four eggs and a lemon.")
    answer = await attach(chat, QUESTION, note=kettle("purple"))
    assert "purple" in answer["output"]
    assert "green" not in answer["output"]

    refused = await attach(chat, other=b"The spoons of our kitchen are made of wood.")
    assert refused["output"] == (
        "**other.txt** was not read, because a chat holds 2 files. Remove some with /files, then drop it in again."
    )
    answer = await chat.ask("What are the spoons of our kitchen made of?")
    assert "wood" not in answer["output"]


async def test_of_many_files_a_full_chat_reads_those_that_it_has_room_for(chat: ChatClient) -> None:
    await attach(chat, note=kettle("green"))
    board = await attach(
        chat,
        other=b"The spoons of our kitchen are made of wood.",
        third=b"The forks of our kitchen are made of steel.",
        note=kettle("purple"),
    )
    lines = board["output"].splitlines()
    assert lines[0].startswith("- **other.txt** · 1 passage")
    assert lines[1].startswith("- **third.txt** was not read, because a chat holds 2 files.")
    assert lines[2].startswith("- **note.txt** · 1 passage")
    assert "purple" in (await chat.ask(QUESTION))["output"]
