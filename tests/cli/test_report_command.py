"""`rag report` and `rag calibrate`, as a person types them: what they say, what they save, and how they end."""

import json
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli.report_command import app
from rag.escalation.weights import shipped
from rag.turn_log.calibration import CURRENT, load_calibration
from rag.turn_log.log import TurnLog
from rag.types import Decision, Signal
from tests.logged_parts import a_turn


class Terminal:
    """Runs the commands with a data folder of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.data = home, home / "data"
        monkeypatch.chdir(home)  # no `.env` is there
        self._monkeypatch = monkeypatch
        self.set(DATA_DIR=str(self.data))

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str, code: int = 0, answer: str = "") -> str:
        """What it said, on both of its outputs."""
        done = CliRunner().invoke(app, arguments, input=answer)
        assert done.exit_code == code, done.output
        assert isinstance(done.exception, SystemExit | None)
        return done.output

    def log(self, ages: list[float]) -> None:
        """Notes turns that ended so many days ago."""
        log = TurnLog(self.data, text=False)
        for number, age in enumerate(ages):
            log.record(f"turn-{number}", a_turn(), mode="auto", at=datetime.now(UTC) - timedelta(days=age))

    def log_labelled(self, count: int) -> None:
        """Notes drafts that were shown, with thumbs that agree with the shipped confidence three times of four."""
        log, head, chance = TurnLog(self.data, text=False), shipped().confidence, random.Random(0)
        for number in range(count):
            signals = {name: chance.random() for name in head.coefficients}
            decision = Decision(
                *("keep", "", head(signals), 0.5), signals=tuple(Signal(n, v, "") for n, v in signals.items())
            )
            turn = replace(a_turn(), outcome="answered", escalated=None, escalation_report=None, decision=decision)
            log.record(f"turn-{number}", turn, mode="auto", at=datetime.now(UTC))
            right = (head(signals) > 0.4) == (chance.random() < 0.75)
            log.feedback(f"turn-{number}", "up" if right else "down", datetime.now(UTC))

    @property
    def threshold(self) -> float | None:
        saved = load_calibration(self.data, shipped())
        return saved.confidence_threshold if saved else None


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield Terminal(tmp_path, monkeypatch)
    logging.disable(logging.NOTSET)


def test_a_report_sums_up_what_was_logged(terminal: Terminal) -> None:
    terminal.log([0.1] * 25)
    said = terminal.run("report")
    assert said.startswith("# 25 turns, ")
    assert "larger model's answer shown" in said
    assert "No cost is shown" in said
    terminal.set(SLM_PRICE="1,2", LLM_PRICE="10,20")
    assert "cost of 1,000 answers" in terminal.run("report")
    values = json.loads(terminal.run("report", "--json"))
    assert values["turns"] == 25
    share = {"count": 25, "of": 25, "share": 1.0, "interval": [pytest.approx(0.867, abs=1e-3), 1.0]}
    assert values["triggers"]["low_confidence"] == share
    assert values["held"] == {}
    assert values["costs"]["blended"] == pytest.approx(0.86 + 13.2)


def test_a_period_is_counted_back_or_begins_on_a_day(terminal: Terminal) -> None:
    terminal.log([0.5, 3, 10, 40])
    for since, turns in (("24h", 1), ("7d", 2), ("4w", 3), ("2020-01-01", 4), ("2020-01-01T08:30", 4)):
        assert terminal.run("report", "--since", since).startswith(f"# {turns} turn")
    assert json.loads(terminal.run("report", "--since", "1d", "--json"))["turns"] == 1


def test_an_empty_period_is_no_mistake(terminal: Terminal) -> None:
    terminal.log([40])
    assert terminal.run("report", "--since", "7d") == "No turns since 7d.\n"
    assert json.loads(terminal.run("report", "--since", "7d", "--json")) == {"turns": 0}
    (terminal.data / "turns.jsonl").write_bytes(b"")
    assert terminal.run("report") == "The turn log has no turns yet.\n"


def test_lines_that_were_left_out_are_told(terminal: Terminal) -> None:
    terminal.log([1])
    path = terminal.data / "turns.jsonl"
    path.write_bytes(path.read_bytes() + b'{"v":99,"kind":"turn"}\nnonsense\n')
    said = terminal.run("report")
    assert "damaged and were left out: 1." in said
    assert "later version of this app wrote and were left out: 1." in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "--since", "yesterday"], "--since yesterday is not understood. Write 24h, 7d"),
        (["report", "--since", "2026-13-01"], "is not understood"),
        (["report", "--since", "0001-01-01T00:00+23:59"], "is not understood"),
        (["calibrate", "--turns", "nowhere.jsonl"], "There is no turn log in nowhere.jsonl"),
        (["calibrate", "--labels", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["calibrate", "--labels", "latin.jsonl"], "latin.jsonl is not UTF-8 text"),
        (["calibrate", "--labels", "words.jsonl"], "Line 1 of the labels is not understood"),
        (["calibrate"], "There are 0 labelled drafts, and calibrating needs 30"),
        (["calibrate", "--undo"], "There is no calibration to undo"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], said: str, terminal: Terminal) -> None:
    terminal.log([1])
    (terminal.home / "latin.jsonl").write_bytes(b"\xe9\xff")
    (terminal.home / "words.jsonl").write_text("right\n")
    output = terminal.run(*arguments, code=1)
    assert said in output
    assert output.count("\n") == 1


@pytest.mark.parametrize("command", ["report", "calibrate"])
def test_without_a_log_it_says_where_it_looked(command: str, terminal: Terminal) -> None:
    assert f"There is no turn log in {terminal.data} yet." in terminal.run(command, code=1)


def test_nothing_is_saved_without_a_yes(terminal: Terminal) -> None:
    terminal.log_labelled(60)
    said = terminal.run("calibrate", code=1, answer="n\n")
    assert "60 labelled drafts" in said
    assert said.index("Reliability, now") < said.index("Reliability, new") < said.index("Save the new weights")
    assert terminal.threshold is None
    terminal.run("calibrate", code=1)  # nobody is there to answer
    assert json.loads(terminal.run("calibrate", "--json"))["saved"] is False
    assert not (terminal.data / CURRENT).exists()


def test_a_calibration_is_saved_built_upon_and_undone(terminal: Terminal) -> None:
    terminal.log_labelled(60)
    assert "Saved; a running app takes them at its next start." in terminal.run("calibrate", answer="y\n")
    first = terminal.threshold
    assert first is not None
    (terminal.home / "labels.jsonl").write_text(
        "".join(f'{{"id": "turn-{n}", "label": {n % 2}}}\n' for n in range(62)), encoding="utf-8-sig"
    )
    said = terminal.run("calibrate", "--labels", "labels.jsonl", "--yes")
    assert f"Now: calibrated {datetime.now(UTC):%Y-}" in said
    assert "2 labels are left out" in said
    assert "Undo" not in said
    assert terminal.run("calibrate", "--undo").startswith("The calibration before the last one is in use again")
    assert terminal.threshold == first
    assert terminal.run("calibrate", "--undo").startswith("The weights that come with the app are in use again")
    assert terminal.threshold is None


def test_as_json_it_is_saved_only_with_yes(terminal: Terminal) -> None:
    terminal.log_labelled(120)
    values = json.loads(terminal.run("calibrate", "--json", "--yes", "--turns", str(terminal.data / "turns.jsonl")))
    assert values["saved"] is True
    assert values["labels"] == 120
    assert values["calibration"]["confidence_threshold"] == terminal.threshold
    assert {"auroc", "ece", "curve"} == set(values["before"])


def test_a_threshold_of_the_settings_goes_before_the_saved_one(terminal: Terminal) -> None:
    terminal.log_labelled(60)
    assert "CONFIDENCE_THRESHOLD" not in terminal.run("calibrate", "--yes")
    terminal.set(CONFIDENCE_THRESHOLD="0.875")
    said = terminal.run("calibrate", "--yes")
    assert "| 0.875 |" in said
    assert "CONFIDENCE_THRESHOLD is set and goes before the new threshold" in said


def test_more_labels_can_be_wanted(terminal: Terminal) -> None:
    terminal.log_labelled(60)
    assert "calibrating needs 61" in terminal.run("calibrate", "--min", "61", code=1)


def test_a_damaged_calibration_is_told_and_replaced(terminal: Terminal) -> None:
    terminal.log_labelled(60)
    (terminal.data / CURRENT).write_text("{")
    said = terminal.run("calibrate", "--yes")
    assert "is damaged, so the weights that come with the app are used" in said
    assert "Now: as it came with the app." in said
    assert terminal.threshold is not None
