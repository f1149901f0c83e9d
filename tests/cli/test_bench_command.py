"""`rag bench` as a person runs it: with its options, the workshops' environment, bad input, Ctrl-C and a full disk."""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag.benchmark.export import HISTORY, read_run, run_of_json
from rag.benchmark.plan import standard_prompts
from rag.benchmark.runner import BY_HAND
from tests import REPOSITORY
from tests.bench_app import app
from tests.bench_run import history
from tests.scripted_server import CHAT, CUT, DONE, STALL, ScriptedServer, chunk, counted, reply, sse

ANSWER = sse(chunk("Yes"), chunk(", it is."), chunk(finish_reason="stop"), counted(100, 10), DONE)
WHOLE = reply(
    200,
    {
        **{"id": "c", "object": "chat.completion", "created": 1, "model": "m"},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    },
)
LISTED = reply(200, {"data": [{"id": "phi-4-mini"}, {"id": "gpt-oss-20b"}, {"id": "a"}, {"id": "b"}]})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, and nothing of this machine's own settings."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    logging.disable(logging.NOTSET)


def environment(place: Path) -> dict[str, str]:
    return {"RUNTIME": "off", "DATA_DIR": str(place / "data")}


def rag_bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


async def through(server: ScriptedServer, *arguments: str | Path) -> Result:
    """The command in a thread of its own, with its own event loop, as in a terminal."""
    server.routes.setdefault("/v1/models", LISTED)
    os.environ["FOUNDRY_LOCAL_ENDPOINT"] = server.url
    try:
        return await asyncio.to_thread(rag_bench, *arguments)
    finally:
        del os.environ["FOUNDRY_LOCAL_ENDPOINT"]


# What is measured


async def test_without_options_the_apps_two_models_get_the_four_prompts(place: Path):
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        done = await through(server, "--json", "--rounds", "1")
    assert done.exit_code == 0, done.output
    run = run_of_json(done.stdout, "stdout")
    assert [model.alias for model in run.models] == ["phi-4-mini", "gpt-oss-20b"]
    assert run.models[0].capabilities
    assert run.prompts == standard_prompts()
    assert [(s.model, s.prompt, len(s.warm_up), len(s.rounds)) for s in run.series] == [
        (alias, name, 1, 1) for alias in ("phi-4-mini", "gpt-oss-20b") for name in standard_prompts()
    ]
    assert history(place / "data" / HISTORY) == (run,)


async def test_the_workshops_environment_is_understood(place: Path, monkeypatch: pytest.MonkeyPatch):
    given = {"MODELS": "a, b", "ROUNDS": "2", "PROMPT": "Who?", "MAX_TOKENS": "9", "TEMPERATURE": "0.7", "STREAM": "0"}
    for name, value in given.items():
        monkeypatch.setenv(f"BENCH_{name}", value)
    async with ScriptedServer() as server:
        server.routes[CHAT] = WHOLE
        done = await through(server, "--out", "r.json")
    assert done.exit_code == 0, done.output
    run = read_run(place / "r.json")
    assert [(s.model, len(s.rounds)) for s in run.series] == [("a", 2), ("b", 2)]
    assert {(c["max_tokens"], c["temperature"], c["messages"][0]["content"]) for c in server.chats} == {
        (9, 0.7, "Who?")
    }
    assert not any(body.get("stream") for body in server.chats)
    assert run.settings["stream"] is False


