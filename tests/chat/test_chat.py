"""The running chat over its websocket: what it sends, and what it survives."""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rag.turn.state import UNSUPPORTED
from tests.chat_client import ChatClient, Json, open_chat, until
from tests.runtime.tiny_models import write_cache
from tests.serving import LARGE, SLOW, SMALL, App, running

pytestmark = pytest.mark.runtime

QUESTION = "What data leaves my machine when I use Groundwork?"
RUNTIME, READER = "rag.generation.foundry.child_main", "rag.ingestion.worker"
GRACE_S = 3.0
"""Within it a tab comes back also on a busy machine."""
STATUS_LINES = 10
"""More than a turn has, in pieces of the stream."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("models")
    write_cache(cache, (SMALL, LARGE, SLOW))
    return cache


@pytest.fixture(scope="module")
def app(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A small model that speaks for half a minute unless it is stopped, and a larger one that is done at once."""
    settings = {"SLM_ALIAS": SLOW.alias, "DRAFT_MAX_TOKENS": "1000", "DISCONNECT_GRACE_S": str(GRACE_S)}
    with running(tmp_path_factory.mktemp("chat"), cache=models, **settings) as app:
        yield app


async def begun(chat: ChatClient) -> str:
    """Asks the slow model, and waits until it speaks; gives back the question's id."""
    question = await chat.send(QUESTION, mode="local")
    await speaking(chat)
    return question


async def speaking(chat: ChatClient, *, instead_of: Json | None = None) -> Json:
    """The answer that the slow model has begun, once it alone stands in the chat."""

    def begun() -> bool:
        return len(chat.said) == 1 and chat.said[0]["id"] != old and " 0 1 2 3" in chat.text

    old = instead_of and instead_of["id"]
    await until(begun, "the answer begins")
    return chat.said[0]


# What is sent


async def test_a_turn_is_one_message_with_its_elements_and_buttons(app: App) -> None:
    async with open_chat(app.url) as chat:
        answer = await chat.ask(QUESTION, mode="large")
        assert answer["output"] == "Documents, questions and answers stay on the machine [1]."
        assert chat.said == [answer]
        sources = chat.sources(answer)
        assert [source["number"] for source in sources["cited"]] == [1]
        assert sources["byline"] == "Written by gpt-oss-20b. You asked for gpt-oss-20b."
        shown = {(element["name"], element["display"], element["type"]) for element in chat.elements.values()}
        assert shown == {("Sources", "inline", "custom"), ("[1]", "page", "text"), ("Turn", "side", "custom")}
        buttons = [data["name"] for name, data in chat.events if name == "action"]
        assert buttons == ["details", "again", "thumb_up", "thumb_down"]
        assert chat.events[-1][0] == "task_end"


async def test_the_panel_is_one_element_that_changes(app: App) -> None:
    async with open_chat(app.url) as chat:
        await chat.ask(QUESTION, mode="large")
        await chat.ask(QUESTION, mode="large")
        panels = [data for name, data in chat.events if name == "element" and data["name"] == "Turn"]
        assert len({panel["id"] for panel in panels}) == 1
        assert panels[0]["props"]["running"]
        assert not panels[-1]["props"]["running"]
        assert panels[-1]["props"]["averages"]["turns"] == 2


async def test_words_come_in_handfuls_and_none_is_lost(app: App) -> None:
    async with open_chat(app.url) as chat:
        began = time.monotonic()
        await begun(chat)
        await until(lambda: len(chat.text.split()) > 60, "sixty words")
        pieces = sum(name == "stream_token" for name, _ in chat.events)
        seconds = time.monotonic() - began
        await chat.stop()
        await until(lambda: not chat.busy, "the stop")
        numbers = chat.text.removesuffix("*Stopped.*").split()
        assert numbers == [str(n % 100) for n in range(len(numbers))]
        assert pieces <= seconds * 20 + STATUS_LINES


async def test_a_thumb_is_shown_noted_in_the_log_and_taken_back(app: App) -> None:
    async with open_chat(app.url) as chat:
        question = await chat.send(QUESTION, mode="large")
        await until(lambda: bool(chat.said) and not chat.busy, "the answer")
        for name, labels in (
            ("thumb_up", ("Noted", "Wrong")),
            ("thumb_down", ("Right", "Noted")),
            ("thumb_down", ("Right", "Wrong")),
        ):
            await chat.act(name, {"turn": question})
            expected = dict(zip(("thumb_up", "thumb_down"), labels, strict=True))
            await until(lambda expected=expected: _thumbs(chat) == expected, f"{name} on the buttons")
    lines = [json.loads(line) for line in (app.root / "data" / "turns.jsonl").read_text(encoding="utf-8").splitlines()]
    turn = next(line for line in reversed(lines) if line["kind"] == "turn")
    ratings = [line["feedback"] for line in lines if line["kind"] == "feedback" and line["id"] == turn["id"]]
    assert (turn["mode"], turn["outcome"], ratings) == ("large", "escalated", ["up", "down", "none"])
    assert QUESTION not in (app.root / "data" / "turns.jsonl").read_text(encoding="utf-8")


