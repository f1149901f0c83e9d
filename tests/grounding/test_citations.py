"""Marks that point somewhere, and the sentence that they point at."""

import re
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.grounding.citations import check, claims_by_number, without_marks
from rag.text.sentences import line_spans
from rag.types import Hit
from tests.fakes import index_of

UPLOADS = "Files are read in a worker. The largest file that may be uploaded is 25 MB. Larger ones are refused."
PRIVACY = "Nothing leaves this machine. Telemetry is off."
MEMORY = "The larger model needs 16 GB of memory.\nThe small one needs 4 GB."


def hits_of(*texts: str) -> list[Hit]:
    return [Hit(passage, 1.0) for passage in index_of(*texts).passages("library:guide.md", limit=99)]


HITS = hits_of(UPLOADS, PRIVACY, MEMORY)


@dataclass(frozen=True)
class Case:
    written: str
    read: str
    cited: tuple[int, ...] = ()
    removed: int = 0


CASES = [
    Case("It is 25 MB [1].", "It is 25 MB [1].", (1,)),
    Case("It is 25 MB[2].", "It is 25 MB[2].", (2,)),
    Case("It is 25 MB. [1]", "It is 25 MB. [1]", (1,)),
    Case("Both [1][2].", "Both [1][2].", (1, 2)),
    Case("Both [1] [2].", "Both [1] [2].", (1, 2)),
    Case("Both [1, 2].", "Both [1][2].", (1, 2)),
    Case("Both [1,2].", "Both [1][2].", (1, 2)),
    Case("Both [1; 3].", "Both [1][3].", (1, 3)),
    Case("All [1-3].", "All [1][2][3].", (1, 2, 3)),
    Case("All [1–3].", "All [1][2][3].", (1, 2, 3)),
    Case("All [1, 2-3].", "All [1][2][3].", (1, 2, 3)),
    Case("Both [1 and 2].", "Both [1][2].", (1, 2)),
    Case("Los dos [1 y 2].", "Los dos [1][2].", (1, 2)),
    Case("Os dois [1 e 2].", "Os dois [1][2].", (1, 2)),
    Case("Оба [1 и 2].", "Оба [1][2].", (1, 2)),
    Case("Oba [1 in 2].", "Oba [1][2].", (1, 2)),
    Case("A footnote [^1].", "A footnote [1].", (1,)),
    Case("Lenticular 【1】.", "Lenticular [1].", (1,)),
    Case("Lenticular【2†source】.", "Lenticular[2].", (2,)),
    Case("Lenticular 【1†L3-L5】.", "Lenticular [1].", (1,)),
    Case("文件最大为25 MB。[1]", "文件最大为25 MB。[1]", (1,)),
    Case("Nowhere [9].", "Nowhere.", (), 1),
    Case("Nowhere [0].", "Nowhere.", (), 1),
    Case("Nowhere [4], but here [1].", "Nowhere, but here [1].", (1,), 1),
    Case("Half [1, 9].", "Half [1].", (1,), 1),
    Case("Beyond [2-5].", "Beyond [2][3].", (2, 3), 2),
    Case("A range of ten [1-10].", "A range of ten [1][2][3].", (1, 2, 3), 7),
    Case("A wider range is its ends [1-11].", "A wider range is its ends [1].", (1,), 1),
    Case("Turned round [3-1].", "Turned round [3][1].", (1, 3)),
    Case("[2] opens.", "[2] opens.", (2,)),
    Case("[9] opens.", "opens.", (), 1),
    Case("One inside another [1[9]3].", "One inside another.", (), 2),
    Case("See [1](https://example.org).", "See [1](https://example.org)."),
    Case("The year [1969] and [see below].", "The year [1969] and [see below]."),
    Case("An array `a[9]` and `b[1]`.", "An array `a[9]` and `b[1]`."),
    Case("Text [9].\n```python\nx = a[9] + b[1]\n```\n", "Text.\n```python\nx = a[9] + b[1]\n```", (), 1),
    Case("An open fence [1]\n```\na[9]", "An open fence [1]\n```\na[9]", (1,)),
    Case("- item [1]\n- item [9]\n", "- item [1]\n- item", (1,), 1),
    Case("", ""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.written or "nothing")
def test_marks_of_every_form_leave_as_plain_numbers_that_point_somewhere(case: Case):
    checked = check(case.written, HITS)
    assert checked.text == case.read
    assert checked.cited == case.cited
    assert checked.removed == case.removed


def test_every_passage_has_its_number_cited_or_not():
    checked = check("It is 25 MB [1].", HITS)
    assert [(c.number, c.hit, c.cited) for c in checked.citations] == [
        (1, HITS[0], True),
        (2, HITS[1], False),
        (3, HITS[2], False),
    ]
    assert [c.quote is None for c in checked.citations] == [False, True, True]


def quote_of(answer: str, number: int) -> str:
    citation = check(answer, HITS).citations[number - 1]
    assert citation.quote
    return citation.hit.passage.text[slice(*citation.quote)]


@pytest.mark.parametrize(
    ("answer", "number", "quote"),
    [
        ("A file may have 25 MB at most [1].", 1, "The largest file that may be uploaded is 25 MB."),
        ("Bigger ones are refused [1].", 1, "Larger ones are refused."),
        ("Telemetry is off. [2] A worker reads. [1]", 2, "Telemetry is off."),
        ("Nothing leaves [2]. The small one needs 4 GB [3].", 3, "The small one needs 4 GB."),
        ("16 GB of memory are needed by the larger model [1, 3].", 3, "The larger model needs 16 GB of memory."),
    ],
)
def test_the_quote_is_the_sentence_that_supports_the_claim(answer: str, number: int, quote: str):
    assert quote_of(answer, number) == quote


def test_a_mark_after_a_chinese_full_stop_belongs_to_the_sentence_before():
    hits = hits_of("更大的文件会被拒绝。最大的文件为25 MB。")
    checked = check("最大的文件为25 MB。[1]更大的会被拒绝。", hits)
    quote = checked.citations[0].quote
    assert quote
    assert hits[0].passage.text[slice(*quote)] == "最大的文件为25 MB。"


def test_a_claim_that_shares_nothing_with_its_passage_is_cited_without_a_quote():
    citation = check("Zebras qqq [2].", HITS).citations[1]
    assert citation.cited
    assert citation.quote is None


def test_claims_are_the_sentences_of_each_number_without_their_marks():
    text = "Files stay here [1][2]. They are small [2]. Nobody says so. `a[3]` is code."
    assert claims_by_number(text) == {1: ["Files stay here."], 2: ["Files stay here.", "They are small."]}


def test_without_marks_a_text_reads_aloud():
    assert without_marks("It is 25 MB [1][2]. They are 【3†x】 small [1, 2].") == "It is 25 MB. They are small."


def test_without_passages_no_mark_stays():
    checked = check("It is 25 MB [1].", [])
    assert (checked.text, checked.citations, checked.cited, checked.removed) == ("It is 25 MB.", (), (), 1)


# Properties, over texts of the pieces that matter.

PIECES = (
    "[1]",
    "[2]",
    "[9]",
    "[1, 2]",
    "[2-7]",
    "【1†x】",
    "【9】",
    "[^3]",
    "[",
    "]",
    "【",
    "】",
    "1",
    "9",
    "`",
    "```",
    " ",
)
MARKED = st.lists(st.sampled_from((*PIECES, "word", ". ", "\n", "(", "and", ",", "-", "文。")), max_size=25).map(
    "".join
)
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
ANY_MARK = re.compile(r"\[\^?(\d{1,3})\](?!\()|【(\d{1,3})(?:†[^】]{0,80})?】")


@settings(max_examples=500, deadline=None)
@given(MARKED | st.text())
def test_after_the_check_every_mark_points_at_a_passage(answer: str):
    checked = check(answer, HITS)
    for match in ANY_MARK.finditer(CODE.sub("", checked.text)):
        assert match.group() == f"[{int(match[1])}]" or not match[1].isascii()
        assert 1 <= int(match[1] or match[2]) <= len(HITS)


@settings(max_examples=300, deadline=None)
@given(MARKED | st.text())
def test_checking_twice_changes_nothing_more(answer: str):
    once = check(answer, HITS)
    twice = check(once.text, HITS)
    assert (twice.text, twice.citations, twice.removed) == (once.text, once.citations, 0)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="[]【】")) | st.text(alphabet="ab .,\n`([1", max_size=60))
