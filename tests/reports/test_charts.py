"""Scales and drawings: places in proportion, honest zeros, names that fit, SVG that is well formed."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.aggregates import spread_of
from rag.benchmark.figures import drawings
from rag.benchmark.records import BenchRun
from rag.reports.charts import Bar, ChartPoint, Frame, Line, Strip, bar_chart, line_chart, strip_chart
from rag.reports.scales import fitting, from_zero
from tests.bench_run import HOSTILE, MACHINE, full_run, hostile_run, strategies

SVG = "{http://www.w3.org/2000/svg}"
FRAME = Frame("chart", "A chart", "What it shows.", 500)


def strip(name: str = "m", *values: float, group: str = "p") -> Strip:
    spread = spread_of(values)
    assert spread
    return Strip(group, name, 0, values, spread)


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@given(st.lists(st.floats(1e-4, 1e6), min_size=1, max_size=20))
def test_a_scale_keeps_the_order_and_its_ticks_are_within(values: list[float]):
    scale = fitting(values, 40, 400)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(39.9 <= place <= 400.1 for place in places)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 12
    assert ticks == sorted(set(ticks))
    assert all(39.9 <= scale.at(tick) <= 400.1 for tick in ticks)


def test_a_scale_begins_at_zero_unless_values_lie_far_apart():
    near, far = fitting([1, 20], 0, 100), fitting([0.1, 20], 0, 100)
    assert (near.log, near.at(0), near.at(10)) == (False, 0, 50)
    assert far.log
    assert far.ticks() == [0.1, 1, 10]
    assert not fitting([0, 20], 0, 100).log


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0]])
def test_a_scale_of_nothing_still_has_a_length(values: list[float]):
    assert from_zero(values, 0, 10).at(1) == 10
    assert fitting(values, 0, 10).ticks()


def test_bars_are_as_long_as_their_values():
    svg = bar_chart(FRAME, [Bar("a", "x", 0, 10), Bar("a", "y", 1, 5)], "seconds")
    (first, second) = re.findall(r'class="bar" d="M([\d.]+) [\d.]+H([\d.]+)', svg)
    assert float(first[1]) - float(first[0]) == pytest.approx(2 * (float(second[1]) - float(second[0])), rel=0.01)
    assert "0" in texts(svg)
    assert "log" not in svg


def test_a_strip_has_a_dot_for_each_round_and_says_its_median():
    svg = strip_chart(FRAME, [strip("small", 1.0, 2.0, 4.0), strip("large", 100.0)], "seconds")
    assert svg.count('class="dot"') == 4
    assert {"small", "large", "p", "2.00", "100", "seconds (log scale)"} <= set(texts(svg))
    assert "small: median 2.00, 95 % interval 1.00 to 4.00, 3 rounds" in svg


def test_labels_at_the_ends_of_lines_do_not_touch():
    lines = [Line(f"m{n}", n, (ChartPoint(1, 10.0), ChartPoint(2, 10.0 + n / 100, 9.0, 11.0))) for n in range(6)]
    root = ElementTree.fromstring(line_chart(FRAME, lines, "x", "y"))
    heights = sorted(float(t.attrib["y"]) for t in root.iter(f"{SVG}text") if t.attrib["class"] == "name")
    assert len(heights) == 6
    assert all(b - a >= 13.9 for a, b in pairwise(heights))
    assert heights[0] >= 0
    assert heights[-1] <= 258


def test_values_that_were_measured_once_have_no_interval():
    svg = line_chart(
        FRAME, [Line("m", 0, (ChartPoint(1, 2.0), ChartPoint(2, 4.0, 3.0, 5.0)))], "askers", "tokens", marks=True
    )
    assert svg.count('class="interval"') == 1
    assert {"1", "2", "askers", "tokens"} <= set(texts(svg))


def test_long_names_are_cut_and_still_told():
    name = "a-very-long-name-of-a-model-that-no-gutter-holds-and-then-some"
    root = ElementTree.fromstring(strip_chart(FRAME, [strip(name, 1.0)], "s"))
    (label,) = [text for text in root.iter(f"{SVG}text") if text.attrib["class"] == "name"]
    assert (label.text or "").endswith("…")
    assert label.findtext(f"{SVG}title") == name


@pytest.mark.parametrize("width", [500.0, 340.0])
def test_every_drawing_of_a_run_is_well_formed_named_and_within_its_width(width: float):
    found = drawings(full_run(rounds=3), strategies())
    assert set(found) == {"first", "visible", "total", "strategies", "prompt-scaling", "concurrency"}
    assert [len(found[key]) for key in ("strategies", "prompt-scaling", "concurrency")] == [3, 1, 2]
    for key, draws in found.items():
        for draw in draws:
            root = ElementTree.fromstring(draw(key, width))
            assert root.attrib["role"] == "img"
            told = {element.attrib["id"]: element.text for element in root if "id" in element.attrib}
            assert told[root.attrib["aria-labelledby"]]
            assert told[root.attrib["aria-describedby"]]
            for shape in root.iter(f"{SVG}circle"):
                assert 0 <= float(shape.attrib["cx"]) <= width


def test_a_run_without_rounds_has_no_drawings():
    assert drawings(BenchRun("", MACHINE, {})) == {}


def test_names_of_others_stay_text():
    for draws in drawings(hostile_run()).values():
        for draw in draws:
            root = ElementTree.fromstring(draw("x", 500))
            assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
                *("svg", "title", "desc", "g", "path", "text", "circle"),
            }
            assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
            assert any(HOSTILE in (title.text or "") for title in root.iter(f"{SVG}title"))
