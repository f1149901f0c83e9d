"""A question and its forerunners as weighted terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.analysis import GRAM_WEIGHT, analyse
from rag.retrieval.query import EARLIER_WEIGHT, build_query, is_gram

ASKED = ("What is gpt-oss-20b?", "Is it fast?", "Where does it run?")


def test_words_weigh_one_and_grams_less():
    query = build_query("Upload files")
    assert query.own == {"upload": 1, "file": 1} | dict.fromkeys(analyse("upload files").grams, GRAM_WEIGHT)
    assert query.earlier == {}
    assert {term for term in query.own if is_gram(term)} == {"#uplo", "#ploa", "#load", "#file", "#iles"}


def test_a_word_that_is_repeated_counts_once():
    assert build_query("files files FILES").own == build_query("files").own


def test_earlier_words_count_less_and_none_twice():
    query = build_query("How much memory does it need?", ["How much does the model cost?"])
    assert query.own["memori"] == 1
    assert query.earlier["model"] == query.earlier["cost"] == EARLIER_WEIGHT
    assert query.earlier["#mode"] == pytest.approx(EARLIER_WEIGHT * GRAM_WEIGHT)
    assert "much" not in query.earlier
    assert query.terms == {**query.earlier, **query.own}


def test_the_first_and_the_last_earlier_question_are_heard():
    query = build_query("And why?", ASKED)
    assert {"oss", "20b", "run"} <= query.earlier.keys()
    assert "fast" not in query.earlier


def test_a_question_that_was_asked_before_is_not_heard_twice():
    assert build_query("Is it fast?", ["Is it fast?", "Is it fast?"]) == build_query("Is it fast?")


def test_without_words_a_question_has_no_terms_of_its_own():
    query = build_query("?!", ASKED)
    assert query.own == {}
    assert query.units == frozenset()
    assert query.earlier


def test_units_are_words_and_the_grams_of_unspaced_scripts():
    assert build_query("Groundwork 上传 files").units == {"groundwork", "#上传", "file"}


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_no_term_is_in_both_parts_and_every_weight_is_positive(question: str, earlier: list[str]):
    query = build_query(question, earlier)
    assert not query.own.keys() & query.earlier.keys()
    assert query.units <= query.own.keys()
    assert all(0 < weight <= 1 for weight in query.terms.values())
    assert all(weight <= EARLIER_WEIGHT for weight in query.earlier.values())
