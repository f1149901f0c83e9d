"""The lab's model inside the browser: real Chromium, the real runtime, tiny weights, and the app that serves them."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from tests.browser.conftest import FLAGS, NAMES
from tests.browser.lab_engine import Engine, opened
from tests.lab_parts import lab_runtime
from tests.runtime.tiny_browser_models import write_browser_model
from tests.runtime.tiny_models import LARGE, SLOW, TinyModel, words
from tests.serving import App, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["lab_runtime"]

TINY = TinyModel("tiny", "tiny", (*words("Paid leave is 30 days a year [1], Grüße 🙂"), "."), context=400)
COUNTING = TinyModel("counting", "counting", SLOW.words, endless=True)
"""The slow model at full speed, for WebGPU in software."""
ENDLESS, SOON = 1000, 100
"""Tokens that the slow model takes half a minute for, and those that it may write until it hears of a stop."""
HUB_MODEL = "onnx-community/Qwen2.5-0.5B-Instruct"


@pytest.fixture(scope="module")
def lab_app(lab_runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with no model of its own, some tiny ones for browsers, two of them damaged."""
    models = tmp_path_factory.mktemp("lab-models")
    write_browser_model(models, "org/tiny", TINY)
    write_browser_model(models, "thinker", LARGE, ["q4"])
    write_browser_model(models, "slow", SLOW, ["q4"])
    write_browser_model(models, "counting", COUNTING, ["q4"])
    write_browser_model(models, "cut-off", TINY, ["q4"])
    weights = models / "cut-off" / "onnx" / "model_q4.onnx"
    weights.write_bytes(weights.read_bytes()[:1000])
    write_browser_model(models, "mute", TINY, ["q4"])
    tokenizer = models / "mute" / "tokenizer.json"
    tokenizer.write_text(json.dumps({**json.loads(tokenizer.read_text("utf-8")), "model": {"type": "BPE"}}), "utf-8")
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(lab_runtime / "lab", root / "data" / "lab")
    with running(root, RUNTIME="off", LAB_MODELS_DIR=str(models), LAB_REMOTE_MODELS="on") as app:
        yield app


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
    return next(filter(None, map(shutil.which, NAMES)), browser.browser_type.executable_path)


async def test_a_model_streams_and_is_fetched_once_whatever_comes_after(engine: Engine) -> None:
    first = await engine.run("org/tiny")
    assert (first.text(), first.ended, first.problem) == ("".join(TINY.words), "stop", "")
    assert first.kinds == ["loading", "ready", "opened", "text", "ended"]
    assert first.came_from == "network"
    assert first.the("ended") == {"kind": "ended", "reason": "stop", "promptTokens": 17, "tokens": len(TINY.words)}
    assert (first.label, first.name, first.device, first.precision) == (
        "tiny in this browser",
        "org/tiny",
        "wasm",
        "q8",
    )
    assert sorted(url.rsplit("/", 1)[1] for url in first.heavy) == [
        "model_quantized.onnx",
        "ort-wasm-simd-threaded.asyncify.wasm",
    ]
    shares = [event["share"] for event in first.events if event["kind"] == "loading" and event["share"] is not None]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] == 1
    assert any(event.get("text", "").endswith(" of 27 MB") for event in first.events)

    second = await engine.run("org/tiny")
    assert (second.came_from, second.text()) == ("memory", first.text())
    assert not engine.asked_for[1:], "only setup.json, which the test itself asks for"

    stale = ("models/old/org/tiny/onnx/model_q8.onnx", "models/old/tinyer/config.json", "runtime/1.0.0/a.wasm")
    for path in stale:
        await engine.page.evaluate(
            "async (url) => (await caches.open(lab.CACHE_NAME)).put(url, new Response('x'))", f"/lab/{path}"
        )
    await engine.visit()
    third = await engine.run("org/tiny")
    assert (third.came_from, third.text(), third.heavy) == ("cache", first.text(), [])
    assert not [url for url in engine.asked_for if "/models/" in url]
    kept = await engine.page.evaluate(
        "async () => (await (await caches.open(lab.CACHE_NAME)).keys()).map((request) => request.url)"
    )
    assert [path for path in stale if f"{engine.url}/lab/{path}" in kept] == [stale[1]], "another model's stay"


async def test_a_prompt_that_is_too_long_is_refused_and_the_model_stays(engine: Engine) -> None:
    await engine.run("org/tiny")
    refused = await engine.run("org/tiny", question="a" * 500)
    assert refused.problem == (
        "The prompt has 512 tokens, and this model reads 399 at most. Take less text, or choose another model."
    )
    fitting = await engine.run("org/tiny", question="a" * 385)
    assert (fitting.came_from, fitting.text(), fitting.ended) == ("memory", "".join(TINY.words[:3]), "length")


