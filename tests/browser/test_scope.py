"""The switch of what is searched, and what helps where nothing was found."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Visit
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOTE = b"Notes on the kitchen. The kettle of room 7 is green, and its lid is of copper."
LARGEST = "What is the largest file that may be uploaded?"


async def test_what_is_searched_is_switched_while_the_chat_has_files(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    switch = chat.page.locator("#mode-picker-trigger-scope")
    await expect(switch).to_be_hidden()
    await chat.attach(("note.txt", NOTE))
    await expect(switch).to_have_text("Files first")
    await chat.ask("Which colour is the kettle of room 7?")
    await expect(chat.panel.get_by_test_id("intent")).to_have_text(
        "About note.txt, because it was attached to this question"
    )
    answer = await chat.ask(LARGEST)
    await expect(answer.get_by_test_id("byline")).to_contain_text("Not in this chat's files; this is from the library.")

    await choose(switch, chat, "Files only")
    await answer.get_by_role("button", name="Answer again").click()
    await expect(chat.answers.last).to_contain_text("I could not find this in note.txt.")
    await chat.rests()

    await chat.page.get_by_role("button", name="Files", exact=True).click()
    await chat.send_button.click()
    await chat.page.get_by_role("button", name="Leave note.txt out").click()
    await expect(chat.messages.last).to_contain_text("left out")
    await expect(switch).to_be_hidden()
    await expect(await chat.ask("Which colour is the kettle of room 7?")).not_to_contain_text("green")


async def test_a_near_section_is_asked_about_with_one_press_on_a_phone(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app, width=390)
    answer = await chat.ask("price of a licence for quantum schools")
    suggestion = answer.get_by_role("button", name="Licence say?")
    box = await suggestion.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390
    await suggestion.click()
    await expect(chat.questions.last).to_contain_text("What does choosing-a-model.md say about Licence?")
    await expect(chat.answers.last).to_contain_text("MIT")
    await chat.rests()


async def choose(switch: Locator, chat: ChatPage, name: str) -> None:
    await switch.click()
    await chat.page.get_by_role("option").filter(has_text=name).click()
    await expect(switch).to_have_text(name)
