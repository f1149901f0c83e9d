"""Which words of a question are its subject, in the shipped languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.function_words import IN_ANY_LANGUAGE, content_words, is_function_gram


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What is the total?", ["total"]),
        ("who was the cashier", ["cashier"]),
        ("How much was it?", []),
        ("¿Cuál es el total?", ["total"]),
        ("Quem é o autor?", ["autor"]),
        ("Wer ist der Autor?", ["autor"]),
        ("Qui est l'auteur ?", ["auteur"]),
        ("Какая общая сумма?", ["общая", "сумма"]),
        ("Koliko je skupaj?", ["skupaj"]),
        ("When did the war begin?", ["war", "begin"]),
    ],
)
def test_the_subject_is_what_no_other_question_has(question: str, subject: list[str]):
    assert content_words(question) == subject


def test_pairs_with_grammar_in_them_are_no_subject():
    assert is_function_gram("の年")
    assert is_function_gram("什么")
    assert not is_function_gram("年齢")


@given(st.text(max_size=60))
def test_of_any_text_the_rest_are_no_function_words(text: str):
    assert not IN_ANY_LANGUAGE.intersection(content_words(text))