async def test_runs_wait_for_each_other(engine: Engine) -> None:
    await engine.run("org/tiny")
    one, other, given_up = await engine.page.evaluate(
        """async () => {
          const { model, runtimePath } = await lab.model("org/tiny");
          const choice = lab.choose(model.precisions, await lab.inspect(), { device: "wasm" });
          const place = lab.browserModel({ model, runtimePath, choice });
          const request = { messages: [{ role: "user", content: "Hello" }], maxTokens: 64, temperature: 0 };
          const aborted = AbortSignal.abort();
          return Promise.all([undefined, undefined, aborted].map(async (signal) => {
            const events = [];
            for await (const event of place.stream(request, signal)) events.push(event);
            return events;
          }));
        }"""
    )
    assert one[-1]["reason"] == other[-1]["reason"] == "stop"
    assert other[0]["text"] == "Waiting for the run before this one"
    assert given_up[-1]["reason"] == "stopped"


async def test_an_answer_ends_where_it_is_told_to_and_reasoning_is_apart(engine: Engine) -> None:
    short = await engine.run("org/tiny", max_tokens=3)
    assert (short.text(), short.ended, short.the("ended")["tokens"]) == ("".join(TINY.words[:3]), "length", 3)
    sampled = await engine.run("org/tiny", temperature=0.8)
    assert sampled.text() == "".join(TINY.words), "its words are far ahead of all others"

    thought = await engine.run("thinker")
    assert thought.came_from == "network"
    assert thought.text("reasoning").strip() == "Let me see"
    assert thought.text() == "Everybody has 30 days of paid leave each year [1]."


async def test_a_stop_is_heard_while_the_model_answers_and_before(engine: Engine) -> None:
    answering = await engine.run("slow", stop_at=3, max_tokens=ENDLESS)
    assert answering.ended == "stopped"
    assert 3 <= answering.the("ended")["tokens"] < SOON
    assert answering.text().startswith(" 0 1 2")

    opened = await engine.run("slow", stop_at="opened", max_tokens=ENDLESS)
    assert (opened.came_from, opened.ended) == ("memory", "stopped")
    assert opened.the("ended")["tokens"] < SOON


async def test_a_model_that_dies_says_so_and_lives_again(engine: Engine) -> None:
    await engine.run("slow", stop_at=1)
    died = await engine.run("slow", max_tokens=ENDLESS, die_at="text")
    assert died.problem == (
        "The model stopped all at once, most likely for lack of memory. Try again, or choose a smaller model."
    )
    again = await engine.run("slow", max_tokens=2)
    assert (again.text(), again.came_from) == (" 0 1", "cache")


async def test_what_fails_on_webgpu_goes_on_in_webassembly(engine: Engine) -> None:
    choice = {"device": "webgpu", "precision": "q4", "bytes": 1, "adapter": "None", "threads": 1, "note": ""}
    run = await engine.run("org/tiny", choice=choice)
    assert (run.text(), run.ended, run.problem) == ("".join(TINY.words), "stop", "")
    assert (run.device, run.precision, run.adapter) == ("wasm", "q8", "")
    assert "The model failed on WebGPU, so it runs on the processor instead" in [e.get("text") for e in run.events]


async def test_the_cache_says_what_it_holds_and_can_be_emptied(engine: Engine) -> None:
    await engine.run("org/tiny")
    model = "(await lab.model('org/tiny')).model"
    sizes, has_q8, has_fp32 = await engine.page.evaluate(
        f"async () => [await lab.size(), await lab.holds({model}, 'q8'), await lab.holds({model}, 'fp32')]"
    )
    assert sizes["bytes"] > 27_000_000
    assert sizes["models"]["org/tiny"] < 1_000_000
    assert (has_q8, has_fp32) == (True, False)

    assert await engine.page.evaluate("lab.clear()") is True
    assert await engine.page.evaluate("lab.size()") == {"bytes": 0, "models": {}}
    await engine.visit()
    cold = await engine.run("org/tiny", stop_at="Fetching")
    assert (cold.kinds, cold.ended, cold.problem) == (["loading", "ended"], "stopped", "")
    assert cold.heavy


async def test_what_is_damaged_or_missing_is_said_in_a_sentence_and_harms_no_later_run(
    browser: Browser, lab_app: App
) -> None:
    async with opened(browser, lab_app, quiet=False) as engine:
        cut_off = await engine.run("cut-off")
        assert cut_off.problem == (
            "The model's file model_q4.onnx is damaged. Put its files into the models folder again, "
            "then reload this page."
        )
        assert (await engine.page.evaluate("lab.size()"))["models"] == {}
        mute = await engine.run("mute")
        assert mute.problem == (
            "The model's tokenizer is damaged or missing. Put its files into the models folder again, "
            "then reload this page."
        )
        changed = await engine.run("org/tiny", path="models/0123456789/")
        assert changed.problem == (
            "The model lacks its file tokenizer_config.json. Put it into the models folder, then reload this page."
        )
        assert (await engine.run("org/tiny")).text() == "".join(TINY.words)


