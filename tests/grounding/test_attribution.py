"""Marks are set right by their own passages, and what no passage supports is found in its place."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.grounding.attribution import attribute, reason
from rag.grounding.citations import check, without_marks
from rag.types import Document, Hit, Passage, Problem

FACTS = (
    "The largest file that may be uploaded is 25 MB. Since 2024-05-01 larger files are refused at once.",
    "No text of a question leaves the machine. The office in Paris opens on Monday.",
    "Ana Novak signs each contract. El límite para los contratos es de 30 días. Предел для файлов составляет 25 МБ.",
)
HITS = [Hit(Passage(Document("a.md", "A"), n, text), 1.0) for n, text in enumerate(FACTS)]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("The largest file is 25 MB [2].", "The largest file is 25 MB [1]."),
        ("The largest file is 25 MB. [3]", "The largest file is 25 MB [1]."),
        ("The office in Paris opens on Monday.", "The office in Paris opens on Monday [2]."),
        ("**Ana Novak signs each contract.**", "**Ana Novak signs each contract [3].**"),
        ("- Ana Novak signs each contract", "- Ana Novak signs each contract [3]"),
        ("| who | what |\n|---|---|\n| Ana Novak | signs each contract |", "| Ana Novak | signs each contract [3] |"),
        ("Ana Novak signs each contract [1][3].", "Ana Novak signs each contract [3]."),
        ("El límite para los contratos es de 30 días [1].", "El límite para los contratos es de 30 días [3]."),
        ("Предел составляет 25 МБ для файлов.", "Предел составляет 25 МБ для файлов [3]."),
        ("Larger files are `refused` at once [2].", "Larger files are `refused` at once [1]."),
    ],
)
def test_a_mark_is_set_right_or_set(written: str, right: str):
    found = attribute(written, HITS)
    assert found.text.endswith(right)
    assert (found.corrected, found.unsupported, found.validity) == (1, (), 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "The largest file is 25 MB [1]. The office in Paris opens on Monday [2].",
        "The largest file is 25 MB and the office in Paris opens on Monday [1][2].",
        "Yes.",
        "## The largest file\n\nHere is what the passages say:",
        "The documents do not mention how many people work there.",
        "> The office in Paris opens on Monday.\n> It is so. [1]",
        "```\nprint('The office in Paris opens on Monday')\n```",
        "Which office opens on Monday?",
    ],
)
def test_what_is_right_or_claims_nothing_is_left_alone(text: str):
    found = attribute(text, HITS)
    assert (found.text, found.corrected, found.unsupported) == (text, 0, ())
    assert found.validity in (1.0, None)


@pytest.mark.parametrize(
    ("sentence", "problems"),
    [
        ("Zebras eat green grass every day [1].", ("no_source",)),
        ("The largest file that may be uploaded is 50 MB [1].", ("number",)),
        ("Marko Novak signs each contract.", ("name",)),
        ("The text of a question leaves the machine [2].", ("negation",)),
    ],
)
def test_a_sentence_that_no_passage_supports_is_found_in_its_place(sentence: str, problems: tuple[Problem, ...]):
    found = attribute(f"The largest file is 25 MB [2].\n\n{sentence} Ana Novak signs each contract [3].", HITS)
    (unsupported,) = found.unsupported
    assert found.text[unsupported.start : unsupported.end] == sentence
    assert unsupported.problems == problems
    assert reason(unsupported)
    assert found.validity == pytest.approx(1 / 3)


def test_marks_that_point_nowhere_count_against_the_answer():
    found = attribute("The largest file is 25 MB [1][9].", HITS)
    assert (found.text, found.removed, found.corrected) == ("The largest file is 25 MB [1].", 1, 0)
    assert found.validity == 0.5


def test_the_panel_marks_the_sentence_of_the_passage_that_now_is_cited():
    citation = attribute("The office in Paris opens on Monday [1].", HITS).citations[1]
    assert citation.cited
    assert citation.quote
    assert FACTS[1][slice(*citation.quote)] == "The office in Paris opens on Monday."


def test_of_a_block_quote_its_bold_sentence_is_marked_in_the_passage():
    table = "| Name | Age |\n|---|---|\n| Ana | 31 |\n| Bor | 25 |"
    hits = [Hit(Passage(Document("a.md", "A"), n, text), 1.0) for n, text in enumerate((FACTS[0], table))]
    text = f"> {FACTS[0].replace('Since', '**Since').replace('once.', 'once.**')} [1]\n\n"
    text += "> | Name | Age |\n> |---|---|\n> | **Bor** | **25** |\n>\n> [2]"
    marked = [c.hit.passage.text[slice(*c.quote)] for c in check(text, hits).citations if c.quote]
    assert marked == ["Since 2024-05-01 larger files are refused at once.", "| Bor | 25 |"]


def test_of_a_form_its_line_is_marked():
    hits = [Hit(Passage(Document("a.pdf", "A"), 0, "Store 12\nCashier: Ana Novak\nRegister: 7\nTotal: 3.50"), 1.0)]
    citation = check("The cashier was Ana Novak [1].", hits).citations[0]
    assert citation.quote
    assert hits[0].passage.text[slice(*citation.quote)] == "Cashier: Ana Novak"


PARTS = st.sampled_from(
    (
        *("The largest file is 25 MB", "Ana Novak signs each contract", "Zebras eat green grass every day", "Yes"),
        *(
            "[1]",
            "[2]",
            "[3]",
            "[9]",
            ".",
            "!",
            "。",
            "\n",
            "\n\n- ",
            "> ",
            "| ",
            " |",
            "```",
            "`",
            "**",
            ":",
            "?",
            "## ",
        ),
    )
)
ANSWERS = st.lists(PARTS, max_size=16).map(" ".join) | st.text(max_size=80)


@settings(max_examples=300, deadline=None)
@given(ANSWERS)
@example("` . Ana Novak signs each contract . ```")
@example("[1] Ana Novak signs each contract . Zebras eat green grass every day")
def test_only_marks_change_and_doing_it_twice_changes_nothing_more(answer: str):
    once = attribute(answer, HITS)
    again = attribute(once.text, HITS)
    assert (again.text, again.unsupported, again.removed) == (once.text, once.unsupported, 0)

    def letters(text: str) -> str:
        return "".join(without_marks(text).split())

    assert letters(once.text) == letters(check(answer, HITS).text)
    assert once.validity is None or 0 <= once.validity <= 1
    ends = 0
    for each in once.unsupported:
        assert ends <= each.start < each.end <= len(once.text)
        assert each.problems
        ends = each.end


@pytest.mark.parametrize("run", [".", " ", "[", "[1]", "a. ", "`", "|", "The largest file. ", "Ana ", ". [2] a"])
def test_a_looping_models_long_run_costs_little(run: str):
    began = time.process_time()
    attribute(run * (40_000 // len(run)) + "a", HITS)
    assert time.process_time() - began < 5
