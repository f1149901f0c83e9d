"""What should not be sent, and texts that should not be run: each has its sentence, and the chat goes on."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Visit
from tests.browser.test_answers import QUESTION
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PICTURE = "http://evil.example/p.png"
POISON = (
    f"<script>window.hacked=1</script> <img src=x onerror=window.hacked=2> ![p]({PICTURE}) "
    "[go](javascript:window.hacked=3) <iframe src='http://evil.example/f'></iframe> <svg onload=window.hacked=4>"
)
STOPPED = (
    f"Loading the image '{PICTURE}' violates the following Content Security Policy directive: "
    "\"img-src 'self' data: blob:\". The action has been blocked."
)
"""What Chromium writes to the console then."""


async def test_what_is_no_question_is_refused_with_a_way_out_and_the_chat_goes_on(
    visit: Visit, quoting_app: App
) -> None:
    chat = await visit(quoting_app)
    await expect(chat.send_button).to_be_disabled()
    await chat.input.fill("  \n ")
    await chat.input.press("Enter")
    await expect(chat.questions).to_have_count(0)
    await _goes_on(chat)

    await chat.send("lorem " * 16_667)
    await expect(chat.messages.last).to_have_text(
        "The message has 100,001 characters, and 8,000 are the most. "
        "Save it as a text file and drop that in; then ask about it."
    )
    await _goes_on(chat)

    await chat.send("".join(chr(n) for n in range(1, 32)) * 10)
    await expect(chat.messages.last).to_contain_text("The message does not look like text.")
    await _goes_on(chat)

    answer = await chat.ask("今日の天気はどうですか。傘は必要でしょうか。")
    await expect(answer).to_contain_text("I could not find an answer to this in your documents.")
    await _goes_on(chat)
    await expect(chat.messages).to_have_count(7)


async def test_markup_in_a_question_is_shown_and_not_run(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    await chat.ask(f"What is BM25? {POISON}")
    await _is_harmless(chat)
    await _goes_on(chat)


async def test_markup_in_documents_is_shown_and_not_run(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    page = f"<html><body><h1>Walrus</h1><p>The walrus weighs 900 kilograms {POISON} or more.</p></body></html>"
    await chat.attach(
        ("walrus.html", page.encode()),
        ("walrus.md", f"# Walrus {POISON}\n\nThe walrus weighs 900 kilograms {POISON} or more.".encode()),
        ("<img src=x onerror=window.hacked=5>.txt", b"The walrus weighs 900 kilograms, says this file."),
    )
    answer = await chat.ask("How much does the walrus weigh?")
    await expect(answer).to_contain_text("900 kilograms")
    for others in await answer.locator("summary").all():
        await others.click()
    for source in await answer.get_by_test_id("sources").locator("li button").all():
        await source.click()
        await expect(chat.sidebar.get_by_test_id("passage")).to_be_visible()
    await _is_harmless(chat)
    await _goes_on(chat)


async def test_markup_in_a_models_answer_is_not_run(visit: Visit, slow_app: App) -> None:
    chat = await visit(slow_app)
    await chat.choose("Large")
    answer = await chat.ask(QUESTION)
    await expect(answer.get_by_role("article")).to_have_text(re.compile(r"^Hello \[1\] .* end\. ⚠$"))
    await answer.get_by_role("link", name=re.compile("^Not supported by your documents: ")).click()
    await expect(answer.get_by_test_id("unsupported")).to_be_focused()
    await expect(answer.get_by_test_id("unsupported")).to_contain_text("Hello <script>")
    underlined = await chat.page.evaluate("[...CSS.highlights.get('unsupported')].map(String)")
    assert [text.strip()[-4:] for text in underlined] == ["end."]
    await _is_harmless(chat)


async def _is_harmless(chat: ChatPage) -> None:
    """Nothing ran, and pictures from elsewhere were stopped by the page's policy."""
    markup = chat.page.locator("#root").locator("script, iframe, style, [onerror], [onload], a[href^='javascript']")
    assert await markup.count() == 0
    for link in await chat.page.locator("#root a", has_text="go").all():
        await link.click()
    assert await chat.page.evaluate("window.hacked") is None
    assert set(chat.watch.blocked) <= {PICTURE}
    chat.watch.complaints = [complaint for complaint in chat.watch.complaints if complaint != STOPPED]


async def _goes_on(chat: ChatPage) -> None:
    """A question is answered as if nothing had happened."""
    await chat.rests()
    await expect(await chat.ask(QUESTION)).to_contain_text("privacy.md")
