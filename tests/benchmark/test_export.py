"""What the terminal shows, the figures of all reports, and the file that a report becomes."""

import errno
import os
from pathlib import Path

import pytest

from rag.benchmark.aggregates import spread_of
from rag.benchmark.export import as_text
from rag.benchmark.records import BenchRun, Model, Series
from rag.benchmark.sections import facts, faults, tables
from rag.errors import StorageError
from rag.reports.numbers import figures, interval, milliseconds, p95
from rag.storage import write_report
from tests.bench_run import MACHINE, full_run, hostile_run, round_of, strategies


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            (0.0004213, "0.000421"),
            (0.04213, "0.0421"),
            (0.4213, "0.421"),
            (4.213, "4.21"),
            (42.13, "42.1"),
            (421.3, "421"),
            (42_130, "42,130"),
        ),
        *((0, "0"), (None, "–"), (99.96, "100"), (9.996, "10.0"), (0.99951, "1.00"), (-4.213, "-4.21")),
    ],
)
def test_numbers_have_three_figures(value: float | None, shown: str):
    assert figures(value) == shown


def test_a_95th_percentile_of_few_rounds_is_marked_and_one_value_has_no_interval():
    assert p95(spread_of([1.0] * 19)) == "1.00*"
    assert p95(spread_of([1.0] * 20)) == "1.00"
    assert p95(None) == interval(None) == milliseconds(None) == "–"
    assert interval(spread_of([1.0])) == "–"
    assert interval(spread_of([1.0, 1.0])) == "1.00 to 1.00"


def test_the_terminal_has_all_models_and_prompts_and_explains_its_star():
    shown = as_text(full_run(rounds=4), strategies())
    for told in ("Made-up CPU 3000, 8 cores", "phi-4-mini", "gpt-oss-20b", "summary", "escalate on low confidence"):
        assert told in shown
    assert "* Fewer than 20 rounds" in shown
    assert "nan" not in shown
    few = [line for line in as_text(full_run(rounds=20)).splitlines() if line.startswith("one line")]
    assert few
    assert not any("*" in line for line in few)


def test_columns_stand_under_their_heads():
    lines = as_text(full_run(rounds=3)).splitlines()
    start = lines.index(next(line for line in lines if line.startswith("prompt ")))
    widths = {len(line.rstrip()) for line in lines[start : start + 14]}
    assert len(widths) == 1


def test_a_name_cannot_send_commands_to_the_terminal():
    shown = as_text(hostile_run())
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_what_went_wrong_is_said_once_and_first():
    models = (Model("phi-4-mini"), Model("gone", failure="It is not on this disk."))
    series = (
        Series("phi-4-mini", "short", (), (round_of(),), failure="The server stopped sending."),
        Series("gone", "short", failure="It is not on this disk."),
    )
    run = BenchRun("2026-11-20", MACHINE, {"rounds": 3, "devices": ""}, models, series, stopped="Stopped by hand.")
    assert faults(run) == (
        "This run is not whole: Stopped by hand.",
        "gone was not measured: It is not on this disk.",
        "phi-4-mini, short, broke off: The server stopped sending.",
    )
    assert as_text(run).splitlines()[1:4] == list(faults(run))
    assert dict(facts(run))["Settings"] == "rounds 3"


def test_what_this_program_takes_itself_is_told_where_it_was_measured():
    run = BenchRun("", MACHINE, {}, own_s=0.0042)
    assert dict(facts(run))["Of this program"] == "4.20 ms to the first token, in all times here"
    assert "Of this program" not in dict(facts(BenchRun("", MACHINE, {})))


def test_an_empty_run_is_told_without_tables():
    run = BenchRun("2026-11-20", MACHINE, {})
    assert tables(run) == ()
    assert as_text(run) == "Measured 2026-11-20 on Made-up CPU 3000, 8 cores."


def test_the_first_visible_word_is_shown_where_a_model_reasons_first():
    run = full_run(rounds=3)
    keys = [table.key for table in tables(run)]
    assert "visible" in keys
    plain = BenchRun("", MACHINE, {}, run.models, tuple(s for s in run.series if s.model != "gpt-oss-20b"))
    assert "visible" not in [table.key for table in tables(plain)]


def test_every_row_has_a_cell_for_each_head():
    found = tables(full_run(rounds=3), strategies())
    assert len(found) == 10
    for table in found:
        assert {len(row) for row in table.rows} == {len(table.head)}, table.key


def test_headers_are_told_in_milliseconds():
    run = BenchRun("", MACHINE, {}, (), (Series("m", "p", (), tuple(round_of(headers_s=0.0125) for _ in range(3))),))
    (row,) = next(table.rows for table in tables(run) if table.key == "headers")
    assert row == ("p", "m", "3", "12.5", "12.5 to 12.5", "12.5", "12.5*", "12.5", "12.5")


# Files


def test_a_report_is_written_with_its_line_ends_and_not_over_another(tmp_path: Path):
    path = tmp_path / "new" / "report.csv"
    write_report(path, "a\r\né\ud800\n", force=False)
    assert path.read_bytes() == "a\r\né?\n".encode()
    with pytest.raises(StorageError, match="is there already"):
        write_report(path, "b", force=False)
    write_report(path, "b", force=True)
    assert path.read_text() == "b"
    assert os.listdir(path.parent) == ["report.csv"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be written: .+\.$"):
        write_report(tmp_path / "file" / "report.md", "b", force=False)
    with pytest.raises(StorageError, match="is there already"):
        write_report(tmp_path, "b", force=False)
    with pytest.raises(StorageError, match="cannot be written"):
        write_report(tmp_path, "b", force=True)
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "report.md"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="no space left on device"):
        write_report(path, "new", force=True)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.md"]
