"""A comparison to read: its strategies, the blends, and the answers, as Markdown, HTML, CSV and JSON. Pure."""

import json
from collections.abc import Iterator, Sequence

from rag.benchmark.aggregates import StrategySummary
from rag.benchmark.comparison_summary import (
    LARGE,
    SHARES,
    STRATEGIES,
    Answer,
    CompareRun,
    PairPrices,
    blends,
    called_share,
    speed_up,
    strategy_summaries,
)
from rag.benchmark.html_report import as_html
from rag.benchmark.records import BenchRun
from rag.reports.markup import Markup, tag
from rag.reports.table import Cell, Row, csv_text, markdown_table, printable
from rag.statistics import Interval
from rag.storage import adapter, of_json

_FEW = 10
"""With fewer answers a median is not worth much."""


def as_markdown(run: CompareRun, prices: PairPrices, shares: Sequence[float] = SHARES) -> str:
    """The whole comparison; also readable as it is, in a terminal."""
    return "\n".join(_page(run, prices, shares)) + "\n"


def _page(run: CompareRun, prices: PairPrices, shares: Sequence[float]) -> Iterator[str]:
    yield f"# {run.small} and {run.large or 'no larger model'}"
    yield ""
    yield f"Measured {run.at} on {run.machine.processor or 'an unknown processor'}, {run.machine.cores} cores."
    if run.stopped:
        yield f"This run is not whole: {run.stopped}"
    yield ""
    yield from _strategies(run, prices)
    yield from _blends(run, prices, shares)
    yield from _points(run)
    yield from _answers(run)


def _strategies(run: CompareRun, prices: PairPrices) -> Iterator[str]:
    rows = [
        (
            each.name,
            STRATEGIES[each.name],
            _seconds(each.first_token_s),
            _seconds(each.total_s),
            _times(speed_up(run, each.name)),
            f"{each.tokens.mean:,.0f}" if each.tokens else "–",
            f"{each.cost:.2f}" if each.cost is not None else "–",
            str(each.answers),
        )
        for each in strategy_summaries(run, prices)
    ]
    head = ("way", "what answers", "first word s", "whole s", f"× {LARGE}", "tokens", "cost of 1,000", "answers")
    yield from _table(head, rows, 2)
    yield "Medians; tokens and cost are means. " + (
        f"Fewer than {_FEW} answers of a way: take the numbers as a first look."
        if any(int(row[-1]) < _FEW for row in rows)
        else "A way that stands below 1 × is slower than the larger model alone."
    )
    if (share := called_share(run)) is not None:
        yield f"The larger model was called in {share:.0%} of the answers that may call it."
    yield ""


def _blends(run: CompareRun, prices: PairPrices, shares: Sequence[float]) -> Iterator[str]:
    rows = [
        (
            f"{blend.share:.0%}",
            f"{blend.total_s:.2f}",
            f"{blend.tokens:,.0f}" if blend.tokens is not None else "–",
            f"{blend.cost:.2f}" if blend.cost is not None else "–",
        )
        for blend in blends(run, prices, shares)
    ]
    if rows:
        yield "## If a share of the answers were escalated"
        yield ""
        yield from _table(("escalated", "whole s", "tokens", "cost of 1,000"), rows)
        yield "Means: every question costs its draft, an escalated one the larger model's answer as well."
        yield ""


def _points(run: CompareRun) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for name in STRATEGIES:
        points = [run.rubrics[a.id] for a in run.answers if a.strategy == name and a.id in run.rubrics]
        if points:
            scores = [(each.coherence, each.factuality, each.brevity) for each in points]
            means = (sum(values) / len(points) for values in zip(*scores, strict=True))
            judges = ", ".join(sorted({each.by for each in points}))
            rows.append((name, *(f"{mean:.1f}" for mean in means), str(len(points)), judges))
    if rows:
        yield "## Points from 1 to 5"
        yield ""
        yield from _table(("way", "coherence", "factuality", "brevity", "answers", "given by"), rows)
        yield ""


def _answers(run: CompareRun) -> Iterator[str]:
    """The first round's, prompt by prompt."""
    for name, question in run.prompts.items():
        first = {answer.strategy: answer for answer in reversed(run.answers) if answer.prompt == name}
        yield f"## {printable(name)}"
        yield ""
        yield from _quoted(question)
        for strategy in STRATEGIES:
            if strategy in first:
                yield ""
                yield from _answer(first[strategy])
        yield ""


