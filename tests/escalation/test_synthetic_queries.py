"""Questions that a library asks itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.synthetic_queries import WORDS, Size, leave_one_out, spread, synthetic_query
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.types import Document, Passage
from tests.fakes import passages

LONG = "The office of the porter opens at nine on every weekday but the first of the month. Then it stays closed."


def passage(text: str, ordinal: int = 0) -> Passage:
    return Passage(Document("guide.md", "Guide"), ordinal, text)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (LONG, "The office of the porter opens at nine on every weekday"),
        (
            "Der Pförtner öffnet das Büro an jedem Werktag um neun Uhr, und er schließt es am Abend.",
            "Der Pförtner öffnet das Büro an jedem Werktag um neun Uhr,",
        ),
        (
            "黑豹队的防守只丢了三百零八分，在联赛中排名第六，同时也以二十四次拦截领先。",
            "黑豹队的防守只丢了三百零八分，在联赛中排名第六，同时",
        ),
        ("กรุงเทพมหานครเป็นเมืองหลวงและนครที่มีประชากรมากที่สุดของประเทศไทย", None),
    ],
    ids=["en", "de", "zh", "th"],
)
def test_it_is_the_beginning_of_a_sentence(text: str, question: str | None):
    found = synthetic_query(passage(text))
    assert found
    assert text.startswith(found)
    assert found != text
    assert question is None or found == question


@pytest.mark.parametrize(
    "text", ["", "Too short.", "...", "- \n- \n", "| a | b |\n| 1 | 2 |", "谁知道？", "One. Two words. Three."]
)
def test_a_text_without_a_long_sentence_asks_nothing(text: str):
    assert synthetic_query(passage(text)) == ""


def test_passages_take_turns_with_their_sentences():
    text = f"{LONG} Visitors ring the bell at the gate and wait there until the porter has seen them."
    assert synthetic_query(passage(text, 0)).startswith("The office")
    assert synthetic_query(passage(text, 1)).startswith("Visitors ring")
    assert synthetic_query(passage(text, 2)) == synthetic_query(passage(text, 0))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.integers(0, 9))
def test_any_text_can_be_asked_about(text: str, ordinal: int):
    found = synthetic_query(passage(text, ordinal))
    assert found in text
    assert not found or len(found) >= WORDS


SIZES = [Size("a", 1), Size("b", 90), Size("c", 9), Size("d", 900)]


def test_a_small_library_is_asked_everything():
    found = list(spread(SIZES[:3], 100))
    assert found == [("a", 0), *(("b", n) for n in range(90)), *(("c", n) for n in range(9))]


@given(st.lists(st.integers(1, 5000), max_size=30), st.integers(1, 400))
def test_a_sample_holds_different_passages_that_are_there(counts: list[int], most: int):
    sizes = [Size(str(n), count) for n, count in enumerate(counts)]
    found = list(spread(sizes, most))
    assert len(set(found)) == len(found) <= min(most, sum(counts))
    assert all(0 <= ordinal < counts[int(name)] for name, ordinal in found)
    assert len(found) == min(most, sum(counts)) or len(found) > most / 2


def test_every_beginning_of_a_sample_is_spread_evenly():
    found = [name for name, _ in spread([Size("a", 5000), Size("b", 5000)], 300)]
    for count in (20, 100, 300):
        assert found[:count].count("a") == pytest.approx(count / 2, abs=2)


def test_a_question_is_searched_without_its_document():
    index = MemoryIndex()
    for name in ("one.md", "two.md"):
        document = Document(name, name)
        index.put(document, passages(document, [LONG, "Wolves hunt at night in the snow of the high mountains here."]))
    asked = index.passages("library:one.md", limit=2)
    results = list(leave_one_out(Searcher(index), asked, limit=5))
    assert len(results) == 2
    for question, found in results:
        assert {hit.passage.document.name for hit in found.hits} == {"two.md"}
        assert any(question in hit.passage.text for hit in found.hits)


def test_without_any_other_document_nothing_is_found():
    index, document = MemoryIndex(), Document("one.md", "One")
    index.put(document, passages(document, [LONG] * 3))
    [(_, found)] = leave_one_out(Searcher(index), index.passages(document.id), limit=5)
    assert not found.hits


def test_a_document_that_fills_the_top_of_the_ranking_does_not_hide_the_others():
    index, large, small = MemoryIndex(), Document("large.md", "Large"), Document("small.md", "Small")
    index.put(large, passages(large, [f"{LONG} Note {n} was written by clerk {n * n}." for n in range(120)]))
    index.put(small, passages(small, ["The porter goes home at five on Fridays."]))
    found = Searcher(index).search("When does the porter open?", limit=5, without=large.id)
    assert [hit.passage.document.name for hit in found.hits] == ["small.md"]
