"""A bench run as CSV (RFC 4180), one row a round, for spreadsheets and notebooks. Pure."""

import csv
import io
from collections.abc import Iterator

import numpy as np

from rag.bench.records import BenchRun, Model, Round, Series
from rag.bench.summary import model_of

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
