"""Refusals and hedges in five languages, and answers that are neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.hedging import hedges, refuses

REFUSALS = [
    # English
    "The passages do not contain the answer.",
    "The provided excerpts don’t address this.",
    "That isn't mentioned in the documents.",
    "I don't have enough information to answer that.",
    "I'm sorry, but I was unable to find anything about trains.",
    "I cannot answer this from the documents.",
    "The documents give no details on this, so there is no answer to your question.",
    # Spanish
    "Los documentos no especifican el precio de los trenes.",
    "No dispongo de información sobre los trenes.",
    "No tengo suficiente información para responder.",
    "No he encontrado nada sobre los trenes.",
    "No se menciona en los fragmentos.",
    "Desconozco la respuesta.",
    # Portuguese
    "Os documentos não especificam o preço dos comboios.",
    "Não há informações suficientes sobre comboios.",
    "Não tenho dados sobre isso.",
    "Não consigo responder a essa pergunta.",
    "Não encontrei nada sobre comboios.",
    "O horário não está indicado.",
    # Russian
    "В документах об этом не говорится, источники не сообщают подробностей.",
    "Нет никакой информации о поездах.",
    "Я не нашёл ответа.",
    "Мне не удалось найти ответ.",
    "К сожалению, я не могу ответить.",
    "Недостаточно данных.",
    # Slovenian
    "Dokumenti ne navajajo cene vlakov, besedilo ne pove ničesar.",
    "Nimam dovolj podatkov.",
    "O vlakih nisem našel ničesar.",
    "Na to ne morem odgovoriti.",
    "Cena ni navedena.",
    "Na vprašanje ni mogoče odgovoriti.",
    "Premalo podatkov.",
]

ANSWERS = [
    "",
    "Files may have 25 MB.",
    "No information leaves your machine.",
    "Your documents do not leave your machine.",
    "Los archivos no salen del equipo.",
    "No hay límite de archivos.",
    "Os ficheiros não saem do computador.",
    "Não há limite de ficheiros.",
    "Файлы не покидают компьютер.",
    "Ограничения на файлы нет.",
    "Datoteke ne zapustijo računalnika.",
    "Omejitve ni.",
]

HEDGED = [
    "It might be 25 MB.",
    "It is probably 25 MB.",
    "I think that it is 25 MB.",
    "I'm not entirely sure about it.",
    "The limit seems to be 25 MB.",
    "Quizás sea de 25 MB.",
    "Tal vez el límite sea otro.",
    "Creo que son 25 MB.",
    "Es posible que sea mayor.",
    "Talvez seja de 25 MB.",
    "Provavelmente são 25 MB.",
    "Acho que são 25 MB.",
    "Não tenho certeza do limite.",
    "Возможно, 25 МБ.",
    "Скорее всего, это 25 МБ.",
    "Я думаю, что это 25 МБ.",
    "Наверное, есть ограничение.",
    "Morda je to 25 MB.",
    "Verjetno je omejitev 25 MB.",
    "Mislim, da je to 25 MB.",
    "Zdi se, da je omejitev 25 MB.",
    "Mogoče je to 25 MB.",
]

PLAIN = [
    "Files may have 25 MB, and you can ask about them.",
    "You could be asked for a password.",
    "Los archivos pueden tener 25 MB.",
    "Os ficheiros podem ter 25 MB.",
    "Файлы могут иметь размер 25 МБ.",
    "Datoteke lahko obsegajo 25 MB.",
    "Je mogoče naložiti datoteko.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_one_in_any_case_and_with_any_accents(text: str):
    assert refuses(text)
    assert refuses(text.upper())


@pytest.mark.parametrize("text", [*ANSWERS, *PLAIN])
def test_an_answer_is_no_refusal(text: str):
    assert not refuses(text)


def test_a_long_answer_with_a_reservation_is_no_refusal():
    assert not refuses("The documents do not mention trains. " + "But they say much about buses. " * 15)


@pytest.mark.parametrize("text", HEDGED)
def test_a_hedge_is_one_in_any_case(text: str):
    assert hedges(text) == 1
    assert hedges(text.upper()) == 1


@pytest.mark.parametrize("text", [*ANSWERS, *PLAIN])
def test_a_rule_or_a_fact_is_no_hedge(text: str):
    assert hedges(text) == 0


def test_hedges_are_counted_by_sentence():
    assert hedges("It is 25 MB. Perhaps it is more. Ask first. Maybe.") == 0.5


@given(st.text())
def test_hedges_are_a_share_of_any_text(text: str):
    assert 0 <= hedges(text) <= 1
