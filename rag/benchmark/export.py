"""A bench run for the terminal: the tables that matter most, in narrow columns. Pure."""

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from rag.benchmark.aggregates import SeriesSummary, StrategySummary, model_of, ordinary_of, summaries
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.benchmark.sections import FEW_ROUNDS, HOW_TO_READ, ReportTable, Row, facts, faults, tables
from rag.benchmark.speed_regression import FEWEST, SpeedChange, SpeedComparison
from rag.reports.numbers import FEW, figures, median, p95, whole

_WIDEST = 28
"""Longer names are cut, so that a row stays on its line."""


def as_text(run: BenchRun, ways: Sequence[StrategySummary] = ()) -> str:
    """The run in a few tables; all quantities and intervals are in the files."""
    return "\n".join(_report(run, ways))


def _report(run: BenchRun, ways: Sequence[StrategySummary]) -> Iterator[str]:
    yield f"Measured {printable(run.at)} on {printable(run.machine.processor)}, {run.machine.cores} cores."
    yield from map(printable, faults(run))
    shown = {table.key: table for table in tables(run, ways)}
    for table in (shown.get("ways"), shown.get("models"), _answers(run), shown.get("growing"), shown.get("crowd")):
        if table and table.rows:
            yield ""
            yield table.title
            yield from aligned(table.head, table.rows, table.names)
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


def aligned(head: Row, rows: Sequence[Row], names: int) -> Iterator[str]:
    """Columns under their heads, names to the left and numbers to the right, with two spaces between."""
    cut = [tuple(_cut(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cut, strict=True)]
    for row in (head, tuple("-" * width for width in widths), *cut):
        cells = (
            cell.ljust(width) if n < names else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _cut(cell: str) -> str:
    shown = printable(cell)
    return shown if len(shown) <= _WIDEST else f"{shown[: _WIDEST - 1]}…"


def printable(text: str) -> str:
    """Without line breaks and control sequences, which a name could send to the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


COLUMNS = (
    *("at", "model", "variant", "device", "prompt", "wanted_prompt_tokens", "concurrency", "phase", "round"),
    *("headers_s", "first_token_s", "first_visible_s", "total_s", "gap_p50_s", "gap_p95_s"),
    *("prompt_tokens", "completion_tokens", "reasoning_tokens", "prefill_tps", "decode_tps", "finish_reason"),
    *("series_wall_s", "series_watts"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Cell = str | int | float | None


def as_csv(run: BenchRun) -> str:
    """A header and a row for each round, warm-up included; lines end in CR LF, what is not known is empty.

    Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for series in run.series:
        for row in _rows(run, model_of(run, series.model), series):
            writer.writerow([_plain(cell) for cell in row])
    return out.getvalue()


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


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 6)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


_MARKUP = frozenset("\\|`*_<>[]~&#$")


def as_markdown(run: BenchRun, ways: Sequence[StrategySummary] = ()) -> str:
    """The report of a run as a page of Markdown; `ways` adds small against large against hybrid."""
    return "\n".join(_page(run, ways))


def _page(run: BenchRun, ways: Sequence[StrategySummary]) -> Iterator[str]:
    yield "# How fast the models are"
    yield ""
    yield from (f"- {name}: {_escaped(value)}" for name, value in facts(run))
    yield ""
    for fault in faults(run):
        yield f"**{_escaped(fault)}**"
        yield ""
    for table in tables(run, ways):
        yield from _section(table)
    yield "## How to read this"
    yield ""
    yield from (f"- {_escaped(line)}" for line in HOW_TO_READ)
    yield ""


def _section(table: ReportTable) -> Iterator[str]:
    yield f"## {table.title}"
    yield ""
    yield table.text
    yield ""
    yield _line(table.head)
    yield f"|{'---|' * table.names}{'---:|' * (len(table.head) - table.names)}"
    yield from map(_line, table.rows)
    yield ""
    for note in table.notes:
        yield _escaped(note)
        yield ""


def _line(cells: Row) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """On one line, and without a character that Markdown or HTML would take for its own."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(f"\\{c}" if c in _MARKUP else c for c in line)


_HEAD = ("what", "quantity", "old", "new", "new/old", "95 % interval", "rounds")


def comparison_as_text(found: SpeedComparison) -> str:
    """What is slower, what is faster, what could not be told; then what else differs."""
    return "\n".join(_comparison_report(found))


def _comparison_report(found: SpeedComparison) -> Iterator[str]:
    yield _verdict(found)
    for title, changes in (("Slower", found.of("slower")), ("Faster", found.of("faster"))):
        if changes:
            yield ""
            yield title
            yield from aligned(_HEAD, [_row(change) for change in changes], 2)
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
    judged = len(found.changes) - len(few)
    told = [f"Too few rounds for {_count(few)}: it takes {FEWEST} on each side."] if few else []
    if not judged:
        return " ".join(["Nothing could be compared.", *told])
    beyond = f"beyond noise and beyond {found.tolerance:.0%}"
    return " ".join([f"Of {judged} quantities {len(slower)} are slower and {len(faster)} faster, {beyond}.", *told])


def _count(changes: Sequence[SpeedChange]) -> str:
    return f"{len(changes)} quantit{'y' if len(changes) == 1 else 'ies'}"


def _row(change: SpeedChange) -> tuple[str, ...]:
    between = f"{change.low:.2f} to {change.high:.2f}"
    times = (figures(change.old), figures(change.new), f"{change.ratio:.2f}", between)
    return str(change.key), change.quantity, *times, f"{change.rounds[0]}, {change.rounds[1]}"
