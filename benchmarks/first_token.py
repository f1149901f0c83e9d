"""What do we add to the model's own time to first token, what do twenty chats at once feel like, how fast is a start?

    python benchmarks/first_token.py [--json] [--rounds N]

The model is the real Foundry Local runtime with tiny weights, so that nearly all the time is ours. In each round the
same prompt goes out four ways, one after the other: raw by the openai client as it comes, raw with a new connection for
each request, `turn.answer`, and the page's websocket. The table shows medians; what the search took is taken
off the last two, as it depends on the library. What we add is counted from the faster of the raw ways.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import openai

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.serving import ROOT, chat, free_port, start, stop
from rag.events import Delta, Finished
from rag.generation.chat_model import ModelSet
from rag.generation.foundry.model import FoundryModel
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.prompt import fitted_prompt
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.turn.state import Budget
from rag.types import Document, Passage
from tests.runtime.tiny_models import SMALL, TinyModel, words, write_cache
from tests.scripted_server import DONE, ScriptedServer, chunk, counted, reply, sse

SAID = "Paid leave is 30 days a year [1]."
QUESTION = "How many days a year is paid leave?"
PAGE = (
    "# Leave\n\nPaid leave is 30 days a year. "
    + "Ask your lead before you book it, and write it into the calendar. " * 5
)
BARE = "import chainlit as cl\n\n\n@cl.on_message\nasync def echo(message):\n    await cl.Message('Hello').send()\n"
CHATS, TOKENS, TOKENS_PER_S = 20, 90, 30


async def first_tokens(folder: Path, library: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds to the first token, three ways."""
    write_cache(folder / "models", [TinyModel(SMALL.alias, SMALL.name, words(SAID))])
    index = MemoryIndex()
    document = Document("leave.md", "Leave")
    index.put(document, [Passage(document, 0, PAGE.partition("\n\n")[2], ("Leave",))])
    searcher = Searcher(index)
    budget = Budget()
    prompt = fitted_prompt(
        QUESTION, searcher.search(QUESTION, limit=5), passages=5, passage_tokens=1200, history_tokens=0
    )

    runtime = FoundryRuntime(cache_dir=folder / "models", app_data_dir=folder / "data", catalogue="disk")
    model = FoundryModel(runtime, SMALL.alias)
    await model.prepare()
    info = await runtime.load(SMALL.alias)
    address = f"{runtime.url}/v1"
    kept = openai.AsyncOpenAI(base_url=address, api_key="none")
    limits = httpx2.Limits(max_keepalive_connections=0)
    fresh = openai.AsyncOpenAI(
        base_url=address, api_key="none", http_client=openai.DefaultAsyncHttpxClient(limits=limits)
    )
    port = free_port()
    settings = {"FOUNDRY_LOCAL_ENDPOINT": runtime.url, "LIBRARY_DIRS": str(library), "HISTORY_TOKENS": "0"}
    process, _ = start(ROOT, port, **settings)
    heard: list[tuple[str, Any, float]] = []
    plain, raw, answered, socket, tokens = [], [], [], [], 0
    try:
        async with chat(f"http://127.0.0.1:{port}", lambda *event: heard.append(event)) as page:
            for warm in range(rounds + 3):
                usual, tokens = await _raw(kept, info.id, list(prompt.messages), budget)
                first, tokens = await _raw(fresh, info.id, list(prompt.messages), budget)
                second = await _answered(searcher, ModelSet(model), budget)
                heard.clear()
                third = _first_words(heard, await page.ask(QUESTION))
                if warm >= 3:
                    plain.append(usual)
                    raw.append(first)
                    answered.append(second)
                    socket.append(third)
    finally:
        stop(process)
        await kept.close()
        await fresh.close()
        await model.close()
        await runtime.close()
    return {
        "prompt_tokens": tokens,
        "rounds": rounds,
        "raw_ms": statistics.median(plain),
        "raw_new_connection_ms": statistics.median(raw),
        "answer_ms": statistics.median(answered),
        "websocket_ms": statistics.median(socket),
        "answer_adds_ms": statistics.median(a - min(r) for a, *r in zip(answered, raw, plain, strict=True)),
        "websocket_adds_ms": statistics.median(s - min(r) for s, *r in zip(socket, raw, plain, strict=True)),
    }


async def _raw(client: openai.AsyncOpenAI, model: str, messages: Any, budget: Budget) -> tuple[float, int]:
    began, first, tokens = time.perf_counter(), None, 0
    stream = await client.chat.completions.create(
        model=model,
        messages=messages,
        max_tokens=budget.draft_tokens,
        temperature=budget.temperature,
        stream=True,
        stream_options={"include_usage": True},
    )
    async for part in stream:
        if first is None and part.choices and part.choices[0].delta.content:
            first = time.perf_counter()
        if part.usage:
            tokens = part.usage.prompt_tokens
    assert first
    return (first - began) * 1000, tokens


