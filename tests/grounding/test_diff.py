"""What became of each sentence of a draft."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.grounding.diff import changes
from rag.text.sentences import sentences
from rag.types import SentenceChange

SENTENCE = st.sampled_from(
    (
        "The largest file may have 25 MB.",
        "Larger files are refused.",
        "Documents never leave the machine.",
        "Документы не покидают компьютер.",
        "Los archivos se leen en orden.",
        "文件不会离开这台机器。",
        "...",
        "42!",
    )
)
TEXT = st.lists(SENTENCE, max_size=6).map(" ".join)


def kinds(before: str, after: str) -> list[str]:
    return [change.kind for change in changes(before, after)]


@settings(deadline=None)
@given(TEXT, TEXT)
def test_each_sentence_of_both_texts_is_told_once(before: str, after: str):
    told = changes(before, after)
    assert [change.after for change in told if change.after] == sentences(after)
    assert sorted(change.before for change in told if change.before) == sorted(sentences(before))
    for change in told:
        assert bool(change.before) == (change.kind != "added")
        assert bool(change.after) == (change.kind != "removed")


@settings(deadline=None)
@given(TEXT)
def test_a_text_that_stays_is_kept_whole(text: str):
    assert kinds(text, text) == ["kept"] * len(sentences(text))


def test_marks_case_and_punctuation_change_nothing():
    assert kinds("The limit is 25 MB [1].", "the limit is **25 MB** [2]!") == ["kept"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You can upload PDF files.", "You may upload PDF files."),
        ("The limit is 25 MB.", "The limit is 50 MB."),
        ("Документы остаются на компьютере.", "Все документы остаются на этом компьютере."),
        ("文件不会离开这台机器。", "文件永远不会离开这台机器。"),
    ],
)
def test_the_same_thing_in_other_words_is_reworded(before: str, after: str):
    assert changes(before, after) == (SentenceChange("reworded", before, after),)


def test_other_things_are_removed_and_added_where_they_stood():
    before = "Bananas are yellow. The limit is 25 MB."
    assert kinds(before, "The limit is 25 MB. It is set in UPLOAD_MAX_MB.") == ["removed", "kept", "added"]


def test_sentences_that_change_places_are_kept():
    assert kinds("Files are read. Telemetry is off.", "Telemetry is off. Files are read.") == ["kept", "kept"]


def test_the_most_alike_are_paired_first():
    told = changes("The limit is 25 MB.", "The limit of the chat is 25 MB. The limit is 25 MB.")
    assert [change.kind for change in told] == ["added", "kept"]


def test_from_and_to_nothing():
    assert changes("", "") == ()
    assert kinds("", "One. Two.") == ["added", "added"]
    assert kinds("One. Two.", "") == ["removed", "removed"]
