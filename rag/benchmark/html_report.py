"""A bench run as one page that needs nothing else: no script, no request, no font from elsewhere. Pure."""

from collections.abc import Sequence

from rag.benchmark.aggregates import StrategySummary
from rag.benchmark.figures import CAPTIONS, Draw, drawings
from rag.benchmark.records import BenchRun
from rag.benchmark.sections import HOW_TO_READ, ReportTable, facts, faults, tables
from rag.reports.markup import Markup, tag
from rag.reports.style import CSS
from rag.reports.table import html_table

WIDE, NARROW = 500.0, 340.0
"""Of a chart, in pixels: each is drawn for a desk and for a phone, so that its letters keep their size on both."""
_LONGEST_PROMPT = 600
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The page itself forbids every script and every request."""
_TITLE = "How fast the models are"


def as_html(
    run: BenchRun, strategies: Sequence[StrategySummary] = (), *, title: str = _TITLE, answers: Markup | None = None
) -> str:
    """The report of a run as a page; `strategies` adds small against large against hybrid.

    `answers` is a section that replaces the prompts.
    """
    charts = drawings(run, strategies)
    body = (
        tag("h1", title),
        tag("dl", *(part for name, value in facts(run) for part in (tag("dt", name), tag("dd", value)))),
        *(tag("p", fault, class_="fault") for fault in faults(run)),
        *(_section(table, charts.get(table.key, ())) for table in tables(run, strategies)),
        tag("section", tag("h2", "How to read this"), *(tag("p", line) for line in HOW_TO_READ)),
        *([answers] if answers else [_prompts(run)] if run.prompts else []),
    )
    return f'<!doctype html>\n<html lang="en">\n{_head(title)}\n{tag("body", tag("main", *body))}\n</html>\n'


def _head(title: str) -> Markup:
    return Markup(
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,">{tag("title", title)}<style>{CSS}</style></head>'
    )


def _section(table: ReportTable, draws: Sequence[Draw]) -> Markup:
    title = f"{table.key}-heading"
    numbers = tag(
        "div",
        tag(
            "div",
            html_table(table.head, table.rows, table.names),
            class_="scroll",
            tabindex="0",
            role="region",
            aria_labelledby=title,
        ),
        *(tag("p", note, class_="note") for note in table.notes),
        class_="numbers",
    )
    heading = tag("h2", table.title, id=title)
    pair = tag("div", *([_figure(table.key, draws)] if draws else []), numbers, class_="pair")
    return tag("section", heading, tag("p", table.text, class_="text"), pair)


def _figure(key: str, draws: Sequence[Draw]) -> Markup:
    charts = (_chart(key, n, draw) for n, draw in enumerate(draws))
    return tag("figure", *charts, tag("figcaption", CAPTIONS[key], class_="note"))


def _chart(key: str, number: int, draw: Draw) -> Markup:
    name = f"{key}-{number}"
    wide, narrow = draw(f"{name}-wide", WIDE), draw(f"{name}-narrow", NARROW)
    return tag("div", tag("div", wide, class_="wide"), tag("div", narrow, class_="narrow"), class_="chart")


def _prompts(run: BenchRun) -> Markup:
    parts = (part for name, text in run.prompts.items() for part in (tag("p", name), tag("pre", _shown(text))))
    return tag("section", tag("h2", "Prompts"), *parts)


def _shown(text: str) -> str:
    if len(text) <= _LONGEST_PROMPT:
        return text
    return f"{text[:_LONGEST_PROMPT]}… ({len(text):,} characters)"
