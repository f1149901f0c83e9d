"""Questions that ask what something is, and the sentences that answer them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text.definitions import defined_term, defines


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("what is groundwork", "groundwork"),
        ("What's BM25?", "bm25"),
        ("What does RAG mean?", "rag"),
        ("RAG?", "rag"),
        ("Define the gate.", "gate"),
        ("¿Qué es Groundwork?", "groundwork"),
        ("O que é o Groundwork?", "groundwork"),
        ("Что такое эскалация?", "эскалация"),
        ("Kaj je Groundwork?", "groundwork"),
        ("Was ist Groundwork?", "groundwork"),
        ("Qu'est-ce que Groundwork ?", "groundwork"),
        ("What does the library cost?", ""),
        ("How large may a file be?", ""),
        ("What is the largest size that a file of the library may have?", ""),
        ("", ""),
    ],
)
def test_the_term_of_a_question(question: str, term: str):
    assert defined_term(question) == term


@pytest.mark.parametrize(
    ("sentence", "term", "level"),
    [
        ("Groundwork is a private chat.", "groundwork", 2),
        ("Retrieval-augmented generation (RAG) is a way to answer.", "rag", 2),
        ("Retrieval-augmented generation, RAG for short, means that it searches.", "rag", 2),
        ("**Escalation.** Handing a question on.", "escalation", 2),
        ("Эскалация — это передача вопроса.", "эскалация", 2),
        ("Значение эскалации невелико.", "эскалация", 0),
        ("Groundwork je zaseben klepet.", "groundwork", 2),
        ("O Groundwork é um chat privado.", "groundwork", 2),
        ("Groundwork is open to all.", "groundwork", 1),
        ("The gate of Groundwork is open.", "groundwork", 0),
        ("Groundworks are many.", "ground", 0),
        ("Groundwork reads files.", "groundwork", 0),
        ("It is so.", "", 0),
    ],
)
def test_a_sentence_defines_a_term_or_not(sentence: str, term: str, level: int):
    assert defines(sentence, term) == level


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_texts_have_an_answer(question: str, sentence: str):
    assert defines(sentence, defined_term(question)) in (0, 1, 2)
    assert defines(sentence, sentence) in (0, 1, 2)


@pytest.mark.parametrize("unit", ["a ", "(", ", ", "what is ", " ", "**", "for short, ", "a("])
def test_no_text_makes_it_slow(unit: str):
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    defined_term(text)
    defines(text, "rag")
    defines(f"RAG {text}", "rag")
    assert time.process_time() - began < 5
