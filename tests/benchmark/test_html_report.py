"""The page: self-contained, the same numbers beside every chart, and nothing of others that could run."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.html_report import as_html
from rag.benchmark.records import BenchRun
from rag.benchmark.sections import tables
from rag.reports.markup import Markup, joined, tag
from tests.bench_run import HOSTILE, MACHINE, PROMPTS, full_run, hostile_run, strategies

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Read(HTMLParser):
    """The elements, their attributes and their texts, as a browser would take them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=TURNS)))
def test_any_text_comes_back_as_text_and_in_attributes(text: str):
    read = Read(tag("p", text, class_=text))
    assert read.elements == ["p"]
    assert read.attributes == [("class", text)]
    assert read.text == text


@pytest.mark.parametrize("bad", ["\0", "\x1b", "\r", "\ud800", "\u202e", "\u2066"])
def test_what_no_page_may_hold_is_replaced(bad: str):
    assert tag("p", f"a{bad}b\n") == "<p>a\N{REPLACEMENT CHARACTER}b\n</p>"


def test_only_markup_passes_as_it_is():
    assert joined("<b>", Markup("<i></i>")) == "&lt;b&gt;<i></i>"
    assert tag("path", stroke_width=1.5, d=None, x=3.0) == '<path stroke-width="1.5" x="3"></path>'


def test_words_of_others_are_harmless():
    page = as_html(hostile_run())
    read = Read(page)
    assert not {"script", "iframe", "img", "object", "embed", "a", "form"} & set(read.elements)
    assert read.elements.count("style") == 1
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert HOSTILE in read.text
    assert "\x1b" not in page


def test_the_page_needs_nothing_from_elsewhere_and_forbids_it():
    page = as_html(full_run(rounds=3), strategies())
    addresses = set(re.findall(r"https?://[^\"'\s]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of SVG, which nobody asks for
    assert not re.search(r"url\(|@import|<script|src=", page)
    assert "default-src 'none'" in page


def test_beside_every_chart_stands_a_table_with_the_same_numbers():
    run = full_run(rounds=3)
    page = as_html(run, strategies())
    sections = re.findall(r"<section>.*?</section>", page, re.DOTALL)
    drawn = [section for section in sections if "<svg" in section]
    assert len(drawn) == 6
    for section in drawn:
        figure, table = section.split("</figure>")
        values = set(re.findall(r'class="value"[^>]*>([^<]+)<', figure))
        assert values <= set(re.findall(r"<td>([^<]+)</td>", table))
    cells = [cell for table in tables(run, strategies()) for row in table.rows for cell in row]
    assert len(re.findall(r"<td>|<th scope=\"row\"", page)) == len(cells)


def test_ids_are_unique_and_labels_point_at_them():
    page = as_html(full_run(rounds=3), strategies())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for labels in re.findall(r'aria-(?:labelled|described)by="([^"]+)"', page):
        assert labels in ids


def test_charts_are_there_for_a_desk_and_for_a_phone():
    page = as_html(full_run(rounds=3))
    assert page.count('class="wide"') == page.count('class="narrow"') == page.count("<svg") / 2 > 0


def test_prompts_are_shown_and_long_ones_cut():
    page = as_html(full_run(rounds=1))
    assert PROMPTS["one line"] in page
    assert f"… ({len(PROMPTS['summary']):,} characters)" in page
    assert PROMPTS["summary"] not in page


def test_strategies_alone_make_a_page_too():
    page = as_html(BenchRun("2026-11-20", MACHINE, {}), strategies())
    assert "draft, then refine" in page
    assert "<svg" in page
    assert "<svg" not in as_html(BenchRun("2026-11-20", MACHINE, {}))
