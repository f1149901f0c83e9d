"""A comparison to read: a table of the ways, the blends, and the answers below one another. Markdown and terminal."""

from collections.abc import Iterator, Sequence

from rag.bench.summary import Interval
from rag.compare.records import LARGE, WAYS, Answer, CompareRun
from rag.compare.summary import SHARES, PairPrices, blends, called_share, speed_up, ways

_FEW = 10
"""Of fewer answers a median says little."""


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
    yield from _ways(run, prices)
    yield from _blends(run, prices, shares)
    yield from _points(run)
    yield from _answers(run)


def _ways(run: CompareRun, prices: PairPrices) -> Iterator[str]:
    rows = [
        (
            way.name,
            WAYS[way.name],
            _seconds(way.first_token_s),
            _seconds(way.total_s),
            _times(speed_up(run, way.name)),
            f"{way.tokens.mean:,.0f}" if way.tokens else "–",
            f"{way.cost:.2f}" if way.cost is not None else "–",
            str(way.answers),
        )
        for way in ways(run, prices)
    ]
    heads = ("way", "what answers", "first word s", "whole s", f"× {LARGE}", "tokens", "cost of 1,000", "answers")
    yield from _table(heads, rows)
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
        yield "## If so many answers were escalated"
        yield ""
        yield from _table(("escalated", "whole s", "tokens", "cost of 1,000"), rows)
        yield "Means: every question costs its draft, an escalated one the larger model's answer as well."
        yield ""


def _points(run: CompareRun) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for way in WAYS:
        points = [run.rubrics[a.id] for a in run.answers if a.way == way and a.id in run.rubrics]
        if points:
            given = [(each.coherence, each.factuality, each.brevity) for each in points]
            means = (sum(values) / len(points) for values in zip(*given, strict=True))
            judges = ", ".join(sorted({each.by for each in points}))
            rows.append((way, *(f"{mean:.1f}" for mean in means), str(len(points)), judges))
    if rows:
        yield "## Points from 1 to 5"
        yield ""
        yield from _table(("way", "coherence", "factuality", "brevity", "answers", "given by"), rows)
        yield ""


def _answers(run: CompareRun) -> Iterator[str]:
    """The first round's, prompt by prompt."""
    for name, question in run.prompts.items():
        first = {answer.way: answer for answer in reversed(run.answers) if answer.prompt == name}
        yield f"## {_line(name)}"
        yield ""
        yield from _quoted(question)
        for way in WAYS:
            if way in first:
                yield ""
                yield from _answer(first[way])
        yield ""


def _answer(answer: Answer) -> Iterator[str]:
    if answer.failure:
        yield f"### {answer.way}: no answer"
        yield ""
        yield answer.failure
        return
    tokens = sum(share.written or 0 for share in answer.shares)
    yield f"### {answer.way}: {answer.total_s:.2f} s, {tokens:,} tokens written ({answer.id})"
    yield ""
    yield answer.text.strip()
    if answer.reason:
        yield ""
        yield f"*{answer.reason}*"


def _quoted(text: str) -> Iterator[str]:
    yield from (f"> {line}" for line in text.splitlines())


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    cells = [[_line(cell).replace("|", "\\\\|") for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    yield lines[0]
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    yield from lines[1:]
    yield ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _seconds(spread: Interval | None) -> str:
    return f"{spread.median:.2f}" if spread else "–"


def _times(value: float | None) -> str:
    return f"{value:.2f} ×" if value else "–"
