"""One table in every form: the words of others stay words, columns stay columns."""

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from rag.reports.table import csv_text, escaped, html_table, markdown_table, printable, terminal_table

HEAD = ("prompt", "model", "first s")
ROWS = (("short", "phi-4-mini", "0.42"), ("a | b", "gpt-oss-20b (a variant with a long name)", "12.3*"))
ANY_ROWS = st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=4)


def test_a_terminal_has_names_to_the_left_and_numbers_to_the_right():
    assert terminal_table(HEAD, ROWS, 2) == [
        "prompt  model                         first s",
        "------- ----------------------------- -------",
        "short   phi-4-mini                       0.42",
        "a | b   gpt-oss-20b (a variant with…    12.3*",
    ]


def test_markdown_is_aligned_and_padded_where_it_is_read_as_it_is():
    assert markdown_table(HEAD, ROWS[:1], 2) == [
        "| prompt | model | first s |",
        "| --- | --- | --: |",
        "| short | phi-4-mini | 0.42 |",
    ]
    assert markdown_table(HEAD, ROWS[:1], 2, padded=True) == [
        "| prompt | model      | first s |",
        "| ------ | ---------- | ------: |",
        "| short  | phi-4-mini |    0.42 |",
    ]


def test_a_name_on_a_page_is_the_head_of_its_row():
    page = html_table(HEAD, (("<b>", "m", "1"),), 2)
    assert '<th scope="row" class="name">&lt;b&gt;</th>' in page
    assert "<td>1</td>" in page
    assert "first\N{NO-BREAK SPACE}s</th>" in page


@given(ANY_ROWS)
def test_no_cell_breaks_a_table_or_sends_commands(rows: list[tuple[str, str, str]]):
    lines = terminal_table(HEAD, rows, 2)
    assert len(lines) == 2 + len(rows)
    assert all(line.isprintable() for line in lines)
    for line in markdown_table(HEAD, rows):
        assert line.isprintable()
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4


@given(st.text())
def test_escaping_loses_nothing_but_white_space_and_controls(text: str):
    assert re.sub(r"\\(.)", r"\1", escaped(text)) == printable(text)


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.integers()), max_size=4))
def test_csv_comes_back_without_formulas(rows: list[tuple[str, int | None]]):
    _, *read = csv.reader(io.StringIO(csv_text(("a", "b"), rows), newline=""))
    assert [each[0].removeprefix("'") for each in read] == [text.removeprefix("'") for text, _ in rows]
    assert not any(each[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for each in read)
