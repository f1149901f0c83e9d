"""The lab as a person uses it, and what it keeps."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import BrowserContext, FilePayload, Locator, Page, expect

from tests.browser.chat_page import ARTIFACTS, Watch
from tests.serving import App

PHI, GPT = "Server: phi-4-mini", "Server: gpt-oss-20b"
"""Models as the page offers them."""
PHI_SAYS, GPT_SAYS = "phi-4-mini on the server", "gpt-oss-20b on the server"
"""Headings of their answers."""
KEY = "groundwork-lab-runs"
HARMLESS = "No available adapters."
"""Chromium's warning when a page asks for WebGPU where there is none."""
DROP = """([name, type, content]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(content)], name, { type }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


class LabPage:
    """One tab with the lab."""

    def __init__(self, page: Page, app: App, watch: Watch) -> None:
        self.page, self.app, self.watch = page, app, watch
        self.log_began = len(app.log)
        self.prompt = page.get_by_label("Prompt", exact=True)
        self.reference = page.get_by_role("textbox", name="Reference documents")
        self.first, self.second = page.get_by_label("Model", exact=True).first, page.get_by_label("Beside it")
        self.run_button = page.get_by_role("button", name="Run", exact=True)
        self.stop_button = page.get_by_role("button", name="Stop", exact=True)
        self.answers = page.locator("#answers article")
        self.chips = page.get_by_role("list", name="Added files").get_by_role("listitem")
        self.hints = page.locator("#hints")
        self.bars = page.locator("#chart [data-run]")
        self.tooltip = page.get_by_test_id("tooltip")
        self.rows = page.locator("#table tbody tr")
        self.medians = page.locator("#table tfoot tr")
        self.status = page.locator("#status")

    async def open(self) -> None:
        """Loads the page and waits until it knows what can run."""
        await self.page.goto(f"{self.app.url}/lab/")
        await expect(self.page.locator("#page-problem")).to_be_hidden()
        await expect(self.page.locator("#reference-way")).to_be_visible()

    async def choose(self, first: str, second: str = "Nothing beside it") -> None:
        """Picks one model or two by what the page calls them."""
        await self.second.select_option(label="Nothing beside it")
        await self.first.select_option(label=first)
        await self.second.select_option(label=second)

    async def ask(self, prompt: str, *, reference: str = "") -> None:
        """Runs the prompt and waits until all have answered."""
        await self.start(prompt, reference=reference)
        await self.rests()

    async def start(self, prompt: str, *, reference: str = "") -> None:
        """Runs the prompt."""
        await self.prompt.fill(prompt)
        await self.reference.fill(reference)
        await self.run_button.click()

    async def rests(self) -> None:
        """Waits until nothing runs."""
        await expect(self.run_button).to_be_enabled()

    def answer(self, label: str) -> Locator:
        """The answer of one model, by its heading."""
        return self.page.get_by_role("article", name=label)

    def text(self, label: str) -> Locator:
        """What that model wrote, without its reasoning."""
        return self.answer(label).get_by_test_id("answer-text")

    async def drop(self, name: str, content: bytes) -> None:
        """Lets a file fall onto the page."""
        await self.page.evaluate(DROP, [name, "", list(content)])

    async def choose_files(self, *files: tuple[str, bytes]) -> None:
        """Picks files in the dialogue behind the button."""
        payloads: list[FilePayload] = [
            {"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files
        ]
        await self.page.locator("#file-chooser").set_input_files(payloads)

    async def kept(self) -> list[dict[str, Any]]:
        """The runs in the browser's storage, oldest first."""
        return json.loads(await self.page.evaluate(f"localStorage.getItem('{KEY}') ?? '[]'"))

    async def export(self, name: str) -> str:
        """The text of the file behind a button."""
        async with self.page.expect_download() as waiting:
            await self.page.get_by_role("button", name=name).click()
        download = await waiting.value
        return Path(await download.path()).read_bytes().decode()

    async def fits(self) -> None:
        """The page is not wider than its window, and every control that is shown lies within it."""
        outside = await self.page.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, textarea, summary, svg, p, h1, h2")]
              .filter((each) => each.checkVisibility() && !each.closest(".scroll, .unseen, .skip, dialog"))
              .map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 100)])
              .filter(([box]) => box.left < 0 || box.right > innerWidth).map(([_, each]) => each)"""
        )
        assert outside == []
        assert await self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0

    async def picture(self, name: str) -> None:
        """A screenshot of the whole page among the test artifacts."""
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png", animations="disabled", full_page=True)

    def check_manners(self) -> None:
        """It asked for nothing outside, complained of nothing, and broke nothing on the server."""
        assert not self.watch.outside, "the lab asked for something outside"
        assert [text for text in self.watch.complaints if text != HARMLESS] == []
        assert not self.watch.dialogs, "the lab opened a dialog of the browser"
        log = self.app.log[self.log_began :]
        assert "Traceback" not in log, log


Visit = Callable[..., Awaitable[LabPage]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit_lab(home: BrowserContext) -> AsyncIterator[Visit]:
    """Opens the lab in a browser that has these runs and knows no other; each page must mind its manners."""
    opened: list[LabPage] = []

    async def visit(
        app: App, *, width: int = 1280, height: int = 900, dark: bool = False, runs: Sequence[object] = ()
    ) -> LabPage:
        page = await home.new_page()
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if dark else "light")
        await page.goto(f"{app.url}/lab/setup.json")
        stored = [KEY, json.dumps(runs)]
        await page.evaluate("([key, runs]) => { localStorage.clear(); localStorage.setItem(key, runs); }", stored)
        watch = Watch(app.url)
        watch.follow(page)
        opened.append(LabPage(page, app, watch))
        await opened[-1].open()
        return opened[-1]

    yield visit
    for lab in opened:
        await lab.page.close()
    for lab in opened:
        lab.check_manners()


def run(n: int = 1, **changes: Any) -> dict[str, Any]:
    """A run as the page records it, `n` minutes after the first."""
    return {
        "id": f"run-{n}",
        "at": f"2026-05-04T{10 + n // 60:02}:{n % 60:02}:00.000Z",
        "place": "server",
        "model": "phi-4-mini",
        "device": "server",
        "adapter": "",
        "precision": "",
        "start": "warm",
        "together": False,
        "ended": "stop",
        "load_ms": 0,
        "prompt_ms": 20,
        "first_ms": 180,
        "generate_ms": 1800,
        "total_ms": 2000,
        "prompt_tokens": 50,
        "tokens": 91,
        "tokens_per_s": 50,
        "passages": 2,
    } | changes
