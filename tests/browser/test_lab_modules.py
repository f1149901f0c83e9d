"""The lab's page against answers that a server might send some day, and its parts that need no page."""

import json
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.lab_page import PHI, PHI_SAYS, Visit, run, visit_lab
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["visit_lab"]

COMPLETIONS = "**/v1/chat/completions"


def chunk(text: str) -> str:
    """A server-sent event with a piece of an answer."""
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': text}}]})}\n\n"


END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = "text/event-stream"
BAD = [
    (401, "text/plain", "Sign in.", "The server wants you to sign in first."),
    (403, "text/plain", "No.", "The server does not let this page in."),
    (429, "application/json", '{"error": {"message": "Wait 9 s."}}', "Wait 9 s."),
    (502, "text/html", "<html>", "The server could not do this (status 502)."),
    (200, "text/html", "<html>", "The server sent something that is no answer."),
    (200, STREAM, chunk("Half an"), "broke off before the answer was finished"),
    (200, STREAM, chunk("Half an") + 'data: {"cho\n\n', "half an answer that cannot be read"),
    (200, STREAM, chunk("Half an") + 'data: {"error": {"message": "No memory."}}\n\n', "No memory."),
    (200, STREAM, chunk("Half an") + 'data: {"choices": 5}\n\ndata: [DONE]\n\n', "broke off"),
]


