"""The contract of `PassageIndex`, which every engine keeps."""

import atexit
import math
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval import memory_index
from rag.retrieval.fields import FIELDS, field_terms, searched_text
from rag.retrieval.index import PassageIndex, Statistics
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.query import build_query, is_gram
from rag.retrieval.tantivy_index import TantivyIndex
from rag.types import Document, Hit, Passage
from tests.fakes import passages

Engine = Callable[[], PassageIndex]


def on_disk() -> TantivyIndex:
    folder = Path(tempfile.mkdtemp(prefix="groundwork-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return TantivyIndex(folder)


ENGINES: list[Engine] = [MemoryIndex, on_disk]

RULES = Document("rules.md", "Rules")
GUIDE = Document("guide.md", "Guide")
TEXTS = (
    "Uploads may have 25 MB. Larger uploads are refused.",
    "Nothing leaves this machine, also no statistics about it.",
    "The larger model needs 16 GB of memory.",
    "文件最大为25 MB，更大的文件会被拒绝。",
    "",
    "!!!",
)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def index(request: pytest.FixtureRequest) -> PassageIndex:
    return request.param()


def put(index: PassageIndex, document: Document, *texts: str) -> list[Passage]:
    made = passages(document, texts)
    index.put(document, made)
    return made


def found(index: PassageIndex, question: str, limit: int = 10) -> list[Hit]:
    return index.search(build_query(question).terms, limit)


def texts_of(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.text for hit in hits]


def plain_bm25(
    collection: Sequence[Passage], weights: Mapping[str, float], statistics: Statistics | None = None
) -> list[float]:
    """BM25 of each field, summed, by the book, with k1 = 1.2, b = 0.75 and the idf that is never negative."""
    scores = [0.0] * len(collection)
    terms = [field_terms(passage) for passage in collection]
    for field in FIELDS:
        bags = [Counter(each[field.name]) for each in terms]
        mean = sum(bag.total() for bag in bags) / len(bags)
        for term, weight in weights.items():
            if is_gram(term) != field.grams:
                continue
            everywhere = [each["grams" if field.grams else "words"] for each in terms]
            n = statistics.containing.get(term, 0) if statistics else sum(term in each for each in everywhere)
            size = statistics.passages if statistics else len(bags)
            idf = math.log(1 + (size - n + 0.5) / (n + 0.5))
            for i, bag in enumerate(bags):
                if bag[term]:
                    norm = 1.2 * (1 - 0.75 + 0.75 * bag.total() / mean)
                    scores[i] += field.weight * weight * idf * bag[term] * 2.2 / (bag[term] + norm)
    return scores


def test_an_empty_index_answers_everything_with_nothing(index: PassageIndex):
    assert len(index) == 0
    assert found(index, "uploads") == []
    assert index.passages("library:rules.md", limit=3) == []
    assert index.statistics(["upload"]) == Statistics(0, {"upload": 0})
    assert not index.remove("library:rules.md")


def test_what_is_put_is_found_best_first(index: PassageIndex):
    made = put(index, RULES, *TEXTS)
    assert len(index) == len(TEXTS)
    hits = found(index, "How large may uploads be?")
    assert hits[0].passage == made[0]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score > 0 for hit in hits)


def test_the_limit_is_kept(index: PassageIndex):
    put(index, RULES, *(f"Uploads of kind {n} are kept." for n in range(9)))
    assert len(found(index, "uploads", limit=4)) == 4
    assert len(found(index, "uploads", limit=50)) == 9
    assert found(index, "uploads", limit=0) == []


def test_passages_without_any_of_the_terms_are_not_found(index: PassageIndex):
    put(index, RULES, *TEXTS)
    assert texts_of(found(index, "memory")) == [TEXTS[2]]
    assert found(index, "penguin") == []
    assert found(index, "") == []
    assert index.search({}, 5) == []


def test_a_document_of_the_same_id_takes_the_place_of_the_old_one(index: PassageIndex):
    put(index, RULES, "Uploads may have 25 MB.", "Old words.")
    put(index, GUIDE, "Drop a file into the chat.")
    newer = Document("rules.md", "Rules, second edition")
    put(index, newer, "Attachments may have 50 MB.")
    assert len(index) == 2
    assert index.passages(RULES.id)[0].document.title == "Rules, second edition"
    assert found(index, "old words") == []
    assert texts_of(found(index, "attachments")) == ["Attachments may have 50 MB."]
    assert index.statistics(["upload"]).containing["upload"] == 0


def test_a_name_may_stand_in_the_library_and_among_the_uploads(index: PassageIndex):
    put(index, RULES, "Uploads may have 25 MB.")
    put(index, Document("rules.md", "Rules", "upload"), "Uploads may have 99 MB.")
    assert len(found(index, "uploads")) == 2


def test_a_removed_document_is_gone(index: PassageIndex):
    put(index, RULES, *TEXTS)
    put(index, GUIDE, "Drop a file into the chat.")
    assert index.remove(RULES.id)
    assert not index.remove(RULES.id)
    assert (len(index), len(index.passages(GUIDE.id))) == (1, 1)
    assert found(index, "memory") == []
    assert index.passages(RULES.id, limit=2) == []
    assert index.statistics(["memori", "drop"]) == Statistics(1, {"memori": 0, "drop": 1})


def test_the_memory_index_lists_its_documents_in_the_order_in_which_they_came():
    index = MemoryIndex()
    documents = [Document(f"{name}.md", name) for name in "zamb"]
    for document in documents:
        put(index, document, "Text.")
    put(index, RULES)
    assert index.documents() == [*documents, RULES]


def test_the_leading_passages_are_the_first_ones(index: PassageIndex):
    made = put(index, RULES, *TEXTS)
    put(index, GUIDE, "Other.")
    assert index.passages(RULES.id, limit=2) == made[:2]
    assert index.passages(RULES.id, limit=99) == made
    assert index.passages("library:absent.md", limit=2) == []


def test_a_document_without_passages_does_no_harm(index: PassageIndex):
    put(index, RULES)
    assert len(index) == 0
    assert found(index, "anything") == []


def test_a_stretch_of_passages_is_read_by_its_ordinals(index: PassageIndex):
    made = put(index, RULES, *TEXTS)
    assert index.passages(RULES.id, 2, 2) == made[2:4]
    assert index.passages(RULES.id, len(TEXTS) - 1, 5) == made[-1:]
    assert index.passages(RULES.id, 99, 5) == []


def test_a_search_can_be_kept_to_some_documents(index: PassageIndex):
    put(index, RULES, "Uploads may have 25 MB.", "Nothing about it.")
    put(index, GUIDE, "Uploads, uploads, uploads!")
    terms = build_query("uploads").terms
    everywhere = {hit.passage.text: hit.score for hit in index.search(terms, 9)}
    among_rules = index.search(terms, 9, documents={RULES.id, "library:absent.md"})
    assert texts_of(among_rules) == ["Uploads may have 25 MB."]
    assert among_rules[0].score == pytest.approx(everywhere["Uploads may have 25 MB."], rel=1e-5)
    assert index.search(terms, 9, documents=set()) == []


def test_a_limit_beyond_all_measure_gives_all(index: PassageIndex):
    put(index, RULES, *TEXTS)
    assert len(index.search(build_query("uploads").terms, 10**9)) == 1
    assert index.passages(RULES.id, limit=10**9) == index.passages(RULES.id, limit=len(TEXTS))


REPORTS = [Document(f"{name}_{year}_10K.pdf", "") for name in ("ACME", "Birch") for year in (2018, 2019)]


def put_reports(index: PassageIndex) -> None:
    for report in REPORTS:
        company, year = report.name.split("_")[:2]
        put(index, report, f"{company} earned more in {year}.", f"Sales of {company} grew.", "Costs fell.")


def test_how_many_documents_are_called_so_is_counted_by_document(index: PassageIndex):
    put_reports(index)
    counts = index.name_counts(["acm", "2018", "10k", "birch2018", "sale"])
    assert counts == Statistics(4, {"acm": 2, "2018": 2, "10k": 4, "birch2018": 1, "sale": 0})
    assert index.own_name_counts(["acm", "2018", "sale"]) == Statistics(12, {"acm": 4, "2018": 2, "sale": 0})
    index.remove(REPORTS[0].id)
    assert index.name_counts(["acm", "10k"]) == Statistics(3, {"acm": 1, "10k": 3})


def test_documents_are_found_by_the_weights_of_their_names(index: PassageIndex):
    put_reports(index)
    found = index.documents_called({"birch": 2.0, "2019": 1.5}, 9)
    assert [(document, round(weight, 3)) for document, weight in found[:2]] == [(REPORTS[3], 3.5), (REPORTS[2], 2.0)]
    assert found[2][0] == REPORTS[1]
    assert len(found) == 3
    assert len(index.documents_called({"10k": 1.0}, 2)) == 2
    assert index.documents_called({}, 9) == []
    assert index.documents_called({"absent": 1.0}, 9) == []


def test_terms_are_counted_in_some_documents_only(index: PassageIndex):
    put_reports(index)
    some = {REPORTS[0].id, "library:absent.pdf"}
    assert index.statistics(["acm", "cost", "#cost"], some) == Statistics(3, {"acm": 2, "cost": 1, "#cost": 1})
    assert index.statistics(["acm"], set()) == Statistics(0, {"acm": 0})
    many = {document.id for document in REPORTS} | {f"library:{n}.md" for n in range(50)}
    assert index.statistics(["cost"], many) == index.statistics(["cost"])


def test_a_bonus_is_added_to_the_passages_of_a_document_that_hold_a_term(index: PassageIndex):
    put_reports(index)
    terms = build_query("costs").terms
    before = {hit.passage.id: hit.score for hit in index.search(terms, 9)}
    after = {hit.passage.id: hit.score for hit in index.search(terms, 9, bonuses={REPORTS[3].id: 7.0, "absent": 9.0})}
    of_report = f"{REPORTS[3].id}#2"
    assert after == pytest.approx(before | {of_report: before[of_report] + 7}, rel=1e-5)
    among = index.search(terms, 9, documents={REPORTS[3].id, REPORTS[0].id}, bonuses={REPORTS[3].id: 7.0})
    assert [hit.passage.document for hit in among] == [REPORTS[3], REPORTS[0]]


def test_a_closed_index_is_empty(index: PassageIndex):
    put(index, RULES, *TEXTS)
    index.close()
    assert len(index) == 0


def test_a_document_without_any_term_does_no_harm(index: PassageIndex):
    put(index, Document("", ""), "", "!!!", "the of and")
    assert len(index) == 3
    assert found(index, "the uploads !!!") == []
    put(index, GUIDE, "Uploads are kept.")
    assert texts_of(found(index, "uploads")) == ["Uploads are kept."]


def test_passages_come_back_as_they_were_put(index: PassageIndex):
    passage = Passage(GUIDE, 3, "Proxy settings\nare here.", ("Guide", "Set-up"), 7, 120, 144)
    index.put(GUIDE, [passage])
    assert found(index, "proxy")[0].passage == passage


def test_title_and_headings_are_searched_too(index: PassageIndex):
    index.put(GUIDE, [Passage(GUIDE, 0, "Press the button.", ("Guide", "Printing"))])
    assert texts_of(found(index, "printing")) == ["Press the button."]
    assert texts_of(found(index, "guide")) == ["Press the button."]


def test_in_a_single_passage_every_score_is_positive(index: PassageIndex):
    put(index, RULES, "Uploads may have 25 MB.")
    for term in ("upload", "may", "#uplo", "25"):
        hits = index.search({term: 1.0}, 5)
        assert len(hits) == 1
        assert hits[0].score > 0


def test_a_term_of_half_or_of_all_passages_scores_above_zero(index: PassageIndex):
    put(index, RULES, "Uploads are kept.", "Uploads are small.", "Chats are kept.", "Chats are small.")
    assert len(found(index, "uploads")) == 2
    assert all(hit.score > 0 for hit in found(index, "uploads"))
    put(index, RULES, "Uploads are kept.", "Uploads are small.")
    assert len(found(index, "uploads")) == 2


def test_weights_count(index: PassageIndex):
    put(index, RULES, "Alpha stands here.", "Beta stands here.")
    assert texts_of(index.search({"alpha": 1.0, "beta": 0.5}, 5)) == ["Alpha stands here.", "Beta stands here."]
    assert texts_of(index.search({"alpha": 0.5, "beta": 1.0}, 5)) == ["Beta stands here.", "Alpha stands here."]
    once, twice = index.search({"alpha": 1.0}, 1)[0].score, index.search({"alpha": 2.0}, 1)[0].score
    assert twice == pytest.approx(2 * once, rel=1e-6)


def test_statistics_count_passages_not_occurrences(index: PassageIndex):
    put(index, RULES, "Upload, upload, upload.", "No upload here.", "Something else.")
    counted = index.statistics(["upload", "someth", "absent", "#uplo"])
    assert counted.passages == 3
    assert counted.containing == {"upload": 2, "someth": 1, "absent": 0, "#uplo": 2}


def test_a_word_and_a_gram_of_the_same_letters_are_two_terms(index: PassageIndex):
    put(index, RULES, "Files are here.", "Profile pictures are here.")
    assert index.statistics(["file", "#file"]).containing == {"file": 1, "#file": 2}


def test_given_statistics_take_the_place_of_its_own(index: PassageIndex):
    put(index, RULES, "Uploads are kept.", "Chats are kept.")
    terms = {"upload": 1.0}
    rare = index.search(terms, 1, Statistics(10_000, {"upload": 1}))[0].score
    common = index.search(terms, 1, Statistics(10_000, {"upload": 9_000}))[0].score
    assert rare > index.search(terms, 1)[0].score > common > 0


def test_two_searches_do_not_disturb_each_other(index: PassageIndex):
    put(index, RULES, *TEXTS)
    before = found(index, "memory of the larger model")
    index.search({"memori": 9.0, "model": 0.01}, 3, Statistics(9999, {}))
    assert found(index, "memory of the larger model") == before


# Up to 40 terms in a field, which is what tantivy keeps the exact length of.
WORDS = ("upload", "model", "memory", "paper", "sun", "moon", "größe", "文件", "上传", "быстро", "25", "the")


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), min_size=1, max_size=12),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
)
def test_scores_are_those_of_plain_bm25(engine: Engine, texts: list[str], question: str, earlier: str):
    index = engine()
    made = put(index, Document("a", ""), *texts)
    weights = build_query(question, [earlier]).terms
    expected = dict(zip((p.id for p in made), plain_bm25(made, weights), strict=True))
    hits = index.search(weights, 100)
    assert {hit.passage.id: hit.score for hit in hits} == pytest.approx(
        {name: score for name, score in expected.items() if score > 0}, rel=1e-6
    )


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
def test_scores_with_the_statistics_of_two_indexes_are_those_of_plain_bm25(engine: Engine):
    first, second = engine(), engine()
    made = put(first, RULES, *TEXTS[:3])
    put(second, GUIDE, "Uploads are kept.", "Models are large.")
    weights = build_query("large uploads").terms
    both = first.statistics(weights) + second.statistics(weights)
    assert both.passages == 5
    expected = [score for score in plain_bm25(made, weights, both) if score]
    assert [hit.score for hit in first.search(weights, 9, both)] == pytest.approx(
        sorted(expected, reverse=True), rel=1e-6
    )


