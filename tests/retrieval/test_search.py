"""The library and a chat's uploads as one ranking, with a strength that can be trusted."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import MOST_TERMS, Searcher
from rag.retrieval.synonyms import Synonyms
from rag.types import Document, Hit, SearchResult
from tests.fakes import index_of, passages

OFFICE = "The office is open from nine to five on weekdays."
VACATION = "Every employee has 25 vacation days a year; unused days expire in March."
MEMORY = "The larger model gpt-oss-20b needs about 16 GB of memory."
SPEED = "The small model phi-4-mini answers within a second on most laptops."
EXPENSES = "Expenses are paid back within two weeks after the receipt was handed in."
PASSWORDS = "Passwords are changed every 90 days and have at least 12 characters."
CANTEEN = "The canteen serves lunch from noon; vegetarian meals are marked green."
HANDBOOK = (OFFICE, VACATION, MEMORY, SPEED, EXPENSES, PASSWORDS, CANTEEN)
LIBRARY = index_of(*HANDBOOK)

SUMMER = "Summer camp runs from June to August."
HATS = "Bring sunscreen and a hat, please."
CAMP = "upload:camp.txt"

ENOUGH = 0.35
"""The gate's usual threshold: below it the turn says that the documents do not hold the answer."""


def uploaded(*texts: str, name: str = "camp.txt", title: str = "camp") -> MemoryIndex:
    return index_of(*texts, name=name, title=title, origin="upload")


def filled(*indexes: MemoryIndex) -> MemoryIndex:
    """One chat's index with the documents of several."""
    whole = MemoryIndex()
    for index in indexes:
        for document in index.documents():
            whole.put(document, index.passages(document.id, limit=99))
    return whole


def search(question: str, *earlier: str, indexes: tuple[MemoryIndex, ...] = (LIBRARY,), **arguments) -> SearchResult:
    return Searcher(*indexes).search(question, earlier, limit=arguments.pop("limit", 5), **arguments)


def texts_of(result: SearchResult) -> list[str]:
    return [hit.passage.text for hit in result.hits]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many vacation days do I have?", VACATION),
        ("When is the office open?", OFFICE),
        ("what does gpt-oss-20b need", MEMORY),
        ("How often must I change my password?", PASSWORDS),
        ("vegetarian lunch", CANTEEN),
    ],
)
def test_the_passage_that_answers_comes_first_and_is_strong(question: str, answer: str):
    result = search(question)
    assert texts_of(result)[0] == answer
    assert result.normalised_score >= ENOUGH
    assert result.coverage > 0
    assert result.searched == len(HANDBOOK)


@pytest.mark.parametrize(
    "question",
    ["Who won the world cup in 2018?", "penguin chicks", "Сколько стоит билет на поезд?", "電車の切符はいくらですか"],
)
def test_what_no_document_holds_is_weak(question: str):
    result = search(question)
    assert result.normalised_score < ENOUGH
    assert result.coverage < 0.5


def test_with_nothing_in_common_all_numbers_are_zero():
    result = search("zzz qqq")
    assert (result.hits, result.normalised_score, result.coverage) == ((), 0.0, 0.0)


@pytest.mark.parametrize("question", ["", "?!", "the of and"])
def test_a_question_without_words_finds_nothing(question: str):
    result = search(question)
    assert (result.hits, result.weights, result.normalised_score, result.coverage) == ((), {}, 0.0, 0.0)


@pytest.mark.parametrize("indexes", [(), (MemoryIndex(),), (MemoryIndex(), MemoryIndex())])
def test_an_empty_library_answers_with_nothing(indexes: tuple[MemoryIndex, ...]):
    result = search("How many vacation days?", "And before?", indexes=indexes)
    assert (result.hits, result.searched, result.normalised_score, result.coverage) == ((), 0, 0.0, 0.0)
    assert len(Searcher(*indexes)) == 0


def test_library_and_uploads_are_one_ranking():
    chat = uploaded("Interns have 12 vacation days a year.", SUMMER)
    result = search("vacation days of interns", indexes=(LIBRARY, chat))
    assert texts_of(result)[:2] == ["Interns have 12 vacation days a year.", VACATION]
    assert result.searched == len(HANDBOOK) + 2
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)


