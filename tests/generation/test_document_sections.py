"""Long documents as sections, and which of them are read."""

from rag.generation.context import estimate_tokens
from rag.generation.document_sections import representative, sections_of
from rag.types import Document, Passage

DOCUMENT = Document("book.md", "Book")


def passages(count: int, chapter: int = 4) -> list[Passage]:
    """Of 25 tokens each; a chapter has so many."""
    return [
        Passage(DOCUMENT, n, f"Passage {n} is about number {n}." + " word" * 14, ("Book", f"Chapter {n // chapter}"))
        for n in range(count)
    ]


def test_the_sections_hold_all_of_the_text_in_order_within_their_tokens():
    made = passages(20)
    sections = sections_of(made, 120)
    together = "\n".join(section.text for section in sections)
    assert [together.index(each.text) for each in made] == sorted(together.index(each.text) for each in made)
    assert all(estimate_tokens(section.text) <= 140 for section in sections)
    assert 4 <= len(sections) <= 7


def test_a_section_is_cited_where_it_begins_and_names_the_chapters_within():
    first, *_ = sections_of(passages(8, chapter=2), 1000)
    assert first.place == "book.md"
    assert first.headings == ("Book",)
    assert "Chapter 1\nPassage 2" in first.text


def test_a_table_keeps_its_header_and_its_rows():
    rows = [
        Passage(DOCUMENT, 0, "| a | 1 |", rows=(1, 1)),
        Passage(DOCUMENT, 1, "| b | 2 |", rows=(2, 2), header="| n | v |\n|---|---|"),
    ]
    [section] = sections_of(rows, 1000)
    assert section.rows == (1, 2)
    assert "| n | v |\n|---|---|\n| b | 2 |" in section.text


def test_of_too_many_sections_the_beginning_and_central_ones_are_read_in_order():
    sections = sections_of(passages(400), 100)
    chosen = representative(sections, 6)
    assert len(chosen) == 6
    assert chosen[:2] == sections[:2]
    assert chosen == sorted(chosen, key=lambda each: each.ordinal)
    assert representative(sections[:5], 6) == sections[:5]
