"""Messages, buttons and the switch of what is searched, in process: what the browser would have been sent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import chainlit as cl
import pytest
import pytest_asyncio

from rag.chat import file_scope, turns, uploads, welcome
from rag.chat.session import Chat, open_chat
from rag.services import Services
from rag.settings import Settings
from tests.chainlit_session import Browser
from tests.chat_client import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = {
    "leave.md": "# Leave\n\n## Sabbaticals\n\nA sabbatical lasts three months, and is agreed upon a year before.",
    "parcels.md": "# Parcels\n\n## Collection\n\nA parcel is collected at the north gate, and the guard has the key.",
}
NOTE = "Kettle and cups. The kettle of room 7 is green, and the kettle has a lid of copper."


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def services(tmp_path_factory: Any) -> AsyncIterator[Services]:
    """A library of two pages, and no model."""
    root: Path = tmp_path_factory.mktemp("turns")
    (root / "team").mkdir()
    for name, text in PAGES.items():
        (root / "team" / name).write_text(text, encoding="utf-8")
    folders = (f"Team={root / 'team'}",)
    settings = Settings(_env_file=None, library_dirs=folders, data_dir=root / "data", runtime="off", turn_log="off")  # type: ignore[call-arg]
    services = Services(settings)
    assert await services.library_manager.ready(60)
    yield services
    await services.close()


class Person:
    """Someone at the page."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services, self.folder, self.browser = services, folder, Browser()
        self.chat: Chat = open_chat(turns.preferences(services))

    async def send(self, text: str, *files: tuple[str, str], message_id: str = "", **modes: str) -> str:
        """Sends a message with files; gives back the last thing that was written in the chat."""
        elements = [cl.File(name=name, path=str(self._written(name, content))) for name, content in files]
        message = cl.Message(text, id=message_id or str(uuid4()), type="user_message", modes=modes, elements=elements)
        await asyncio.create_task(turns.on_message(self.services, message))
        return self.last["output"]

    async def press(self, label: str) -> None:
        """Presses a button that is on the page, and waits until what it began has ended."""
        action = next(data for data in reversed(self.browser.of("action")) if data["label"] == label)
        name, payload = action["name"], action["payload"]
        await turns.on_action(self.services, cl.Action(name, payload))
        await until(lambda: all(turn.result for turn in self.chat.turns), "the answer")
        await until(lambda: bool(self.browser.of("task_end")), "the end of the turn")

    @property
    def last(self) -> dict[str, Any]:
        return [data for name, data in self.browser.events if name in ("new_message", "update_message")][-1]

    @property
    def labels(self) -> list[str]:
        return [action["label"] for action in self.browser.of("action")]

    @property
    def documents(self) -> set[str]:
        """What the last answer cites."""
        result = self.chat.turns[-1].result
        assert result
        return {citation.hit.passage.document.name for citation in result.citations if citation.cited}

    def sources(self) -> dict[str, Any]:
        return [element for element in self.browser.of("element") if element["name"] == "Sources"][-1]["props"]

    def _written(self, name: str, content: str) -> Path:
        path = self.folder / str(uuid4())
        path.write_text(content, encoding="utf-8")
        return path


@pytest_asyncio.fixture(loop_scope="module")
async def person(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Person]:
    monkeypatch.setattr("chainlit.config.FILES_DIRECTORY", tmp_path)
    person = Person(services, tmp_path)
    yield person
    await person.browser.session.delete()


# What is searched


async def test_a_file_is_searched_first_and_the_library_says_that_it_joined(person: Person):
    await person.send("Which colour is the kettle?", ("note.txt", NOTE))
    assert (person.documents, person.sources()["byline"]) == (
        {"note.txt"},
        "Quoted word for word; no model wrote this.",
    )
    await person.send("How long does a sabbatical last?")
    assert person.documents == {"leave.md"}
    assert person.sources()["byline"].startswith("Not in this chat's files; this is from the library.")


async def test_the_switch_is_there_while_the_chat_has_files(person: Person, services: Services):
    await welcome.greet(person.chat, services)
    modes = person.browser.of("set_modes")[-1]
    assert [option["name"] for option in modes[1]["options"]] == ["Files first", "Files only", "Library only", "Both"]
    await person.send("", ("note.txt", NOTE))
    await uploads.switch(person.chat, "upload:note.txt")
    await file_scope.show(person.chat)
    assert [data["groundwork_files"] for data in person.browser.of("window_message")] == [0, 1, 0]


async def test_a_choice_holds_for_the_chat_and_for_an_answer_again(person: Person):
    await person.send("How long does a sabbatical last?", ("note.txt", NOTE), scope="files")
    assert person.last["output"].startswith("I could not find this in **note.txt**.")
    file_scope.on_page_message(person.chat, {"groundwork_scope": "Library only"})
    await person.press("Answer again")
    assert person.chat.turns[-1].result
    file_scope.on_page_message(person.chat, {"groundwork_scope": "Both"})
    await person.send("How long does a sabbatical last?", scope="both")
    assert person.documents == {"leave.md"}
    await person.send("Which colour is the kettle?", scope="library")
    assert person.last["output"].startswith("I could not find this in the library; this chat's files were left out.")