def _thumbs(chat: ChatClient) -> dict[str, str]:
    """The labels of the thumbs that stand under the answer."""
    shown: dict[str, Json] = {}
    for name, data in chat.events:
        if name == "action":
            shown[data["id"]] = data
        elif name == "remove_action":
            del shown[data["id"]]
    return {data["name"]: data["label"] for data in shown.values() if data["name"].startswith("thumb")}


# What it survives


async def test_when_the_runtime_crashes_the_words_stay_and_the_next_turn_is_answered(app: App) -> None:
    async with open_chat(app.url) as chat:
        await begun(chat)
        app.child(RUNTIME).kill()
        await until(lambda: not chat.busy, "the end of the turn")
        (answer,) = chat.said
        assert re.fullmatch(r"0 1 2 3( \d+)*", answer["output"].strip())
        assert chat.sources(answer)["notices"] == [
            "slow-model stopped unexpectedly and is being started again. Ask again in a moment.",
            UNSUPPORTED,
        ]
        again = await chat.ask(QUESTION, mode="large")
        assert again["output"].startswith("Documents, questions")
        assert app.child(RUNTIME).is_running()


async def test_a_chat_is_answered_while_another_is_being_written_to(app: App) -> None:
    async with open_chat(app.url) as slow, open_chat(app.url) as quick:
        await begun(slow)
        answer = await quick.ask(QUESTION, mode="large")
        assert answer["output"].startswith("Documents, questions")
        assert slow.busy
        await slow.stop()
        await until(lambda: not slow.busy, "the stop")
        assert "Documents" not in slow.text
        assert len(quick.said) == 1


async def test_the_model_stops_for_a_tab_that_stays_closed(app: App) -> None:
    async with open_chat(app.url) as chat:
        await begun(chat)
    await _until_idle(app.child(RUNTIME))
    async with open_chat(app.url, session_id=chat.id) as again:
        answer = await again.ask(QUESTION, mode="large")
        assert answer["output"].startswith("Documents, questions")


async def test_a_tab_that_comes_back_in_time_goes_on_reading(app: App) -> None:
    async with open_chat(app.url) as chat:
        await begun(chat)
    async with open_chat(app.url, session_id=chat.id) as again:
        await asyncio.sleep(GRACE_S * 1.3)
        before = len(again.events)
        await until(lambda: [name for name, _ in again.events[before:]].count("stream_token") > 3, "more words")
        await again.stop()
        await until(lambda: again.text.endswith("*Stopped.*"), "the stop")


async def test_a_turn_that_is_answered_again_or_edited_while_it_runs_is_stopped(app: App) -> None:
    async with open_chat(app.url) as chat:
        question = await begun(chat)
        answer = chat.said[0]
        for _ in range(2):
            assert await chat.act("again", {"turn": question}) == 200
            assert await chat.act("again", {"turn": question}) == 200
            answer = await speaking(chat, instead_of=answer)
        await chat.send("What is BM25?", message_id=question)
        await speaking(chat, instead_of=answer)
        assert chat.asked == ["What is BM25?"]
        await chat.stop()
        await until(lambda: chat.text.endswith("*Stopped.*"), "the stop")
        assert len(chat.said) == 1
        await _until_idle(app.child(RUNTIME))


async def test_a_page_that_outlived_its_server_is_answered_and_gets_a_notice(app: App) -> None:
    async with open_chat(app.url) as chat:
        answer = await chat.ask(QUESTION, mode="large", message_id="7f1c1d0e-54a4-4b5e-9a43-0c4f5a3b2d11")
        assert answer["output"] == "Documents, questions and answers stay on the machine [1]."
        await chat.act("details", {"turn": "from before the restart"})
        await until(lambda: any(name == "toast" for name, _ in chat.events), "a word about it")
        (toast,) = [data for name, data in chat.events if name == "toast"]
        assert toast["message"].startswith("The server began anew since this answer")