def test_where_a_passage_lies_makes_no_difference_to_its_score():
    apart = search("vacation days of interns", indexes=(index_of(*HANDBOOK), MemoryIndex()))
    together = search("vacation days of interns", indexes=(index_of(*HANDBOOK),))
    assert apart == together
    swapped = search("vacation days of interns", indexes=(MemoryIndex(), index_of(*HANDBOOK)))
    assert swapped == together


def test_a_single_uploaded_page_is_strong_for_what_it_says_and_weak_for_the_rest():
    page = uploaded("The summer camp costs 120 euros a week. Meals are included.")
    assert search("What does the summer camp cost?", indexes=(page,)).normalised_score >= ENOUGH
    assert search("How do penguins raise their chicks?", indexes=(page,)).normalised_score < ENOUGH


def test_near_duplicates_give_way_to_other_passages():
    copy = VACATION.replace("unused days", "Unused days")
    result = search("vacation days", indexes=(LIBRARY, uploaded(copy)))
    assert len([text for text in texts_of(result) if "vacation" in text]) == 1
    assert PASSWORDS in texts_of(result), "its 90 days would have had no place"


@pytest.mark.parametrize("copies", [20, 80])
def test_near_duplicates_give_way_also_when_the_ranking_begins_with_nothing_else(copies: int):
    alike = (
        "Edition {} of our rule: vacation days, the days of vacation, are whole days; "
        "a vacation is asked for early, in writing, and shared with your colleagues."
    )
    others = ("On a vacation nobody is called by phone, whatever it is about.", "The deadline is some days later.")
    chat = uploaded(*(alike.format(n) for n in range(copies)), *others)
    first, *following = texts_of(search("vacation days", indexes=(chat,), limit=3))
    assert first.startswith("Edition")
    assert following == list(others)


def test_passages_that_only_resemble_each_other_both_stay():
    result = search("vacation days", indexes=(LIBRARY, uploaded("Every trainee has 20 vacation days a year, no more.")))
    assert len([text for text in texts_of(result) if "vacation" in text]) == 2


def test_near_duplicates_give_way_in_scripts_without_spaces_too():
    text = "上传的文件最大为二十五兆，更大的文件会被拒绝。"
    assert texts_of(search("上传文件", indexes=(index_of(text), uploaded(text)))) == [text]


def test_passages_that_share_only_their_latin_words_are_no_duplicates():
    texts = ("Groundwork 25 MB 上传的文件有上限。", "Groundwork 25 MB 遥测功能默认关闭。")
    assert len(search("Groundwork", indexes=(index_of(*texts),)).hits) == 2


def test_the_limit_is_kept():
    assert len(search("days model weeks lunch office", limit=2).hits) == 2


@pytest.mark.parametrize(
    ("question", "earlier", "answer"),
    [
        ("And how much memory does it need?", ("What is gpt-oss-20b?",), MEMORY),
        ("Is it fast?", ("Tell me about phi-4-mini.",), SPEED),
        ("When do they expire?", ("How many vacation days do I have?",), VACATION),
        ("Why?", ("Why are passwords changed?", "How long are they?"), PASSWORDS),
        ("And the vegetarian ones?", ("When are meals served?",), CANTEEN),
    ],
)
def test_a_follow_up_finds_what_it_was_about(question: str, earlier: tuple[str, ...], answer: str):
    result = search(question, *earlier)
    assert texts_of(result)[0] == answer
    assert result.normalised_score >= ENOUGH


@pytest.mark.parametrize(
    ("question", "earlier", "answer"),
    [
        ("How many vacation days do employees have?", ("What is gpt-oss-20b?",), VACATION),
        ("When does the canteen serve lunch?", ("How many vacation days do I have?",), CANTEEN),
        ("How often are passwords changed?", ("When is the office open?", "And on weekdays?"), PASSWORDS),
    ],
)
def test_a_new_topic_is_not_pulled_to_the_old_one(question: str, earlier: tuple[str, ...], answer: str):
    result = search(question, *earlier)
    assert texts_of(result)[0] == answer
    assert result.normalised_score >= ENOUGH


