"""Chromium, the apps that the pages are served by, and the check of each page that nothing leaves the machine."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright, expect

from tests.browser.chat_page import ChatPage, Watch
from tests.runtime.tiny_models import write_cache
from tests.serving import HOSTILE, LARGE, SLOW, SMALL, App, running

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--process-per-site",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_MS = 60_000
"""For what the page shows next, also on a busy machine; a first turn waits until the runtime has started."""

SLOW_TOKENS = 120
"""Of an answer of the slow model that nobody stops."""

Visit = Callable[..., Awaitable[ChatPage]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium; without one these tests are skipped, or fail where REQUIRE_BROWSER=1 wants one."""
    async with async_playwright() as playwright:
        executable = _chromium(playwright)
        if not executable:
            reason = f"No Chromium: none of {', '.join(NAMES)} is on the PATH, and `playwright install` brought none."
            (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        await browser.close()


async def new_context(browser: Browser) -> BrowserContext:
    """Another person's browser."""
    context = await browser.new_context(locale="en-US", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context


def _chromium(playwright: Playwright) -> str:
    own = playwright.chromium.executable_path
    return next(filter(None, map(shutil.which, NAMES)), own if Path(own).exists() else "")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model cache with the tiny models of `tests.serving`."""
    cache = tmp_path_factory.mktemp("models")
    write_cache(cache, (SMALL, LARGE, SLOW, HOSTILE))
    return cache


@pytest.fixture(scope="session")
def app(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app as it ships, with both models."""
    with running(tmp_path_factory.mktemp("app"), cache=models) as app:
        yield app


@pytest.fixture(scope="session")
def eager_app(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Escalates nearly every draft."""
    with running(tmp_path_factory.mktemp("eager"), cache=models, LONG_ANSWER_CHARS="20") as app:
        yield app


@pytest.fixture(scope="session")
def slow_app(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The small model takes some seconds; the larger one writes what a page must not run."""
    settings = {"SLM_ALIAS": SLOW.alias, "LLM_ALIAS": HOSTILE.alias, "DRAFT_MAX_TOKENS": str(SLOW_TOKENS)}
    with running(tmp_path_factory.mktemp("slow"), cache=models, **settings) as app:
        yield app


@pytest.fixture(scope="session")
def quoting_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """No model at all, and a small limit for files."""
    with running(tmp_path_factory.mktemp("quoting"), RUNTIME="off", UPLOAD_MAX_MB="2") as app:
        yield app


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def home(browser: Browser) -> AsyncIterator[BrowserContext]:
    """One person's browser: its cache, and a tab that keeps the process of the site, make later visits faster."""
    context = await new_context(browser)
    tab = await context.new_page()
    await tab.route("**/*", lambda route: route.fulfill(body=""))
    await tab.goto("http://127.0.0.1")
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, home: BrowserContext, request: pytest.FixtureRequest) -> AsyncIterator[Visit]:
    """Opens chats as different people do; at the end each is pictured, and none may have done a thing in secret."""
    opened: list[ChatPage] = []

    async def visit(
        app: App, *, width: int = 1280, height: int = 800, dark: bool = False, stranger: bool = False
    ) -> ChatPage:
        context = await new_context(browser) if stranger else home
        page = await context.new_page()
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if dark else "light")
        watch = Watch(app.url)
        watch.follow(page)
        opened.append(ChatPage(page, app, watch))
        await opened[-1].open()
        return opened[-1]

    yield visit
    for n, chat in enumerate(opened, 1):
        await chat.picture(request.node.name.removeprefix("test_") + (f"-{n}" if len(opened) > 1 else ""))
        await (chat.page.close() if chat.page.context is home else chat.page.context.close())
    for chat in opened:
        assert not chat.watch.outside, "a page asked for something outside"
        assert not chat.watch.complaints, "a page complained in its console"
        assert not chat.watch.dialogs, "a page opened a dialog"
        assert "Traceback" not in chat.app.log[chat.log_began :]