async def _answered(searcher: Searcher, models: ModelSet, budget: Budget) -> float:
    began, first, search = time.perf_counter(), None, 0.0
    async with aclosing(answer(QUESTION, searcher=searcher, models=models, budget=budget)) as events:
        async for event in events:
            if first is None and isinstance(event, Delta):
                first = time.perf_counter()
            if isinstance(event, Finished):
                search = event.turn.timings.seconds("search")
    assert first
    return (first - began - search) * 1000


def _first_words(heard: list[tuple[str, Any, float]], sent: float) -> float:
    """Milliseconds from the question to the first words of the answer, not of a status line, without the search."""
    first = next(at for event, what, at in heard if _spoken(event, what).startswith(SAID[:4]))
    search = max(_search_ms(what) for event, what, _ in heard if event == "element")
    return (first - sent) * 1000 - search


def _spoken(event: str, what: Any) -> str:
    return {"stream_start": lambda: what["output"], "stream_token": lambda: what["token"]}.get(event, str)()


def _search_ms(element: dict[str, Any]) -> float:
    stages = (element.get("props") or {}).get("stages", [])
    return sum(stage["ms"] for stage in stages if stage["name"] == "search")


async def crowd(library: Path) -> dict[str, Any]:
    """Twenty chats, each listening to a model that says thirty tokens a second: how long are the gaps?"""
    gaps: list[float] = []
    async with ScriptedServer() as server:
        server.routes["/v1/models"] = reply(200, {"data": [{"id": SMALL.alias}]})
        spoken = [step for n in range(TOKENS) for step in (1 / TOKENS_PER_S, chunk(f" leave{n}"))]
        for _ in range(CHATS):
            server.enqueue(sse(*spoken, chunk("", finish_reason="stop"), counted(1000, TOKENS), DONE))
        port = free_port()
        process, _ = start(ROOT, port, FOUNDRY_LOCAL_ENDPOINT=server.url, LIBRARY_DIRS=str(library), ESCALATION="off")
        try:
            await asyncio.gather(*(_listener(f"http://127.0.0.1:{port}", gaps) for _ in range(CHATS)))
        finally:
            stop(process)
    gaps.sort()
    return {
        "chats": CHATS,
        "tokens_per_s_each": TOKENS_PER_S,
        "gaps": len(gaps),
        "gap_p50_ms": gaps[len(gaps) // 2] * 1000,
        "gap_p99_ms": gaps[int(len(gaps) * 0.99)] * 1000,
        "gap_max_ms": gaps[-1] * 1000,
    }


async def _listener(url: str, gaps: list[float]) -> None:
    times: list[float] = []

    def heard(event: str, what: Any, at: float) -> None:
        if "leave" in _spoken(event, what):
            times.append(at)

    async with chat(url, heard) as client:
        await client.ask(QUESTION)
    gaps.extend(later - earlier for earlier, later in pairwise(times))


def starts(folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds until the page is served, beside a bare Chainlit app, in turn."""
    folder.mkdir()
    (folder / "app.py").write_text(BARE)
    pairs = []
    for _ in range(rounds + 1):
        seconds = []
        for place in (folder, ROOT):
            process, ready = start(place, free_port(), MODEL_CACHE_DIR=str(folder / "models"))
            stop(process)
            seconds.append(ready)
        pairs.append(seconds)
    bare, ours = zip(*pairs[1:], strict=True)
    return {
        "rounds": rounds,
        "bare_s": statistics.median(bare),
        "groundwork_s": statistics.median(ours),
        "ratio": statistics.median(o / b for b, o in pairs[1:]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        library = folder / "library"
        library.mkdir()
        (library / "leave.md").write_text(PAGE)
        first = asyncio.run(first_tokens(folder, library, arguments.rounds))
        many = asyncio.run(crowd(library))
        start_up = starts(folder / "bare", max(3, arguments.rounds // 6))
    if arguments.json:
        print(json.dumps({"first_token": first, "crowd": many, "start": start_up}))
        return
    print(f"Time to first token, {first['prompt_tokens']} prompt tokens, {first['rounds']} rounds, medians\n")
    print(f"{'raw (openai client)':32} {first['raw_ms']:8.1f} ms")
    print(f"{'raw, a new connection each':32} {first['raw_new_connection_ms']:8.1f} ms")
    print(f"{'turn.answer':32} {first['answer_ms']:8.1f} ms   adds {first['answer_adds_ms']:5.1f} (bar: 10)")
    print(f"{'websocket':32} {first['websocket_ms']:8.1f} ms   adds {first['websocket_adds_ms']:5.1f} (bar: 25)")
    print(f"\n{CHATS} chats at once, {TOKENS_PER_S} tokens/s each: gap between pieces")
    print(
        f"  median {many['gap_p50_ms']:.0f} ms, p99 {many['gap_p99_ms']:.0f} ms (bar: 150),"
        f" longest {many['gap_max_ms']:.0f} ms"
    )
    print("\nStart until the page is served, medians")
    print(f"  bare Chainlit {start_up['bare_s']:.2f} s, Groundwork {start_up['groundwork_s']:.2f} s,", end=" ")
    print(f"ratio {start_up['ratio']:.2f} (bar: 1.6)")


if __name__ == "__main__":
    main()
