"""A sentence that says the opposite is noticed; another way to say the same is not taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.negation import claim, contradicted
from rag.text.sentences import sentences

OPPOSITE = [
    ("The text leaves the machine.", "The text does not leave the machine."),
    ("The text leaves the machine.", "The text doesn’t leave the machine."),
    ("The text leaves the machine.", "The text never leaves the machine."),
    ("Employees can carry over days.", "Employees can't carry over days."),
    ("You can share it without a password.", "You cannot share it without a password."),
    ("Los datos salen del equipo.", "Los datos no salen del equipo."),
    ("El servidor guarda los archivos.", "El servidor nunca guarda los archivos."),
    ("Os dados saem do computador.", "Os dados não saem do computador."),
    ("Os ficheiros ficam no servidor.", "Os ficheiros não ficam no servidor."),
    ("Данные покидают компьютер.", "Данные не покидают компьютер."),
    ("Можно отправлять файлы.", "Нельзя отправлять файлы."),
    ("Podatki zapustijo računalnik.", "Podatki ne zapustijo računalnika."),
    ("Datoteka je shranjena na strežniku.", "Datoteka ni shranjena na strežniku."),
]

NOT_OPPOSITE = [
    ("The text does not leave the machine.", "The text never leaves the machine."),
    ("Nothing leaves the machine.", "No data leaves the machine."),
    ("Files up to 25 MB are accepted.", "Files larger than 25 MB are not accepted."),
    ("Files may be up to 25 MB.", "No file may be larger than 25 MB."),
    ("The chat remains.", "The file is not stored, and the chat remains."),
    ("It is stored on your machine.", "It is not stored on the server but on your machine."),
    ("It reads PDF files.", "It reads not only PDF files."),
    ("Os ficheiros ficam no computador.", "Os ficheiros ficam no computador."),
    ("Los datos no salen del equipo.", "Los datos nunca salen del equipo."),
    ("Данные не покидают компьютер.", "Данные никогда не покидают компьютер."),
    ("Podatki ne zapustijo računalnika.", "Podatki nikoli ne zapustijo računalnika."),
    ("The text leaves the machine.", "Zebras do not run."),
    ("Not much.", "It does much, and much more."),
    ("The door is open.", "The door is open. The door is not open."),
]


def contradicts(draft: str, passage: str) -> bool:
    return contradicted(claim(draft), [claim(sentence) for sentence in sentences(passage)])


@pytest.mark.parametrize(("one", "other"), OPPOSITE)
def test_a_negation_put_in_or_taken_out_contradicts(one: str, other: str):
    assert contradicts(one, other)
    assert contradicts(other, one)


@pytest.mark.parametrize(("draft", "passage"), NOT_OPPOSITE)
def test_other_words_for_the_same_do_not(draft: str, passage: str):
    assert not contradicts(draft, passage)


@given(st.text())
def test_no_text_contradicts_itself(text: str):
    assert not any(contradicts(sentence, text) for sentence in sentences(text))
