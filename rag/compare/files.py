"""A comparison as a file: JSON for machines, CSV for tables, Markdown and one HTML page for people."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from rag.compare.page import as_page
from rag.compare.records import CompareRun
from rag.compare.summary import SHARES, PairPrices, ways
from rag.compare.text import as_markdown
from rag.evaluation.files import of_json

SCHEMA = 1
_COLUMNS = ("id", "prompt", "way", "first_word_s", "total_s", "read", "written", "called_larger", "failure")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rendered(run: CompareRun, kind: str, prices: PairPrices, shares: Sequence[float] = SHARES) -> str:
    """The comparison in the form of a file name's ending, as `check_ending` knows them."""
    match kind.lower():
        case ".json":
            return as_json(run)
        case ".csv":
            return as_csv(run)
        case ".md":
            return as_markdown(run, prices, shares)
        case _:
            return as_page(run, ways(run, prices))


def as_json(run: CompareRun) -> str:
    """All that was measured."""
    return json.dumps({"schema": SCHEMA, **asdict(run)}, ensure_ascii=False, indent=1) + "\n"


def run_of_json(text: str, name: str) -> CompareRun:
    """What `as_json` wrote; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is something else.
    """
    return of_json(text, CompareRun, name)


def as_csv(run: CompareRun) -> str:
    """One row for each answer, without the texts (RFC 4180); what a table program would run is made harmless."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_COLUMNS)
    for answer in run.answers:
        read, written = (
            sum(count or 0 for count in counts)
            for counts in ([each.read for each in answer.shares], [each.written for each in answer.shares])
        )
        named = (_harmless(cell) for cell in (answer.id, answer.prompt, answer.way))
        times = ("" if answer.first_word_s is None else f"{answer.first_word_s:.6f}", f"{answer.total_s:.6f}")
        table.writerow((*named, *times, read, written, int(answer.called_larger), _harmless(answer.failure)))
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
