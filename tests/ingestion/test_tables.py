"""Tables of every kind of document: their rows keep their header, their columns and their numbers."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import EmptyFile
from rag.ingestion.chunking import MOST_HEADER_WORDS, MOST_WORDS, WORDS, chunk, count_words
from rag.ingestion.content import Content, FileLimits
from rag.ingestion.file_reading import read_file
from rag.ingestion.html import html_to_markdown
from rag.ingestion.reader import ReadDocument, Request
from rag.ingestion.spreadsheets import Sheet, read_delimited, sheets_to_content
from rag.ingestion.tables import Cell, find_tables, spread
from rag.types import Document, Passage
from tests import make_files as make

DOCUMENT = Document(name="guide.md", title="Guide")


def passages_of(text: str) -> list[Passage]:
    return chunk(Content(text), DOCUMENT)


def sheet_passages(*sheets: Sheet) -> list[Passage]:
    return chunk(sheets_to_content(sheets), DOCUMENT)


@pytest.fixture
def read(tmp_path: Path):
    def read_bytes(name: str, data: bytes) -> ReadDocument:
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_file(Request(path, name, "library", FileLimits(30, 10**7, 100, 10**7), ocr=False))

    return read_bytes


# The header of a table stays with its rows

HEADER = "| Number | What | Who |\n| --- | --- | --- |"
ROWS = [f"| {number} | No. {number}. It is due. | Ann |" for number in range(100)]


def test_every_passage_of_a_long_table_knows_its_header():
    passages = passages_of(f"Duties:\n\n{HEADER}\n" + "\n".join(ROWS) + "\n\nThat is all.")
    assert len(passages) > 4
    assert passages[0].text.startswith("Duties:\n\n| Number |")
    assert passages[0].header == ""
    assert [passage.header for passage in passages[1:]] == [HEADER] * (len(passages) - 1)
    assert passages[1].shown.startswith(f"{HEADER}\n| ")
    rows = [
        line for passage in passages for line in passage.text.split("\n") if line.startswith("| ") and "No." in line
    ]
    assert rows == ROWS


def test_a_header_is_never_alone_at_the_end_of_a_passage():
    passages = passages_of(f"{make.text_of(150)}\n\n{HEADER}\n" + "\n".join(ROWS[:8]))
    assert [passage.text.split("\n")[0] for passage in passages][1:] == ["| Number | What | Who |"]
    assert passages[0].text == make.text_of(150)


def test_the_header_counts_for_the_size():
    names = " | ".join(f"A longer name {n}" for n in range(8))
    rows = "\n".join("| " + " | ".join(f"value {n}" for n in range(8)) + " |" for _ in range(60))
    passages = passages_of(f"| {names} |\n|{' --- |' * 8}\n{rows}")
    assert all(count_words(passage.shown) <= WORDS for passage in passages)


def test_a_huge_header_is_cut_and_leaves_room_for_the_rows():
    names = " | ".join(f"An endlessly long name of a column number {n}" for n in range(60))
    row = "| " + " | ".join(["7"] * 60) + " |"
    passages = passages_of(f"| {names} |\n|{' --- |' * 60}\n" + "\n".join([row] * 10))
    later = [passage for passage in passages if passage.header]
    assert later
    for passage in later:
        assert count_words(passage.header) <= MOST_HEADER_WORDS
        assert count_words(passage.shown) <= MOST_WORDS
        assert passage.header.startswith("| An endlessly long")
        first, rule = passage.header.split("\n")
        assert first.count("|") == rule.count("|")


def test_text_behind_a_table_has_no_header():
    passages = passages_of(f"{HEADER}\n" + "\n".join(ROWS[:40]) + f"\n\n{make.text_of(155)}")
    assert passages[-1].text == make.text_of(155)
    assert [bool(passage.header) for passage in passages] == [False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "Number | What | Who\n--- | :---: | ---\n",
        "| Number | What | Who |\n|---|---|---|\n",
        "   | Number | What | Who |\n   | :-- | --: | --- |\n",
    ],
)
def test_a_header_in_any_of_its_forms_is_found(text: str):
    (table,) = find_tables(f"above\n\n{text}1 | a | b\n2 | c | d\n\nbelow", 0, 10**6)
    assert (table.start, table.body, table.end) == (7, 7 + len(text), 7 + len(text) + 20)


@pytest.mark.parametrize(
    "text",
    ["Home | Search | Help\nWelcome to us.", "Title | more\n---\ntext", "a\n---|---\nb", "--- | ---\n", "x || y"],
)
def test_what_is_no_table(text: str):
    assert list(find_tables(text, 0, len(text))) == []


def test_rows_without_a_header_line_are_rows_all_the_same():
    text = "\n".join(ROWS)
    passages = passages_of(text)
    assert "\n".join(passage.text for passage in passages) == text
    assert {passage.header for passage in passages} == {""}


@given(st.text(alphabet=st.sampled_from("ab |-:\n\\ "), max_size=300))
def test_tables_are_found_in_order_and_hold_whole_lines(text: str):
    end = 0
    for table in find_tables(text, 0, len(text)):
        assert end <= table.start <= table.body <= table.end <= len(text)
        assert table.start == 0 or text[table.start - 1] == "\n"
        assert table.end == len(text) or text[table.end - 1] == "\n"
        end = table.end
    for passage in passages_of(text):
        assert text[passage.start : passage.end] == passage.text
        assert count_words(passage.shown) <= MOST_WORDS + 1


# Cells that reach over others


def test_merged_cells_keep_their_neighbours_in_place():
    rows = [[Cell("Region"), Cell("Sales", columns=2)], [Cell("North", rows=2), Cell("Q1"), Cell("10")]]
    assert spread([*rows, [Cell("Q2"), Cell("20")], [Cell("South")]]) == [
        ["Region", "Sales", "Sales"],
        ["North", "Q1", "10"],
        ["North", "Q2", "20"],
        ["South"],
    ]


def test_absurd_spans_cost_little():
    wide = spread([[Cell("a", columns=65_534, rows=65_534), Cell("b")]] + [[Cell("c")]] * 2_000)
    assert len(wide[0]) < 100
    assert wide[0][-1] == "b"
    assert wide[-1] == ["c"]


def test_merged_cells_of_a_page():
    page = (
        "<table><tr><th>Region<th colspan=2>Sales<tr><td rowspan=2>North<td>Q1<td>10<tr><td>Q2<td>20"
        "<tr><td colspan=x rowspan=''>South</table>"
    )
    assert html_to_markdown(page)[1].split("\n") == [
        "| Region | Sales | Sales |",
        "| --- | --- | --- |",
        "| North | Q1 | 10 |",
        "| North | Q2 | 20 |",
        "| South |",
    ]


def test_a_table_whose_header_is_short_is_a_table_still():
    assert html_to_markdown("<table><tr><td>Prices<tr><td>Tea<td>3</table>")[1] == (
        "| Prices |  |\n| --- | --- |\n| Tea | 3 |"
    )


def test_a_table_in_an_e_mail(read):
    mail = make.eml("Hours", "", html="<p>Hello</p><table><tr><th>Day<th>From<tr><td>Mon<td>9</table>")
    assert read("mail.eml", mail).passages[-1].text.endswith("Hello\n\n| Day | From |\n| --- | --- |\n| Mon | 9 |")


def test_a_merged_cell_of_an_open_document(read):
    cell, covered = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>", "<table:covered-table-cell/>"
    rows = [
        cell.format("", "Region") + cell.format("", "Quarter") + cell.format("", "Sales"),
        cell.format(' table:number-rows-spanned="2"', "North") + cell.format("", "Q1") + cell.format("", "10"),
        covered + cell.format("", "Q2") + cell.format("", "20"),
    ]
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    odt = make.open_document("text", f"<office:text><table:table>{table}</table:table></office:text>")
    assert read("table.odt", odt).text.endswith("| North | Q1 | 10 |\n|  | Q2 | 20 |")


# Rows of text files


@dataclass(frozen=True)
class Delimited:
    name: str
    text: str
    rows: list[list[str]]


DELIMITED = [
    Delimited("comma", "a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    Delimited("semicolon with decimal commas", "a;b\n1,5;2,5\n3,5;4,5\n", [["a", "b"], ["1,5", "2,5"], ["3,5", "4,5"]]),
    Delimited("tab with commas inside", "a\tb\nx, y\tz, w\n", [["a", "b"], ["x, y", "z, w"]]),
    Delimited("bar", "a|b\n1|2\n", [["a", "b"], ["1", "2"]]),
    Delimited("named as Excel does", 'sep=;\r\na;"b,c"\r\n', [["a", "b,c"]]),
    Delimited("several lines in a cell", 'a,b\n"one\ntwo",2\n', [["a", "b"], ["one\ntwo", "2"]]),
    Delimited("blank lines", "a,b\n\n1,2\n", [["a", "b"], [], ["1", "2"]]),
    Delimited("quotation marks", 'a,b\n"say ""hi""",5" pipe\n', [["a", "b"], ['say "hi"', '5" pipe']]),
    Delimited("one column", "a\nb\n", [["a"], ["b"]]),
    Delimited("old line ends", "a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
]


