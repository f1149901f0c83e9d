"""A question and its answer: the marks, the sources, the panel; who answers; and answers without any model."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What data leaves my machine when I use Groundwork?"


async def test_a_question_is_answered_with_marks_sources_a_byline_and_the_panel(visit: Visit, app: App) -> None:
    chat = await visit(app)
    answer = await chat.ask(QUESTION)
    await expect(answer.get_by_role("article")).to_have_text(
        "Groundwork sends no documents, questions or answers from your machine [2]. Only ProcessInfo leaves it [2]!"
    )
    await expect(chat.mark(answer, 2).first).to_be_visible()
    await expect(chat.source(answer, 2)).to_contain_text("privacy.md")
    await expect(answer.get_by_text(re.compile(r"^\d passages were read but not cited$"))).to_be_visible()
    await expect(answer.get_by_test_id("byline")).to_have_text("Written by phi-4-mini.")

    await expect(chat.panel).to_have_attribute("data-running", "false")
    stages, total = await chat.stages(), await chat.total_ms()
    assert set(stages) >= {"search", "prompt", "request", "first_token", "generate", "check"}
    assert sum(stages.values()) == pytest.approx(total, rel=0.05)
    model = chat.panel.locator("[data-model=phi-4-mini]")
    await expect(model).to_contain_text(re.compile(r"^phi-4-mini · draft[\d.]+ m?s"))
    await expect(model).to_contain_text(re.compile(r"[\d,]{4,} tokens in · 16 out · [\d,.]+ tokens/s$"))
    await expect(chat.panel.get_by_test_id("reason")).to_have_text(
        re.compile(
            r"^Your documents seem to hold the answer, and the draft stands on them: "
            r"confidence 0\.\d\d, at least 0\.50 is wanted\.$"
        )
    )
    confidence = chat.panel.get_by_title("How far the draft can be trusted")
    await expect(confidence).to_have_text(re.compile(r"^Confidence0\.\d\d$"))
    averages = chat.panel.get_by_test_id("averages")
    await expect(averages).to_have_text(
        re.compile(r"^[\d.]+ m?s in all · first token after [\d.]+ m?s · [\d,.]+ tokens/s · larger model in 0\s%$")
    )

    await chat.ask("What is the event called ProcessInfo?")
    await expect(chat.panel.get_by_text("This chat (average of 2 turns)")).to_be_visible()
    number, unit = re.match(r"([\d.]+) (m?s) in all", await averages.inner_text()).groups()  # type: ignore[union-attr]
    both = (total + await chat.total_ms()) / 2
    assert float(number) * (1 if unit == "ms" else 1000) == pytest.approx(both, rel=0.05)


async def test_marks_and_sources_open_their_passage_and_the_panel_comes_back(visit: Visit, app: App) -> None:
    chat = await visit(app)
    answer = await chat.ask(QUESTION)
    passage = chat.sidebar.get_by_test_id("passage")
    for by in ("mouse", "keyboard", "source"):
        if by == "mouse":
            await chat.mark(answer, 2).last.click()
        elif by == "keyboard":
            await chat.mark(answer, 2).last.focus()
            await chat.page.keyboard.press("Enter")
        else:
            await chat.source(answer, 2).click()
        await expect(passage.locator("header")).to_contain_text("privacy.md › What leaves the machine")
        await expect(passage.locator("mark")).to_contain_text("nothing from documents, questions or answers")
        assert chat.page.url.rstrip("/") == app.url, "the chat is still there"
        await answer.get_by_role("button", name="Show details").click()
        await expect(chat.panel).to_be_visible()
        await expect(passage).to_have_count(0)


async def test_local_only_never_asks_the_larger_model_and_large_asks_it_at_once(visit: Visit, eager_app: App) -> None:
    chat = await visit(eager_app)
    await chat.choose("Local only")
    answer = await chat.ask(QUESTION)
    await expect(answer.get_by_test_id("byline")).to_have_text(
        re.compile(
            r"^Written by phi-4-mini\. .+; the draft has \d+ characters, more than 20\. It stays because .*Local only"
        )
    )
    await expect(chat.steps).to_have_count(0)

    await chat.choose("Large")
    answer = await chat.ask(QUESTION)
    await expect(answer.get_by_test_id("byline")).to_have_text("Written by gpt-oss-20b. You asked for gpt-oss-20b.")
    await expect(chat.panel.locator("[data-model=phi-4-mini]")).to_have_count(0)
    await expect(chat.panel.locator("[data-model]")).to_have_count(1)


async def test_without_a_model_the_documents_are_quoted_word_for_word(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    answer = await chat.ask(QUESTION)
    quote, _, mark = (await answer.locator("blockquote").first.inner_text()).strip().rpartition(" ")
    document = (await chat.source(answer, int(mark.strip("[]"))).inner_text()).split()[1]
    written = _words((quoting_app.root / "docs_corpus" / document).read_text(encoding="utf-8"))
    assert all(_words(part) in written for part in quote.split(" … "))
    assert _words(await answer.locator("blockquote .font-bold").inner_text()) in _words(quote)
    await expect(answer.get_by_role("note")).to_have_text(
        re.compile(r"^No model is set up, so these are your documents")
    )
    await expect(answer.get_by_test_id("byline")).to_have_text("Quoted word for word; no model wrote this.")

    await answer.locator("blockquote").first.get_by_text(mark).click()
    marked = await chat.sidebar.get_by_test_id("passage").locator("mark").inner_text()
    quoted = [await each.inner_text() for each in await answer.locator("blockquote").all()]
    assert any(_words(marked) in _words(text) for text in quoted if text.strip().endswith(mark))


PRICES = """# Prices