LONG_BEFORE = "How much memory does the larger model gpt-oss-20b need on a laptop?"


def test_after_a_long_question_a_new_topic_still_has_its_passage_among_the_hits():
    assert VACATION in texts_of(search("How many vacation days do I have?", LONG_BEFORE))


def test_a_new_topic_after_a_long_question_is_not_weaker_than_alone():
    question = "How many vacation days do I have?"
    assert search(question, LONG_BEFORE).normalised_score >= search(question).normalised_score > 0


@pytest.mark.parametrize(
    "question", ["Who won the world cup in Brazil?", "How do penguins raise their chicks?", "电车票多少钱？"]
)
def test_what_was_asked_before_does_not_make_a_foreign_question_strong(question: str):
    talk = (LONG_BEFORE, "And how many vacation days do employees have a year?", LONG_BEFORE)
    assert search(LONG_BEFORE).normalised_score >= ENOUGH
    assert search(question, *talk).normalised_score < ENOUGH


def test_a_question_that_stands_alone_hears_less_of_the_earlier_ones():
    alone, leans = "How often are the passwords of the canteen changed in March?", "How often?"
    assert 0 < search(alone, "gpt").weights["gpt"] < search(leans, "gpt").weights["gpt"]


def test_of_a_question_of_thousands_of_words_those_that_tell_most_are_searched_for():
    searched: list[int] = []

    class Counting(MemoryIndex):
        def search(self, terms: Mapping[str, float], *arguments: Any, **named: Any) -> list[Hit]:
            searched.append(len(terms))
            return super().search(terms, *arguments, **named)

    index = Counting()
    document = index_of().documents()[0]
    index.put(document, LIBRARY.passages(document.id, limit=99))
    office = Document("office.md", "Office")
    many = " ".join(f"model{n} of office{n}" for n in range(900))
    index.put(office, passages(office, [many]))
    question = "How many vacation days expire in March?"
    assert texts_of(search(f"{many} {question}", indexes=(index,)))[0] == many
    assert texts_of(search(question, many, indexes=(index,)))[0] == VACATION
    nowhere = " ".join(f"nowhere{n}" for n in range(900))
    assert texts_of(search(f"{nowhere} {question}"))[0] == VACATION
    assert max(searched) == MOST_TERMS


LEAVE = Synonyms([("PTO", "paid leave", "vacation"), ("HQ", "office")])


def asked_with(synonyms: Synonyms, question: str, *earlier: str, indexes: tuple[MemoryIndex, ...] = (LIBRARY,)):
    return Searcher(*indexes, synonyms=synonyms).search(question, earlier, limit=5)


@pytest.mark.parametrize(
    "question", ["How many days of {} expire?", "Does {} expire?", "When must {} of every employee be taken?"]
)
def test_a_question_in_other_words_is_as_strong_as_one_in_the_passages_own(question: str):
    own = search(question.format("vacation"))
    other = asked_with(LEAVE, question.format("PTO"))
    assert texts_of(other)[0] == texts_of(own)[0] == VACATION
    assert other.normalised_score == pytest.approx(own.normalised_score, abs=0.02)
    assert other.coverage == pytest.approx(own.coverage, abs=0.02)
    assert other.normalised_score > search(question.format("PTO")).normalised_score


def test_passages_in_the_words_that_were_asked_and_in_others_are_both_found():
    chat = uploaded("Every employee has 25 PTO days a year.")
    found = texts_of(asked_with(LEAVE, "PTO days of employees", indexes=(LIBRARY, chat)))
    assert set(found[:2]) == {"Every employee has 25 PTO days a year.", VACATION}


def test_synonyms_do_not_make_a_foreign_question_strong():
    result = asked_with(LEAVE, "Does PTO include penguins of Antarctica and whales?")
    assert result.normalised_score == pytest.approx(
        search("Does vacation include penguins of Antarctica and whales?").normalised_score, abs=0.02
    )
    assert result.coverage < 0.5