async def test_each_failure_is_one_plain_sentence(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    await lab.choose(PHI)
    for status, kind, body, sentence in BAD:
        await lab.page.route(COMPLETIONS, _sending(status, kind, body))
        await lab.ask("Hello")
        await expect(lab.answers.locator(".error")).to_contain_text(sentence)
        await expect(lab.text(PHI_SAYS)).to_have_text("Half an" if "Half" in body else "")
        await lab.page.unroute(COMPLETIONS)
    await lab.page.route("**/lab/v1/**", lambda route: route.abort())
    await lab.ask("Hello")
    await expect(lab.answers.locator(".error")).to_contain_text("The server cannot be reached.")
    await expect(lab.hints).to_contain_text("The server cannot be reached.")
    await lab.page.unroute("**/lab/v1/**")
    await lab.page.get_by_role("button", name="Look again").click()
    await expect(lab.hints).not_to_contain_text("The server cannot be reached.")
    await lab.picture("lab-failures")
    assert {each["ended"] for each in await lab.kept()} == {"failed"}
    lab.watch.complaints = [text for text in lab.watch.complaints if "Failed to load resource" not in text]


async def test_a_very_long_answer_is_shown_in_few_steps(visit_lab: Visit, app: App) -> None:
    lab = await visit_lab(app)
    await lab.choose(PHI)
    body = "".join(chunk(f"word{n}{chr(10) if n % 50 == 0 else ' '}") for n in range(10_000))
    await lab.page.route(COMPLETIONS, _sending(200, STREAM, body + END))
    await lab.page.evaluate(
        """() => {
          globalThis.changes = 0;
          new MutationObserver((records) => (changes += records.length))
            .observe(document.querySelector("#answers"), { subtree: true, childList: true, characterData: true });
        }"""
    )
    await lab.ask("Hello")
    await expect(lab.text(PHI_SAYS)).to_contain_text("word9999")
    assert await lab.page.evaluate("changes") < 2_000
    scrolled = "text => text.scrollHeight - text.scrollTop - text.clientHeight < 40"
    assert await lab.text(PHI_SAYS).evaluate(scrolled)


def _sending(status: int, kind: str, body: str) -> Callable[[Route], Awaitable[None]]:
    async def send(route: Route) -> None:
        await route.fulfill(status=status, content_type=kind, body=body)

    return send


PURE = """async () => {
  const modules = ["clock", "runs", "sse", "reading", "view/marks", "view/scale", "format"];
  const parts = await Promise.all(modules.map((name) => import(`/lab/${name}.js`)));
  const { StageClock, tokensPerSecond, RunLog, MOST_RUNS, medians, events, readText, parts: cut, finishedLength, ticks,
    duration, size } = Object.assign({}, ...parts);
  const clocked = (marks) => {
    let time = 1000;
    const clock = new StageClock({ now: () => time, prepared: 5 });
    for (const [ms, mark, given] of marks) { time += ms; clock[mark](given); }
    time += 7;
    return clock.stages();
  };
  const storage = (text) => ({ text, getItem() { return this.text; }, setItem(_, text) { this.text = text; } });
  const read = async (bytes) => {
    const file = new File([new Uint8Array(bytes)], "f");
    return readText(file).then(({ text }) => text, (error) => error.message);
  };
  const streamed = async (pieces) => {
    const body = new Blob(pieces).stream().pipeThrough(new TransformStream({
      transform: (bytes, out) => bytes.forEach((_, n) => out.enqueue(bytes.slice(n, n + 1))) }));
    const all = [];
    for await (const event of events(body)) all.push(event);
    return all;
  };
  const log = new RunLog(storage("[]"));
  for (let n = 0; n < 205; n++) log.add({ ...RUN, id: String(n), at: new Date(n * 1000).toISOString() });
  const others = storage(JSON.stringify([{ ...RUN, id: "other" }]));
  const two = new RunLog(others);
  others.text = JSON.stringify([{ ...RUN, id: "theirs", at: "2026-01-01T00:00:00Z" }]);
  two.add({ ...RUN, id: "mine" });
  const three = [[10, "stop"], [30, "length"], [20, "stop"], [999, "failed"], [999, "stopped"]]
    .map(([total_ms, ended]) => ({ ...RUN, total_ms, ended }));
  return {
    whole: clocked([[100, "ready", "network"], [20, "opened"], [50, "token"], [30, "token"]]),
    inMemory: clocked([[100, "ready", "memory"], [0, "opened"], [50, "token"]]),
    never: clocked([[100, "ready", "disk"]]),
    speeds: [tokensPerSecond(11, 1000), tokensPerSecond(1, 10), tokensPerSecond(null, 10), tokensPerSecond(5, 0)],
    kept: [log.runs.length, MOST_RUNS, log.runs[0].id],
    tabs: two.runs.map(({ id }) => id),
    broken: ["{", "null", '{"a": 1}', "[1, null, [], {}]"].map((text) => new RunLog(storage(text)).runs.length),
    none: new RunLog(null).runs.length,
    medians: [medians(three).map(({ runs, total_ms }) => [runs, total_ms]), medians(three.slice(1)).length],
    events: await streamed([": hello\\n", "data: a\\r\\n\\r\\n", "event: x\\ndata:Grüße\\ndata: b\\n\\n", "data: cut"]),
    texts: await Promise.all([[0xff, 0xfe, 65, 0, 0xf6, 0], [0xfe, 0xff, 0, 65], [0xef, 0xbb, 0xbf, 65],
      [71, 114, 0xf6], [], [37, 80, 68, 70, 45, 49]].map(read)),
    marks: cut("a [1, 2] b [3] 【2†L1】[x](1)", new Set([1, 2])),
    finished: ["a [1", "a [1]", "a [b", "a 【1†x", "["].map(finishedLength),
    ticks: [ticks(2450, 5), ticks(0.4, 4), ticks(90, 3)].map((all) => all.map(({ label }) => label)),
    durations: [0, 0.42, 9.97, 999.6, 12345, null].map(duration),
    sizes: [999, 1500, 483e6, 3.4e9].map(size),
  };
}"""


async def test_what_needs_no_page(browser: Browser, app: App) -> None:
    page = await browser.new_page()
    await page.goto(f"{app.url}/lab/setup.json")
    did = await page.evaluate(PURE.replace("...RUN", f"...{json.dumps(run())}"))
    await page.close()
    stages = ("load_ms", "prompt_ms", "first_ms", "generate_ms", "total_ms")
    assert [did["whole"][name] for name in stages] == [100, 25, 50, 30, 205]
    assert [did["inMemory"][name] for name in stages] == [0, 105, 50, 0, 155]
    assert [did["never"][name] for name in stages] == [100, 12, 0, 0, 112]
    assert did["speeds"] == [10, None, None, None]
    assert did["kept"] == [200, 200, "5"]
    assert did["tabs"] == ["theirs", "other", "mine"]
    assert (did["broken"], did["none"]) == ([0, 0, 0, 0], 0)
    assert did["medians"] == [[[3, 20]], 0]
    assert did["events"] == ["a", "Grüße\nb"]
    assert did["texts"] == [
        "Aö",
        "A",
        "A",
        "Grö",
        "f is empty.",
        "f is no text file. Add plain text here; the chat reads PDF and Office files.",
    ]
    assert [(part["text"], part.get("number")) for part in did["marks"]] == [
        ("a ", None),
        ("[1]", 1),
        ("[2]", 2),
        (" b [3] ", None),
        ("[2]", 2),
        ("[x](1)", None),
    ]
    assert did["finished"] == [2, 5, 4, 2, 0]
    assert did["ticks"] == [
        ["0", "0.5 s", "1 s", "1.5 s", "2 s"],
        ["0"],
        ["0", "50 ms"],
    ]
    assert did["durations"] == ["0 ms", "0.4 ms", "10 ms", "1.00 s", "12.3 s", "–"]
    assert did["sizes"] == ["999 bytes", "2 kB", "483 MB", "3.4 GB"]