@pytest.mark.parametrize("case", DELIMITED, ids=lambda case: case.name)
def test_rows_of_a_text_file(case: Delimited):
    assert read_delimited(case.text) == case.rows


def test_a_quotation_mark_that_is_never_closed_swallows_nothing():
    text = 'a,b\n"open,1\n' + "".join(f"x{n},{n}\n" for n in range(1000))
    rows = read_delimited(text)
    assert len(rows) == 1002
    assert rows[-1] == ["x999", "999"]


def test_rows_are_numbered_as_the_file_counts_them(read):
    people = "".join(f'{n},"Person {n}\nof the second line",Some note about them\n' for n in range(2, 200))
    found = read("people.csv", f"id,name,note\n{people}".encode())
    assert found.passages[0].rows is not None
    assert found.passages[0].rows[0] == 1
    for before, after in zip(found.passages, found.passages[1:], strict=False):
        assert before.rows
        assert after.rows
        assert after.rows[0] == before.rows[1] + 1
        assert after.header == "| id | name | note |\n| --- | --- | --- |"
    for passage in found.passages:
        first, last = passage.rows or (0, 0)
        lines = [line for line in passage.text.split("\n") if "Person" in line]
        assert [line.split(" | ")[0] for line in lines] == [f"| {n}" for n in range(max(2, first), last + 1)]
    assert found.passages[-1].place.endswith("–199")
    assert found.passages[-1].rows[1] == 199  # type: ignore[index]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "psv", "tab"])