{% image "prices.png" %}

Press **Search** or see [the shop](https://shop.example/x) ![a quince](https://shop.example/logo.png).

| Fruit | Price | Origin |
|---|---|---|
| Quince | 4 euros | *Ptuj* |
| Medlar | 7 euros | Izola |
| Loquat | 9 euros | Koper |
"""


async def test_a_row_is_quoted_in_its_table_and_marked_in_the_passage(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app, stranger=True)
    await chat.attach(("prices.md", PRICES.encode()))
    answer = await chat.ask("What is the price of a medlar?")
    table = answer.locator("blockquote table").first
    await expect(table.locator("th")).to_have_text(["Fruit", "Price", "Origin"])
    await expect(table.locator("td .font-bold")).to_have_text(["Medlar", "7 euros", "Izola"])
    assert "{%" not in await answer.inner_text()
    await chat.source(answer, 1).click()
    passage = chat.sidebar.get_by_test_id("passage")
    await expect(passage.locator("th")).to_have_text(["Fruit", "Price", "Origin"])
    await expect(passage.locator("mark")).to_have_text(["Medlar", "7 euros", "Izola"])
    await expect(passage.locator("p").last).to_have_text("Press Search or see the shop a quince.")
    await expect(passage.locator("img, a")).to_have_count(0)
    shown = await passage.inner_text()
    assert not any(mark in shown for mark in ("|", "*", "{%", "]("))


def _words(text: str) -> str:
    """The text with its lines and spaces as one, and without the marks of code."""
    return " ".join(text.replace("`", "").split())


async def test_a_list_of_documents_opens_each_beside_the_chat(visit: Visit, quoting_app: App) -> None:
    chat = await visit(quoting_app)
    answer = await chat.ask("Which documents do you have?")
    await expect(answer).to_contain_text("The library holds 24 documents.")
    line = answer.get_by_role("listitem").filter(has_text="privacy.md")
    await line.locator("a.element-link").click()
    passage = chat.sidebar.get_by_test_id("passage")
    await expect(passage).to_contain_text("privacy.md")
    await expect(answer.get_by_test_id("sources").get_by_role("listitem")).to_have_count(0)
