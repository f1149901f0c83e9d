"""What stands in a document or a file's name is shown, never run as markup."""

import pytest

from rag.chat import turns
from rag.chat.abstention import abstention
from rag.chat.session import ChatTurn
from rag.chat.view import status_line
from rag.events import Stage
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.generation.registry import Missing, ModelSelection
from rag.text.markdown import FLAG, flagged, plain
from rag.types import Decision, Document, Hit, Mode, Outcome, Passage, SearchResult, Timings, Turn

LARGE = Missing("gpt-oss-20b", 12_000)


def turn_of(title: str = "Leave", *, searched: int = 1, outcome: Outcome = "abstained") -> Turn:
    hits = (Hit(Passage(Document("a.md", title), 0, "Text."), 1.0),) if searched else ()
    decision = Decision("abstain", "Not there.", 0.1, 0.35)
    return Turn("Why?", "", outcome, (), SearchResult(hits, searched=searched), decision, Timings())


@pytest.mark.parametrize(
    "title", ["[click](https://evil.example)", "![x](https://evil.example/x.png)", "**b** `c` <i>"]
)
def test_a_title_is_no_markup(title: str):
    sentence = abstention(turn_of(title))
    assert title not in sentence
    assert plain(title) in sentence
    assert plain(title).replace("\\", "") == title


def test_nothing_to_search_is_not_called_not_found():
    assert abstention(turn_of(searched=0)).startswith("There is no document to search.")


@pytest.mark.parametrize(
    ("outcome", "mode", "offered"),
    [("abstained", "auto", True), ("answered", "large", True), ("answered", "auto", False)],
)
def test_the_larger_model_is_offered_for_download_where_it_was_called_for(outcome: Outcome, mode: Mode, offered: bool):
    chat_turn = ChatTurn("m", "Why?", mode)
    buttons = turns.turn_buttons(
        chat_turn, turn_of(outcome=outcome), ModelSelection(ModelSet(ExtractiveModel()), large_missing=LARGE)
    )
    assert ("Download gpt-oss-20b (12.0 GB)" in [button.label for button in buttons]) == offered


def test_the_status_line_says_which_part_of_a_document_is_read():
    assert status_line(Stage("read", "phi-4-mini", 1, (3, 12))) == "phi-4-mini is reading part 3 of 12"
    assert status_line(Stage("read", passages=40)) == "Reading 40 passages"


def test_each_unsupported_sentence_has_its_flag_in_its_place():
    text = "It is so [1]. Zebras eat grass. It is good [1].\n\n| a | b |\n|---|---|\n| Zebras | eat grass |"
    row = text.rindex("| Zebras")
    spans = [(14, 31), (row, len(text))]
    assert text[slice(*spans[0])] == "Zebras eat grass."
    shown = flagged(text, spans)
    assert shown.replace(f" {FLAG}", "") == text
    assert f"Zebras eat grass. {FLAG} It is good" in shown
    assert shown.endswith(f"| eat grass {FLAG} |")
