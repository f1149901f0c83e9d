"""The bench report as a browser shows it: offline, without complaints, on a desk and on a phone, light and dark."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from rag.benchmark.html_report import as_html
from rag.benchmark.sections import tables
from tests.bench_run import full_run, hostile_run, strategies
from tests.browser.chat_page import ARTIFACTS, Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DESK, PHONE = 1280, 390


async def show(
    browser: Browser, folder: Path, text: str, *, width: int = DESK, dark: bool = False
) -> tuple[Page, Watch]:
    """The page, opened as a file, and what it did that nobody sees."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    page = await browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-US"
    )
    watch = Watch(folder.as_uri())
    watch.follow(page)
    await page.goto(file.as_uri())
    return page, watch


@pytest.mark.parametrize(("width", "dark"), [(DESK, False), (DESK, True), (PHONE, False), (PHONE, True)])
async def test_the_report_is_whole_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    run = full_run()
    page, watch = await show(browser, tmp_path, as_html(run, strategies()), width=width, dark=dark)
    for table in tables(run, strategies()):
        await expect(page.get_by_role("heading", name=table.title, exact=True)).to_be_visible()
        await expect(page.get_by_role("region", name=table.title, exact=True)).to_be_visible()
    charts = page.get_by_role("img")
    await expect(charts).to_have_count(9)
    for name in ("First token", "Whole answer", "Throughput against concurrency", "Seconds by way"):
        await expect(page.get_by_role("img", name=name, exact=True)).to_be_visible()
    await page.screenshot(path=ARTIFACTS / f"bench-{width}-{'dark' if dark else 'light'}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.close()
    assert not watch.outside
    assert not watch.complaints


async def test_letters_of_a_chart_are_readable_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    page, _ = await show(browser, tmp_path, as_html(full_run(), strategies()), width=PHONE)
    heights = await page.eval_on_selector_all(
        ".narrow svg text", "texts => texts.map(text => text.getBoundingClientRect().height)"
    )
    assert min(heights) >= 11
    edges = await page.eval_on_selector_all(
        ".narrow svg text", "texts => texts.map(text => text.getBoundingClientRect().right)"
    )
    assert max(edges) <= PHONE
    await page.close()


async def test_dark_and_paper_change_the_inks(browser: Browser, tmp_path: Path) -> None:
    page, _ = await show(browser, tmp_path, as_html(full_run()), dark=True)
    ink = "getComputedStyle(document.body).color"
    dark = await page.evaluate(ink)
    await page.emulate_media(color_scheme="light")
    light = await page.evaluate(ink)
    await page.emulate_media(media="print", color_scheme="dark")
    assert len({dark, light, await page.evaluate(ink)}) == 3
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await page.close()


async def test_words_of_others_do_not_run(browser: Browser, tmp_path: Path) -> None:
    page, watch = await show(browser, tmp_path, as_html(hostile_run()))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.locator("script, img, iframe, [onload], [onerror]").count() == 0
    await page.screenshot(path=ARTIFACTS / "bench-hostile.png", full_page=True)
    await page.close()
    assert not watch.dialogs
    assert not watch.outside
    assert not watch.complaints
