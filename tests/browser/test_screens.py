"""Narrow and dark screens."""

import pytest
from playwright.async_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Visit
from tests.browser.test_answers import QUESTION
from tests.browser.test_escalation import UNANSWERABLE
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_phone_shows_all_without_scrolling_sideways_in_light_and_dark(
    visit: Visit, eager_app: App, dark: bool
) -> None:
    chat = await visit(eager_app, **PHONE, dark=dark)
    await _fits(chat)
    answer = await chat.ask(QUESTION)
    await _fits(chat)
    await expect(chat.panel).to_have_count(0)
    await answer.get_by_role("button", name="Show details").click()
    await expect(chat.panel).to_be_visible()
    await _fits(chat)
    await chat.picture(f"phone-panel-{'dark' if dark else 'light'}")
    assert (await _brightness(chat, "background-color") < 0.2) == dark
    assert (await _brightness(chat, "color") > 0.8) == dark
    await chat.page.set_viewport_size({"width": 1280, "height": 800})
    await expect(chat.panel).to_be_visible()
    await chat.picture(f"desk-panel-{'dark' if dark else 'light'}")


async def test_a_phone_shows_passages_and_what_was_not_found(visit: Visit, app: App) -> None:
    chat = await visit(app, **PHONE)
    answer = await chat.ask(QUESTION)
    await chat.mark(answer, 2).last.click()
    await expect(chat.sidebar.locator("mark")).to_contain_text("nothing from documents, questions or answers")
    await _fits(chat)
    await chat.picture("phone-passage")
    await chat.page.keyboard.press("Escape")
    await expect(chat.sidebar).to_have_count(0)
    await chat.ask(UNANSWERABLE)
    await _fits(chat)


async def _fits(chat: ChatPage) -> None:
    """Neither the page nor what lies in the sidebar is wider than its place."""
    over = await chat.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"the page is {over} pixels too wide"
    for sidebar in await chat.sidebar.all():
        over = await sidebar.evaluate("element => element.scrollWidth - element.clientWidth")
        assert over <= 0, f"the sidebar is {over} pixels too wide"


async def _brightness(chat: ChatPage, style: str) -> float:
    """[0, 1] of the page's colour."""
    colour = await chat.page.evaluate("style => getComputedStyle(document.body).getPropertyValue(style)", style)
    red, green, blue = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return (red + green + blue) / 3 / 255