def _answer(answer: Answer) -> Iterator[str]:
    if answer.failure:
        yield f"### {answer.strategy}: no answer"
        yield ""
        yield answer.failure
        return
    tokens = sum(share.written or 0 for share in answer.shares)
    yield f"### {answer.strategy}: {answer.total_s:.2f} s, {tokens:,} tokens written ({answer.id})"
    yield ""
    yield answer.text.strip()
    if answer.reason:
        yield ""
        yield f"*{answer.reason}*"


def _quoted(text: str) -> Iterator[str]:
    yield from (f"> {line}" for line in text.splitlines())


def _table(head: Row, rows: Sequence[Row], names: int = 1) -> Iterator[str]:
    yield from markdown_table(head, rows, names, padded=True)
    yield ""


def _seconds(spread: Interval | None) -> str:
    return f"{spread.median:.2f}" if spread else "–"


def _times(value: float | None) -> str:
    return f"{value:.2f} ×" if value else "–"


def as_page(run: CompareRun, strategies: Sequence[StrategySummary]) -> str:
    """The page; it needs nothing else, as that of a bench run."""
    frame = BenchRun(run.at, run.machine, run.settings, prompts=run.prompts, stopped=run.stopped)
    title = f"{run.small} and {run.large}" if run.large else run.small
    return as_html(frame, strategies, title=title, answers=_answer_sections(run))


def _answer_sections(run: CompareRun) -> Markup:
    parts = (part for name, question in run.prompts.items() for part in _prompt(run, name, question))
    return tag("section", tag("h2", "Answers, side by side"), tag("p", "Of the first round.", class_="text"), *parts)


def _prompt(run: CompareRun, name: str, question: str) -> Iterator[Markup]:
    first = {answer.strategy: answer for answer in reversed(run.answers) if answer.prompt == name}
    yield tag("h3", name)
    yield tag("pre", question)
    yield tag("div", *(_answer_article(run, first[name]) for name in STRATEGIES if name in first), class_="beside")


def _answer_article(run: CompareRun, answer: Answer) -> Markup:
    written = sum(share.written or 0 for share in answer.shares)
    facts = answer.failure or f"{answer.total_s:.2f} s, {written:,} tokens written"
    points = run.rubrics.get(answer.id)
    scores = f"Coherence {points.coherence}, factuality {points.factuality}, brevity {points.brevity}" if points else ""
    return tag(
        "article",
        tag("h4", STRATEGIES[answer.strategy].capitalize()),
        tag("p", facts, class_="note"),
        *([tag("p", answer.text.strip(), class_="answer")] if answer.text.strip() else []),
        *(tag("p", line, class_="note") for line in (answer.reason, scores) if line),
    )


SCHEMA = 1
_COLUMNS = ("id", "prompt", "way", "first_word_s", "total_s", "read", "written", "called_larger", "failure")


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
            return as_page(run, strategy_summaries(run, prices))


def as_json(run: CompareRun) -> str:
    """All that was measured."""
    values = adapter(CompareRun).dump_python(run, mode="json", by_alias=True)
    return json.dumps({"schema": SCHEMA, **values}, ensure_ascii=False, indent=1) + "\n"


def run_of_json(text: str, name: str) -> CompareRun:
    """What `as_json` wrote; `name` is what an error calls the text.

    Raises:
        BrokenFile: it is something else.
    """
    return of_json(text, CompareRun, name)


def as_csv(run: CompareRun) -> str:
    """One row for each answer, without the texts."""
    return csv_text(_COLUMNS, map(_row, run.answers))


def _row(answer: Answer) -> tuple[Cell, ...]:
    read, written = (
        sum(count or 0 for count in counts)
        for counts in ([each.read for each in answer.shares], [each.written for each in answer.shares])
    )
    first = "" if answer.first_word_s is None else f"{answer.first_word_s:.6f}"
    times = (first, f"{answer.total_s:.6f}")
    named = (answer.id, answer.prompt, answer.strategy)
    return (*named, *times, read, written, int(answer.called_larger), answer.failure)
