"""Does a question need those before it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.history import points_back

POINTS = [
    *("and the colour", "And how long?", "how long?", "why?", "What about Asia?", "tell me more", "", "???"),
    *("why is it so slow", "How much memory does it need?", "Who translated this version?", "What is that?"),
    *("Which is the other one?", "what is the difference between them", "When did this attempt take place?"),
    *("¿Y cuánta memoria necesita?", "¿Cuánto cuesta eso?", "¿por qué?", "¿Dónde están ellos?"),
    *("E que peso têm os 4-gramas?", "O que é isso?", "e quanto custa?"),
    *("А сколько файлов может быть в одном чате?", "и сколько это стоит?", "Где он родился?", "почему?"),
    *("Kaj pa cena?", "Koliko stane to?", "Ali jih je mogoče odstraniti?", "zakaj?"),
    *("und wie lange?", "Wie viel kostet das?", "Wo steht er?", "warum?"),
    *("et le prix ?", "Combien coûte cela ?", "pourquoi ?"),
    "它多大？",
]
STANDS_ALONE = [
    *(
        "what is RAG",
        "VIN?",
        "Which licence does gpt-oss-20b have?",
        "How do I upload a document, and which can be read?",
    ),
    *("What data leaves my machine when I use Groundwork?", "is it possible to delete a file", "BM25"),
    *("How old was Peyton Manning when he played in Super Bowl 50?", "In which year was the bridge built?"),
    *("Which language that people speak has most words?", "What other than oil does the country sell?"),
    *("¿Quién fue el líder en derribos?", "¿En qué año se construyó el puente?", "¿Qué es Groundwork?"),
    *("Quais dados saem da minha máquina?", "Em que ano foi construída a ponte?"),
    *("Что такое эскалация?", "В каком году построили мост?", "Сколько лет было Пейтону Мэннингу?"),
    *("Kateri podatki zapustijo moj računalnik?", "V katerem letu je bil zgrajen most?"),
    *("Was ist Groundwork?", "In welchem Jahr starb Tesla?", "Wie viele Brücken gibt es in Köln?"),
    "En quelle année le pont fut-il construit ?",
]


@pytest.mark.parametrize("question", POINTS)
def test_a_question_that_refers_or_is_bare_points_back(question: str):
    assert points_back(question)


@pytest.mark.parametrize("question", STANDS_ALONE)
def test_a_question_that_names_what_it_is_about_stands_alone(question: str):
    assert not points_back(question)


@given(st.text(max_size=200))
def test_any_text_is_judged_alike_in_any_case(question: str):
    assert points_back(question) in (True, False)
    if question.isascii():
        assert points_back(question.upper()) == points_back(question.lower())
