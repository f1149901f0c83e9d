"""The `rag` command's list: cheap to show, and true."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rag.cli.main import COMMANDS, app, load
from tests import REPOSITORY

HEAVY = {"openai", "chainlit", "kreuzberg", "tantivy", "numpy", "pydantic", "pydantic_settings"}


def test_the_help_loads_no_command_and_none_of_their_libraries():
    code = (
        "import sys\nfrom rag.cli.main import app\n"
        "try:\n    app(['--help'])\nfinally:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=REPOSITORY, check=True
    )
    loaded = set(done.stderr.split())
    assert not HEAVY & loaded
    assert {name for name in loaded if name.startswith("rag")} == {"rag", "rag.cli", "rag.cli.main"}
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_begins_with(name: str):
    first = (load(name).help or "").split("\n\n")[0]
    assert " ".join(first.split()) == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_own_help(name: str):
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert f"{name} [OPTIONS]" in done.output


def test_a_mistyped_command_is_answered_with_those_that_are_like_it():
    done = CliRunner().invoke(app, ["aks"])
    assert done.exit_code == 2
    assert "No such command 'aks'. Did you mean 'ask'?" in done.output


def test_without_a_command_the_list_is_shown():
    assert "Groundwork in the terminal." in CliRunner().invoke(app, []).output
