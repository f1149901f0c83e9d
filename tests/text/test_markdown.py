"""Names and lists as Markdown."""

from hypothesis import given
from hypothesis import strategies as st

from rag.text.markdown import numbered, plain, unescaped


@given(st.text())
def test_a_name_comes_back_from_its_escapes(name: str):
    assert unescaped(plain(name)) == name


def test_the_lines_of_a_list_get_marks_in_order():
    text = "2 files\n\n- a.md\n- B (b\\_a.md) · 2026-01-01\n- … and 3 more"
    assert numbered(text, ["a.md", "b\\_a.md"]) == (
        "2 files\n\n- a.md [1]\n- B (b\\_a.md) · 2026-01-01 [2]\n- … and 3 more"
    )


def test_a_document_that_is_gone_leaves_the_numbers_of_the_others():
    assert numbered("- a.md\n- b.md", ["b.md"]) == "- a.md\n- b.md [1]"
    assert numbered("- a.md", ["c.md"]) == "- a.md"
