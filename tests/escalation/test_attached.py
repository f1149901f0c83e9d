"""The gate of a chat's files: what they answer passes, what they do not is left to the library."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.attached import ATTACHED_THRESHOLD, holds_answer
from rag.escalation.confidence import Answerability
from rag.escalation.policy import Policy, gate
from rag.retrieval.search import Searcher
from rag.retrieval.synonyms import Synonyms
from rag.types import SearchResult
from tests.fakes import index_of
from tests.shipped_library import shipped_index

RECEIPT = (
    "GREEN GARDEN MARKET\nHill Street 9\n(555) 010-4477\n\n14/05/2023 10:21\nCashier: Nina Kovač\n\n"
    "Tomato plants\n3 @ $2.50\n$7.50\nWatering can\n1 @ $12.00\n$12.00\n\nSUBTOTAL $19.50\nSales tax $1.56\n\n"
    "TOTAL $21.06\n\nPAYMENT METHOD\nDebit card ending in 1234\n\nReturns within 30 days"
)
FORM = "Keeper: Olga Sidorova\nColor Blue\nVIN 9XYZ0000111222333\nEstimate for the repair of a rear door"
ESSAY = (
    "Jan Novak, Eva Blum",
    "Small gardens feed bees in large towns, as this survey of nine parks shows.",
    "Bees prefer lavender and thyme to lawns, and parks without lawns have three times as many species.",
)
КВИТАНЦИЯ = (
    "Магазин «Сад»\n\nКассир: Нина Ковач\n\nРассада томатов 2 шт.\nЛейка 1 шт.\n\nИтого 1 250,00 руб.\n\nОплата картой"
)
RAČUN = "Trgovina Vrt\n\nBlagajničarka: Nina Kovač\n\nSadike\n\nSkupni znesek 21,06 EUR\n\nNačin plačila: kartica"


def judged(question: str, *texts: str, name: str = "upload.txt") -> Answerability:
    chat = index_of(*texts, name=name, title="", origin="upload")
    searcher, own = Searcher(shipped_index(), chat), {f"upload:{name}"}
    found = searcher.search(question, limit=12, within=own)
    return holds_answer(found, question, opening=searcher.opening(own, limit=3))


def passes(question: str, *texts: str) -> bool:
    return judged(question, *texts).value >= ATTACHED_THRESHOLD


@pytest.mark.parametrize(
    "question",
    [
        *("What is the total?", "who was the cashier", "How was it paid?", "what did they buy?", "and the subtotal"),
        *("how much did the watering can cost?", "what's the phone number", "when was this purchase made?", "total?"),
        *("¿Cuál es el total?", "Qual é o valor total?", "Какой итог?", "Koliko je skupaj?", "How much was it?"),
    ],
)
def test_a_receipt_answers_what_people_ask_of_it(question: str):
    assert passes(question, RECEIPT)


@pytest.mark.parametrize(
    "question",
    [
        *("What was the weather on that day?", "who won the world cup in 2018?", "What is the capital of Australia?"),
        *("Which licence does gpt-oss-20b have?", "does it work offline", "how do I change the port of the server?"),
        *("Quem descobriu o Brasil?", "Кто написал «Войну и мир»?", "Kdo je predsednik Slovenije?"),
        *("¿Quién pintó la Mona Lisa?", "Wer war der erste Mensch auf dem Mond?"),
    ],
)
def test_what_a_receipt_cannot_answer_is_left_to_the_library(question: str):
    assert not passes(question, RECEIPT)


def test_another_spelling_and_a_single_word_are_enough():
    assert passes("VIN?", FORM)
    assert passes("and the colour", FORM)
    assert not passes("and the price", FORM)


def test_files_in_other_languages_are_asked_in_theirs():
    assert passes("Кто кассир?", КВИТАНЦИЯ)
    assert passes("Какова общая сумма?", КВИТАНЦИЯ)
    assert passes("Kolikšen je skupni znesek?", RAČUN)
    assert passes("Kako je bilo plačano?", RAČUN)
    assert passes("佐藤の年齢は？", "| 名前 | 年齢 |\n| 佐藤 | 30 |")
    assert not passes("富士山の高さは？", "| 名前 | 年齢 |\n| 佐藤 | 30 |")


def test_front_matter_is_asked_of_the_file_without_a_word_in_common():
    assert passes("Who are the authors?", *ESSAY)
    assert passes("when was it published", *ESSAY)
    assert not passes("Who wrote Hamlet?", *ESSAY)


def test_a_name_that_the_file_lacks_is_another_subject():
    here, elsewhere = (
        judged("Which plants do bees prefer?", *ESSAY),
        judged("Which plants do bees in Oslo prefer?", *ESSAY),
    )
    assert elsewhere.value < here.value
    signals = {signal.name: signal.value for signal in elsewhere.signals}
    assert signals["specifics"] == 0


def test_a_capital_marks_no_name_in_german():
    value = judged("Welche Pflanzen mögen Bienen?", "Die Bienen mögen Lavendel. Andere Pflanzen mögen sie nicht.")
    assert {signal.name: signal.value for signal in value.signals}["specifics"] == 1


def test_the_decision_is_the_gates_own():
    policy = Policy(grounding_threshold=ATTACHED_THRESHOLD)
    assert gate(policy, judged("What is the total?", RECEIPT)) is None
    refused = gate(policy, judged("What is the capital of Australia?", RECEIPT))
    assert refused is not None
    assert (refused.action, len(refused.signals)) == ("abstain", 5)
    assert judged("What is the total?", RECEIPT).level > 0.42 > judged("capital of Peru", RECEIPT).level


def test_passages_that_a_person_chose_are_never_refused():
    opening = Searcher(index_of(RECEIPT, origin="upload")).opening({"upload:guide.md"}, limit=3)
    chosen = holds_answer(SearchResult(tuple(opening)), "Which planet has the most moons?")
    assert {signal.value for signal in chosen.signals} == {1.0}


def test_synonyms_of_the_search_are_those_of_the_gate():
    question = "and the colour"
    found = Searcher(shipped_index(), index_of(FORM, origin="upload")).search(question, limit=12)
    assert holds_answer(found, question, Synonyms()).value < holds_answer(found, question).value


def test_a_question_of_thousands_of_words_is_judged_by_the_rarest():
    long = " ".join(f"word{n}" for n in range(3000))
    assert not passes(f"{long} total", RECEIPT)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=4), st.text(max_size=40))
def test_every_signal_is_a_share(texts: list[str], question: str):
    answer = judged(f"{question} {texts[0][:9]}", *texts)
    assert 0 <= answer.value <= 1
    assert 0 <= answer.level <= 1
    assert all(0 <= signal.value <= 1 + 1e-9 for signal in answer.signals)
