"""When the larger model takes over, and when nobody answers, because the documents hold nothing."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Visit
from tests.browser.test_answers import QUESTION
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LARGER_SAYS = "Documents, questions and answers stay on the machine"
UNANSWERABLE = "Who won the football world cup in 1998?"


async def test_the_larger_models_answer_stands_below_its_reasoning_and_the_draft_and_has_its_receipt(
    visit: Visit, eager_app: App
) -> None:
    chat = await visit(eager_app)
    answer = await chat.ask(QUESTION)
    await expect(answer.get_by_role("article")).to_have_text(f"{LARGER_SAYS} [1].")
    await expect(answer.get_by_test_id("byline")).to_have_text(
        re.compile(r"^Written by gpt-oss-20b\. .+; the draft has \d+ characters, more than 20\.$")
    )

    draft, reasoning = chat.steps.nth(0), chat.steps.nth(1)
    await expect(draft).to_have_text(re.compile(r"^\s*Draft by phi-4-mini · [\d.]+ m?s$"))
    await expect(reasoning).to_have_text("Reasoning of gpt-oss-20b")
    await draft.get_by_role("button").click()
    await expect(draft).to_contain_text("Groundwork sends no documents")
    await reasoning.get_by_role("button").click()
    await expect(reasoning).to_contain_text("The passages name what stays")
    kinds = await chat.page.locator(".step").evaluate_all("steps => steps.map(step => step.dataset.stepType)")
    assert kinds == ["user_message", "tool", "tool", "assistant_message"], "the draft, the reasoning, the answer"
    await expect(chat.messages).not_to_contain_text("what stays")
    await _panel_has_both_models(chat)
    await _receipt_tells_what_was_added(chat)


async def _panel_has_both_models(chat: ChatPage) -> None:
    models = chat.panel.locator("[data-model]")
    await expect(models).to_have_text(
        [re.compile("^phi-4-mini · draft"), re.compile(r"^gpt-oss-20b · larger model.*\d+ of them reasoning")]
    )
    times = [float(await model.get_attribute("data-ms") or "") for model in await models.all()]
    together = await chat.panel.get_by_text("Draft and larger model together:").inner_text()
    assert _ms(together.partition(": ")[2]) == pytest.approx(sum(times), rel=0.05)

    stages, total = await chat.stages(), await chat.total_ms()
    assert {"generate", "escalation_generate", "escalation_check"} <= set(stages)
    assert sum(stages.values()) == pytest.approx(total, rel=0.05)
    await expect(chat.panel.get_by_text("Trigger: long draft · refine the draft")).to_be_visible()
    await expect(chat.panel.get_by_test_id("averages")).to_contain_text(re.compile(r"larger model in 100\s%"))


async def _receipt_tells_what_was_added(chat: ChatPage) -> None:
    escalation_report = chat.panel.get_by_test_id("receipt")
    await expect(escalation_report).to_contain_text(re.compile(r"[\d.]+ m?s · \d+ tokens"))
    await expect(escalation_report).to_contain_text(re.compile(r"Support (rose|fell|stayed)"))
    await expect(escalation_report).to_contain_text("Sentences: ")
    await chat.panel.get_by_text("Sentence by sentence").click()
    changes = chat.panel.get_by_test_id("changes").get_by_role("listitem")
    await expect(changes.first).to_be_visible()
    assert any(LARGER_SAYS in text for text in await changes.all_inner_texts())


async def test_a_thumb_stays_pressed_until_it_is_taken_back(visit: Visit, app: App) -> None:
    chat = await visit(app)
    answer = await chat.ask(QUESTION)
    noted = answer.get_by_role("button", name="Noted")
    await answer.get_by_role("button", name="Right").click()
    await expect(noted).to_have_count(1)
    await answer.get_by_role("button", name="Wrong").click()
    await expect(noted.locator("svg.lucide-thumbs-down")).to_have_count(1)
    await noted.click()
    await expect(noted).to_have_count(0)


async def test_a_question_that_the_documents_do_not_answer_gets_no_answer_but_two_ways_on(
    visit: Visit, app: App
) -> None:
    chat = await visit(app)
    await chat.page.add_init_script("delete window.showOpenFilePicker")  # Firefox has none, and Playwright sees none
    await chat.open()
    answer = await chat.ask(UNANSWERABLE)
    await expect(answer.get_by_role("article")).to_have_text(
        re.compile(r"^I could not find an answer to this in your documents\. The nearest that they have: \w")
    )
    await expect(answer.get_by_label("Nearest passages").get_by_role("button").first).to_be_visible()
    await expect(chat.panel.get_by_test_id("reason")).to_contain_text("do not seem to hold an answer")
    await expect(answer.get_by_test_id("byline")).to_have_count(0)

    async with chat.page.expect_file_chooser():
        await answer.get_by_role("button", name="Upload a document").click()

    await answer.get_by_role("button", name="Ask gpt-oss-20b anyway").click()
    await expect(chat.answers.get_by_test_id("byline")).to_have_text(
        "Written by gpt-oss-20b. You asked for gpt-oss-20b."
    )
    await expect(chat.answers.get_by_role("note").last).to_have_text(
        "Your documents do not seem to hold this, so gpt-oss-20b may be guessing."
    )
    await expect(chat.answers).to_have_count(1)
    await expect(chat.questions).to_have_count(1)
    await chat.rests()


def _ms(shown: str) -> float:
    number, unit = shown.split()
    return float(number) * (1 if unit == "ms" else 1000)
