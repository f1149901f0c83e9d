"""Text to passages: nothing lost, nothing twice, nothing across a heading or a page."""

from bisect import bisect_right
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ingestion.chunking import MOST_WORDS, WORDS, chunk, count_words
from rag.ingestion.content import Content
from rag.ingestion.headings import demote_guesses, document_title, find_headings, protect
from rag.text.sentences import sentences
from rag.types import Document, Passage
from tests.make_files import text_of

DOCUMENT = Document(name="guide.md", title="Guide")


def passages_of(text: str, page_starts: tuple[int, ...] = ()) -> list[Passage]:
    return chunk(Content(text, page_starts=page_starts), DOCUMENT)


def letters(text: str) -> str:
    return "".join(text.split())


# Properties


@dataclass(frozen=True)
class Block:
    text: str
    level: int = 0
    title: str = ""


TITLES = st.sampled_from(["Leave", "How to apply", "Правила отпуска", "休暇の規則", "C# and F#", "2024"])
SENTENCES = st.sampled_from(
    [
        "Each person has 30 days of leave.",
        "Dr. Meyer decides, e.g. on Fridays!",
        "Кто может подать заявление?",
        "休暇は一年に二十日です。",
        "การลางานต้องได้รับอนุมัติจากหัวหน้างานก่อนเสมอ",
        "x" * 700,
        "word " * 300 + "end.",
        "- a point",
        "#hashtag",
    ]
)
HEADINGS = st.one_of(
    st.builds(lambda level, title: Block(f"{'#' * level} {title}", level, title), st.integers(1, 6), TITLES),
    st.builds(lambda title: Block(f"## {title} ##", 2, title), TITLES),
    st.builds(lambda title: Block(f"{title}\n======", 1, title), TITLES),
    st.builds(lambda title: Block(f"{title}\n---", 2, title), TITLES),
)
BODIES = st.one_of(
    st.lists(SENTENCES, min_size=1, max_size=8).map(lambda parts: Block(" ".join(parts))),
    st.lists(SENTENCES, min_size=1, max_size=4).map(lambda parts: Block("\n".join(parts))),
    st.integers(1, 60).map(lambda rows: Block("| Day | Rule. Of it. |\n| --- | --- |\n" + "| Monday | off |\n" * rows)),
    st.just(Block("```sh\n# a comment, no heading\n\necho hello\n```")),
)


@given(st.lists(st.one_of(HEADINGS, BODIES, BODIES), max_size=25))
def test_every_body_stands_once_and_in_order_under_its_headings(blocks: list[Block]) -> None:
    expected: list[tuple[tuple[str, ...], str]] = []
    path: list[Block] = []
    for block in blocks:
        if block.level:
            path = [above for above in path if above.level < block.level] + [block]
            continue
        expected.append((tuple(heading.title for heading in path), letters(block.text)))

    found = [(passage.headings, letters(passage.text)) for passage in passages_of("\n\n".join(b.text for b in blocks))]

    assert "".join(text for _, text in found) == "".join(text for _, text in expected)
    by_character = [titles for titles, text in expected for _ in text]
    assert [titles for titles, text in found for _ in text] == by_character


@given(
    st.text(alphabet=st.sampled_from("ab .!?。\n\n\t#=-|`~*>1า休é\u2028\x0b"), max_size=400),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_any_text_at_all_is_covered_exactly(text: str, cuts: list[int]) -> None:
    page_starts = (0, *sorted(cut for cut in set(cuts) if 0 < cut < len(text))) if cuts else ()
    passages = passages_of(text, page_starts)

    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    covered: list[int] = []
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text
        assert passage.text == passage.text.strip()
        assert count_words(passage.text) <= MOST_WORDS
        covered += range(passage.start, passage.end)
        pages = {bisect_right(page_starts, at) for at in (passage.start, passage.end - 1)} if page_starts else {None}
        assert pages == {passage.page}
    assert covered == sorted(set(covered))
    in_headings = {at for heading in find_headings(text) for at in range(heading.start, heading.end)}
    assert not in_headings & set(covered)
    assert {at for at, character in enumerate(text) if not character.isspace()} <= in_headings | set(covered)


# Sizes


def test_a_long_section_is_cut_at_sentence_ends_into_even_passages() -> None:
    text = text_of(1000)
    passages = passages_of(text)

    assert [part for passage in passages for part in sentences(passage.text)] == sentences(text)
    assert all(WORDS - 10 <= count_words(passage.text) <= MOST_WORDS for passage in passages[:-1])


def test_short_paragraphs_under_one_heading_are_joined() -> None:
    text = "# Leave\n\n" + "\n\n".join(text_of(30, f"topic{n}x") for n in range(5))
    assert [count_words(passage.text) for passage in passages_of(text)] == [150]


def test_a_paragraph_that_does_not_fit_starts_a_new_passage() -> None:
    first, second = text_of(100, "one"), text_of(120, "two")
    assert [passage.text for passage in passages_of(f"{first}\n\n{second}")] == [first, second]


def test_a_tiny_rest_stays_with_its_predecessor() -> None:
    assert [count_words(passage.text) for passage in passages_of(text_of(190))] == [190]


def test_a_tiny_section_is_not_joined_across_its_heading() -> None:
    passages = passages_of("# A\n\nOne.\n\n# B\n\nTwo.")
    assert [(passage.headings, passage.text) for passage in passages] == [(("A",), "One."), (("B",), "Two.")]


@pytest.mark.parametrize(
    "sentence",
    ["年次有給休暇は一年に二十日を限度として与えられるものとする。", "พนักงานต้องแจ้งหัวหน้างานล่วงหน้าก่อนลาหยุดเสมอ "],
    ids=["japanese", "thai"],
)
def test_scripts_without_spaces_get_passages_of_the_same_length(sentence: str) -> None:
    passages = passages_of(sentence * 60)
    assert len(passages) > 3
    assert all(200 <= len(passage.text) <= 2 * MOST_WORDS for passage in passages)


def test_an_endless_line_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(1000))
    assert " ".join(passage.text for passage in passages_of(text)) == text


