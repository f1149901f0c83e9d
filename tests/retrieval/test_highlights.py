"""The sentences that a person would underline."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.highlights import highlights, relevance
from rag.retrieval.search import Searcher
from rag.types import Document, Hit, Passage, SearchResult
from tests.fakes import index_of

RULES = "Files are read in a worker. The largest file that may be uploaded is 25 MB. Larger ones are refused."
PRIVACY = "Nothing leaves this machine. Telemetry is off."


def searched(question: str, *texts: str) -> SearchResult:
    return Searcher(index_of(*texts)).search(question, limit=5)


def test_the_sentence_that_answers_comes_first():
    found = highlights(searched("How large may a file be that is uploaded?", RULES, PRIVACY))
    assert found[0].text == "The largest file that may be uploaded is 25 MB."
    assert found[0].number == 1
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_every_sentence_of_the_hits_is_there_once():
    search = searched("uploaded files machine", RULES, PRIVACY)
    found = highlights(search)
    assert sorted(h.text for h in found) == sorted(
        [
            "Files are read in a worker.",
            "The largest file that may be uploaded is 25 MB.",
            "Larger ones are refused.",
            "Nothing leaves this machine.",
            "Telemetry is off.",
        ]
    )


def test_a_sentence_of_a_better_passage_wins_between_equals():
    same = "Uploads are kept."
    search = searched("uploads of large files", f"{same} Large files too.", f"{same} The sun shines.")
    assert [h.number for h in highlights(search) if h.text == same] == [1, 2]


def test_only_the_first_passages_are_read():
    search = searched("uploads", *(f"Uploads of kind {n} are kept, {word}." for n, word in enumerate("abcdef")))
    assert {h.number for h in highlights(search)} == {1, 2, 3, 4, 5}
    assert {h.number for h in highlights(search, most_passages=2)} == {1, 2}


def test_a_long_sentence_does_not_win_by_its_length():
    long = "Uploads " + "and many other things that nobody asked about " * 6 + "are kept."
    found = highlights(searched("uploads", f"{long} Uploads are kept."))
    assert found[0].text == "Uploads are kept."


@pytest.mark.parametrize("latin", ["", "Groundwork "])
def test_sentences_without_spaces_are_ranked_too(latin: str):
    search = searched("遥测功能", f"{latin}上传的文件有上限。{latin}遥测功能默认关闭。")
    assert highlights(search)[0].text == f"{latin}遥测功能默认关闭。".strip()


def test_a_sentence_is_read_under_its_heading():
    passage = Passage(Document("guide.md", "Guide"), 0, "Open the menu.", headings=("Guide", "Proxy"))
    other = Passage(Document("guide.md", "Guide"), 1, "The proxy.")
    search = SearchResult((Hit(other, 1.0, 0.5), Hit(passage, 1.0, 0.5)), {"proxi": 3.0, "open": 1.0})
    assert [h.text for h in highlights(search)] == ["Open the menu.", "The proxy."]


def test_what_stands_beside_the_best_sentence_is_likelier_than_the_rest():
    text = "Snow falls. Rain falls. The largest file to be uploaded has a limit. Ask about it. The sun shines. It ends."
    found = highlights(searched("How large may an uploaded file be?", text))
    assert found[0].text == "The largest file to be uploaded has a limit."
    assert {h.text for h in found[1:3]} == {"Rain falls.", "Ask about it."}


def test_a_piece_is_read_with_what_it_cannot_do_without():
    search = searched("budget in June", "| Month | Budget |", "In June it rained.")
    rows = relevance(search, [[("June 9",), ("Month Budget", "June 9")], [("In June it rained.",)]])
    assert rows[0][1] > 5 * max(rows[0][0], rows[1][0])


def test_without_hits_there_is_nothing_to_underline():
    assert highlights(SearchResult(())) == []


def test_passages_that_were_only_pointed_at_keep_their_order():
    hits = Searcher(index_of("One. Two.", "Three.", origin="upload")).opening({"upload:guide.md"}, limit=5)
    assert [h.text for h in highlights(SearchResult(tuple(hits)))] == ["One.", "Two.", "Three."]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.dictionaries(st.sampled_from("abc"), st.floats(0, 9)))
def test_each_highlight_is_the_text_of_its_span(texts: list[str], weights: dict[str, float]):
    passages = index_of(*texts).passages("library:guide.md", limit=9)
    search = SearchResult(tuple(Hit(p, 1.0) for p in passages), weights)
    for highlight in highlights(search):
        passage = search.hits[highlight.number - 1].passage
        assert passage.text[highlight.start : highlight.end] == highlight.text != ""
        assert 0 <= highlight.score <= 1 + 1e-9
    assert sum(h.score for h in highlights(search)) == pytest.approx(1 if any(text.strip() for text in texts) else 0)
