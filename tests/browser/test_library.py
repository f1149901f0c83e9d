"""The library in the chat: followed while it runs, shown by /library, left out folder by folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.serving import App, running
from tests.shipped_library import DOCUMENTS, copy_shipped_library

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OTTERS = "# Otters\n\nThe otters of Lake Mirna are fed at half past seven in the evening.\n"
QUESTION = "When are the otters of Lake Mirna fed?"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the library with one good file and one that cannot be read."""
    folder = tmp_path_factory.mktemp("team")
    (folder / "ferries.md").write_text("# Ferries\n\nThe ferry to the island leaves at noon.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 this is the end")
    return folder


@pytest.fixture(scope="module")
def library_app(team: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("library")
    copy_shipped_library(root / "data")
    with running(root, RUNTIME="off", LIBRARY_DIRS=f"{DOCUMENTS}, Team={team}") as app:
        yield app


async def test_a_saved_file_is_told_quietly_and_can_be_asked_about_but_where_its_folder_is_left_out(
    visit: Visit, library_app: App, team: Path
) -> None:
    chat = await visit(library_app)
    answer = await chat.ask("Which ferry goes to the island at noon?")
    await expect(chat.source(answer, 1)).to_have_text("1ferries.md")
    (team / "otters.md").write_text(OTTERS, encoding="utf-8")
    await expect(chat.page.get_by_text("Team: otters.md can be asked about now.")).to_be_visible()
    answer = await chat.ask(QUESTION)
    await expect(answer.locator("blockquote").first).to_contain_text("half past seven")
    await expect(chat.source(answer, 1)).to_have_text("1otters.md")
    await chat.mark(answer, 1).first.click()
    await expect(chat.sidebar.locator("header")).to_contain_text("Team › otters.md")
    (team / "otters.md").unlink()
    await expect(chat.page.get_by_text("Team: otters.md is gone.")).to_be_visible()
    answer = await chat.ask(QUESTION)
    await expect(answer).to_contain_text("I could not find an answer")

    await chat.switch_off("Search the library folder Team")
    answer = await chat.ask("Which ferry goes to the island at noon?")
    await expect(answer).to_contain_text("I could not find an answer")
    other = await visit(library_app, stranger=True)
    answer = await other.ask("Which ferry goes to the island at noon?")
    await expect(other.source(answer, 1)).to_have_text("1ferries.md")


async def test_the_library_is_shown_with_what_could_not_be_read(visit: Visit, library_app: App) -> None:
    chat = await visit(library_app, dark=True)
    await chat.send("/library ")
    message = chat.messages.first
    await expect(message).to_contain_text(re.compile(r"docs_corpus · \d+ documents, \d+ passages · in sync"))
    await expect(message).to_contain_text("Team · 1 document, 1 passage · in sync with its folder")
    await expect(message).to_contain_text("not read: broken.pdf could not be read")
    await message.get_by_role("button", name="Look through Team again").click()
    await expect(chat.messages).to_have_count(2)
    await expect(chat.messages.nth(1)).to_contain_text("Team · 1 document")
    for width in (1280, 390):
        await chat.page.set_viewport_size({"width": width, "height": 800})
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await chat.page.evaluate(overflow) <= 0
        await chat.picture(f"library-{width}")
