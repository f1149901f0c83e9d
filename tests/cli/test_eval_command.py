"""`rag eval` as a person runs it: on the shipped set, through a real endpoint, interrupted, and to compare."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag.evaluation.quality_regression import TOLERANCE, compare
from rag.evaluation.report import comparison, read_results
from tests import REPOSITORY
from tests.evaluation_parts import app, results, row
from tests.scripted_server import DONE, STALL, ScriptedServer, chunk, counted, refusal, said, sse
from tests.shipped_library import DOCUMENTS, copy_shipped_library

GUIDE = """# Guide

## Uploads

The largest file that may be uploaded is 25 MB. Larger files are refused with a reason.

## Privacy

Documents never leave the machine. Telemetry is switched off by default.
"""
QUESTIONS = [
    {"id": "size", "question": "How large may an uploaded file be?", "facts": ["25 MB"], "document": "guide.md"},
    {
        "id": "telemetry",
        "question": "Is telemetry switched off by default?",
        "facts": ["off"],
        "document": "guide.md",
    },
    {
        "id": "larger",
        "question": "And what happens with larger files?",
        "facts": ["refused"],
        "document": "guide.md",
        "follow_up_of": "size",
    },
]
SIZE = "The largest file that may be uploaded is 25 MB [1]."
TELEMETRY = "Telemetry is switched off by default [1]."
LARGER = "Larger files are refused with a reason [1]."
DOWN = refusal(400, "the weights are gone")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a small library and a question set; nothing of this machine's own settings."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "guide.md").write_text(GUIDE, encoding="utf-8")
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    logging.disable(logging.NOTSET)


def environment(place: Path) -> dict[str, str]:
    return {"RUNTIME": "off", "LIBRARY_DIRS": str(place / "library"), "DATA_DIR": str(place / "data")}


def rag_eval(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["eval", *map(str, arguments)])


async def through(server: ScriptedServer, *arguments: str | Path) -> Result:
    """The command in a thread of its own, with its own event loop, as in a terminal."""
    os.environ["FOUNDRY_LOCAL_ENDPOINT"] = server.url
    try:
        return await asyncio.to_thread(rag_eval, "--questions", "set.jsonl", "--out", "r.json", *arguments)
    finally:
        del os.environ["FOUNDRY_LOCAL_ENDPOINT"]


def streamed(text: str, prompt: int = 100, completion: int = 10):
    return sse(chunk(text), chunk(finish_reason="stop"), counted(prompt, completion), DONE)


def write(place: Path, **runs: object) -> None:
    for name, made in runs.items():
        (place / f"{name}.json").write_text(made.to_json(), encoding="utf-8")  # type: ignore[attr-defined]


# The guard of a merge


def test_the_shipped_set_is_answered_as_well_as_before(place: Path, monkeypatch: pytest.MonkeyPatch):
    """When it fails for a reason that is wanted, `RUNTIME=off rag eval --out evaluation/quotes.json --force` makes the
    file anew; with `DATA_DIR` on an empty folder, because an index that has been changed ranks a little otherwise."""
    copy_shipped_library(place / "data")
    monkeypatch.setenv("LIBRARY_DIRS", str(DOCUMENTS))
    done = rag_eval("--questions", REPOSITORY / "evaluation" / "questions.jsonl", "--out", "now.json")
    assert done.exit_code == 0, done.output
    found = compare(
        read_results(REPOSITORY / "evaluation" / "quotes.json"), read_results(place / "now.json"), TOLERANCE
    )
    assert found.passed, comparison(found)


# Through an endpoint


async def test_a_set_is_played_through_the_endpoint(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLM_PRICE", "1,2")
    async with ScriptedServer() as server:
        server.enqueue(streamed(SIZE), streamed(TELEMETRY), streamed(LARGER))
        done = await through(server, "--mode", "local")
    assert done.exit_code == 0, done.output
    made = read_results(place / "r.json")
    assert [(r.id, r.outcome, r.scores.quality, r.rank) for r in made.rows] == [
        ("size", "answered", 1.0, 1),
        ("telemetry", "answered", 1.0, 1),
        ("larger", "answered", 1.0, 1),
    ]
    assert sum(r.cost for r in made.rows) == pytest.approx(3 * (100 * 1 + 10 * 2) / 1e6)
    assert {(chat["temperature"], chat["seed"]) for chat in server.chats} == {(0, 1)}
    told = [message["content"] for message in server.chats[2]["messages"]]
    assert any(SIZE in text for text in told)
    assert not any(text == TELEMETRY for text in told)
    assert (made.run.mode, made.run.models, made.run.stopped) == ("local", ("phi-4-mini",), "")
    assert set(made.times) == {"size", "telemetry", "larger"}
    assert "# Evaluation of phi-4-mini" in (place / "r.md").read_text(encoding="utf-8")


async def test_a_limit_and_json(place: Path):
    async with ScriptedServer() as server:
        server.enqueue(streamed(SIZE))
        done = await through(server, "--mode", "large", "--limit", "1", "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert [each["model"] for each in printed["rows"]] == ["gpt-oss-20b"]
    assert done.stdout.strip() == (place / "r.json").read_text(encoding="utf-8").strip()


async def test_an_escalation_holds_both_models_scores(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LONG_ANSWER_CHARS", "10")
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0")
    async with ScriptedServer() as server:
        server.enqueue(streamed("Uploaded files may be 40 MB large [1]."), streamed(SIZE))
        done = await through(server, "--limit", "1")
    assert done.exit_code == 0, done.output
    (made,) = read_results(place / "r.json").rows
    assert made.draft
    assert made.large
    assert (made.draft.scores.quality, made.large.scores.quality) == (0.0, 1.0)
    assert (made.outcome, made.escalation) == ("escalated", "right")


async def test_a_second_model_gives_points_and_what_it_muddles_is_not_judged(place: Path):
    points = '{"coherence": 5, "factuality": 4, "brevity": 3}'
    async with ScriptedServer() as server:
        server.enqueue(streamed(SIZE), streamed(TELEMETRY), said(points), said("Five!"))
        done = await through(server, "--mode", "local", "--limit", "2", "--judge", "some-judge")
    assert done.exit_code == 0, done.output
    first, second = read_results(place / "r.json").rows
    assert first.rubric
    assert (first.rubric.factuality, first.rubric.by, second.rubric) == (4, "some-judge", None)
    assert server.chats[2]["model"] == "some-judge"


async def test_a_server_that_goes_away_leaves_what_was_measured(place: Path):
    more = [{**QUESTIONS[0], "id": f"q{n}"} for n in range(5)]
    (place / "set.jsonl").write_text("\n".join(map(json.dumps, more)), encoding="utf-8")
    async with ScriptedServer() as server:
        server.enqueue(streamed(SIZE), DOWN, DOWN, DOWN, streamed(SIZE))
        done = await through(server, "--mode", "local")
    assert done.exit_code == 1
    assert "This run is not whole. Not asked of the question set: 1. The model is gone." in done.stdout
    made = read_results(place / "r.json")
    assert [r.outcome for r in made.rows] == ["answered", "failed", "failed", "failed"]
    assert "the weights are gone" in made.rows[1].failure
    assert "**This run is not whole.**" in (place / "r.md").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl-C alone")
async def test_ctrl_c_keeps_what_was_measured(place: Path):
    async with ScriptedServer() as server:
        server.enqueue(streamed(SIZE), sse(chunk("Telemetry"), STALL))
        arguments = ("eval", "--questions", place / "set.jsonl", "--out", place / "r.json", "--mode", "local")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.evaluation_parts", *map(str, arguments)),
            cwd=REPOSITORY,
            env={**os.environ, **environment(place), "FOUNDRY_LOCAL_ENDPOINT": server.url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await server.asked_by(process, chats=2)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    assert "Not asked of the question set: 2. It was interrupted." in out.decode()
    assert "Traceback" not in err.decode()
    assert [r.id for r in read_results(place / "r.json").rows] == ["size"]


# What stops it before anything is asked


def test_results_that_are_there_are_kept(place: Path):
    (place / "r.json").write_text("mine")
    done = rag_eval("--questions", "set.jsonl", "--out", "r.json")
    assert done.exit_code == 1
    assert "r.json is there already. Give another --out, or --force to replace it." in done.stderr
    assert (place / "r.json").read_text() == "mine"
    assert rag_eval("--questions", "set.jsonl", "--out", "r.json", "--force").exit_code == 0
    assert len(read_results(place / "r.json").rows) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--out", "set.jsonl/r.json"), "cannot be written"),
        (("--questions", "no.jsonl"), "no.jsonl cannot be read"),
        (("--mode", "large"), "There is no larger model to ask."),
        (("--judge", "some-judge"), "There is no model that could judge"),
        (("--ragas",), "There is no model that could judge"),
        (("--compare", "no.json", "set.jsonl"), "no.json cannot be read"),
        (("--compare", "set.jsonl", "set.jsonl"), "set.jsonl, line 2: this is no JSON"),
    ],
)
def test_what_is_missing_is_one_sentence(place: Path, arguments: tuple[str, ...], told: str):
    done = rag_eval("--questions", "set.jsonl", *arguments)
    assert done.exit_code == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (place / "evaluation" / "results.json").exists()


async def test_ragas_that_is_not_installed_is_said_before_anything_is_asked(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "ragas", None)
    monkeypatch.setenv("RAGAS_DO_NOT_TRACK", "true")
    async with ScriptedServer() as server:
        done = await through(server, "--ragas")
        assert not server.chats
    assert done.exit_code == 1
    assert "Install it with: pip install '.[ragas]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# Comparing, routing, points


def test_compare_exits_by_what_got_worse(place: Path):
    write(place, a=results(row("x"), row("y")), b=results(row("x"), row("y", 0.5)), c=results(row("x")))
    assert rag_eval("--compare", "a.json", "a.json").exit_code == 0
    assert rag_eval("--compare", "b.json", "a.json").exit_code == 0
    worse = rag_eval("--compare", "a.json", "b.json")
    assert worse.exit_code == 1
    assert worse.stdout.startswith("Worse (tolerance 0.02): quality fell by 0.250")
    assert rag_eval("--compare", "a.json", "b.json", "--tolerance", "0.3").exit_code == 0
    gone = rag_eval("--compare", "a.json", "c.json")
    assert (gone.exit_code, "the second run lacks y" in gone.stdout) == (1, True)
    assert json.loads(rag_eval("--compare", "a.json", "b.json", "--json").stdout)["flips"][0]["id"] == "y"


def test_routing_is_told_from_files(place: Path):
    write(
        place,
        small=results(row("x", 0.0, 0.2), row("y", 1.0, 0.8)),
        large=results(row("x"), row("y")),
        other=results(row("z")),
    )
    done = rag_eval("--routing", "small.json", "large.json", "--at", "small.json")
    assert done.exit_code == 0, done.output
    assert "| APGR | 0.750 |" in done.stdout
    assert "| CPT(80%) | 50% |" in done.stdout
    assert json.loads(rag_eval("--routing", "small.json", "large.json", "--json").stdout)["apgr"] == 0.75
    wrong = rag_eval("--routing", "small.json", "other.json")
    assert (wrong.exit_code, "the small model's run lacks z" in wrong.stderr) == (1, True)


def test_points_by_hand_are_added_to_results(place: Path):
    write(place, r=results(row("x"), row("y")))
    (place / "points.jsonl").write_text('{"id": "x", "coherence": 5, "factuality": 4, "brevity": 3}')
    done = rag_eval("--annotations", "points.jsonl", "--out", "r.json")
    assert done.exit_code == 0, done.output
    assert "1 of 2 answers in r.json have points now." in done.stdout
    first, second = read_results(place / "r.json").rows
    assert first.rubric
    assert (first.rubric.by, second.rubric) == ("hand", None)
    assert "| coherence | 1.000 |" in (place / "r.md").read_text(encoding="utf-8")
    (place / "points.jsonl").write_text("")
    assert "holds no points" in rag_eval("--annotations", "points.jsonl", "--out", "r.json").stderr
