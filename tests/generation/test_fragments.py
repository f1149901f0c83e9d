"""Pieces that can be read alone: nothing is lost, nothing is cut that belongs together."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.fragments import SHORT_LIST, fragments_of


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    fragments: list[str]
    leads: dict[int, int] | None = None
    """The pieces that need another one."""


LONG_LIST = [f"- Item number {n} is about something else than the others, and it is long enough." for n in range(9)]
CODE = "```sh\npip install -e .\n\n# not a title\n- not an item\n| not | a row |\n```"

CASES = [
    Case("nothing", " \n\n ", []),
    Case("sentences", "One is here. Two is there.", ["One is here.", "Two is there."]),
    Case("wrapped lines", "One is\nhere. Two is\nthere.", ["One is\nhere.", "Two is\nthere."]),
    Case("no spaces", "文件有上限。遥测默认关闭。", ["文件有上限。", "遥测默认关闭。"]),
    Case("a sentence that refers to the one before", "Ann came. She sat.", ["Ann came.", "She sat."], {1: 0}),
    Case("one in Russian", "Пришла Анна. Она села.", ["Пришла Анна.", "Она села."], {1: 0}),
    Case("one in Chinese", "安娜来了。她坐下。", ["安娜来了。", "她坐下。"], {1: 0}),
    Case("one that begins the text", "She sat. The end.", ["She sat.", "The end."]),
    Case("a title", "**Limits**\n\nFiles are small. All are.", ["**Limits**\n\nFiles are small.", "All are."]),
    Case("a short list", "- one\n- two\n  more\n- three", ["- one\n- two\n  more\n- three"]),
    Case("a list with gaps", "1. one\n\n2. two\n\nDone.", ["1. one\n\n2. two", "Done."]),
    Case("a list with its line", "It reads:\n\n- text\n- slides", ["It reads:\n\n- text\n- slides"]),
    Case("a list after a sentence", "It reads.\n\n- text", ["It reads.", "- text"]),
    Case("a long list", "\n".join(LONG_LIST), LONG_LIST),
    Case(
        "a long list with its line",
        "There are:\n" + "\n".join(LONG_LIST),
        ["There are:", *LONG_LIST],
        dict.fromkeys(range(1, 10), 0),
    ),
    Case(
        "a table",
        "Prices.\n\n| A | B |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n\nEnd.",
        ["Prices.", "| A | B |\n|---|:-:|", "| 1 | 2 |", "| 3 | 4 |", "End."],
        {2: 1, 3: 1},
    ),
    Case("rows without their header", "| 1 | 2 |\n| 3 | 4 |", ["| 1 | 2 |", "| 3 | 4 |"]),
    Case("code", f"Before it.\n\n{CODE}\n\nAfter it.", ["Before it.", CODE, "After it."]),
    Case("code with its line", f"Start it with:\n\n{CODE}", [f"Start it with:\n\n{CODE}"]),
    Case("code that is not closed", "Before it.\n\n~~~\na = 1\n\nb = 2.", ["Before it.", "~~~\na = 1\n\nb = 2."]),
    Case("a mark of code in a line", "```a``` is code. So is b.", ["```a``` is code.", "So is b."]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_belongs_together_stays_together(case: Case):
    fragments = fragments_of(case.text)
    assert [case.text[fragment.start : fragment.end] for fragment in fragments] == case.fragments
    assert {n: fragment.lead for n, fragment in enumerate(fragments) if fragment.lead is not None} == (case.leads or {})


def test_a_long_item_of_a_long_list_is_cut_at_its_sentences():
    item = "- " + "The first of them is this. " * 30
    assert len(item) > SHORT_LIST
    assert len(fragments_of(f"{item}\n- The last.")) == 31


LINES = st.sampled_from(
    [
        *("One is here. Two is there.", "Title", "It reads:", "She sat.", "- item", "1. item", "  more", "```", "~~~"),
        *("| a | b |", "|---|---|", "", "", "文件。遥测", "> quoted", "word " * 60, "- " + "item " * 150, "```x```"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=14).map("\n".join) | st.text(max_size=200))
def test_every_letter_is_in_one_piece_and_every_lead_comes_before(text: str):
    fragments = fragments_of(text)
    ends = [0, *(fragment.end for fragment in fragments)]
    starts = [*(fragment.start for fragment in fragments), len(text)]
    assert all(not text[end:start].strip() for end, start in zip(ends, starts, strict=True))
    assert all(end <= start for end, start in zip(ends, starts, strict=True))
    for n, fragment in enumerate(fragments):
        said = text[fragment.start : fragment.end]
        assert said == said.strip() != ""
        assert fragment.lead is None or 0 <= fragment.lead < n


@pytest.mark.parametrize(
    "unit", ["x", "字", " ", "\n", "- a\n", "```\n", "~~~\n```\n", "|a|b|\n", "a:\n\n", "It is. ", "*", "|-", ". "]
)
def test_no_text_makes_it_slow(unit: str):
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    fragments_of(text)
    assert time.process_time() - began < 5
