"""A question and its forerunners as weighted terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.query import DECAY, EARLIER_WEIGHT, FUNCTION_WEIGHT, SYNONYM_WEIGHT, build_query, is_gram
from rag.retrieval.synonyms import Synonyms
from rag.text.analysis import GRAM_WEIGHT, analyse

ASKED = ("What is gpt-oss-20b?", "Is it fast?", "Where does it run?")


def test_words_weigh_one_and_grams_less():
    query = build_query("Upload files")
    assert query.own == {"upload": 1, "file": 1} | dict.fromkeys(analyse("upload files").grams, GRAM_WEIGHT)
    assert query.earlier == {}
    assert {term for term in query.own if is_gram(term)} == {
        *("#_upl", "#uplo", "#ploa", "#load", "#_fil", "#file", "#iles")
    }


def test_characters_that_ask_count_less_than_those_that_name():
    own = build_query("谁建了铁塔？").own
    assert own["#铁塔"] == pytest.approx(GRAM_WEIGHT)
    assert own["#谁"] == pytest.approx(FUNCTION_WEIGHT * GRAM_WEIGHT)


def test_a_word_that_is_repeated_counts_once():
    assert build_query("files files FILES").own == build_query("files").own


def test_earlier_words_count_less_and_none_twice():
    query = build_query("How much memory does it need?", ["How much does the model cost?"])
    assert query.own["memori"] == 1
    assert query.earlier["model"] == query.earlier["cost"] == EARLIER_WEIGHT
    assert query.earlier["#mode"] == pytest.approx(EARLIER_WEIGHT * GRAM_WEIGHT)
    assert "much" not in query.earlier
    assert query.terms == {**query.earlier, **query.own}


def test_the_first_and_the_last_earlier_question_are_heard_most():
    earlier = build_query("And why?", (*ASKED[:2], "Does it swim?", "Where does it run?")).earlier
    assert earlier["oss"] == earlier["20b"] == earlier["run"] == EARLIER_WEIGHT
    assert earlier["swim"] == pytest.approx(EARLIER_WEIGHT * DECAY)
    assert earlier["fast"] == pytest.approx(EARLIER_WEIGHT * DECAY**2)


def test_a_query_may_lean_less_on_what_was_asked_before():
    query = build_query("And why?", ASKED)
    half = query.with_history_weight(0.5)
    assert half.own == query.own
    assert half.earlier == pytest.approx({term: weight / 2 for term, weight in query.earlier.items()})


LEAVE = Synonyms([("PTO", "paid time off")])


def test_words_that_mean_the_same_count_less_than_those_that_were_asked():
    query = build_query("How much PTO?", (), LEAVE)
    assert query.own["pto"] == 1
    assert query.synonyms["paid"] == query.synonyms["time"] == query.synonyms["off"] == SYNONYM_WEIGHT < 1
    assert query.synonyms["#_pai"] == pytest.approx(SYNONYM_WEIGHT * GRAM_WEIGHT)
    assert query.terms == {**query.synonyms, **query.own}
    assert query.units == {"how", "much", "pto", "paid", "time", "off"}


def test_every_way_to_say_a_phrase_is_known_as_if_it_were_asked():
    (variants,) = build_query("How much PTO?", (), LEAVE).variants
    assert [dict(way) for way in variants] == [build_query(said).own for said in ("PTO", "paid time off")]


def test_synonyms_of_earlier_questions_are_heard_like_them():
    earlier = build_query("And for interns?", ["How much PTO?"], LEAVE).earlier
    assert earlier["pto"] == EARLIER_WEIGHT
    assert earlier["paid"] == pytest.approx(EARLIER_WEIGHT * SYNONYM_WEIGHT)


def test_without_synonyms_in_the_question_the_query_is_the_same():
    assert build_query("How many days?", ASKED, LEAVE) == build_query("How many days?", ASKED)


def test_a_question_that_was_asked_before_is_not_heard_twice():
    assert build_query("Is it fast?", ["Is it fast?", "Is it fast?"]) == build_query("Is it fast?")


def test_without_words_a_question_has_no_terms_of_its_own():
    query = build_query("?!", ASKED)
    assert query.own == {}
    assert query.units == frozenset()
    assert query.earlier


def test_units_are_words_and_the_grams_of_unspaced_scripts():
    assert build_query("Groundwork 上传 files").units == {"groundwork", "#上传", "file"}


@given(st.text(max_size=60), st.lists(st.text(max_size=60) | st.just("PTO"), max_size=4), st.booleans())
def test_no_term_is_in_two_parts_and_every_weight_is_positive(question: str, earlier: list[str], off: bool):
    query = build_query(f"{question} {'PTO' if off else ''}", earlier, LEAVE)
    assert not query.own.keys() & query.earlier.keys()
    assert not (query.own.keys() | query.earlier.keys()) & query.synonyms.keys()
    assert query.units <= query.own.keys() | query.synonyms.keys()
    assert all(0 < weight <= 1 for weight in query.terms.values())
    assert all(weight <= EARLIER_WEIGHT for weight in query.earlier.values())
