"""What the README and `docs/` say is true: their commands and examples run, their tables agree with the code."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag.cli.main import app
from rag.settings import Settings
from rag.turn_log.log import TurnLog
from rag.types import Decision, SearchResult, Timings, Turn
from tests import REPOSITORY

README, SETTINGS, BENCHMARKS = (
    (REPOSITORY / name).read_text(encoding="utf-8") for name in ("README.md", "docs/settings.md", "docs/benchmarks.md")
)
pytestmark = pytest.mark.usefixtures("shipped_data_folder")

THREE_SCREENS = 160
"""Lines, tables and blank ones included."""


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a page in that language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


COMMANDS = [line for block in blocks(README, "bash") for line in block.splitlines()]
EXAMPLES = blocks(README, "python")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "RUNTIME": "off", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@cache
def rag(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; the same command once for all who look at it."""
    return run(sys.executable, "-m", "rag.cli.main", *arguments, **environment)


def rag_here(*arguments: str, **environment: str) -> Result:
    """The command in this process, which has its imports already."""
    try:
        with chdir(REPOSITORY):
            done = CliRunner().invoke(app, arguments, env={"RUNTIME": "off", **environment})
    finally:
        logging.disable(logging.NOTSET)
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done


def test_the_first_two_commands_are_the_start_and_the_tests():
    assert COMMANDS[0] == "pip install -e . && chainlit run app.py -w"
    assert COMMANDS[1] == 'pip install -e ".[test]" && pytest'
    assert COMMANDS[1] in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


NEED_MODELS = ("rag bench", "rag compare")
NEED_TURNS = ("rag report",)
NEED_LAB = ("rag lab",)


@pytest.mark.runtime
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(NEED_MODELS)])
def test_each_command_that_needs_models_runs_with_the_real_runtime(command: str, foundry_cache: Path, tmp_path: Path):
    place = {"RUNTIME": "auto", "CATALOGUE": "disk", "HOME": str(tmp_path), "MODEL_CACHE_DIR": str(foundry_cache)}
    *words, out = shlex.split(command)[1:]
    done = rag(*words, str(tmp_path / out), **place, COLUMNS="200")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / out).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "phi-4-mini" in page or "small" in page


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(NEED_LAB)])
def test_the_lab_is_installed_as_the_readme_says(command: str, lab_runtime: Path):
    done = rag(*shlex.split(command)[1:], DATA_DIR=str(lab_runtime))  # this command's own code laid it there
    assert done.returncode == 0, done.stdout + done.stderr
    pinned = json.loads((REPOSITORY / "lab" / "package.json").read_text("utf-8"))["dependencies"]
    assert f"The browser runtime {pinned['@huggingface/transformers']} is installed already: " in done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(NEED_TURNS)])
