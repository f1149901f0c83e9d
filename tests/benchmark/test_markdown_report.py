"""The report as Markdown: whole, and with the words of others as words."""

import re

from rag.benchmark.export import as_markdown
from rag.benchmark.sections import tables
from tests.bench_run import full_run, hostile_run, strategies


def test_every_table_is_there_with_its_columns():
    run = full_run(rounds=3)
    page = as_markdown(run, strategies())
    assert page.startswith("# How fast the models are\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == [
        *(table.title for table in tables(run, strategies())),
        "How to read this",
    ]
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == sum(len(table.rows) + 2 for table in tables(run, strategies()))
    assert "nan" not in page
    assert "temperature 0.0" in page


def test_columns_of_a_table_are_as_many_in_every_line():
    blocks = re.findall(r"(?:^\|.*\n)+", as_markdown(full_run(rounds=3)), re.MULTILINE)
    assert blocks
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_words_of_others_are_neither_markup_nor_columns():
    page = as_markdown(hostile_run())
    assert not re.search(r"(?<!\\)<", page)
    assert "\x1b" not in page
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
