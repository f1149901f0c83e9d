"""What a search tells about whether the answer is in the passages."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.answerability import ANSWERABLE, search_signals
from rag.escalation.weights import shipped
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.retrieval.synonyms import Synonyms
from rag.types import Document, SearchResult
from tests.fakes import index_of, passages

TOPICS = {
    "rivers": "The Rhine begins in the Alps. It flows north through Cologne and reaches the sea near Rotterdam.",
    "towers": "The Eiffel Tower was built in 1889. Gustave Eiffel's company designed it for the world's fair in Paris.",
    "bread": "Sourdough rises slowly overnight. Bake the bread for forty minutes in a hot oven until it is dark.",
    "office": "The office opens at nine on weekdays. Visitors ring the bell at the gate and wait for the porter there.",
    "travel": "Travel expenses are paid back within two weeks. Hand in the receipts of the hotel with the green form.",
    "moon": "Neil Armstrong walked on the moon in July 1969. Michael Collins stayed in the command module above them.",
    "bees": "A worker bee lives for six weeks in summer. The queen lays up to two thousand eggs on a single warm day.",
    "chess": "A bishop moves along the diagonals of the board. The rook takes the straight lines from edge to edge.",
}


def library(*, without: str = "") -> MemoryIndex:
    index = MemoryIndex()
    for name, text in TOPICS.items():
        if name != without:
            document = Document(f"{name}.md", name)
            index.put(document, passages(document, [text]))
    return index


def values(index: MemoryIndex, question: str, *earlier: str, **arguments) -> dict[str, float]:
    found = Searcher(index, **arguments).search(question, earlier, limit=12)
    return {signal.name: signal.value for signal in search_signals(found, question)}


def match(index: MemoryIndex, question: str, *earlier: str) -> float:
    return shipped().answerable(values(index, question, *earlier))


QUESTIONS = [
    ("rivers", "Where does the Rhine reach the sea?"),
    ("towers", "When was the Eiffel Tower built in Paris?"),
    ("bread", "How long do I bake sourdough bread in the oven?"),
    ("office", "When does the office open on weekdays?"),
    ("travel", "When are the travel expenses paid back?"),
    ("moon", "Who walked on the moon in 1969?"),
    ("bees", "How many eggs does the queen lay on a day?"),
    ("chess", "How does the bishop move on the board?"),
]


@pytest.mark.parametrize(("topic", "question"), QUESTIONS)
def test_a_question_matches_better_where_its_document_is_there(topic: str, question: str):
    assert match(library(), question) > 0.5 > match(library(without=topic), question)


@pytest.mark.parametrize("signal", ["strength", "closeness", "evidence", "margin"])
def test_each_signal_falls_with_the_document(signal: str):
    for topic, question in QUESTIONS:
        assert values(library(), question)[signal] > values(library(without=topic), question)[signal], question


def test_the_head_has_a_positive_coefficient_for_each_of_its_signals():
    assert set(shipped().answerable.coefficients) == set(ANSWERABLE)
    assert all(weight > 0 for weight in shipped().answerable.coefficients.values())


def test_every_signal_has_a_meaning_and_a_name_of_its_own():
    signals = search_signals(SearchResult(()), "Why?")
    assert len({signal.name for signal in signals}) == len({signal.meaning for signal in signals}) == len(signals) == 5


def test_words_count_more_side_by_side_than_apart():
    together = index_of("Wolves hunt at night. Snow falls early here. Owls sleep by day. Rivers freeze in winter.")
    apart = index_of("Wolves hunt here. Snow falls early. Owls sleep by day. Rivers freeze at night in winter.")
    question = "Do wolves hunt at night?"
    coverage = [Searcher(index).search(question, limit=12).coverage for index in (together, apart)]
    assert coverage[0] == coverage[1]
    assert values(together, question)["closeness"] > values(apart, question)["closeness"]


def test_a_heading_counts_as_if_it_stood_in_the_sentence():
    text = "They are paid back within two weeks. Hand in the receipts."
    bare, under = index_of(text, title=""), index_of(text, title="Travel expenses")
    question = "When are travel expenses paid back?"
    assert values(under, question)["closeness"] > values(bare, question)["closeness"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who designed the tower in Paris?", 1.0),
        ("Who designed the tower in Moscow?", 0.0),
        ("Was the tower in Paris built in 1889?", 1.0),
        ("Towers of stone, who builds them?", 1.0),  # the first word has its capital anyway
        ("Help me. Who builds towers?", 1.0),
    ],
)
def test_names_of_the_question_are_looked_for(question: str, expected: float):
    assert values(library(), question)["specifics"] == expected


def test_a_name_that_is_missing_and_one_that_is_there_make_a_part():
    assert 0 < values(library(), "Did Eiffel build the tower in Moscow?")["specifics"] < 1


@pytest.mark.parametrize("asked", [str.lower, str.upper])
def test_names_without_capitals_are_those_of_the_passages_and_perhaps_what_none_has(asked: Callable[[str], str]):
    there, elsewhere = (
        values(library(), asked(f"Who built the tower in {place}?"))["specifics"] for place in ("Paris", "Rome")
    )
    assert there == 1
    assert elsewhere < 1
    assert values(library(), asked("Did Armstrong build the tower in Paris?"))["specifics"] < 1


def test_a_word_for_which_a_synonym_stands_there_is_not_absent():
    synonyms = Synonyms([["travel expenses", "outlays"]])
    question = "are outlays paid back?"
    assert values(library(), question)["specifics"] < values(library(), question, synonyms=synonyms)["specifics"] == 1


def test_few_words_that_all_stand_there_are_evidence_enough():
    assert values(library(), "how do i bake bread")["evidence"] == 1
    assert values(library(without="bread"), "how do i bake bread")["evidence"] < 0.6


def test_numbers_count_in_lower_case_too():
    assert values(library(), "was the tower built in 1889")["specifics"] == 1
    assert values(library(), "was the tower built in 1789")["specifics"] == 0


def test_capitals_tell_no_names_where_every_noun_has_one():
    german = index_of(
        "Der Turm wurde im Jahr 1889 in Paris gebaut. Die Firma von Eiffel hat den Turm für die Ausstellung entworfen.",
        "Im Turm gibt es ein Restaurant mit Blick auf die Stadt. Der Aufzug bringt die Gäste in einer Minute hinauf.",
        "Der Eintritt in den Turm kostet für Kinder die Hälfte. Eine Karte gilt am Tag des Kaufs bis zum Abend.",
        "Vor dem Turm steht an der Straße ein Stand mit Andenken. Im Winter hat der Turm nur bis zum Nachmittag offen.",
    )
    assert values(german, "Wann wurde der Turm in Moskau gebaut?")["specifics"] == 1
    assert values(german, "Wurde der Turm 1789 in Moskau gebaut?")["specifics"] == 0


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("铁塔是谁设计的？", 1.0),
        ("1889年在巴黎建了什么？", 1.0),
        ("1789年在巴黎建了什么？", 0.0),
        ("谁创立了Acme？", 0.0),
    ],
)
def test_without_capitals_and_spaces_numbers_and_foreign_names_are_looked_for(question: str, expected: float):
    chinese = index_of("巴黎的铁塔建于1889年。它由埃菲尔的公司为世界博览会设计。", "办公室九点开门。访客在门口按铃。")
    assert values(chinese, question)["specifics"] == expected


def test_one_word_that_is_there_is_evidence_enough():
    assert match(library(), "sourdough") > 0.5
    assert values(library(), "sourdough")["evidence"] == values(library(), "sourdough")["margin"] == 1
    assert match(library(without="bread"), "sourdough") < 0.1


def test_a_word_that_stands_everywhere_is_held_all_the_same():
    many = MemoryIndex()
    for n, text in enumerate(TOPICS.values()):
        document = Document(f"{n}.md", "Acme handbook")
        many.put(document, passages(document, [f"Acme wrote this. {text}"]))
    assert match(many, "Is it Acme?") > 0.8
    assert match(many, "Is it Initech?") < 0.1


def test_a_library_of_one_page_is_no_reason_to_refuse():
    page = index_of(TOPICS["travel"])
    assert match(page, "When are the travel expenses paid back?") > 0.5
    assert match(page, "Who won the world cup in 2018?") < 0.1


@pytest.mark.parametrize("question", ["", "the", "???", "zxqv", "月"])
def test_a_question_that_finds_nothing_has_no_signal(question: str):
    assert set(values(library(), question).values()) == {0.0}
    assert set(values(MemoryIndex(), question).values()) == {0.0}


def test_passages_that_a_person_chose_are_never_refused():
    page = index_of(*TOPICS.values(), name="trip.txt", title="trip", origin="upload")
    found = SearchResult(tuple(Searcher(library(), page).opening({"upload:trip.txt"}, limit=12)))
    assert {signal.value for signal in search_signals(found, "Summarise this, please")} == {1.0}


def test_a_follow_up_is_measured_with_what_it_is_about():
    alone = values(library(), "And where does it reach the sea?")
    after = values(library(), "And where does it reach the sea?", "Where does the Rhine begin?")
    assert after["evidence"] > alone["evidence"]


def test_the_question_that_was_searched_for_takes_the_place_of_the_written_one():
    found = Searcher(library()).search("Who designed the tower in Moscow?", limit=12)
    written = SearchResult(found.hits, found.weights, found.searched, found.coverage, "who designed the tower")
    signals = {signal.name: signal.value for signal in search_signals(written, "And in Moscow?")}
    assert signals["specifics"] == 1


def test_a_synonym_is_evidence():
    synonyms = Synonyms([["travel expenses", "business trip costs"]])
    question = "When are business trip costs paid back?"
    assert values(library(), question, synonyms=synonyms)["evidence"] > values(library(), question)["evidence"]


def test_scripts_without_spaces_are_measured_by_pairs():
    index = index_of("莱茵河发源于阿尔卑斯山。它向北流经科隆。", "电车票价为三欧元。在车站购买。")
    there, gone = values(index, "莱茵河发源于哪里？"), values(index, "谁写了红楼梦这本书？")
    assert there["evidence"] > 0.3 > gone["evidence"]
    assert there["closeness"] > 0.5 > gone["closeness"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.text(max_size=40),
    st.lists(st.text(max_size=20), max_size=2),
)
def test_every_signal_is_a_share(texts: list[str], question: str, earlier: list[str]):
    for value in values(index_of(*texts), f"{question} {texts[0][:9]}", *earlier).values():
        assert 0 <= value <= 1 + 1e-9
