"""A bench run for the terminal: the tables that matter most, in narrow columns. Pure."""

from collections.abc import Iterator, Sequence

from rag.bench.kinds import plain_of
from rag.bench.numbers import FEW, median, p95, whole
from rag.bench.records import BenchRun
from rag.bench.sections import FEW_ROUNDS, ReportTable, Row, faults, tables
from rag.bench.summary import SeriesSummary, Way, summaries

_WIDEST = 28
"""Longer names are cut, so that a row stays on its line."""


def as_text(run: BenchRun, ways: Sequence[Way] = ()) -> str:
    """The run in a few tables; all quantities and intervals are in the files."""
    return "\n".join(_report(run, ways))


def _report(run: BenchRun, ways: Sequence[Way]) -> Iterator[str]:
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
    rows = tuple(_of_series(s) for s in plain_of(summaries(run)))
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