def test_the_report_sums_up_what_the_log_has(command: str, tmp_path: Path):
    turn = Turn("What?", "It is so.", "quoted", (), SearchResult(()), Decision("keep", "", 1.0, 0.5), Timings((), 0.1))
    TurnLog(tmp_path, text=False).record("1", turn, mode="auto", at=datetime.now(UTC))
    done = rag(*shlex.split(command)[1:], DATA_DIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 turn" in done.stdout


@pytest.mark.parametrize(
    "command",
    [c for c in COMMANDS if c.startswith("rag ") and not c.startswith((*NEED_MODELS, *NEED_TURNS, *NEED_LAB))],
)
def test_each_rag_command_of_the_readme_runs(command: str):
    done = rag(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_rag_ask_quotes_with_marks_and_says_that_no_model_wrote_it():
    done = rag("ask", "What data leaves my machine when I use Groundwork?")
    assert re.search(r"\[1\] \S+\.md", done.stdout)
    assert "No model is set up" in done.stdout
    assert "ms: intent" in done.stderr


def test_rag_ask_says_when_the_documents_do_not_hold_the_answer():
    done = rag_here("ask", "How do penguins raise their chicks in winter?")
    assert done.exit_code == 0
    assert "do not seem to hold an answer" in done.stdout


def test_a_wrong_setting_is_one_sentence_and_a_failing_exit_code():
    done = rag("doctor", TEMPERATURE="hot")
    assert done.returncode == 1
    assert "TEMPERATURE='hot'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_is_down_is_a_problem_for_the_doctor_and_no_stack_trace():
    done = rag_here("doctor", FOUNDRY_LOCAL_ENDPOINT="http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "PROBLEM  phi-4-mini:" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_the_runtime_and_the_models_and_loads_none(foundry_cache: Path, tmp_path: Path):
    place = {"RUNTIME": "auto", "CATALOGUE": "disk", "HOME": str(tmp_path), "MODEL_CACHE_DIR": str(foundry_cache)}
    done = rag_here("doctor", **place)
    assert done.exit_code == 0, done.output
    assert re.search(
        r"^ok +Foundry Local: The runtime answers at http://127\.0\.0\.1:\d+\.$", done.stdout, re.MULTILINE
    )
    assert re.search(r"^ok +phi-4-mini: On this disk.*; loaded when it is needed\.$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith("All is well.\n")


def test_a_machine_without_models_is_well_and_told_so(tmp_path: Path):
    place = {"RUNTIME": "auto", "CATALOGUE": "disk", "HOME": str(tmp_path), "MODEL_CACHE_DIR": str(tmp_path)}
    done = rag_here("doctor", **place)
    assert done.exit_code == 0, done.output
    assert "note     phi-4-mini: Foundry Local's catalogue has no model phi-4-mini." in done.stdout
    assert "Everything works without it, except its answers." in done.stdout


EACH_HELP = """
import contextlib, io, json, runpy, sys

said = {}
for script in sys.argv[1:]:
    sys.argv, out = [script, "--help"], io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        runpy.run_path(script, run_name="__main__")
    said[script] = out.getvalue()
print(json.dumps(said))
"""
"""What they import is read once for all of them."""


def test_each_benchmark_of_its_page_can_be_started():
    scripts = [shlex.split(line)[1] for block in blocks(BENCHMARKS, "bash") for line in block.splitlines()]
    assert scripts
    done = run(sys.executable, "-c", EACH_HELP, *scripts)
    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout)
    assert [script for script in scripts if "--json" not in said[script]] == []


def test_the_settings_table_is_the_settings():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", SETTINGS, re.MULTILINE)
    assert [name for name, _, _ in rows] == [name.upper() for name in Settings.model_fields]
    for name, default, meaning in rows:
        field = Settings.model_fields[name.lower()]
        assert meaning == field.description
        if default != "–":
            shown = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else str(field.default)
            assert shown.removesuffix(".0") == default.strip("`")


def test_the_settings_that_people_change_are_settings():
    table = README.partition("## The settings that people change")[2].partition("\n## ")[0]
    named = re.findall(r"`([A-Z][A-Z_]+)\b", table)
    assert len(named) > 5
    assert [name for name in named if name.lower() not in Settings.model_fields] == []


def test_the_readme_fits_three_screens():
    assert len(README.splitlines()) <= THREE_SCREENS


def test_links_and_pictures_are_there():
    for page, folder in ((README, REPOSITORY), (SETTINGS, REPOSITORY / "docs"), (BENCHMARKS, REPOSITORY / "docs")):
        targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", page)
        assert [target for target in targets if not (folder / target).exists()] == []
    assert "docs/screenshot.png" in README


@pytest.mark.parametrize("example", EXAMPLES, ids=["a folder is asked", "a text is checked"])
def test_each_example_of_the_readme_runs(example: str, tmp_path: Path):
    done = run(sys.executable, "-W", "error", "-c", example, HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert EXPECTED[EXAMPLES.index(example)] in done.stdout


EXPECTED = ("[1]", "Staff have 30 days of paid leave [1]. False 1 ('number',)")
