"""`import rag` as a stranger has it: cheap, complete, and ten lines to a cited answer."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rag
from rag.testing import FakeModel
from tests import REPOSITORY

LEAVE = """# Leave

Everybody has 25 days of paid leave a year. Ask your manager two weeks before.

# Travel

Trains go before planes.
"""
HEAVY = ("openai", "chainlit", "kreuzberg", "tantivy", "numpy", "pydantic")


def loaded_after(code: str) -> set[str]:
    """The packages that a new Python has loaded after this."""
    printed = subprocess.check_output(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"],
        text=True,
        cwd=REPOSITORY,
    )
    return set(printed.splitlines()[-1].split())


def test_all_is_sorted_and_every_name_of_it_is_there():
    assert rag.__all__ == sorted(set(rag.__all__))
    assert [name for name in rag.__all__ if getattr(rag, name, None) is None] == []
    assert set(rag.__all__) <= set(dir(rag))


def test_every_name_says_what_it_is():
    documented = [name for name in rag.__all__ if name != "TurnEvent"]
    assert [name for name in documented if not (getattr(rag, name).__doc__ or "").strip()] == []


def test_the_names_that_type_checkers_see_are_the_same():
    tree = ast.parse((REPOSITORY / "rag" / "__init__.py").read_text("utf-8"))
    seen: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rag"):
            seen |= {alias.name: node.module or "" for alias in node.names}
    assert sorted(seen) == rag.__all__
    homes = {name: getattr(rag, name).__module__ for name in rag.__all__ if hasattr(getattr(rag, name), "__module__")}
    assert {name: home for name, home in homes.items() if name != "TurnEvent" and seen[name] != home} == {}


def test_a_name_that_is_not_there_is_no_import_error():
    with pytest.raises(AttributeError, match="module 'rag' has no attribute 'Oracle'"):
        rag.Oracle  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_loads_no_library():
    assert not loaded_after("import rag").intersection(HEAVY)
    assert "tantivy" not in loaded_after("import rag\nrag.MemoryIndex\nrag.ask\nrag.ExtractiveModel")


TEN_LINES = """
import asyncio, rag

async def main():
    async with rag.Library.open("docs") as library:
        await library.sync()
        turn = await rag.ask("How many days of paid leave?", rag.Searcher(library.index), rag.ExtractiveModel())
        print(turn.answer)
        for citation in turn.citations:
            print(f"[{citation.number}] {citation.hit.passage.place}")

asyncio.run(main())
"""

FIVE_LINES = """
import rag

report = rag.check_grounding("Staff have 30 days of leave [1].", ["Staff have 25 days of paid leave a year."])
for each in report.sentences:
    print(each.supported, each.passage, each.problems, each.sentence)
"""


def test_ten_lines_open_a_folder_ask_and_print_a_cited_answer(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text(LEAVE)
    for _ in range(2):  # the second time the index is there
        printed = subprocess.check_output(
            [sys.executable, "-c", TEN_LINES],
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "HOME": str(tmp_path),
                "XDG_DATA_HOME": str(tmp_path),
                "LOCALAPPDATA": str(tmp_path),
            },
        )
        assert printed.splitlines() == [
            "> **Everybody has 25 days of paid leave a year.** Ask your manager two weeks before. [1]",
            "[1] leave.md",
        ]


def test_five_lines_check_a_text_against_passages(capsys: pytest.CaptureFixture[str]):
    exec(FIVE_LINES)
    assert capsys.readouterr().out == "False 1 ('number',) Staff have 30 days of leave [1].\n"


async def test_a_text_is_asked_without_a_file():
    index = rag.MemoryIndex()
    index.add_text("leave.md", LEAVE)
    turn = await rag.ask("How many days of paid leave are there?", rag.Searcher(index), rag.ExtractiveModel())
    assert turn.outcome == "quoted"
    assert "25 days" in turn.answer


async def test_the_larger_model_is_asked_when_both_are_there():
    index = rag.MemoryIndex()
    index.add_text("leave.md", LEAVE)
    small = FakeModel().enqueue("I cannot say.")
    large = FakeModel("gpt-oss-20b").enqueue("Everybody has 25 days of paid leave a year [1].")
    question = "How many days of paid leave are there in a year?"
    turn = await rag.ask(question, rag.Searcher(index), rag.ModelSet(small, large))
    assert (turn.outcome, turn.answer) == ("escalated", "Everybody has 25 days of paid leave a year [1].")
    turn = await rag.ask(question, rag.Searcher(index), small.enqueue("25 days a year [1]."), mode="local")
    assert (turn.outcome, turn.answer) == ("answered", "25 days a year [1].")


async def test_a_model_that_fails_is_told_as_an_error_or_gives_way_to_a_fallback():
    index = rag.MemoryIndex()
    index.add_text("leave.md", LEAVE)
    broken = rag.OpenAIModel(base_url="http://127.0.0.1:9", alias="nobody", retry_delay_s=0)
    question = "How many days of paid leave are there in a year?"
    with pytest.raises(rag.errors.ModelUnavailable):
        await rag.ask(question, rag.Searcher(index), broken)
    turn = await rag.ask(question, rag.Searcher(index), rag.ModelSet(broken, fallback=rag.ExtractiveModel()))
    assert turn.outcome == "quoted"
    await broken.close()


async def test_a_text_of_the_same_name_replaces_the_first():
    index = rag.MemoryIndex()
    document = index.add_text("leave.md", LEAVE)
    assert (document.name, document.title, document.characters) == ("leave.md", "Leave", len(LEAVE))
    again = index.add_text("leave.md", "There are 30 days of leave.")
    assert index.documents() == [again]
    assert len(index) == 1
    assert index.add_text("empty.txt", "").title
    assert len(index) == 1


async def test_a_fake_model_gives_its_replies_in_order_and_remembers(tmp_path: Path):
    model = FakeModel().enqueue("One.", rag.errors.ModelBusy("It is busy."))
    index = rag.MemoryIndex()
    index.add_text("leave.md", LEAVE)
    searcher = rag.Searcher(index)
    question = "How many days of paid leave are there in a year?"
    assert (await rag.ask(question, searcher, model)).answer == "One."
    with pytest.raises(rag.errors.ModelBusy):
        await rag.ask(question, searcher, model)
    assert len(model.prompts) == len(model.limits) == 2
    assert model.closed_early == 0