def test_table_files_of_all_suffixes(suffix: str, read):
    assert read(f"t.{suffix}", b"a|b\n1|2\n").passages[0].text == "| a | b |\n| --- | --- |\n| 1 | 2 |"


# Sheets


def test_sheet_names_and_row_numbers_reach_the_citation(read):
    rows = [["Item", "Price"], *([f"Thing {n} of the shop", n] for n in range(2, 80))]
    found = read("prices.xlsx", make.xlsx({"May": rows, "Empty": [], "June": [["Item", "Price"], ["Tea", 3]]}))
    assert found.passages[1].place.startswith("prices.xlsx › May · rows ")
    assert found.passages[1].header == "| Item | Price |\n| --- | --- |"
    assert found.passages[-1].place == "prices.xlsx › June · rows 1–2"
    assert {passage.headings for passage in found.passages} == {("May",), ("June",)}


def test_rows_of_a_sheet_have_the_numbers_that_the_program_shows(read):
    sheet = [["Item", "Price"], [], ["Tea", 3], [], [], ["Milk", 2]]
    (passage,) = read("prices.xlsx", make.xlsx({"May": sheet}, first_row=4)).passages
    assert passage.rows == (4, 9)


def test_rows_of_an_open_document_sheet(read):
    gap = '<table:table-row table:number-rows-repeated="6"><table:table-cell/></table:table-row>'
    cells = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(f"<table:table-row>{cells.format(a)}{cells.format(b)}</table:table-row>" for a, b in ("ab", "cd"))
    body = f'<office:spreadsheet><table:table table:name="May">{gap}{rows}</table:table></office:spreadsheet>'
    (passage,) = read("prices.ods", make.open_document("spreadsheet", body)).passages
    assert passage.place == "prices.ods › May · rows 7–8"


def test_a_sheet_that_the_parser_gives_up_on_is_named(read):
    """One stray cell in the last row of a sheet makes it a million rows long."""
    book = make.xlsx({"Prices": [["Item", "Price"], ["Tea", 3]], "Other": [["a", "b"]]}, stray={"Prices": 1_048_576})
    found = read("prices.xlsx", book)
    assert [passage.headings for passage in found.passages] == [("Other",)]
    assert found.notes == (
        "The sheet 'Prices' goes down to row 1,048,576, which is more than can be read. Delete the rows at its end.",
    )
    with pytest.raises(EmptyFile, match=r"prices\.xlsx holds no text\. The sheet 'Prices' goes down to row 1,048,576"):
        read("prices.xlsx", make.xlsx({"Prices": [["Item", "Price"]]}, stray={"Prices": 1_048_576}))


def test_a_hidden_sheet_says_so(read):
    book = make.xlsx({"Open": [["a", "b"]], "Rates & co": [["c", "d"]]}, hidden=["Rates & co"])
    assert [passage.headings for passage in read("b.xlsx", book).passages] == [("Open",), ("Rates & co (hidden)",)]


