"""The lab's page in real Chromium: asking the app's two models, and what people bring with them."""

import json
import re

import pytest
from playwright.async_api import expect

from tests.browser.lab_page import GPT, GPT_SAYS, PHI, PHI_SAYS, Visit, run, visit_lab
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["visit_lab"]

SPEED = r"(\d{1,4}\.\d|\d{1,3}(,\d{3})+)"
"""As `lab/page/format.js` writes it: "87.3", or "1,234" from a thousand on."""
QUESTION = "What leaves my machine?"
REFERENCE = (
    "# Privacy\n\nProcessInfo is the only event that leaves the machine, when it is online.\n\n"
    "# Storage\n\nDocuments, questions and answers stay on the machine and are never sent anywhere."
)


async def test_two_models_answer_side_by_side(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    await lab.choose(PHI, GPT)
    await expect(lab.page.locator("#reference-way")).to_contain_text("go to this server")
    await lab.ask(QUESTION, reference=REFERENCE)
    await expect(lab.text(PHI_SAYS)).to_contain_text("sends no documents, questions or answers from your machine")
    await expect(lab.text(GPT_SAYS)).to_have_text("Documents, questions and answers stay on the machine [1].")
    reasoning = lab.answer(GPT_SAYS).locator("details")
    await expect(reasoning).not_to_have_attribute("open", "")
    await reasoning.locator("summary").click()
    await expect(reasoning).to_contain_text("The passages name what stays")
    for answer in await lab.answers.all():
        await expect(answer).to_have_attribute("aria-busy", "false")
        assert re.fullmatch(
            rf"First token[\d.]+ m?sSpeed(–|{SPEED} tokens/s)Total[\d.]+ m?sTokens\d+",
            await answer.get_by_test_id("figures").text_content() or "",
        )
    left, right = [await answer.bounding_box() for answer in await lab.answers.all()]
    assert left
    assert right
    assert (left["y"], left["x"] + left["width"] < right["x"]) == (right["y"], True)
    await expect(lab.bars).to_have_count(2)
    await lab.picture("lab-side-by-side")

    await lab.page.get_by_label("One after the other").check()
    await lab.ask(QUESTION)
    await expect(lab.bars).to_have_count(4)
    kept = await lab.kept()
    assert sorted((each["model"], each["together"], each["passages"] > 0) for each in kept) == [
        ("gpt-oss-20b", False, False),
        ("gpt-oss-20b", True, True),
        ("phi-4-mini", False, False),
        ("phi-4-mini", True, True),
    ]
    assert [each["model"] for each in kept[2:]] == ["phi-4-mini", "gpt-oss-20b"]
    for each in kept:
        stages = [each[f"{stage}_ms"] for stage in ("load", "prompt", "first", "generate")]
        assert sum(stages) == pytest.approx(each["total_ms"], abs=0.05)
        assert (each["ended"], each["tokens"] > 0) == ("stop", True)
    words = {word for text in (QUESTION, REFERENCE) for word in text.split() if len(word) > 5}
    assert not [word for word in words if word in json.dumps(kept)]

    await lab.open()
    await expect(lab.bars).to_have_count(4)
    assert await lab.kept() == kept


async def test_a_mark_opens_its_passage_and_takes_the_focus_back(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    await lab.choose(GPT)
    await lab.ask(QUESTION, reference=REFERENCE)
    mark = lab.text(GPT_SAYS).get_by_role("button", name=re.compile("^Passage 1: "))
    await expect(mark).to_have_text("[1]")
    dialog = lab.page.get_by_role("dialog", name="Passage 1")
    await mark.press("Enter")
    await expect(dialog).to_contain_text("machine")
    await expect(dialog).to_contain_text("Pasted text")
    await lab.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(mark).to_be_focused()
    await mark.click()
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()
    await lab.ask(QUESTION)
    await expect(lab.text(GPT_SAYS)).to_contain_text("[1]")
    await expect(mark).to_have_count(0)


async def test_stop_leaves_what_was_written_and_marks_the_run(visit_lab: Visit, slow_app: App) -> None:
    lab = await visit_lab(slow_app)
    await lab.choose("Server: slow-model")
    await lab.start("Count")
    await expect(lab.text("slow-model on the server")).to_contain_text("1 2 3")
    await expect(lab.run_button).to_be_hidden()
    await lab.page.keyboard.press("Escape")
    await lab.rests()
    answer = lab.answer("slow-model on the server")
    await expect(answer).to_contain_text("Stopped before its end.")
    await expect(lab.run_button).to_be_focused()
    await expect(lab.rows.first).to_contain_text("stopped")
    assert [each["ended"] for each in await lab.kept()] == ["stopped"]
    await lab.start("Count")
    await expect(lab.text("slow-model on the server")).to_contain_text("1 2 3")
    await lab.stop_button.click()
    await expect(lab.bars).to_have_count(2)


async def test_markup_in_an_answer_is_only_text(visit_lab: Visit, slow_app: App) -> None:
    lab = await visit_lab(slow_app)
    await lab.choose("Server: hostile-model")
    await lab.ask("Hello", reference="<img src=x onerror=window.hacked=9> Hello is a greeting.")
    text = lab.text("hostile-model on the server")
    await expect(text).to_contain_text("<script>window.hacked=1</script>")
    await expect(text).to_contain_text("[go](javascript:window.hacked=3)")
    await text.get_by_role("button", name=re.compile("^Passage 1")).click()
    await expect(lab.page.get_by_role("dialog")).to_contain_text("<img src=x onerror=window.hacked=9>")
    assert await lab.page.locator("main, dialog").locator("script, iframe, style, img, a, [onerror]").count() == 0
    assert await lab.page.evaluate("window.hacked") is None


async def test_files_are_dropped_chosen_refused_and_removed(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    await lab.drop("walrus.md", b"# Walrus\n\nA walrus weighs 900 kilograms and stays on the machine.")
    await lab.choose_files(("umlaut.txt", "Größe".encode("windows-1252")), ("picture.png", b"\x89PNG\r\n\x1a\n\0\0"))
    await expect(lab.chips).to_have_text(["walrus.md×", "umlaut.txt×"])
    await expect(lab.page.locator("#files-problem")).to_contain_text("picture.png is no text file.")
    await lab.choose_files(("large.txt", b"a" * 2_000_001))
    await expect(lab.page.locator("#files-problem")).to_have_text("large.txt is larger than 2 MB. Take a part of it.")
    await lab.page.get_by_role("button", name="Remove umlaut.txt").click()
    await expect(lab.chips).to_have_text(["walrus.md×"])
    await expect(lab.page.get_by_role("button", name="Add text files")).to_be_focused()
    await lab.choose(GPT)
    await lab.ask("How much does a walrus weigh?")
    await lab.text(GPT_SAYS).get_by_role("button").click()
    await expect(lab.page.get_by_role("dialog")).to_contain_text("900 kilograms")
    await expect(lab.page.get_by_role("dialog")).to_contain_text("walrus.md")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_phone_shows_all_within_its_width(visit_lab: Visit, app: App, dark: bool) -> None:
    runs = [run(n, model="onnx-community/A-Very-Long-Name-0.5B-Instruct") for n in range(4)]
    lab = await visit_lab(app, width=360, height=740, dark=dark, runs=runs)
    await lab.choose(PHI, GPT)
    await lab.page.get_by_text("Settings").click()
    await lab.drop("a-file-with-a-name-that-is-far-longer-than-a-phone-is-wide.txt", b"The machine stays.")
    await lab.ask(QUESTION)
    upper, lower = [await answer.bounding_box() for answer in await lab.answers.all()]
    assert upper
    assert lower
    assert upper["y"] + upper["height"] < lower["y"]
    await lab.fits()
    await lab.picture(f"lab-phone-{'dark' if dark else 'light'}")
    await lab.page.set_viewport_size({"width": 320, "height": 740})
    await lab.fits()


async def test_the_theme_is_the_one_chosen_in_the_chat(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    brightness = "parseInt(getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/)[0])"
    assert await lab.page.evaluate(brightness) > 240
    await lab.page.evaluate("localStorage.setItem('vite-ui-theme', 'dark')")
    await lab.open()
    assert await lab.page.evaluate(brightness) < 40
    await expect(lab.page.locator(".logo.for-dark")).to_be_visible()
    await lab.page.evaluate(
        "localStorage.setItem('vite-ui-theme', 'system'); dispatchEvent(new StorageEvent('storage'))"
    )
    assert await lab.page.evaluate(brightness) > 240


CONTRASTS = """() => {
  const drawing = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (name) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    drawing.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    drawing.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...drawing.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (pair) => {
    const [dark, bright] = pair.map(light).sort((a, b) => a - b);
    return [pair.join(" on "), (bright + 0.05) / (dark + 0.05)];
  };
  const texts = ["foreground", "muted-foreground", "primary", "destructive"].map((name) => [name, "card"]);
  const buttons = ["primary", "destructive"].map((name) => [`${name}-foreground`, name]);
  const shapes = ["load", "prompt", "first", "generate", "input"].map((name) => [name, "card"]);
  return [[...texts, ...buttons].map(contrast), shapes.map(contrast)];
}"""


async def test_colours_hold_their_contrast(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    for scheme in ("light", "dark"):
        await lab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        texts, shapes = await lab.page.evaluate(CONTRASTS)
        assert {name for name, contrast in texts if contrast < 4.5} == set(), scheme  # WCAG 2.2, 1.4.3
        assert {name for name, contrast in shapes if contrast < 3} == set(), scheme  # 1.4.11


async def test_the_keyboard_alone_is_enough(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    keys = lab.page.keyboard
    await keys.press("Tab")
    await expect(lab.page.get_by_role("link", name="Skip to the prompt")).to_be_focused()
    await keys.press("Enter")
    await keys.type("Hello")
    await expect(lab.prompt).to_have_value("Hello")
    for control in (lab.reference, lab.page.get_by_role("button", name="Add text files"), lab.first, lab.second):
        await keys.press("Tab")
        await expect(control).to_be_focused()
        assert await control.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    await keys.press("Control+Enter")
    await expect(lab.status).to_contain_text("finished.")
    await lab.rests()
    await expect(lab.answers.first).to_be_visible()
    unnamed = """() => [...document.querySelectorAll("input, select, textarea, button")].filter((each) =>
      !each.hidden && !each.textContent.trim() && !each.labels?.length && !each.ariaLabel).map((each) => each.id)"""
    assert await lab.page.evaluate(unnamed) == []


async def test_what_is_missing_is_said(visit_lab: Visit, app: App, quoting_app: App) -> None:
    lab = await visit_lab(app)
    await expect(lab.hints).to_contain_text("rag lab install")
    await lab.prompt.fill(" ")
    await lab.run_button.click()
    await expect(lab.page.locator("#ask-problem")).to_have_text("Write a prompt first.")
    await expect(lab.prompt).to_be_focused()
    await lab.prompt.fill("a" * 50_000)
    await expect(lab.page.locator("#prompt-counter")).to_contain_text("50,000 of ")
    await lab.run_button.click()
    await expect(lab.page.locator("#ask-problem")).to_contain_text("Shorten it.")
    bare = await visit_lab(quoting_app)
    await expect(bare.hints).to_contain_text("The server has no model of its own. So nothing can run here yet.")
    await expect(bare.run_button).to_be_disabled()
