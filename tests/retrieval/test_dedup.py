"""Hits that do not say the same: near-duplicates give way, neighbours become one hit."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.grounding.citations import check
from rag.retrieval.dedup import ALIKE, NEAR_DUPLICATE, deduplicate, group_neighbours, merge_neighbours
from rag.retrieval.highlights import highlights
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.text.analysis import analyse
from rag.types import Document, Hit, Passage

PAGE = Document("lease.pdf", "Lease")
TEXT = "The rent is due on the first.\n\nIt is paid by transfer. Cash is refused.\nThe deposit is three rents."
CUTS = ((0, 29), (31, 71), (72, 100))


def cut(**changes: object) -> list[Passage]:
    """The text's passages, each of one section and page."""
    whole = [Passage(PAGE, n, TEXT[a:b], ("Rent",), 3, start=a, end=b) for n, (a, b) in enumerate(CUTS)]
    return [replace(passage, **changes) for passage in whole]


def hits(*scored: tuple[Passage, float]) -> list[Hit]:
    return [Hit(passage, score, score / 10) for passage, score in scored]


def texts(found: list[tuple[Hit, ...]]) -> list[str]:
    return [merge_neighbours(place).passage.text for place in found]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_neighbours_become_one_hit_with_the_text_between_them(order: tuple[int, int]):
    passages = cut()
    (place,) = group_neighbours(hits((passages[order[0]], 9.0), (passages[order[1]], 8.0)), 5)
    hit = merge_neighbours(place)
    assert hit.passage == replace(passages[0], text=TEXT[:71], end=71)
    assert (hit.score, hit.normalised_score) == (9.0, 0.9)


def test_a_joined_passage_is_the_documents_text_from_its_start_to_its_end():
    first, second, third = cut()
    assert texts(group_neighbours(hits((third, 9.0), (second, 9.0)), 5)) == [TEXT[second.start : third.end]]
    assert texts(group_neighbours(hits((first, 9.0)), 5)) == [first.text]


def test_no_more_than_two_are_joined_and_each_passage_is_given_once():
    first, second, third = cut()
    found = group_neighbours(hits((second, 9.0), (first, 8.0), (third, 7.0)), 5)
    assert texts(found) == [TEXT[:71], third.text]
    assert len({merge_neighbours(place).passage.id for place in found}) == 2


def test_the_place_that_becomes_free_goes_to_the_next_hit():
    first, second, _ = cut()
    other = Passage(Document("other.md", "Other"), 0, "The rent of the hall.")
    assert texts(group_neighbours(hits((first, 9.0), (second, 8.0), (other, 1.0)), 2)) == [TEXT[:71], other.text]


def test_a_neighbour_that_hardly_matches_is_left_alone():
    first, second, _ = cut()
    assert len(group_neighbours(hits((first, 9.0), (second, 9.0 * ALIKE - 0.1)), 5)) == 2
    assert len(group_neighbours(hits((first, 9.0), (second, 9.0 * ALIKE)), 5)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"headings": ("Deposit",)},
        {"page": 4},
        {"document": Document("other.pdf", "Lease")},
        {"ordinal": 2},
        {"start": 80, "end": 120},
        {"start": 0, "end": 0},
        {"rows": (2, 9)},
        {"header": "| a | b |"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_passages_that_are_no_neighbours_stay_two_hits(changes: dict[str, object]):
    first, second, _ = cut()
    assert len(group_neighbours(hits((first, 9.0), (replace(second, **changes), 8.0)), 5)) == 2


def test_passages_without_offsets_are_never_joined():
    assert len(group_neighbours(hits(*((passage, 9.0) for passage in cut(start=0, end=0))), 5)) == 3


def library(*passages: Passage) -> Searcher:
    index = MemoryIndex()
    for document in dict.fromkeys(passage.document for passage in passages):
        index.put(document, [passage for passage in passages if passage.document == document])
    return Searcher(index)


def test_quotes_and_highlights_point_into_the_joined_text():
    others = [Passage(Document(f"{n}.md", "Other"), 0, f"Nothing of the kind, {n} times.") for n in range(5)]
    search = library(*cut()[:2], *others).search("Is the rent paid by transfer, due on the first?", limit=5)
    hit = search.hits[0]
    assert hit.passage.text == TEXT[:71]
    best = highlights(search)[0]
    assert hit.passage.text[best.start : best.end] == best.text
    citation = check("Cash is refused [1].", search.hits).citations[0]
    assert citation.quote
    assert hit.passage.text[slice(*citation.quote)] == "Cash is refused."


def test_a_hit_that_is_joined_is_not_weaker_than_alone():
    others = [Passage(Document(f"{n}.md", "Other"), 0, f"Nothing of the kind, {n} times.") for n in range(5)]
    question = "rent first transfer"
    apart = library(*cut(end=0), *others).search(question, limit=5)
    together = library(*cut(), *others).search(question, limit=5)
    assert len(together.hits) < len(apart.hits)
    assert together.normalised_score == pytest.approx(apart.normalised_score)
    assert together.coverage == pytest.approx(apart.coverage)


WORDS = st.lists(st.sampled_from(("rent", "due", "cash", "文件", "上传", "25", "…")), max_size=8).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=12))
def test_a_hit_is_left_out_only_for_one_before_it_that_says_the_same(written: list[str]):
    every = hits(*((Passage(PAGE, n, text), 9.0 - n) for n, text in enumerate(written)))
    kept = list(deduplicate(every))
    assert kept == [hit for hit in every if hit in kept]
    for n, hit in enumerate(every):
        before = [other for other in every[:n] if other in kept]
        assert (hit not in kept) == any(alike(hit, other) for other in before)


def alike(hit: Hit, other: Hit) -> bool:
    own, others = (set(analyse(each.passage.text).units) for each in (hit, other))
    return hit.passage.text == other.passage.text or len(own & others) > NEAR_DUPLICATE * len(own | others) > 0