async def test_a_model_of_the_public_hub_comes_from_there_once(browser: Browser, lab_app: App, tmp_path: Path) -> None:
    write_browser_model(tmp_path, HUB_MODEL, TINY, ["q8"])

    async def answer(route: Route) -> None:
        at = f"https://huggingface.co/{HUB_MODEL}/resolve/main/"
        file = tmp_path / HUB_MODEL / route.request.url.removeprefix(at)
        await route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})

    async with opened(browser, lab_app, hub=True) as engine:
        await engine.page.context.route("https://huggingface.co/**", answer)
        first = await engine.run(HUB_MODEL)
        assert (first.problem, first.text(), first.came_from) == ("", "".join(TINY.words), "network")
        assert {url.rsplit("/", 1)[1] for url in engine.watch.outside} == {
            *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"),
            "model_quantized.onnx",
        }
        await engine.visit()
        engine.watch.outside.clear()
        again = await engine.run(HUB_MODEL)
        assert (again.text(), again.came_from, engine.watch.outside) == (first.text(), "cache", [])
        sentences = await engine.page.evaluate(UNREACHED)
    assert sentences == [
        "The file config.json did not come from huggingface.co. Check the internet connection, then try again.",
        "huggingface.co has no file config.json of this model. Choose another model.",
        "The file config.json did not come from the server. See that it runs, then try again.",
    ]


UNREACHED = """async () => {
  const { explain } = await import("./browser/failures.js");
  const lost = (status) => ({ step: "tokenizer", problem: { file: "config.json", status }, message: "" });
  return [explain(lost(0), "", true), explain(lost(404), "", true), explain(lost(0), "", false)]
    .map(({ sentence }) => sentence);
}"""


async def test_a_model_runs_on_webgpu(gpu_engine: Engine) -> None:
    first = await gpu_engine.run("org/tiny", device="webgpu")
    assert (first.text(), first.ended, first.problem) == ("".join(TINY.words), "stop", "")
    assert (first.device, first.precision) == ("webgpu", "q4")
    assert "swiftshader" in first.adapter.lower()
    assert first.kinds == ["loading", "ready", "opened", "text", "ended"]

    await gpu_engine.visit()
    again = await gpu_engine.run("org/tiny", device="webgpu")
    assert (again.came_from, again.heavy, again.text()) == ("cache", [], first.text())

    stopped = await gpu_engine.run("counting", device="webgpu", stop_at=2, max_tokens=ENDLESS)
    assert stopped.ended == "stopped"
    assert 2 <= stopped.the("ended")["tokens"] < ENDLESS
    warm = await gpu_engine.run("counting", device="webgpu", max_tokens=2)
    assert (warm.came_from, warm.text()) == ("memory", " 0 1")
    loaded = await gpu_engine.run("org/tiny", device="webgpu")
    assert loaded.text() == first.text()

    devtools = await gpu_engine.browser.new_browser_cdp_session()
    await devtools.send("Browser.crashGpuProcess")
    rescued = await gpu_engine.run("org/tiny", choice=loaded.choice)
    assert (rescued.text(), rescued.device, rescued.problem) == (first.text(), "wasm", "")
    assert rescued.kinds == ["ready", "opened", "loading", "text", "ended"]


async def test_the_browser_says_what_it_runs_models_on(engine: Engine, gpu_engine: Engine) -> None:
    say = "async () => { const device = await lab.inspect(); return [device, lab.describe(device)]; }"
    plain, sentence = await engine.page.evaluate(say)
    assert (plain["webgpu"], plain["simd"], plain["isolated"]) == (None, True, True)
    threads = "1 thread" if plain["threads"] == 1 else f"{plain['threads']} threads"
    assert sentence == (
        f"This browser has no WebGPU adapter, so the model runs on the processor (WebAssembly, {threads}); "
        "expect it to be slower."
    )
    software, sentence = await gpu_engine.page.evaluate(say)
    assert software["webgpu"]["fallback"] is True
    assert sentence.startswith("This browser has WebGPU in software only, so the model runs on the processor")


