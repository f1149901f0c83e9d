"""The report as CSV: a row a round, as RFC 4180 has it, and no formulas."""

import csv
import io

import pytest

from rag.benchmark.export import COLUMNS, as_csv
from rag.benchmark.records import BenchRun, Model, Series
from tests.bench_run import MACHINE, full_run, hostile_run, round_of


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_there_is_a_row_for_each_round_and_it_says_what_it_was():
    run = full_run(rounds=3)
    rows = rows_of(as_csv(run))
    assert len(rows) == sum(len(s.rounds) + len(s.warm_up) for s in run.series)
    assert tuple(rows[0]) == COLUMNS
    first = run.series[0].rounds[0]
    row = next(row for row in rows if row["phase"] == "measured")
    assert (row["model"], row["variant"], row["prompt"], row["round"]) == (
        "phi-4-mini",
        "Phi-4-mini-cpu:5",
        "one line",
        "1",
    )
    assert float(row["total_s"]) == pytest.approx(first.total_s, abs=1e-6)
    assert float(row["decode_tps"]) == pytest.approx(first.decode_tps, abs=1e-6)
    assert {row["phase"] for row in rows} == {"measured", "warm-up"}


def test_lines_end_as_the_standard_says():
    text = as_csv(full_run(rounds=1))
    assert text.count("\n") == text.count("\r\n") == text.count("\r")
    assert text.endswith("\r\n")


def test_what_is_not_known_is_empty():
    run = BenchRun("", MACHINE, {}, (), (Series("m", "p", (), (round_of(1.0, None, prompt_tokens=None),)),))
    (row,) = rows_of(as_csv(run))
    assert {row[name] for name in ("first_token_s", "prompt_tokens", "prefill_tps", "gap_p50_s", "variant")} == {""}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(name: str):
    run = BenchRun(name, MACHINE, {}, (Model(name, name, name),), (Series(name, name, (), (round_of(),)),))
    (row,) = rows_of(as_csv(run))
    assert {row[column] for column in ("at", "model", "variant", "device", "prompt")} == {f"'{name}"}


def test_quotes_commas_and_line_breaks_come_back_as_they_were():
    name = 'a "b", c\r\nd'
    run = BenchRun("", MACHINE, {}, (), (Series(name, "p", (), (round_of(),)),))
    assert [row["model"] for row in rows_of(as_csv(run))] == [name]


def test_a_hostile_run_is_as_many_rows_as_rounds():
    rows = rows_of(as_csv(hostile_run()))
    assert len(rows) == 9
    assert all(row["prompt"].startswith("'=") and row["finish_reason"].startswith("'+") for row in rows)