def test_synonyms_of_an_earlier_question_are_heard_too():
    assert texts_of(asked_with(LEAVE, "And when do they expire?", "How many PTO days?"))[0] == VACATION


def test_words_that_mean_the_same_are_weights_too():
    weights = asked_with(LEAVE, "PTO").weights
    assert weights["pto"] > weights["vacat"] > 0


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Las vacaciones del año se solicitan en línea.", "cuando se solicitan las vacaciones del ano en linea"),
        ("Os cartões são renovados em março.", "quando sao renovados os cartoes"),
        ("Die Größe der Dateien ist beschränkt.", "grosse der dateien beschrankt"),
        ("Việt Nam có nhiều đường đẹp.", "duong dep viet nam"),
        ("Ёлку ставят в декабре.", "когда ставят елку"),
        ("Čas oddaje je petek.", "cas oddaje"),
    ],
)
def test_a_question_typed_without_accents_is_as_strong_as_with_them(text: str, question: str):
    result = search(question, indexes=(index_of(*HANDBOOK, text),))
    assert texts_of(result)[0] == text
    assert result.normalised_score >= ENOUGH


def test_a_passage_of_usual_length_that_holds_each_word_once_has_full_strength():
    result = search("alpha beta", indexes=(index_of("Alpha beta gamma."),))
    assert result.normalised_score == pytest.approx(1.0)
    half = search("alpha omega", indexes=(index_of("Alpha beta gamma."),)).normalised_score
    assert half == pytest.approx(0.5, abs=0.1)


def test_a_word_in_a_long_passage_is_weaker_and_a_repeated_one_stronger():
    texts = ("Vacation days.", "Vacation is here, with many other things that nobody asked about, and days.")
    first, second = search("vacation days omega sigma", indexes=(index_of(*texts),)).hits
    assert first.passage.text == texts[0]
    assert 0 < second.normalised_score < first.normalised_score < 1
    once, often = (
        search("vacation omega sigma", indexes=(index_of(text, title=""),)).normalised_score
        for text in ("Vacation beta.", "Vacation vacation.")
    )
    assert once < often < 2 * once


def test_in_one_uploaded_page_a_word_that_it_lacks_weighs_hardly_more_than_one_that_it_has():
    page = uploaded("Alpha stands here.", title="")
    assert search("alpha omega", indexes=(page,)).coverage == pytest.approx(0.47, abs=0.03)


def test_weights_hold_every_term_of_the_query_and_rare_ones_weigh_more():
    result = search("vacation penguin days", "What is gpt-oss-20b?")
    assert {"vacat", "penguin", "day", "oss"} <= result.weights.keys()
    assert result.weights["vacat"] > result.weights["day"]
    assert all(weight > 0 for weight in result.weights.values())


def test_coverage_is_the_share_of_the_questions_words_that_the_hits_hold():
    assert search("vacation days").coverage == pytest.approx(1.0)
    assert search("vacation penguin").coverage == pytest.approx(0.5, abs=0.1)
    assert search("vacation penguin", "gpt-oss-20b memory").coverage == search("vacation penguin").coverage


def test_coverage_hears_every_script_of_a_question():
    indexes = (index_of("Groundwork 可以上传文件。"),)
    assert search("Groundwork 上传文件", indexes=indexes).coverage == pytest.approx(1.0)
    assert search("Groundwork 天气预报", indexes=indexes).coverage < 0.7


WORDS = st.sampled_from(("vacation", "days", "model", "16", "GB", "文件", "上传", "größe", "summer", "the", "…", "zz"))
TEXT = st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=80)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=3), TEXT, st.lists(TEXT, max_size=3), st.booleans())
def test_strength_and_coverage_are_shares_for_any_text(
    library: list[str], uploads: list[str], question: str, earlier: list[str], uploads_only: bool
):
    indexes = (index_of(*library), uploaded(*uploads))
    result = search(question, *earlier, indexes=indexes, within={CAMP} if uploads_only else None)
    assert 0 <= result.coverage <= 1
    assert result.searched == len(library) + len(uploads)
    assert len(result.hits) <= 5
    assert len({hit.passage.id for hit in result.hits}) == len(result.hits)
    for hit in result.hits:
        assert 0 <= hit.normalised_score <= 1
        assert hit.score > 0
        assert not uploads_only or hit.passage.document.id == CAMP