def test_threads_may_put_search_and_remove_at_the_same_time(index: PassageIndex):
    put(index, RULES, *TEXTS)
    documents = [Document(f"{n}.md", f"Number {n}") for n in range(40)]

    def write(document: Document) -> None:
        put(index, document, f"Uploads of {document.title}.", "Memory is large.")
        if document.title.endswith("7"):
            assert index.remove(document.id)

    def read(n: int) -> None:
        for hit in found(index, ("uploads memory", "model", "文件")[n % 3]):
            assert hit.score > 0
            assert hit.passage.document in (RULES, *documents)
        assert len(index) >= len(TEXTS)
        assert index.passages(RULES.id, limit=1)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write, d) for d in documents] + [pool.submit(read, n) for n in range(60)]:
            future.result()
    assert len(index) == len(TEXTS) + 2 * 36
    assert len(found(index, "uploads", limit=100)) == 1 + 36


def test_the_memory_index_can_be_counted_and_filled_while_it_builds(monkeypatch: pytest.MonkeyPatch):
    """The event loop asks for its length; that must not wait for a large library's first search."""
    building, go_on = threading.Event(), threading.Event()

    class Slow(memory_index._Field):
        def __init__(self, texts: list[tuple[str, ...]]) -> None:
            building.set()
            assert go_on.wait(20)
            super().__init__(texts)

    index = MemoryIndex()
    put(index, RULES, *TEXTS)
    monkeypatch.setattr(memory_index, "_Field", Slow)
    with ThreadPoolExecutor(2) as pool:
        searching = pool.submit(found, index, "memory")
        assert building.wait(20)
        meanwhile = pool.submit(
            lambda: (
                len(index),
                index.passages(RULES.id, limit=1),
                put(index, GUIDE, "Memory is finite."),
            )
        )
        try:
            assert meanwhile.result(timeout=10)[0] == len(TEXTS)
        finally:
            go_on.set()
        assert searching.result(timeout=10)
    assert "Memory is finite." in texts_of(found(index, "memory"))