def test_text_without_marks_is_left_as_it_is(answer: str):
    checked = check(answer, HITS)
    assert checked.text == answer.strip()
    assert checked.removed == 0
    assert checked.cited == ()


@settings(max_examples=300, deadline=None)
@given(MARKED)
def test_only_marks_and_the_spaces_before_them_are_taken_away(answer: str):
    def letters(text: str) -> str:
        return re.sub(r"[\s\d\[\]【】†x^,-]|and", "", text)

    assert letters(check(answer, HITS).text) == letters(answer)


@settings(max_examples=300, deadline=None)
@given(MARKED | st.text(), st.lists(st.text(), max_size=3))
def test_any_text_is_checked_and_each_quote_is_a_sentence_of_its_passage(answer: str, texts: list[str]):
    hits = hits_of(*texts)
    checked = check(answer, hits)
    assert [c.number for c in checked.citations] == list(range(1, len(hits) + 1))
    for citation in checked.citations:
        assert citation.cited or citation.quote is None
        if citation.quote:
            assert citation.quote in list(line_spans(citation.hit.passage.text))


@pytest.mark.parametrize("run", [".", " ", "\t", "[", "[1]", "[9] ", "`", "```", "【1†", "[1, ", "[1-"])
def test_a_looping_models_long_run_costs_little(run: str):
    """It is checked on the event loop; squared cost would hold up everybody for minutes here."""
    began = time.process_time()
    check(run * (40_000 // len(run)) + "a", HITS)
    assert time.process_time() - began < 5