def test_a_search_within_documents_finds_only_theirs_and_counts_words_in_all():
    chat = uploaded("Trainees have vacation days in summer.", "The office is closed on Monday.")
    result = search("When is the office open?", indexes=(LIBRARY, chat), within={CAMP})
    assert texts_of(result) == ["The office is closed on Monday."]
    everywhere = search("When is the office open?", indexes=(LIBRARY, chat))
    assert result.weights == everywhere.weights
    assert result.searched == everywhere.searched == len(HANDBOOK) + 2


def test_a_search_within_no_document_finds_nothing():
    assert search("office", within=set()).hits == ()
    assert search("office", within={"upload:absent.txt"}).hits == ()
    assert search("office", within=None) == search("office")


def test_the_opening_is_every_first_passage_and_then_every_second_one():
    chat = filled(uploaded(SUMMER, HATS), uploaded(OFFICE, CANTEEN, name="work.txt"))
    hits = Searcher(LIBRARY, chat).opening({CAMP, "upload:work.txt"}, limit=3)
    assert [hit.passage.text for hit in hits] == [SUMMER, OFFICE, HATS]
    assert {hit.normalised_score for hit in hits} == {1.0}


@pytest.mark.parametrize(("languages", "first"), [(("en", "pt"), "en.md"), (("", ""), "pt.md")])
def test_a_page_in_the_questions_language_goes_before_one_that_only_shares_a_word(
    languages: tuple[str, str], first: str
):
    english, other = (
        Document("en.md", "Network", language=languages[0]),
        Document("pt.md", "Rede", language=languages[1]),
    )
    index = MemoryIndex()
    index.put(
        english, passages(english, ["It works offline, which means that no network is needed for what you ask it."])
    )
    index.put(other, passages(other, ["Funciona offline."]))
    assert search("can I use it offline", indexes=(index,)).hits[0].passage.document.name == first
    assert search("posso usar offline", indexes=(index,)).hits[0].passage.document.name == "pt.md"


def test_a_rare_synonym_counts_no_more_than_the_common_word_that_was_asked():
    common = [f"The car of hall {n} is {colour}." for n, colour in enumerate(("red", "green", "blue", "white") * 5)]
    indexes = (index_of("An automobile of hall 3 is rare.", *common),)
    cars = Synonyms([["car", "automobile"]])
    found = Searcher(*indexes, synonyms=cars).search("Which car is in hall 3?", limit=5)
    assert found.hits[0].passage.text.startswith("The car of hall 3")


def test_a_synonym_that_no_hit_has_does_not_count_as_missing():
    shipped = search("Which colour marks vegetarian meals?")
    assert "color" not in shipped.weights
    assert "color" in search("Which colour?", indexes=(index_of("The color of meals is green."),)).weights


IN_SLOVENIAN = "Koliko dni dopusta imam?"


def test_other_words_find_what_the_questions_own_do_not():
    assert VACATION not in texts_of(search(IN_SLOVENIAN))
    found = search(IN_SLOVENIAN, rewritten=["dopust dnevi", "vacation days employee year"])
    assert texts_of(found)[0] == VACATION
    assert found.question == "vacation days employee year"
    assert found.normalised_score > ENOUGH
    assert "vacat" in found.weights
    assert "#dopu" not in found.weights, "what stands in no document is not missing from these words"


def test_other_words_that_find_less_change_no_score():
    own = search("How many vacation days do I have?")
    found = search("How many vacation days do I have?", rewritten=["moon landing astronaut rocket"])
    assert found.question == ""
    assert found.hits[0] == own.hits[0]
    assert found.weights == own.weights


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_other_words_may_come(rewritten: list[str]):
    found = search(IN_SLOVENIAN, rewritten=rewritten)
    assert found.question in ("", *rewritten)
    assert 0 <= found.normalised_score <= 1
