"""Which charts a bench run has, and how each is drawn at a width. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rag.benchmark.aggregates import (
    SeriesSummary,
    StrategySummary,
    concurrent_of,
    prompt_scaling_of,
    spread_of,
    summaries,
)
from rag.benchmark.records import BenchRun, Round
from rag.reports.charts import Bar, ChartPoint, Frame, Line, Strip, bar_chart, line_chart, strip_chart
from rag.reports.markup import Markup
from rag.statistics import Interval

Draw = Callable[[str, float], Markup]
"""Draws a chart: the name of its elements' ids, and how wide."""

_STRIPS = "A dot is a round, the stroke their median, the line its 95 % interval."
_LINES = "Points are medians, upright lines their 95 % intervals."
_BARS = "Bars are medians, thin lines their 95 % intervals; cost is one number."
CAPTIONS = {
    **dict.fromkeys(("first", "visible", "total"), _STRIPS),
    **{
        "prompt-scaling": _LINES,
        "concurrency": f"{_LINES} Throughput was measured once, over all rounds.",
        "strategies": _BARS,
    },
}
"""How to read the charts beside a table, by its key."""

_QUANTITIES: Mapping[str, tuple[str, str, Callable[[Round], float | None]]] = {
    "first": ("First token", "seconds until the first token", lambda each: each.first_token_s),
    "visible": ("First visible word", "seconds until the first visible word", lambda each: each.first_visible_s),
    "total": ("Whole answer", "seconds of the whole answer", lambda each: each.total_s),
}


def drawings(run: BenchRun, strategies: Sequence[StrategySummary] = ()) -> dict[str, tuple[Draw, ...]]:
    """The charts beside each table of the report, by the table's key; only those that there is something for."""
    hues = {model.alias: n for n, model in enumerate(run.models)}
    found = summaries(run)
    made: dict[str, Sequence[Draw]] = {key: _distribution(run, key, hues) for key in _QUANTITIES}
    made |= {
        "strategies": _strategies(strategies),
        "prompt-scaling": _prompt_scaling(found, hues),
        "concurrency": _concurrency(concurrent_of(run), hues),
    }
    return {key: tuple(draws) for key, draws in made.items() if draws}


def _distribution(run: BenchRun, key: str, hues: Mapping[str, int]) -> Sequence[Draw]:
    title, axis, quantity = _QUANTITIES[key]
    plain = [s for s in run.series if s.concurrency == 1 and s.wanted_prompt_tokens is None]
    order = list(dict.fromkeys(s.prompt for s in plain))
    strips = [
        Strip(s.prompt, s.model, hues.get(s.model, 0), values, spread)
        for s in sorted(plain, key=lambda s: order.index(s.prompt))
        if (values := tuple(value for each in s.rounds if (value := quantity(each)) is not None))
        and (spread := spread_of(values))
    ]
    description = (
        f"{title}, by prompt and model: a dot for each round, a stroke at the median, a line for its 95 % interval."
    )
    return [lambda name, width: strip_chart(Frame(name, title, description, width), strips, axis)] if strips else []


def _prompt_scaling(found: Sequence[SeriesSummary], hues: Mapping[str, int]) -> Sequence[Draw]:
    lines = _by_model(prompt_scaling_of(found), hues, _prefill_point)
    description = "A line for each model: seconds until the first token, with intervals, over the tokens of the prompt."
    title, axes = "First token against prompt length", ("tokens of the prompt", "seconds until the first token")
    return [partial(_lines, title, description, lines, *axes, False)] if lines else []


def _prefill_point(s: SeriesSummary) -> ChartPoint | None:
    counted = s.prompt_tokens.median if s.prompt_tokens else s.wanted_prompt_tokens
    return _point(counted, s.first_token_s) if counted and s.first_token_s else None


def _concurrency(own: Sequence[SeriesSummary], hues: Mapping[str, int]) -> Sequence[Draw]:
    at_once = "answers at once"
    together = _by_model(
        own, hues, lambda s: ChartPoint(s.concurrency, s.tokens_per_second) if s.tokens_per_second else None
    )
    each = _by_model(own, hues, lambda s: _point(s.concurrency, s.total_s) if s.total_s else None)
    made = (
        (
            "Throughput against concurrency",
            "tokens a second, all together",
            "Tokens a second of all together",
            together,
        ),
        ("Wait against concurrency", "seconds of the whole answer", "Seconds of one whole answer", each),
    )
    return [
        partial(_lines, title, f"{description}, over the number of answers at once.", lines, at_once, axis, True)
        for title, axis, description, lines in made
        if lines
    ]


def _by_model(
    own: Sequence[SeriesSummary], hues: Mapping[str, int], point: Callable[[SeriesSummary], ChartPoint | None]
) -> list[Line]:
    return [
        Line(model, hues.get(model, 0), points)
        for model in dict.fromkeys(s.model for s in own)
        if (points := tuple(p for s in own if s.model == model and (p := point(s))))
    ]


def _lines(
    title: str, description: str, lines: Sequence[Line], x_axis: str, y_axis: str, marks: bool, name: str, width: float
) -> Markup:
    return line_chart(Frame(name, title, description, width), lines, x_axis, y_axis, marks=marks)


def _strategies(strategies: Sequence[StrategySummary]) -> Sequence[Draw]:
    times = [
        bar
        for each in strategies
        for name, hue, spread in (("first word", 1, each.first_token_s), ("whole answer", 0, each.total_s))
        if (bar := _bar(each.name, name, hue, spread))
    ]
    tokens = [bar for each in strategies if (bar := _bar("Tokens of an answer", each.name, 0, each.tokens))]
    costs = [Bar("Cost of a thousand answers", each.name, 0, each.cost) for each in strategies if each.cost is not None]
    made = (
        ("Seconds by way", "seconds", times),
        ("Tokens by way", "tokens, read and written", tokens),
        ("Cost by way", "cost, in the currency of the prices", costs),
    )
    return [partial(_bars, title, axis, bars) for title, axis, bars in made if bars]


def _bars(title: str, axis: str, bars: Sequence[Bar], name: str, width: float) -> Markup:
    description = "Bars from zero with 95 % intervals, a group for each way to answer."
    return bar_chart(Frame(name, title, description, width), bars, axis)


def _bar(group: str, name: str, hue: int, spread: Interval | None) -> Bar | None:
    return Bar(group, name, hue, spread.median, *_ends(spread)) if spread else None


def _point(x: float, spread: Interval) -> ChartPoint:
    return ChartPoint(x, spread.median, *_ends(spread))


def _ends(spread: Interval) -> tuple[float, float] | tuple[None, None]:
    return (spread.low, spread.high) if spread.n > 1 else (None, None)
