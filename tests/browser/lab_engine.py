"""A page with the engine of the lab's models in browsers, and what one run of a model gave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page

from tests.browser.chat_page import Watch
from tests.serving import App

PATIENCE_S = 120
HARMLESS = {"No available adapters.", "A valid external Instance reference no longer exists."}
"""Chromium's warnings when a page asks for WebGPU where there is none, and when a test ended the graphics process."""


RUN = """async ({ id, wish, request, stopAt, dieAt, choice, path }) => {
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
      if ([event.kind, event.text?.split(" ")[0], texts].includes(stopAt)) control.abort();
      if (event.kind === dieAt) lab.workers.at(-1).terminate();
    }
  } catch (error) {
    problem = error instanceof lab.LabError ? error.message : `not a LabError: ${error.stack}`;
  }
  const { label, name, device, precision, adapter } = place;
  return { events, problem, label, name, device, precision, adapter, choice };
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
    const model = [...setup.models, ...setup.remote.models].find((model) => model.id === id);
    return { model: { ...model, path: path ?? model.path }, runtimePath: setup.runtime.path };
  };
}"""


class Run:
    """What one run of a model gave."""

    def __init__(self, result: dict[str, Any], asked_for: list[str]) -> None:
        self.events: list[dict[str, Any]] = result["events"]
        self.problem: str = result["problem"]
        self.device, self.precision, self.adapter = result["device"], result["precision"], result["adapter"]
        self.label, self.name, self.choice = result["label"], result["name"], result["choice"]
        self.heavy = [url for url in asked_for if url.endswith((".onnx", ".wasm"))]
        """Requests for weights and WebAssembly."""

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

    @property
    def browser(self) -> Browser:
        browser = self.page.context.browser
        assert browser
        return browser

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
        stop_at: str | int | None = None,
        die_at: str | None = None,
        question: str = "Hello",
        max_tokens: int = 64,
        temperature: float = 0,
        **given: Any,
    ) -> Run:
        self.asked_for.clear()
        messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": question}]
        request = {"messages": messages, "maxTokens": max_tokens, "temperature": temperature}
        wish = {"device": device}
        asked = {"id": model, "wish": wish, "request": request, "stopAt": stop_at, "dieAt": die_at, **given}
        result = await asyncio.wait_for(self.page.evaluate(RUN, asked), PATIENCE_S)
        return Run(result, self.asked_for)


@asynccontextmanager
async def opened(browser: Browser, app: App, *, quiet: bool = True, hub: bool = False) -> AsyncIterator[Engine]:
    context = await browser.new_context()
    engine = Engine(await context.new_page(), app.url)
    await engine.open()
    yield engine
    await context.close()
    assert hub or not engine.watch.outside
    assert not quiet or not [text for text in engine.watch.complaints if text not in HARMLESS]
    assert "Traceback" not in app.log
