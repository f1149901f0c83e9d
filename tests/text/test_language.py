"""The language of short texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.language import LANGUAGES, language_of

TEXTS = {
    "en": ("What is the maximum file size?", "who are you", "hi", "thanks!", "what's new?", "How long does it take"),
    "es": (
        "¿Cuál es el tamaño máximo?",
        "quien eres",
        "hola",
        "gracias",
        "cuanto cuesta la licencia",
        "¿Qué es Groundwork?",
    ),
    "pt": (
        "Quais dados saem da minha máquina?",
        "quem e voce",
        "oi",
        "obrigado!",
        "quanto custa a licença",
        "tudo bem?",
    ),
    "ru": ("Что такое эскалация?", "кто ты", "привет", "Что делала компания Tesla Electric?", "spasibo"),
    "sl": (
        "Kateri podatki zapustijo moj računalnik?",
        "kdo si",
        "živjo",
        "zivjo",
        "hvala",
        "kako se imenuje podjetje?",
    ),
    "de": ("Wie groß darf eine Datei sein?", "wer bist du", "hallo", "danke", "Wie geht's?", "was kostet die Lizenz"),
    "fr": (
        "Quelle est la taille maximale ?",
        "qui es-tu",
        "bonjour",
        "merci",
        "combien coûte la licence",
        "c'est quoi",
    ),
    "": (
        "",
        "  ",
        "42",
        "VPN",
        "Groundwork",
        "?!",
        "👍",
        "什么是检索",
        "γεια σου",
        "Що таке ескалація?",
        "quanto costa il prodotto?",
    ),
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_short_texts(language: str):
    assert {text: found for text in TEXTS[language] if (found := language_of(text)) != language} == {}


@given(st.text(max_size=200))
def test_any_text_gives_a_language_or_none(text: str):
    assert language_of(text) in ("", *LANGUAGES)


def test_a_huge_text_is_judged_by_its_beginning():
    assert language_of("the house is on the hill " * 100_000) == "en"
