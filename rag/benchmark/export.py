"""A bench run as JSON, also in the history, as CSV, Markdown and text for a terminal; the comparison of two."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.benchmark.aggregates import SeriesSummary, StrategySummary, model_of, ordinary_of, summaries
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.benchmark.sections import FEW_ROUNDS, HOW_TO_READ, ReportTable, Row, facts, faults, tables
from rag.benchmark.speed_regression import FEWEST, SpeedChange, SpeedComparison
from rag.errors import BrokenFile, StorageError
from rag.reports.numbers import FEW, figures, median, p95, whole
from rag.reports.table import Cell, csv_text, escaped, markdown_table, printable, terminal_table
from rag.storage import adapter, append_line, of_json, read_text, reason


def as_text(run: BenchRun, strategies: Sequence[StrategySummary] = ()) -> str:
    """The run in a few tables; all quantities and intervals are in the files."""
    return "\n".join(_report(run, strategies))


def _report(run: BenchRun, strategies: Sequence[StrategySummary]) -> Iterator[str]:
    yield f"Measured {printable(run.at)} on {printable(run.machine.processor)}, {run.machine.cores} cores."
    yield from map(printable, faults(run))
    shown = {table.key: table for table in tables(run, strategies)}
    for table in (
        *(shown.get("strategies"), shown.get("models"), _answers(run)),
        *(shown.get("prompt-scaling"), shown.get("concurrency")),
    ):
        if table and table.rows:
            yield ""
            yield table.title
            yield from terminal_table(table.head, table.rows, table.names)
            yield from table.notes


def _answers(run: BenchRun) -> ReportTable:
    head = ("prompt", "model", "rounds", "first s", "p95", "word s", "whole s", "p95", "read/s", "write/s")
    rows = tuple(_of_series(s) for s in ordinary_of(summaries(run)))
    notes = (FEW_ROUNDS,) if any(cell.endswith(FEW) for row in rows for cell in row[2:]) else ()
    title = "Answers: medians; first token, first visible word, whole, tokens a second"
    return ReportTable("answers", title, "", head, rows, notes=notes)


def _of_series(s: SeriesSummary) -> Row:
    first = (median(s.first_token_s), p95(s.first_token_s), median(s.first_visible_s))
    rates = (median(each) for each in (s.prefill_tps, s.decode_tps))
    return s.prompt, s.model, whole(s.rounds), *first, median(s.total_s), p95(s.total_s), *rates


COLUMNS = (
    *("at", "model", "variant", "device", "prompt", "wanted_prompt_tokens", "concurrency", "phase", "round"),
    *("headers_s", "first_token_s", "first_visible_s", "total_s", "gap_p50_s", "gap_p95_s"),
    *("prompt_tokens", "completion_tokens", "reasoning_tokens", "prefill_tps", "decode_tps", "finish_reason"),
    *("series_wall_s", "series_watts"),
)


def as_csv(run: BenchRun) -> str:
    """A header and a row for each round, warm-up included."""
    rows = (row for series in run.series for row in _rows(run, model_of(run, series.model), series))
    return csv_text(COLUMNS, rows)


def _rows(run: BenchRun, model: Model, series: Series) -> Iterator[tuple[Cell, ...]]:
    for phase, rounds in (("warm-up", series.warm_up), ("measured", series.rounds)):
        for number, each in enumerate(rounds, 1):
            yield (
                *(run.at, series.model, model.variant, model.device, series.prompt),
                *(series.wanted_prompt_tokens, series.concurrency, phase, number),
                *_of_round(each),
                *(series.wall_s, series.watts),
            )


def _of_round(each: Round) -> tuple[Cell, ...]:
    gaps = [float(gap) for gap in np.percentile(each.gaps_s, [50, 95])] if each.gaps_s else [None, None]
    return (
        *(each.headers_s, each.first_token_s, each.first_visible_s, each.total_s, *gaps),
        *(each.prompt_tokens, each.completion_tokens, each.reasoning_tokens),
        *(each.prefill_tps, each.decode_tps, each.finish_reason),
    )


def as_markdown(run: BenchRun, strategies: Sequence[StrategySummary] = ()) -> str:
    """The report of a run as a page of Markdown; `strategies` adds small against large against hybrid."""
    return "\n".join(_page(run, strategies))


def _page(run: BenchRun, strategies: Sequence[StrategySummary]) -> Iterator[str]:
    yield "# How fast the models are"
    yield ""
    yield from (f"- {name}: {escaped(value)}" for name, value in facts(run))
    yield ""
    for fault in faults(run):
        yield f"**{escaped(fault)}**"
        yield ""
    for table in tables(run, strategies):
        yield from _section(table)
    yield "## How to read this"
    yield ""
    yield from (f"- {escaped(line)}" for line in HOW_TO_READ)
    yield ""


def _section(table: ReportTable) -> Iterator[str]:
    yield f"## {table.title}"
    yield ""
    yield table.text
    yield ""
    yield from markdown_table(table.head, table.rows, table.names)
    yield ""
    for note in table.notes:
        yield escaped(note)
        yield ""


_HEAD = ("what", "quantity", "old", "new", "new/old", "95 % interval", "rounds")


def comparison_as_text(found: SpeedComparison) -> str:
    """What is slower, what is faster, what could not be compared; then what else differs."""
    return "\n".join(_comparison_report(found))


def _comparison_report(found: SpeedComparison) -> Iterator[str]:
    yield _verdict(found)
    for title, changes in (("Slower", found.of("slower")), ("Faster", found.of("faster"))):
        if changes:
            yield ""
            yield title
            yield from terminal_table(_HEAD, [_row(change) for change in changes], 2)
    listed = (
        ("Only in the old run", found.missing),
        ("Only in the new run", found.added),
        ("Not compared, because the prompt has another text now", found.reworded),
        ("What else differs", found.remarks),
    )
    for title, lines in listed:
        if lines:
            yield ""
            yield f"{title}:"
            yield from (f"- {printable(line)}" for line in lines)


def _verdict(found: SpeedComparison) -> str:
    slower, faster, few = (found.of(verdict) for verdict in ("slower", "faster", "too few"))
    compared = len(found.changes) - len(few)
    unsure = [f"Too few rounds for {_count(few)}: it takes {FEWEST} on each side."] if few else []
    if not compared:
        return " ".join(["Nothing could be compared.", *unsure])
    beyond = f"beyond noise and beyond {found.tolerance:.0%}"
    return " ".join([f"Of {compared} quantities {len(slower)} are slower and {len(faster)} faster, {beyond}.", *unsure])


def _count(changes: Sequence[SpeedChange]) -> str:
    return f"{len(changes)} quantit{'y' if len(changes) == 1 else 'ies'}"


def _row(change: SpeedChange) -> tuple[str, ...]:
    between = f"{change.low:.2f} to {change.high:.2f}"
    times = (figures(change.old), figures(change.new), f"{change.ratio:.2f}", between)
    return str(change.key), change.quantity, *times, f"{change.rounds[0]}, {change.rounds[1]}"


SCHEMA = 1
"""Raised when an older app can no longer read what a newer one writes; fields that only add need no new number."""

HISTORY = Path("bench") / "history.jsonl"
"""Inside the data folder."""


@dataclass(frozen=True, slots=True)
class _Head:
    schema: int


def to_json(run: BenchRun, *, indent: int | None = None) -> str:
    """The run as JSON, in one line without `indent`."""
    values = {"schema": SCHEMA} | adapter(BenchRun).dump_python(run, mode="json")
    return json.dumps(values, ensure_ascii=False, allow_nan=False, indent=indent)


def run_of_json(text: str, name: str) -> BenchRun:
    """What `to_json` wrote; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is something else, or was written by a newer version.
    """
    if (schema := of_json(text, _Head, name).schema) > SCHEMA:
        raise BrokenFile(f"{name} was written by a newer version of `rag bench` (schema {schema}).")
    return of_json(text, BenchRun, name)


def read_run(path: Path) -> BenchRun:
    """The run in a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it holds something else.
    """
    return run_of_json(read_text(path), str(path))


def append_run(path: Path, run: BenchRun) -> None:
    """Adds the run to the history, its line whole or not at all.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        append_line(path, to_json(run))
    except OSError as error:
        raise StorageError(f"The history {path} cannot be written: {reason(error)}.") from None
