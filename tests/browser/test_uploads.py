"""Files in the chat: asked about, private to it, and refused with a sentence where they cannot be read."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.make_files import docx, docx_bomb, pdf
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PELICANS = "How many nests did the pelican colony of Lake Mirna have?"
BIRDS = pdf(
    [
        [(20, "Birds of Lake Mirna"), "This report counts the birds of the lake and was written for its wardens."],
        [(16, "Pelicans"), "The pelican colony of Lake Mirna had 417 nests in the spring of that year."],
    ],
    title="Birds of Lake Mirna",
)
OVEN = docx(
    [
        "# Oven manual",
        "Read this manual before you use the oven for the first time and keep it.",
        "## Descaling",
        "Descale the steam oven with citric acid every forty baking hours, and rinse it twice.",
    ],
    title="Oven manual",
)


async def test_a_pdf_can_be_asked_about_in_its_chat_alone_until_it_is_removed(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    await chat.attach(("birds.pdf", BIRDS))
    answer = await chat.ask(PELICANS)
    await expect(chat.messages.first).to_have_text("birds.pdf · 2 pages · 2 passages · English")
    await expect(answer.locator("blockquote").first).to_contain_text("had 417 nests")
    await expect(chat.source(answer, 1)).to_have_text(re.compile(r"^1birds\.pdf › .*Pelicans · p\. 2 · uploaded$"))
    await chat.mark(answer, 1).first.click()
    await expect(chat.sidebar.locator("header")).to_contain_text("p. 2")
    await expect(chat.sidebar.locator("mark")).to_contain_text("had 417 nests")

    for other in (await visit(quoting_app), await visit(quoting_app, stranger=True)):
        answer = await other.ask(PELICANS)
        await expect(answer).not_to_contain_text("417")
        await expect(answer).not_to_contain_text("birds.pdf")

    await expect(await chat.ask(PELICANS)).to_contain_text("417")
    await chat.page.get_by_role("button", name="Files", exact=True).click()
    await chat.send_button.click()
    await chat.page.get_by_role("button", name="Remove birds.pdf").click()
    await expect(chat.messages.last).to_have_text("birds.pdf is removed from this chat.")
    await expect(await chat.ask(PELICANS)).not_to_contain_text("417")


async def test_a_word_document_can_be_asked_about_in_a_later_message(visit: Visit, app: App) -> None:
    chat = await visit(app)
    await chat.attach(("oven.docx", OVEN))
    await chat.send("")
    await expect(chat.messages.first).to_have_text(re.compile(r"^oven\.docx · \d passages? · English$"))
    answer = await chat.ask("What do I descale the steam oven with?")
    await expect(chat.source(answer, 2)).to_have_text(re.compile(r"^2oven\.docx.* › Descaling · uploaded$"))


async def test_no_word_of_a_quote_is_lost_on_the_page(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    text = "The walrus image is app:latest, costs 3:one, and is at http://walrus.example:8080/a_b:tag at 9:30am."
    await chat.attach(("walrus.txt", text.encode()))
    answer = await chat.ask("Where is the walrus image?")
    await expect(answer.locator("blockquote")).to_have_text(f"{text} [1]", use_inner_text=True)


async def test_each_unreadable_file_has_its_sentence_and_the_others_are_read(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    await chat.attach(
        ("locked.pdf", pdf([["Secret"]], password="x")),
        ("cut.pdf", BIRDS[: len(BIRDS) // 3]),
        ("bomb.docx", docx_bomb()),
        ("../../x.txt", b"Zanzibar exports cloves, and the harvest of this small text begins in July."),
        ("birds.pdf", BIRDS),
    )
    answer = await chat.ask(PELICANS)
    board = chat.messages.first
    await expect(board).to_contain_text("locked.pdf is protected by a password. Save a copy without it and add that.")
    await expect(board).to_contain_text("cut.pdf could not be read; it may be damaged. Save a new copy and add that.")
    await expect(board).to_contain_text("bomb.docx unpacks to")
    await expect(board).to_contain_text(re.compile(r"x\.txt · 1 passage", re.MULTILINE))
    await expect(board).to_contain_text("birds.pdf · 2 pages")
    await expect(answer).to_contain_text("417")
    root = chat.app.root
    assert not [*root.rglob("x.txt"), *root.parent.glob("x.txt"), *root.parent.parent.glob("x.txt")]


async def test_files_that_cannot_be_sent_are_refused_by_the_page(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    for name, content, sentence in (
        ("tool.exe", b"MZ\x90", re.compile("^File type must be text/.*pdf")),
        ("large.txt", b"x" * 2_500_000, "File is larger than 2 MB"),
        ("empty.txt", b"", "Failed to upload empty.txt: It is empty. Check that it was saved and copied completely."),
    ):
        await chat.choose_files((name, content))
        await expect(chat.page.get_by_text(sentence)).to_be_visible()
    await expect(chat.page.locator("#attachments > *")).to_have_count(0)
    chat.watch.complaints.remove("Failed to load resource: the server responded with a status of 400 (Bad Request)")
    await chat.choose_files(*_notes(40))
    await expect(chat.page.get_by_text("Too many files")).to_be_visible()
    await expect(await chat.ask("How many files may a chat have?")).to_contain_text("A chat may have at most")


async def test_a_file_too_many_in_a_chat_is_named(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    await chat.attach(*_notes(20))
    await expect(await chat.ask("Which colour is the kettle of room 7?")).to_contain_text("kettle of room 7 is green")
    await chat.attach(("birds.pdf", BIRDS))
    await chat.send("")
    await chat.rests()
    await expect(chat.messages.last).to_contain_text("birds.pdf was not read, because a chat holds 20 files.")


def _notes(count: int) -> list[tuple[str, bytes]]:
    return [(f"note-{n:02}.txt", f"This is note {n}. The kettle of room {n} is green.".encode()) for n in range(count)]