def test_an_endless_list_of_lines_is_cut_between_lines() -> None:
    lines = [f"item {number} without a full stop" for number in range(200)]
    passages = passages_of("\n".join(lines))
    assert len(passages) > 3
    assert [line for passage in passages for line in passage.text.split("\n")] == lines


def test_a_long_table_is_cut_between_rows() -> None:
    rows = [f"| {number} | No. {number}. It is due. | Ann |" for number in range(100)]
    passages = passages_of("| Number | What | Who |\n| --- | --- | --- |\n" + "\n".join(rows))
    assert len(passages) > 3
    assert all(line.startswith("| ") and line.endswith(" |") for p in passages for line in p.text.split("\n"))


# Headings


def test_the_heading_path_is_outermost_first() -> None:
    text = "# Guide\n\nIntro.\n\n## Setup\n\n### Proxy\n\nUse 8080.\n\n## Usage\n\nAsk."
    assert [passage.headings for passage in passages_of(text)] == [
        ("Guide",),
        ("Guide", "Setup", "Proxy"),
        ("Guide", "Usage"),
    ]


def test_a_heading_without_a_body_gives_no_passage() -> None:
    assert [passage.text for passage in passages_of("# A\n\n## B\n\n## C\n\nText.\n\n## D")] == ["Text."]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("## **Bold** and `code` ##", "Bold and code"),
        ("# [Linked](https://example.org) title", "Linked title"),
        ("# Title {#anchor}", "Title"),
        ("# snake_case_name", "snake_case_name"),
        ("# C#", "C#"),
        ("Title\n=====", "Title"),
        ("Title\n---", "Title"),
    ],
)
def test_a_title_is_plain(line: str, title: str) -> None:
    assert [heading.title for heading in find_headings(line + "\n\ntext")] == [title]


@pytest.mark.parametrize(
    "text",
    [
        "```\n# comment\n```",
        "~~~~\n```\n# comment\n~~~\n# more\n~~~~",
        "    # indented",
        "#hashtag",
        "####### seven",
        "one\ntwo\n---",
        "- item\n---",
        "| a |\n---",
        "\n---\n",
        "# " + "long " * 100,
    ],
)
def test_what_is_no_heading(text: str) -> None:
    assert find_headings(text) == []


@given(st.text(alphabet=st.sampled_from("ab \n\t#=-`~"), max_size=100))
def test_protected_text_has_no_headings_and_keeps_its_words(text: str) -> None:
    assert find_headings(protect(text)) == []
    assert letters(protect(text)) == letters(text)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# Real\n\ntext", ["Real"]),
        ("# Part\n\n## Chapter\n\ntext", ["Part", "Chapter"]),
        ("# This is a whole sentence.\n\ntext", []),
        ("# $12,500.00 $11,250.00 85%\n\ntext", []),
        ("# " + "very " * 20 + "long\n\ntext", []),
        ("## Empty\n\n## Real\n\ntext", ["Real"]),
        ("# Last", []),
    ],
)
def test_guessed_headings_that_are_none_become_text(text: str, titles: list[str]) -> None:
    assert [heading.title for heading in find_headings(demote_guesses(text))] == titles
    assert letters(demote_guesses(text)).replace("#", "") == letters(text).replace("#", "")


@pytest.mark.parametrize(
    ("text", "metadata", "name", "title"),
    [
        ("# From the text\n\nx", "From metadata", "file.md", "From the text"),
        ("[Home](/) | Search\n\n# From the text\n\nx", "", "file.md", "From the text"),
        (text_of(50) + "\n\n# A later chapter\n\nx", "From metadata", "file.md", "From metadata"),
        ("## Only a section\n\nx", "", "docs/travel-policy_2024.pdf", "Travel policy 2024"),
        ("x", "Microsoft Word - draft3.doc", "plan.pdf", "Plan"),
        ("x", "untitled", "HR_rules.pdf", "HR rules"),
        ("x", "  Two \n lines ", "a.pdf", "Two lines"),
    ],
)
def test_title(text: str, metadata: str, name: str, title: str) -> None:
    assert document_title(text, metadata, name) == title


# Pages


def test_passages_keep_to_their_pages() -> None:
    pages = [text_of(30, "one"), text_of(300, "two"), text_of(20, "three")]
    text = "\n\n".join(pages)
    starts = (0, len(pages[0]) + 2, len(pages[0]) + len(pages[1]) + 4)
    passages = passages_of(text, starts)
    assert [passage.page for passage in passages] == [1, 2, 2, 3]
    assert [passage.text for passage in passages if passage.page != 2] == [pages[0], pages[2]]


def test_without_pages_there_is_no_page_number() -> None:
    assert {passage.page for passage in passages_of(text_of(400))} == {None}