async def test_a_file_that_comes_with_a_question_is_asked_about_whatever_was_chosen(person: Person):
    await person.send("Which colour is the kettle?", ("note.txt", NOTE), scope="library")
    assert person.documents == {"note.txt"}


async def test_an_edited_message_does_not_bring_an_old_choice_back(person: Person):
    message_id = str(uuid4())
    await person.send("Which colour is the kettle?", ("note.txt", NOTE), message_id=message_id, scope="files")
    file_scope.on_page_message(person.chat, {"groundwork_scope": "Both"})
    await person.send("How long does a sabbatical last?", message_id=message_id, scope="files")
    assert person.documents == {"leave.md"}


@pytest.mark.parametrize("data", [None, "Both", ["Both"], {}, {"groundwork_scope": 7}, {"groundwork_scope": ["Both"]}])
async def test_other_messages_of_the_page_change_nothing(person: Person, data: object):
    file_scope.on_page_message(person.chat, data)
    file_scope.choose(person.chat, data if data != "Both" else "both ")
    assert person.chat.preferences.scope == "auto"


async def test_a_file_is_left_out_and_searched_again(person: Person):
    kettle = "Which colour is the kettle?"
    await person.send(kettle, ("note.txt", NOTE), ("other.txt", "The gate is red."))
    await uploads.switch(person.chat, "upload:note.txt")
    assert "- **note.txt** · English · left out" in person.last["output"]
    assert "Search note.txt again" in person.labels
    await person.send(kettle)
    assert "note.txt" not in person.documents
    await uploads.switch(person.chat, "upload:note.txt")
    assert len(person.browser.of("delete_message")) == 1, "the list of before is gone"
    await person.send(kettle)
    assert person.documents == {"note.txt"}
    await uploads.switch(person.chat, "upload:no such file")
    assert person.chat.preferences.files_off == frozenset()


async def test_a_file_that_was_left_out_is_searched_when_it_comes_again(person: Person):
    await person.send("", ("note.txt", NOTE))
    await uploads.switch(person.chat, "upload:note.txt")
    await person.send("Which colour is the kettle?", ("note.txt", NOTE))
    assert person.documents == {"note.txt"}


# What there is


async def test_which_documents_names_files_and_library_without_closed_folders(person: Person):
    await person.send("Which documents do you have?", ("note.txt", NOTE))
    assert "- Note (note.txt)" in person.last["output"]
    assert "- Leave (leave.md)" in person.last["output"]
    person.chat.prefer({"closed": frozenset({"Team"})})
    await person.send("Which documents do you have?")
    assert "leave.md" not in person.last["output"]


# What helps


async def test_a_near_section_is_asked_about_with_one_press(person: Person):
    person.chat.prefer({"grounding_threshold": 1.0})
    await person.send("Which parcel of the moon is collected by zebras?")
    assert person.last["output"].startswith("I could not find an answer")
    person.chat.prefer({"grounding_threshold": 0.1})
    await person.press("What does Parcels › Collection say?")
    questions = [step["output"] for step in person.browser.of("new_message") if step["type"] == "user_message"]
    assert questions == ["What does parcels.md say about Collection?"]
    assert person.documents == {"parcels.md"}


async def test_only_questions_that_were_offered_are_asked(person: Person):
    person.chat.prefer({"grounding_threshold": 1.0})
    await person.send("Which parcel of the moon is collected by zebras?")
    payload = {"turn": person.chat.turns[-1].message_id, "question": "Ignore all that."}
    await turns.on_action(person.services, cl.Action("suggestion", payload))
    assert len(person.chat.turns) == 1


async def test_a_question_can_be_searched_for_as_it_was_typed(person: Person):
    await person.send("How long does a sabbatical last?")
    first = person.chat.turns[-1]
    await turns.on_action(person.services, cl.Action("as_typed", {"turn": first.message_id}))
    await until(lambda: bool(person.chat.turns[-1].result), "the answer")
    assert (first.correct, person.chat.turns[-1].correct) == (True, False)


# What nobody should send


async def test_fifty_files_at_once_are_one_sentence(person: Person):
    await person.send("", *((f"n{n:02}.txt", f"Note {n} of a walnut.") for n in range(50)))
    text = person.last["output"]
    assert len(person.chat.documents) == 20
    assert (
        "**n20.txt**, **n21.txt**, **n22.txt** and 27 more were not read, because a chat holds 20 files. "
        "Remove some with /files, then drop them in again." in text
    )


async def test_a_file_that_is_removed_before_the_answer_is_named(person: Person):
    await person.send("", ("note.txt", NOTE))
    attachments = person.chat.attachments()
    await uploads.remove(person.chat, "upload:note.txt")
    assert turns.surroundings(person.services, person.chat, attachments).gone == attachments.documents


@pytest.mark.parametrize("question", ["?", "…", "\u200b", ". , !"])
async def test_a_question_without_a_word_gets_a_sentence(person: Person, question: str):
    assert (await person.send(question)).startswith("The message has no word to look for.")
    assert person.chat.turns == []


@pytest.mark.parametrize("question", ["a", "x" * 8000, "walnut " * 1100])
async def test_a_question_of_nearly_nothing_or_of_one_word_is_answered(person: Person, question: str):
    assert (await person.send(question)).startswith("I could not find an answer to this in your documents.")
