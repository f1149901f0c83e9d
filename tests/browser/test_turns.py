"""What a person does with turns: stops them, has them answered again, edits them, reads on; and the settings."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import PATIENCE_MS, SLOW_TOKENS, Visit
from tests.browser.test_answers import QUESTION
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LAST_WORDS = " ".join(str(n % 100) for n in range(SLOW_TOKENS - 2, SLOW_TOKENS))
OTHER_QUESTION = "What is the event called ProcessInfo?"


async def test_a_stopped_answer_stays_as_far_as_it_came_and_the_next_question_works(
    visit: Visit, slow_app: App
) -> None:
    chat = await visit(slow_app)
    await chat.send(QUESTION)
    await expect(chat.messages).to_contain_text("0 1 2 3")
    await chat.stop_button.click()
    await expect(chat.messages).to_have_text(re.compile(r"^0 1 2 3( \d+)*\s+Stopped\.$"))
    await chat.rests()
    stopped = await chat.messages.inner_text()
    await asyncio.sleep(0.5)
    assert await chat.messages.inner_text() == stopped

    await chat.send(OTHER_QUESTION)
    await expect(chat.messages.nth(1)).to_contain_text("0 1 2 3")
    await expect(chat.messages.nth(0)).to_have_text(re.compile(r"Stopped\.$"))
    await chat.stop_button.click()
    await chat.rests()


async def test_answer_again_puts_a_new_answer_in_the_old_ones_place_and_goes_on_from_there(
    visit: Visit, app: App
) -> None:
    chat = await visit(app)
    await chat.ask(QUESTION)
    first_total = await chat.panel.get_attribute("data-total-ms") or ""
    await chat.answers.get_by_role("button", name="Answer again").click()
    await expect(chat.panel).not_to_have_attribute("data-total-ms", first_total)
    await expect(chat.answers).to_have_count(1)
    await chat.rests()
    await expect(chat.questions).to_have_text([QUESTION])
    await expect(chat.answers.get_by_test_id("byline")).to_have_text("Written by phi-4-mini.")
    await expect(chat.panel.get_by_text("This chat (1 turn)")).to_be_visible()

    await chat.ask(OTHER_QUESTION)
    await chat.answers.first.get_by_role("button", name="Answer again").click()
    await expect(chat.questions).to_have_text([QUESTION])
    await expect(chat.answers).to_have_count(1)
    await chat.rests()
    await chat.ask(OTHER_QUESTION)
    await expect(chat.questions).to_have_text([QUESTION, OTHER_QUESTION])
    await expect(chat.panel.get_by_text("This chat (average of 2 turns)")).to_be_visible()


async def test_an_edited_question_restarts_the_chat_from_its_turn(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    await chat.ask(QUESTION)
    await chat.ask(OTHER_QUESTION)
    await chat.ask("Which files can be uploaded?")
    await chat.edit(1, "What is BM25?")
    await expect(chat.questions).to_have_text([QUESTION, "What is BM25?"])
    await expect(chat.answers).to_have_count(2)
    await chat.rests()
    await expect(chat.answers.nth(1)).to_contain_text("BM25")
    await expect(chat.panel.get_by_text("This chat (average of 2 turns)")).to_be_visible()


async def test_the_panel_opens_with_each_answer_or_when_asked_for(visit: Visit, app: App) -> None:
    chat = await visit(app)
    first = await chat.ask(QUESTION)
    total = await chat.panel.get_attribute("data-total-ms")
    await chat.ask(OTHER_QUESTION)
    await expect(chat.panel).not_to_have_attribute("data-total-ms", total or "")
    await _close_panel(chat)
    await first.get_by_role("button", name="Show details").click()
    await expect(chat.panel).to_have_attribute("data-total-ms", total or "")

    await _close_panel(chat)
    await chat.switch_off("Open the turn panel with each answer")
    answer = await chat.ask(QUESTION)
    await expect(chat.panel).to_have_count(0)
    await answer.get_by_role("button", name="Show details").click()
    await expect(chat.panel).to_be_visible()


async def _close_panel(chat: ChatPage) -> None:
    await chat.page.locator("#side-view-title").get_by_role("button").click()
    await expect(chat.panel).to_have_count(0)


async def test_with_streaming_switched_off_the_answer_arrives_whole(visit: Visit, slow_app: App) -> None:
    chat = await visit(slow_app)
    await chat.choose("Local only")
    await chat.switch_off("Show the answer while it is written")
    await chat.send(QUESTION)
    seen = set[str]()
    async with asyncio.timeout(3 * PATIENCE_MS / 1000):
        while not await chat.answers.count():
            seen.update(await chat.messages.get_by_role("article").all_inner_texts())
            await asyncio.sleep(0.05)
    assert any(text.startswith("slow-model is writing") for text in seen), "a status line says what is going on"
    assert not [
        text for text in seen if text.startswith("0 1") and not text.endswith((LAST_WORDS, f"{LAST_WORDS} ⚠"))
    ], "no part of the answer"
    await expect(chat.answers.get_by_role("article")).to_have_text(re.compile(f"^0 1 2 .* {LAST_WORDS} ⚠$"))
