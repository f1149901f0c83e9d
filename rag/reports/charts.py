"""Three kinds of chart as SVG: strips of rounds, lines with intervals, bars with intervals. Pure.

Colours come from the page's classes `hue0`, `hue1`, …; each mark shows its numbers when it is pointed at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.reports.markup import Markup, joined, tag
from rag.reports.numbers import figures, interval
from rag.reports.scales import Scale, fitting, from_zero
from rag.statistics import Interval

HUES = 6
_CHARACTER = 6.3
"""Mean width of a character of a label, in pixels."""
_ROW, _HEAD, _AXIS = 20, 24, 38
_APART = 14
"""Between two labels at the ends of lines, at least."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The texts about a chart, and its width."""

    name: str
    """Of its elements' ids: unique on the page, letters and dashes."""
    title: str
    description: str
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    """All rounds of a series on one line."""

    group: str
    name: str
    hue: int
    values: tuple[float, ...]
    spread: Interval


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A measured point of a line; without an interval when it was measured once."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right, with the name at their end."""

    name: str
    hue: int
    points: tuple[ChartPoint, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a group; without an interval when there is none."""

    group: str
    name: str
    hue: int
    value: float
    low: float | None = None
    high: float | None = None


def strip_chart(frame: Frame, strips: Sequence[Strip], axis: str) -> Markup:
    """A dot for each round, a line for the interval of the median, a stroke for the median, which is named."""
    left, right = _gutter(frame, [strip.name for strip in strips]), frame.width - 48
    x = fitting([value for strip in strips for value in strip.values], left, right)
    parts: list[Markup] = []
    y = 0.0
    for group, rows in groupby(strips, lambda strip: strip.group):
        y += _HEAD
        parts.append(_text(group, 0, y - 6, "group", frame.width * 0.85))
        for strip in rows:
            parts.append(_strip(strip, x, y + _ROW / 2, left, right))
            y += _ROW
    return _svg(frame, y + _AXIS, _across(x, y + 2, _HEAD - 4, axis), *parts)


def line_chart(frame: Frame, lines: Sequence[Line], x_axis: str, y_axis: str, *, marks: bool = False) -> Markup:
    """Lines with the intervals of their points; with `marks` the values of x are its ticks."""
    height, top = 250.0, 26.0
    points = [point for line in lines for point in line.points]
    gutter = _gutter(frame, [line.name for line in lines])
    xs = [point.x for point in points]
    x = from_zero(xs, 44, frame.width - gutter - 6) if marks else fitting(xs, 44, frame.width - gutter - 6)
    y = fitting([value for p in points for value in (p.y, p.low, p.high) if value is not None], height, top)
    ends = _spread_out([y.at(line.points[-1].y) for line in lines], top, height)
    ticks = sorted(set(xs)) if marks else None
    return _svg(
        frame,
        height + _AXIS,
        _upwards(y, 44, frame.width - gutter - 6, y_axis),
        _across(x, height, None, x_axis, ticks),
        *(_line(line, x, y, end, gutter) for line, end in zip(lines, ends, strict=True)),
    )


def bar_chart(frame: Frame, bars: Sequence[Bar], axis: str) -> Markup:
    """Bars from zero in groups, with their intervals and their values."""
    left, right = _gutter(frame, [bar.name for bar in bars]), frame.width - 48
    x = from_zero([max(bar.value, bar.high or 0) for bar in bars], left, right)
    parts: list[Markup] = []
    y = 0.0
    for group, own in groupby(bars, lambda bar: bar.group):
        y += _HEAD
        parts.append(_text(group, 0, y - 6, "group", frame.width * 0.85))
        for bar in own:
            parts.append(_bar(bar, x, y, left, right))
            y += _ROW
    return _svg(frame, y + _AXIS, _across(x, y + 2, _HEAD - 4, axis), *parts)


def _svg(frame: Frame, height: float, *parts: Markup) -> Markup:
    title, description = f"{frame.name}-title", f"{frame.name}-description"
    return tag(
        "svg",
        tag("title", frame.title, id=title),
        tag("desc", frame.description, id=description),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {frame.width:g} {height:g}",
        width=frame.width,
        height=height,
        role="img",
        aria_labelledby=title,
        aria_describedby=description,
    )


def _strip(strip: Strip, x: Scale, y: float, left: float, right: float) -> Markup:
    spread = strip.spread
    numbers = f"median {figures(spread.median)}, 95 % interval {interval(spread)}, {spread.n} rounds"
    middle = x.at(spread.median)
    return tag(
        "g",
        tag("title", f"{strip.group}, {strip.name}: {numbers}"),
        _text(strip.name, left - 8, y + 4, "name", left - 8, anchor="end"),
        *(tag("circle", tag("title", figures(v)), class_="dot", cx=x.at(v), cy=y, r=2.6) for v in strip.values),
        tag("path", class_="interval", d=f"M{x.at(spread.low):.2f} {y:g}H{x.at(spread.high):.2f}"),
        tag("path", class_="median", d=f"M{middle:.2f} {y - 6:g}V{y + 6:g}"),
        _text(figures(spread.median), right + 46, y + 4, "value", 46, anchor="end"),
        class_=_hue(strip.hue),
    )


def _line(line: Line, x: Scale, y: Scale, end: float, gutter: float) -> Markup:
    path = "L".join(f"{x.at(point.x):.2f} {y.at(point.y):.2f}" for point in line.points)
    return tag(
        "g",
        tag("path", class_="line", d=f"M{path}"),
        *(mark for point in line.points for mark in _point(line, point, x.at(point.x), y)),
        _text(line.name, x.end + 10, end + 4, "name", gutter - 4),
        class_=_hue(line.hue),
    )


def _point(line: Line, point: ChartPoint, x: float, y: Scale) -> Iterator[Markup]:
    label = f"{line.name}, {figures(point.x)}: {figures(point.y)}"
    if point.low is not None and point.high is not None:
        label += f", 95 % interval {figures(point.low)} to {figures(point.high)}"
        yield tag("path", class_="interval", d=f"M{x:.2f} {y.at(point.low):.2f}V{y.at(point.high):.2f}")
    yield tag("circle", tag("title", label), class_="point", cx=x, cy=y.at(point.y), r=3)


def _bar(bar: Bar, x: Scale, y: float, left: float, right: float) -> Markup:
    middle, end = y + _ROW / 2, x.at(bar.value)
    label = f"{bar.group}, {bar.name}: {figures(bar.value)}"
    parts = [
        _text(bar.name, left - 8, middle + 4, "name", left - 8, anchor="end"),
        tag("path", class_="bar", d=f"M{left:g} {y + 3:g}H{end:.2f}V{y + _ROW - 3:g}H{left:g}Z"),
    ]
    if bar.low is not None and bar.high is not None:
        label += f", 95 % interval {figures(bar.low)} to {figures(bar.high)}"
        parts.append(tag("path", class_="whisker", d=f"M{x.at(bar.low):.2f} {middle:g}H{x.at(bar.high):.2f}"))
    value = _text(figures(bar.value), right + 46, middle + 4, "value", 46, anchor="end")
    return tag("g", tag("title", label), *parts, value, class_=_hue(bar.hue))


def _across(x: Scale, y: float, top: float | None, title: str, ticks: Sequence[float] | None = None) -> Markup:
    """The axis below; with a `top` its ticks are faint lines up to there."""
    parts: list[Markup] = []
    for value in ticks or x.ticks():
        position = x.at(value)
        start = f"M{position:.2f} {y:g}"
        parts.append(tag("path", class_="rule", d=f"{start}V{top:g}" if top is not None else f"{start}v4"))
        parts.append(_text(_tick(value), position, y + 16, "tick", anchor="middle"))
    named = f"{title} (log scale)" if x.log else title
    parts.append(_text(named, x.end, y + 31, "axis", anchor="end"))
    return joined(*parts)


def _upwards(y: Scale, left: float, right: float, title: str) -> Markup:
    parts = [_text(f"{title} (log scale)" if y.log else title, 0, 11, "axis")]
    for value in y.ticks():
        position = y.at(value)
        parts.append(tag("path", class_="rule", d=f"M{left:g} {position:.2f}H{right:g}"))
        parts.append(_text(_tick(value), left - 7, position + 4, "tick", anchor="end"))
    return joined(*parts)


def _tick(value: float) -> str:
    return f"{value:,.10g}"


def _text(text: str, x: float, y: float, class_: str, room: float | None = None, anchor: str | None = None) -> Markup:
    shown = _cut(text, room) if room is not None else text
    full = (tag("title", text),) if shown != text else ()
    return tag("text", shown, *full, class_=class_, x=x, y=y, text_anchor=anchor)


def _cut(text: str, room: float) -> str:
    most = max(3, int(room / _CHARACTER))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _gutter(frame: Frame, names: Sequence[str]) -> float:
    """Room for the longest name, at most about a third of the width."""
    return min(frame.width * 0.36, max(map(len, names), default=0) * _CHARACTER + 14)


def _spread_out(positions: Sequence[float], top: float, bottom: float) -> list[float]:
    """The positions moved apart as little as needed for labels, in their order, below `top` and, if they fit, above
    `bottom`."""
    order = sorted(range(len(positions)), key=lambda n: positions[n])
    found = list(positions)
    last = top - _APART
    for n in order:
        last = found[n] = max(found[n], last + _APART)
    below = bottom + _APART
    for n in reversed(order):
        below = found[n] = min(found[n], max(below - _APART, top))
    return found


def _hue(number: int) -> str:
    return f"hue{number % HUES}"