async def test_an_option_goes_before_the_environment(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BENCH_MODELS", "b")
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        await through(server, "--models", "a", "--prompt", "Who?", "--rounds", "1", "--out", "r.json")
    assert [model.alias for model in read_run(place / "r.json").models] == ["a"]


async def test_files_of_the_folder_are_taken(place: Path):
    async with ScriptedServer() as server, ScriptedServer() as own:
        server.routes[CHAT] = own.routes[CHAT] = ANSWER
        models = {"a": {"size_mb": 70, "price": [1, 2]}, "b": {"endpoint": own.url}}
        (place / "models.json").write_text(json.dumps(models))
        (place / "prompts.json").write_text('{"short": "Who?", "long": "Why?"}')
        done = await through(server, "--rounds", "1", "--out", "r.json")
    assert done.exit_code == 0, done.output
    run = read_run(place / "r.json")
    assert [(s.model, s.prompt) for s in run.series] == [
        *(("a", "short"), ("a", "long"), ("b", "short"), ("b", "long"))
    ]
    assert (run.models[0].disk_mb, run.models[0].price) == (70, (1, 2))
    assert {body["model"] for body in server.chats} == {"a"}
    assert {body["model"] for body in own.chats} == {"b"}


async def test_prices_of_the_settings_hold_for_the_apps_models(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_PRICE", "0.10,0.40")
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        await through(server, "--prompt", "Who?", "--rounds", "1", "--out", "r.json")
    assert [model.price for model in read_run(place / "r.json").models] == [None, (0.1, 0.4)]


async def test_the_larger_models_own_server_is_asked_unless_one_is_named(monkeypatch: pytest.MonkeyPatch):
    async with ScriptedServer() as server, ScriptedServer() as large:
        server.routes[CHAT] = large.routes[CHAT] = ANSWER
        monkeypatch.setenv("LLM_ENDPOINT", large.url)
        await through(server, "--prompt", "Who?", "--rounds", "1", "--warm-up", "0")
        assert [body["model"] for body in large.chats] == ["gpt-oss-20b"]
        await through(server, "--prompt", "Who?", "--rounds", "1", "--warm-up", "0", "--endpoint", server.root)
    assert [body["model"] for body in server.chats] == ["phi-4-mini", "phi-4-mini", "gpt-oss-20b"]
    assert len(large.chats) == 1


async def test_the_tables_are_readable():
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        done = await through(
            *(server, "--models", "a", "--prompt", "Who?", "--rounds", "1"),
            *("--concurrency", "1,2", "--prompt-tokens", "100,500"),
        )
    assert done.exit_code == 0, done.output
    for words in ("Models", "First token against prompt length", "Throughput against concurrency"):
        assert words in done.stdout
    assert done.stderr == ""


async def test_what_a_server_decides_is_said():
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        done = await through(server, "--models", "a", "--prompt", "Who?", "--gpu")
    assert done.exit_code == 0
    assert "a server chooses by itself" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
async def test_a_terminal_sees_a_bar_grow_and_go(place: Path):
    ours, theirs = os.openpty()
    async with ScriptedServer() as server:
        server.routes |= {"/v1/models": LISTED, CHAT: ANSWER}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench_app", "bench", "--models", "a", "--prompt", "Who?", "--rounds", "2"),
            cwd=REPOSITORY,
            env={**os.environ, **environment(place), "FOUNDRY_LOCAL_ENDPOINT": server.url, "TERM": "xterm"},
            stdout=asyncio.subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        await process.communicate()
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert re.findall(r"(\d/\d)  a", plain) == ["0/3", "1/3", "2/3", "3/3"]
    assert re.search(r"3/3  a · prompt ━{40,}", plain)
    assert shown.endswith("\x1b[2K"), "nothing of it is left"


async def test_every_run_is_added_to_the_history(place: Path):
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        for model in ("a", "b"):
            await through(server, "--models", model, "--prompt", "Who?", "--rounds", "1")
    runs = history(place / "data" / HISTORY)
    assert [run.models[0].alias for run in runs] == ["a", "b"]
    assert runs[0].machine.cores == os.cpu_count()
    assert runs[0].settings["rounds"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", runs[0].at)


# What goes wrong


async def test_an_unknown_model_is_told_and_the_others_are_measured(place: Path):
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        done = await through(server, "--models", "nobody,a", "--prompt", "Who?", "--out", "r.json")
    assert done.exit_code == 1
    assert "has no model nobody. It has phi-4-mini" in done.output
    run = read_run(place / "r.json")
    assert [(s.model, len(s.rounds)) for s in run.series] == [("a", 5)]
    assert "has no model nobody" in run.models[0].failure


async def test_a_server_that_goes_away_midway_leaves_what_is_measured(place: Path):
    async with ScriptedServer() as server:
        server.enqueue(ANSWER, ANSWER, sse(chunk("Yes"), CUT))
        done = await through(server, "--models", "a", "--prompt", "Who?", "--json")
    assert done.exit_code == 1
    run = run_of_json(done.stdout, "stdout")
    assert [(len(s.warm_up), len(s.rounds)) for s in run.series] == [(1, 1)]
    assert run.models[0].failure in done.stderr
    assert history(place / "data" / HISTORY) == (run,)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--models-file", "none.json"), "none.json cannot be read"),
        (("--models-file", "bad.json"), 'bad.json, line 2: "a.size_mb": '),
        (("--prompts-file", "cut.json"), "cut.json, line 2: this is no JSON"),
        (("--rounds", "0"), "The rounds must be from 1 to 1,000, not 0."),
        (("--concurrency", "1,two"), "--concurrency: '1,two' is no list of whole numbers"),
        (("--concurrency", "0"), "concurrency must be from 1"),
        (("--concurrency", ","), "at least one"),
        (("--out", "cut.json"), "cut.json is there already"),
        (("--endpoint", "nonsense", "--out", "r.json"), "'nonsense' is no address of a model server"),
        (("--models", "a", "--prompt", "Who?"), "RUNTIME is off and no endpoint is set"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(place: Path, arguments: tuple[str, ...], told: str):
    (place / "bad.json").write_text('{\n"a": {"size_mb": "big"}}')
    (place / "cut.json").write_text('{"a": "Who?",\n')
    done = rag_bench(*arguments)
    assert done.exit_code == 1
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert not (place / "r.json").exists()
    assert not (place / "data" / HISTORY).exists()


def test_a_number_of_the_environment_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BENCH_ROUNDS", "many")
    done = rag_bench()
    assert done.exit_code == 2
    assert "BENCH_ROUNDS" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
async def test_on_a_full_disk_the_results_are_shown(place: Path):
    history = place / "data" / HISTORY
    history.parent.mkdir(parents=True)
    history.symlink_to("/dev/full")
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        done = await through(server, "--models", "a", "--prompt", "Who?", "--json", "--out", "r.json")
    assert done.exit_code == 1
    assert "no space left on device" in done.stderr
    assert len(run_of_json(done.stdout, "stdout").series[0].rounds) == 5
    assert len(read_run(place / "r.json").series[0].rounds) == 5, "the other file is written all the same"


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl-C alone")
async def test_ctrl_c_keeps_what_is_measured(place: Path):
    async with ScriptedServer() as server:
        server.routes["/v1/models"] = LISTED
        server.enqueue(ANSWER, ANSWER, sse(chunk("Yes"), STALL))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench_app", "bench", "--models", "a,b", "--prompt", "Who?"),
            *("--out", str(place / "r.json")),
            cwd=REPOSITORY,
            env={**os.environ, **environment(place), "FOUNDRY_LOCAL_ENDPOINT": server.url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await server.asked_by(process, chats=3)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    assert BY_HAND in out.decode()
    assert b"Traceback" not in err
    run = read_run(place / "r.json")
    assert run.stopped == BY_HAND
    assert [(s.model, len(s.warm_up), len(s.rounds)) for s in run.series] == [("a", 1, 1)]
    assert history(place / "data" / HISTORY) == (run,)


# Reports


async def test_a_report_has_the_form_of_its_files_ending(place: Path):
    names = ("r.json", "r.csv", "r.md", "r.html")
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        flags = [flag for name in names for flag in ("--out", name)]
        done = await through(server, "--models", "a", "--prompt", "Who?", "--rounds", "2", *flags)
    assert done.exit_code == 0, done.output
    assert len(read_run(place / "r.json").series[0].rounds) == 2
    begins = {name: (place / name).read_text(encoding="utf-8") for name in names[1:]}
    assert begins["r.csv"].count("\n") > 2
    assert begins["r.md"].startswith("# ")
    assert begins["r.html"].startswith("<!doctype html>")


async def test_an_ending_that_no_report_has_shows_before_anything_is_measured(place: Path):
    async with ScriptedServer() as server:
        done = await through(server, "--models", "a", "--out", "r.txt")
        assert not server.requests
    assert done.exit_code == 1
    assert ".json, .csv, .md, .html" in done.stderr


async def test_two_runs_are_compared_and_one_that_lacks_a_model_is_worse(place: Path):
    async with ScriptedServer() as server:
        server.routes[CHAT] = ANSWER
        for name, models in (("old.json", "a,b"), ("new.json", "a")):
            await through(server, "--models", models, "--prompt", "Who?", "--rounds", "5", "--out", name)
        same = await through(server, "--compare", "old.json", "old.json")
        less = await through(server, "--compare", "old.json", "new.json")
    assert (same.exit_code, less.exit_code) == (0, 1), same.output + less.output
    assert "b" in less.output