def test_a_title_above_a_table_is_its_heading():
    rows = [["Price list 2024", "", ""], ["as of May", "", ""], [], ["Item", "Price", "Unit"], ["Tea", "3", "kg"]]
    (passage,) = sheet_passages(Sheet("May", rows))
    assert passage.headings == ("May", "Price list 2024")
    assert passage.text.endswith("| Item | Price | Unit |\n| --- | --- | --- |\n| Tea | 3 | kg |")
    assert "as of May" in passage.text
    assert passage.rows == (2, 5)


def test_tables_with_headers_of_their_own_stay_apart():
    first = [["Item", "Price"], ["Tea", "3"]]
    second = [["Town", "People"], ["Graz", "300,000"]]
    passages = sheet_passages(Sheet("May", [["Prices", ""], *first, [], *second, [], ["Source: us", ""]]))
    assert [(passage.headings, passage.rows) for passage in passages] == [
        (("May", "Prices"), (2, 3)),
        (("May",), (5, 8)),
    ]
    assert "| Town | People |\n| --- | --- |" in passages[1].text
    assert passages[1].text.endswith("Source: us")


def test_rows_behind_a_blank_one_go_on_with_their_table():
    rows = [["Item", "Price"], ["Tea", "3"], [], ["Milk", "2"], ["Total", "5"], [], ["Bread", "4"]]
    (passage,) = sheet_passages(Sheet("May", rows))
    assert passage.text.split("\n")[2:] == ["| Tea | 3 |", "| Milk | 2 |", "| Total | 5 |", "| Bread | 4 |"]
    assert passage.rows == (1, 7)


def test_a_very_wide_table_names_the_column_of_each_value():
    names = ["Employee", *(f"Skill {n}" for n in range(1, 200))]
    people = [[f"Person {p}", *(str(n * p) if n % 2 else "" for n in range(1, 200))] for p in (1, 2)]
    passages = sheet_passages(Sheet("Skills", [names, *people]))
    assert all(count_words(passage.shown) <= MOST_WORDS for passage in passages)
    assert all(passage.text.startswith(("Employee: Person 1;", "Employee: Person 2;")) for passage in passages)
    text = " ".join(passage.text for passage in passages)
    assert "Skill 151: 302" in text
    assert "Skill 150" not in text
    assert {passage.rows for passage in passages} == {(2, 2), (3, 3)}


def test_long_texts_in_a_table_are_cut_between_sentences():
    answer = make.text_of(300)
    passages = sheet_passages(Sheet("", [["Question", "Answer"], ["May I?", answer], ["Must I?", "No."]]))
    assert passages[0].text.startswith("Question: May I?; Answer: The0")
    assert passages[0].text.endswith("x.")
    assert passages[-1].text.endswith("Question: Must I?; Answer: No.")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("2024-05-01 00:00:00", "2024-05-01"),
        ("2024-05-01 09:30:00", "2024-05-01 09:30:00"),
        ("2.4000000000000004", "2.4"),
        ("0.3333333333333333", "0.3333333333"),
        ("3.14", "3.14"),
        ("a|b", "a\\|b"),
        ("one\ntwo\u00a0three\u200b", "one two three"),
        ("<p>Hello <b>all</b></p>", "Hello all"),
        ("5 < 6 & 7", "5 < 6 & 7"),
    ],
)
def test_a_cell_as_a_person_reads_it(cell: str, shown: str):
    assert sheet_passages(Sheet("", [["Key", "Value"], ["k", cell]]))[0].text.endswith(f"| k | {shown} |")


CELLS = st.sampled_from(["", "a", "Name", "7", "1,5", "# x", "---", "a|b", "x\ny", "\u200b", "long " * 90, "<b>"])


@given(st.lists(st.lists(CELLS, max_size=4), max_size=12))
def test_whatever_a_sheet_holds_its_rows_are_found_in_order(rows: list[list[str]]):
    content = sheets_to_content([Sheet("Name", rows)])
    offsets, numbers = [offset for offset, _ in content.row_starts], [number for _, number in content.row_starts]
    assert offsets == sorted(offsets)
    assert numbers == sorted(numbers)
    for passage in chunk(content, DOCUMENT):
        assert content.text[passage.start : passage.end] == passage.text
        assert passage.rows is not None
        assert 1 <= passage.rows[0] <= passage.rows[1] <= len(rows)


# Slides


def test_slides_are_numbered_as_they_are_shown_and_have_their_own_titles(read):
    deck = make.pptx([("First", "One."), ("Second", "Two."), ("Third", "Three.")], files=[3, 1, 2])
    assert [passage.place for passage in read("show.pptx", deck).passages] == [
        "show.pptx › First · slide 1",
        "show.pptx › Second · slide 2",
        "show.pptx › Third · slide 3",
    ]
