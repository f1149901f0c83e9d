"""`rag ask` without a model: what a terminal shows of each kind of answer."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli.main import app


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "shed_lease.md").write_text("# Lease\n\nThe notice period is two months.\n", encoding="utf-8")
    return {"LIBRARY_DIRS": str(folder), "DATA_DIR": str(tmp_path / "data"), "RUNTIME": "off"}


def asked(question: str, settings: dict[str, str]) -> str:
    done = CliRunner().invoke(app, ["ask", question], env=settings)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_small_talk_is_answered(settings: dict[str, str]):
    assert "Lease" in asked("hello", settings)


@pytest.mark.parametrize("question", ["which documents do you have?", "what is in the folder contracts?"])
def test_a_list_of_documents_shows_names_as_they_are(question: str, settings: dict[str, str]):
    said = asked(question, settings)
    assert "- Lease (shed_lease.md)" in said
    assert "\\" not in said


def test_a_corrected_word_is_told(settings: dict[str, str]):
    said = asked("how long is the notice peroid", settings)
    assert "two months" in said
    assert "Searched for: period" in said
    assert "Searched for" not in asked("how long is the notice period", settings)