async def test_hostile_payloads_are_harmless(app: App) -> None:
    async with open_chat(app.url) as chat:
        question = await chat.send(QUESTION, mode="large")
        await until(lambda: bool(chat.said) and not chat.busy, "the answer")
        for payload in ({}, {"turn": "none"}, {"turn": {"a": [1]}}, {"turn": "x" * 100_000}, [1], None, "text"):
            for name in ("details", "again", "ask_larger", "thumb_up", "thumb_down"):
                await chat.act(name, payload)
        for payload in ({"document": "library:privacy.md"}, {"document": "../../app.py"}, {}):
            assert await chat.act("remove_file", payload) == 200
        for alias in ("../../x", "", "phi-4-mini; rm -rf"):
            assert await chat.act("download", {"alias": alias}) == 200
            assert await chat.act("cancel_download", {"alias": alias}) == 200
        assert await chat.act("no_such_action", {"turn": question}) == 404
        for event, data in (
            ("chat_settings_change", {"passages": "many", "temperature": 1e9, "panel": "x", "budget": None}),
            ("chat_settings_change", [1]),
            ("client_message", {"message": None}),
            ("client_message", {"message": {"id": "../../x", "output": "y"}}),
            ("edit_message", {"message": {"id": "x", "output": "y"}}),
            ("stop", {"a": 1}),
        ):
            await chat.socket.emit(event, data)
        await asyncio.sleep(0.5)
        answer = await chat.ask(QUESTION, mode="large")
        assert answer["output"].startswith("Documents, questions")
        assert chat.sources(answer)["cited"][0]["document"] == "privacy.md", "the library is whole"
        assert (app.root / "app.py").exists()
        assert len(chat.asked) == 2


async def test_uploads_of_two_chats_never_mix(app: App) -> None:
    async with open_chat(app.url) as one, open_chat(app.url) as two:
        files = [
            await chat.upload("note.txt", f"The kettle of our kitchen is {colour} and it whistles.".encode())
            for chat, colour in ((one, "green"), (two, "purple"))
        ]
        question = "Which colour is the kettle of our kitchen?"
        first, second = await asyncio.gather(
            one.ask(question, files=[files[0]], mode="large"),
            two.ask(question, files=[files[1], files[0]], mode="large"),
        )
        assert _colours(one, first) == {"green"}
        assert _colours(two, second) == {"purple"}
        again = await two.ask(question, files=[files[0]], mode="large")
        assert _colours(two, again) == {"purple"}


async def test_after_a_reload_the_next_turn_is_answered_and_nothing_outlives_a_kill(
    models: Path, tmp_path: Path
) -> None:
    with running(tmp_path / "chat", "--watch", cache=models) as app:
        async with open_chat(app.url) as before:
            await before.ask(QUESTION)
            os.utime(app.root / "rag" / "chat" / "turns.py")
            await until(lambda: any(name == "reload" for name, _ in before.events), "the reload")
            assert (await before.ask(QUESTION))["output"].startswith("Groundwork sends no documents")
        async with open_chat(app.url) as after:
            assert (await after.ask(QUESTION))["output"].startswith("Groundwork sends no documents")
        await until(lambda: _modules(app).count(RUNTIME) == 1, "the runtime of before has ended")
        assert "Traceback" not in app.log

        async with open_chat(app.url) as open_to_the_end:
            note = await open_to_the_end.upload("note.txt", b"The kettle of our kitchen is green and it whistles.")
            await open_to_the_end.ask(QUESTION, files=[note])
            children = app.children
            assert {RUNTIME, READER} <= set(_modules(app))
            app.process.kill()
            app.process.wait()
            _, left = await asyncio.to_thread(psutil.wait_procs, children, timeout=60)
            assert not left


def _colours(chat: ChatClient, answer: Json) -> set[str]:
    """Which of the two colours stand in the passages under an answer."""
    sources = chat.sources(answer)
    text = " ".join("".join(source["parts"]) for source in (*sources["cited"], *sources["others"]))
    return {colour for colour in ("green", "purple") if colour in text}


def _modules(app: App) -> list[str]:
    """The programs that run under the app."""
    return [name for child in app.children for name in (RUNTIME, READER) if name in child.cmdline()]


async def _until_idle(process: psutil.Process) -> None:
    """Waits until a process that was busy rests for half a second."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        began = sum(process.cpu_times()[:2])
        await asyncio.sleep(0.5)
        if sum(process.cpu_times()[:2]) - began < 0.1:
            return
    raise AssertionError("the model still writes")
