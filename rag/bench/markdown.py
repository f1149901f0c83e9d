"""A bench run as Markdown. Pure; names and sentences of others are escaped."""

from collections.abc import Iterator, Sequence

from rag.bench.records import BenchRun
from rag.bench.sections import HOW_TO_READ, ReportTable, Row, facts, faults, tables
from rag.bench.summary import Way

_MARKUP = frozenset("\\|`*_<>[]~&#$")


def as_markdown(run: BenchRun, ways: Sequence[Way] = ()) -> str:
    """The report of a run as a page of Markdown; `ways` adds small against large against hybrid."""
    return "\n".join(_page(run, ways))


def _page(run: BenchRun, ways: Sequence[Way]) -> Iterator[str]:
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
