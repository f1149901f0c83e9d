"""How fast does a model answer inside the browser, beside the same model on the server, in one run?

    python benchmarks/lab.py [--json] [--rounds N] [--tokens N] [--data-dir FOLDER]

The same tiny ONNX weights run in Chromium (WebAssembly, and WebGPU where there is an adapter) and in the real Foundry
Local behind the lab's proxy, asked by the lab's own page with the lab's own clock, in turn. One model costs next to
nothing, so that its numbers are what runtime, worker and proxy add to each token; the other one computes a while for
each token, as a real model does. The table shows medians of warm runs and the browser as a multiple of the server.

It needs Chromium on the PATH, and a configured npm registry or a data folder in which `rag lab install` has run.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from rag.lab.install import install
from tests.runtime.tiny_browser_models import write_browser_model
from tests.runtime.tiny_models import TinyModel, write_cache
from tests.serving import REPOSITORY, running

NUMBERS = tuple(f" {n}" for n in range(100))
QUICK = TinyModel("phi-4-mini", "Phi-4-mini-instruct-generic-cpu", NUMBERS, endless=True)
WORKING = TinyModel("gpt-oss-20b", "gpt-oss-20b-generic-cpu", NUMBERS, endless=True, work=200)
MODELS = {"costs next to nothing": ("quick", QUICK), "computes for each token": ("working", WORKING)}
WARM = 2
"""Rounds that are not counted: loading, compiling, the first connection."""
FLAGS = ("--no-sandbox", "--disable-background-networking", "--enable-unsafe-webgpu")
RUNS = """
async ({ browserName, serverName, rounds, tokens }) => {
  const [{ browserModel }, { ModelOnServer }, { choose, inspect }, { measured }] = await Promise.all(
    ["browser", "server", "device", "running"].map((name) => import(`/lab/${name}.js`)),
  );
  const setup = await (await fetch("setup.json")).json();
  const model = setup.models.find(({ id }) => id === browserName);
  const device = await inspect();
  const runtimePath = setup.runtime.path;
  const problems = {};
  const sides = { server: new ModelOnServer(serverName) };
  for (const wish of ["wasm", "webgpu"]) {
    const choice = choose(model.precisions, device, { device: wish });
    if (wish === "webgpu" && device.webgpu?.fallback) problems[wish] = "the adapter is software, and is left out.";
    else if (choice.reason || choice.device !== wish) problems[wish] = choice.reason ?? "there is no adapter.";
    else sides[wish] = browserModel({ model, runtimePath, choice });
  }
  const request = { messages: [{ role: "user", content: "Count." }], maxTokens: tokens, temperature: 0 };
  const found = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (const [name, side] of Object.entries(sides)) {
    for (let round = 0; round < rounds; round += 1) {
      const options = { signal: new AbortController().signal, together: false, passages: 0, prepared: 0 };
      const { run, problem } = await measured(side, request, { ...options, onEvent: () => {} });
      if (problem) problems[name] = problem;
      else found[name].push(run);
    }
  }
  return { found, problems };
}
"""


def measure(browser: Browser, url: str, rounds: int, tokens: int) -> dict[str, Any]:
    """For each model the medians of each place."""
    results: dict[str, Any] = {}
    for title, (browser_name, model) in MODELS.items():
        page = browser.new_page()
        page.set_default_timeout(600_000)
        page.goto(f"{url}/lab/")
        given = {"browserName": browser_name, "serverName": model.alias, "rounds": rounds + WARM, "tokens": tokens}
        told = page.evaluate(RUNS, given)
        page.close()
        places = {name: _medians(runs[WARM:]) for name, runs in told["found"].items() if len(runs) > WARM}
        results[title] = {"places": places, "problems": told["problems"]}
    return results


def _medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    names = ("first_ms", "generate_ms", "total_ms", "tokens")
    found = {name: statistics.median(run[name] for run in runs) for name in names}
    return {**found, "tokens_per_s": (found["tokens"] - 1) * 1000 / max(found["generate_ms"], 0.1)}


def _print(results: dict[str, Any], rounds: int) -> None:
    print(f"The same tiny model in the browser and on the server, medians of {rounds} warm runs")
    for title, result in results.items():
        server = result["places"]["server"]
        print(f"\nA model that {title}, {server['tokens']:.0f} tokens")
        print(f"  {'':10} {'first token':>14} {'tokens/s':>10}   beside the server")
        for name, place in result["places"].items():
            ratios = (place["first_ms"] / server["first_ms"], place["tokens_per_s"] / server["tokens_per_s"])
            beside = "" if name == "server" else f"first token × {ratios[0]:.2f}, tokens/s × {ratios[1]:.2f}"
            print(f"  {name:10} {place['first_ms']:11.1f} ms {place['tokens_per_s']:10.0f}   {beside}")
        for name, problem in result["problems"].items():
            print(f"  {name}: {problem}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--data-dir", type=Path, help="a data folder in which `rag lab install` has laid the runtime")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        data_dir = arguments.data_dir or folder / "data"
        install(data_dir, REPOSITORY / "lab" / "package.json", on_message=lambda line: print(line, file=sys.stderr))
        write_cache(folder / "cache", (QUICK, WORKING))
        for name, model in MODELS.values():
            write_browser_model(folder / "models", name, model, ("fp32",))
        settings = {"DATA_DIR": str(data_dir), "LAB_MODELS_DIR": str(folder / "models")}
        settings |= {"LAB_PROMPTS_PER_MINUTE": "10000", "ESCALATION": "off"}
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with running(folder / "app", cache=folder / "cache", **settings) as app:
            results = measure(browser, app.url, arguments.rounds, arguments.tokens)
        browser.close()
    if arguments.json:
        print(json.dumps(results))
    else:
        _print(results, arguments.rounds)


if __name__ == "__main__":
    main()