def test_idf_is_lucenes_and_never_negative():
    assert Statistics(3, {"a": 1}).idf("a") == pytest.approx(math.log(1 + 2.5 / 1.5))
    assert Statistics(3, {"a": 3}).idf("a") > 0
    assert Statistics(0, {}).idf("a") > 0
    assert Statistics(9, {"a": 1}).idf("unseen") > Statistics(9, {"a": 1}).idf("a")


def test_statistics_of_two_collections_add_up():
    both = Statistics(3, {"a": 1, "b": 2}) + Statistics(4, {"b": 1, "c": 4})
    assert both == Statistics(7, {"a": 1, "b": 3, "c": 4})
    assert Statistics() + both == both


def test_a_passage_is_found_by_title_headings_and_text_each_once():
    passage = Passage(GUIDE, 0, "Press it.", ("Guide", "Set-up", "Printing"))
    assert searched_text(passage) == "Guide\nSet-up\nPrinting\nPress it."


def test_words_are_listed_by_their_beginning_and_by_their_end(index: PassageIndex):
    put(index, RULES, "Uploads may be large.", "An upload is a file.", "Café au lait, upload 2.")
    assert index.spellings("uplo", 9) == [("upload", 2), ("uploads", 1)]
    assert index.spellings("uplo", 1) == [("upload", 2)]
    assert sorted(index.spellings("<", 99))[:2] == [("<daolpu", 2), ("<efac/café", 1)]
    assert index.spellings("cafe", 9) == [("cafe/café", 1)]
    assert index.spellings("zebra", 9) == []