GIB = 2**30
GPU = {"name": "NVIDIA ampere", "f16": True, "fallback": False}
GPU |= {"maxBufferSize": 4 * GIB, "maxStorageBufferBindingSize": 2 * GIB}
DEVICE = {"webgpu": GPU, "simd": True, "threads": 4, "memory": None, "free": 100 * GIB, "keeps": True}
ALL = {"fp32": 2_000_000_000, "fp16": 1_000_000_000, "q8": 600_000_000, "q4": 500_000_000, "q4f16": 400_000_000}
CHOICES = [
    (ALL, {}, {}, ("webgpu", "q4f16")),
    (ALL, {"webgpu": {**GPU, "f16": False}}, {}, ("webgpu", "q4")),
    (ALL, {"webgpu": None}, {}, ("wasm", "q8")),
    (ALL, {"webgpu": {**GPU, "fallback": True}}, {}, ("wasm", "q8")),
    (ALL, {}, {"device": "wasm"}, ("wasm", "q8")),
    (ALL, {}, {"precision": "fp16"}, ("webgpu", "fp16")),
    ({"q4": 1_000_000, "q8": 1_000_000}, {"webgpu": {**GPU, "fallback": True}}, {"device": "webgpu"}, ("webgpu", "q4")),
    ({"q8": 1_000_000}, {}, {}, ("wasm", "q8")),
    ({"q4f16": 1_000_000}, {"webgpu": {**GPU, "fallback": True}}, {}, ("webgpu", "q4f16")),
    (ALL, {"webgpu": {**GPU, "maxStorageBufferBindingSize": 128 * 2**20}}, {}, ("wasm", "q8")),
    ({"q4": ALL["fp32"]}, {"webgpu": {**GPU, "maxStorageBufferBindingSize": 128 * 2**20}}, {}, ("wasm", "q4")),
    ({"q4f16": 1_000_000}, {"webgpu": None}, {}, "none of that runs on WebAssembly"),
    ({"q4": 3 * GIB}, {"webgpu": None}, {}, "more than WebAssembly can hold"),
    ({"q4": 3 * GIB}, {"memory": 4 * GIB}, {}, "more memory than this machine has"),
    (ALL, {"webgpu": None}, {"device": "webgpu"}, "no WebGPU adapter"),
    (ALL, {"simd": False, "webgpu": None}, {}, "too old for models"),
    (ALL, {"webgpu": None}, {"precision": "q4f16"}, "q4f16 does not run on WebAssembly"),
    ({}, {}, {}, "no precision at all"),
]


async def test_each_device_gets_the_precision_that_suits_it(engine: Engine) -> None:
    given = [[precisions, {**DEVICE, **device}, wish] for precisions, device, wish, _ in CHOICES]
    chosen = await engine.page.evaluate("(given) => given.map((each) => lab.choose(...each))", given)
    for choice, (precisions, _, _, expected) in zip(chosen, CHOICES, strict=True):
        if isinstance(expected, str):
            assert expected in choice["reason"]
            assert choice["reason"].endswith(".")
        else:
            assert (choice["device"], choice["precision"]) == expected
            assert choice["bytes"] == precisions[expected[1]]
    cramped, uncached = await engine.page.evaluate(
        "([precisions, ...devices]) => devices.map((device) => lab.choose(precisions, device).note)",
        [ALL, {**DEVICE, "free": 1_000_000}, {**DEVICE, "keeps": False, "free": None}],
    )
    assert cramped == "The browser has room for 1 MB only, so the model is fetched again at each visit."
    assert uncached.endswith("so the browser keeps no model: it is fetched again at each visit.")


async def test_reasoning_and_characters_come_out_whole_however_they_are_cut(engine: Engine) -> None:
    outcomes = await engine.page.evaluate(
        r"""() => {
          const read = (text, at, inside) => {
            const parts = lab.takeApart(inside);
            const pieces = Array.isArray(at) ? at : [text.slice(0, at), text.slice(at)];
            const deltas = [...pieces.flatMap(parts.push), ...parts.end()];
            const of = (kind) => deltas.filter((delta) => delta.kind === kind).map((delta) => delta.text).join("");
            return JSON.stringify([of("reasoning"), of("text")]);
          };
          const every = (text, inside) => [...new Set([
            ...Array.from({ length: text.length + 1 }, (_, at) => read(text, at, inside)),
            read(text, [...text], inside),
          ])].map(JSON.parse);
          return [
            every("<think>\nLet me </b> see</think>\n\nIt is <think> so </think>.", false),
            every("I see</think> It is so", true),
            every(" No <think> here", false),
            every("<thi", false),
            every("<think>cut off </thi", false),
          ];
        }"""
    )
    assert outcomes == [
        [["Let me </b> see", "It is <think> so </think>."]],
        [["I see", "It is so"]],
        [["", " No <think> here"]],
        [["", "<thi"]],
        [["cut off </thi", ""]],
    ]
    texts = await engine.page.evaluate(
        r"""() => {
          const bytes = new TextEncoder().encode("Grüße 🙂");
          const decoder = lab.detokenizer((ids) => new TextDecoder().decode(new Uint8Array(ids)));
          return [[...bytes].map(decoder.push), decoder.push(0xf0), decoder.end()];
        }"""
    )
    assert texts == [["G", "r", "", "ü", "", "ß", "e", " ", "", "", "", "🙂"], "", "\ufffd"]
