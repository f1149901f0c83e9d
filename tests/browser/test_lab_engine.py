"""The lab's model inside the browser: real Chromium, the real runtime, tiny weights, and the app that serves them."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.chat_page import Watch
from tests.browser.conftest import FLAGS
from tests.lab_parts import lab_runtime
from tests.runtime.tiny_browser_models import write_browser_model
from tests.runtime.tiny_models import LARGE, SLOW, TinyModel, words
from tests.serving import App, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["lab_runtime"]

SAYS = ("Paid leave is 30 days a year [1], ", "Grüße ", "🙂", ".")
TINY = TinyModel("tiny", "tiny", (*words(SAYS[0].strip()), *(f" {word}" for word in SAYS[1:3]), "."), context=400)
ENDLESS = TinyModel("endless", "endless", tuple(f" {n}" for n in range(100)), endless=True)
"""As fast as it can: an idle loop would take minutes on WebGPU."""
HARMLESS = "No available adapters."
"""Chromium's warning when a page asks for WebGPU where there is none."""

RUN = """async ({ id, wish, request, stopAt, choice, path }) => {
  const { model, runtimePath } = await lab.model(id, path);
  choice ??= lab.choose(model.precisions, await lab.inspect(), wish);
  const place = (lab.places[JSON.stringify([id, choice, path])] ??= lab.browserModel({ model, runtimePath, choice }));
  const control = new AbortController();
  const events = [];
  let [problem, texts] = ["", 0];
  try {
    for await (const event of place.stream(request, control.signal)) {
      events.push(event);
      texts += event.kind === "text";
      if (event.kind === stopAt || texts === stopAt) control.abort();
    }
  } catch (error) {
    problem = error instanceof lab.LabError ? error.message : `not a LabError: ${error.stack}`;
  }
  const { label, name, device, precision, adapter } = place;
  return { events, problem, label, name, device, precision, adapter };
}"""
PREPARE = """async () => {
  const modules = ["browser", "cache", "device", "errors", "browser/thinking", "browser/detokenizer"];
  globalThis.lab = Object.assign({ places: {} }, ...await Promise.all(modules.map((m) => import(`/lab/${m}.js`))));
  lab.workers = [];
  globalThis.Worker = class extends Worker {
    constructor(...given) { super(...given); lab.workers.push(this); }
  };
  lab.model = async (id, path) => {
    const setup = await (await fetch("/lab/setup.json")).json();
    const model = setup.models.find((model) => model.id === id);
    return { model: { ...model, path: path ?? model.path }, runtimePath: setup.runtime.path };
  };
}"""


class Run:
    """What one run of a model gave."""

    def __init__(self, said: dict[str, Any], asked_for: list[str]) -> None:
        self.events: list[dict[str, Any]] = said["events"]
        self.problem: str = said["problem"]
        self.device, self.precision, self.adapter = said["device"], said["precision"], said["adapter"]
        self.label, self.name = said["label"], said["name"]
        self.heavy = [url for url in asked_for if url.endswith((".onnx", ".wasm"))]
        """Requests for weights and WebAssembly."""
        self.light = [url for url in asked_for if url.endswith((".json", ".mjs", "transformers.min.js"))]

    @property
    def kinds(self) -> list[str]:
        """The kinds of its events in their order, repetitions left out."""
        kinds = [event["kind"] for event in self.events]
        return [kind for n, kind in enumerate(kinds) if n == 0 or kind != kinds[n - 1]]

    def text(self, kind: str = "text") -> str:
        return "".join(event["text"] for event in self.events if event["kind"] == kind)

    def the(self, kind: str) -> dict[str, Any]:
        (event,) = [event for event in self.events if event["kind"] == kind]
        return event

    @property
    def came_from(self) -> str:
        return self.the("ready")["from"]

    @property
    def ended(self) -> str:
        return self.events[-1]["reason"] if self.events[-1]["kind"] == "ended" else ""


class Engine:
    """A page with the lab's modules and nothing else: the lab's own page would run them in its own way."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.watch = Watch(url)
        self.asked_for: list[str] = []

    async def open(self) -> None:
        self.watch.follow(self.page)
        self.page.context.on("request", lambda request: self.asked_for.append(request.url))
        await self.visit()

    async def visit(self) -> None:
        """Opens the page, or opens it again: nothing is in memory then."""
        await self.page.goto(f"{self.url}/lab/setup.json")
        await self.page.evaluate(PREPARE)

    async def run(
        self,
        model: str,
        *,
        device: str = "wasm",
        stop_at: str | int = "",
        question: str = "Hello",
        max_tokens: int = 64,
        temperature: float = 0,
        **given: Any,
    ) -> Run:
        self.asked_for.clear()
        messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": question}]
        request = {"messages": messages, "maxTokens": max_tokens, "temperature": temperature}
        wish = {"device": device}
        said = await self.page.evaluate(
            RUN, {"id": model, "wish": wish, "request": request, "stopAt": stop_at, **given}
        )
        return Run(said, self.asked_for)


@pytest.fixture(scope="module")
def lab_app(lab_runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with no model of its own, some tiny ones for browsers, two of them damaged."""
    models = tmp_path_factory.mktemp("lab-models")
    write_browser_model(models, "org/tiny", TINY)
    write_browser_model(models, "thinker", LARGE, ["q4"])
    write_browser_model(models, "slow", SLOW, ["q4"])
    write_browser_model(models, "endless", ENDLESS, ["q4"])
    write_browser_model(models, "cut-off", TINY, ["q4"])
    weights = models / "cut-off" / "onnx" / "model_q4.onnx"
    weights.write_bytes(weights.read_bytes()[:1000])
    write_browser_model(models, "mute", TINY, ["q4"])
    tokenizer = models / "mute" / "tokenizer.json"
    tokenizer.write_text(json.dumps({**json.loads(tokenizer.read_text("utf-8")), "model": {"type": "BPE"}}), "utf-8")
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(lab_runtime, root / "data" / "lab" / "runtime" / lab_runtime.name)
    with running(root, RUNTIME="off", LAB_MODELS_DIR=str(models)) as app:
        yield app


@asynccontextmanager
async def opened(browser: Browser, app: App, *, quiet: bool = True) -> AsyncIterator[Engine]:
    context = await browser.new_context()
    engine = Engine(await context.new_page(), app.url)
    await engine.open()
    yield engine
    await context.close()
    assert not engine.watch.outside
    assert not quiet or not [text for text in engine.watch.complaints if text != HARMLESS]
    assert "Traceback" not in app.log


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(browser: Browser, lab_app: App) -> AsyncIterator[Engine]:
    """A browser without WebGPU, which leaves WebAssembly; no test may make it complain."""
    async with opened(browser, lab_app) as engine:
        yield engine


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gpu_engine(browser: Browser, lab_app: App) -> AsyncIterator[Engine]:
    """A browser with WebGPU, in software."""
    kind = browser.browser_type
    other = await kind.launch(executable_path=_executable(browser), args=[*FLAGS, "--enable-unsafe-webgpu"])
    async with opened(other, lab_app) as engine:
        yield engine
    await other.close()


def _executable(browser: Browser) -> str:
    from tests.browser.conftest import NAMES

    return next(filter(None, map(shutil.which, NAMES)), browser.browser_type.executable_path)
