"""Misspelt words are corrected to words of the documents, and nothing else is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.answerability import search_signals
from rag.retrieval.search import Searcher
from rag.retrieval.spelling import apply_corrections, find_corrections
from rag.retrieval.typing_errors import edit_cost
from tests.fakes import index_of
from tests.shipped_library import shipped_index

OFFICE = index_of(
    "Upload a file of at most 25 MB; the maximum size is a setting.",
    "Escalation: the larger model answers when the draft is weak. What it needs is memory.",
    "The Huguenots came from France to Berlin and from there to the word of the law.",
    "El archivo de la configuración se guarda en la carpeta del usuario.",
    "Настройки хранятся в файле конфигурации; размер файла не больше 25 мегабайт.",
    "Največja velikost datoteke je 25 megabajtov, nastavitve so v mapi uporabnika.",
    "O tamanho máximo do arquivo é de 25 megabytes.",
    "Το μέγεθος του αρχείου είναι 25 megabytes.",
)


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("how do i uplaod a flie", "how do i upload a file"),
        ("wat is escalaton", "what is escalation"),
        ("the maxium sise", "the maximum size"),
        ("Where did the Hugeunots come from?", "Where did the Huguenots come from?"),
        ("HOW DO I UPLAOD A FLIE", "HOW DO I UPLOAD A FILE"),
        ("where is the cofniguracion", "where is the configuración"),
        ("dónde está la confguración", "dónde está la configuración"),
        ("где хранятся нсатройки", "где хранятся настройки"),
        ("kakšna je velokost datotkee", "kakšna je velikost datoteke"),
        ("qual o tamaho do arqiuvo", "qual o tamanho do arquivo"),
        ("ποιο είναι το μγεεθος", "ποιο είναι το μέγεθος"),
    ],
)
def test_an_error_is_set_right_in_any_alphabet(question: str, meant: str):
    assert apply_corrections(question, find_corrections(question, [OFFICE])) == meant


@pytest.mark.parametrize(
    "question",
    [
        "How do I upload a file?",
        "Who won the world cup?",  # "word" and "up" are known here, "world" and "cup" are English all the same
        "What is the UPLAD setting, uplaod_2 or /etc/uplaod?",  # a short acronym, a name in code, a path
        "¿Cuántos días de vacaciones tengo?",
        "Wie hoch ist der Turm?",
        "Сколько стоит билет на поезд?",
        "電車の切符はいくらですか",
        "",
        "!!! ???",
    ],
)
def test_what_may_be_meant_as_it_is_stays(question: str):
    assert find_corrections(question, [OFFICE]) == {}


def test_a_question_in_a_language_that_the_documents_do_not_have_stays():
    english = index_of(*(f"What the uploader of file {n} needs, and how it votes on the stream." for n in range(60)))
    assert find_corrections("How can I stop the uploder?", [english]) == {"uploder": "uploader"}
    assert find_corrections("Kako in kje so voteli za strem?", [english]) == {}


def test_words_of_all_indexes_count():
    upload = index_of("The zeppelin landed in Friedrichshafen.", name="trip.txt", origin="upload")
    assert find_corrections("where did the zepelin land", [OFFICE, upload]) == {"zepelin": "zeppelin"}
    assert find_corrections("where did the zepelin land", [OFFICE]) == {}


def test_the_more_frequent_of_two_words_is_meant():
    index = index_of("The cable is in the box.", "The table is red.", "A table for two.", "Tables and chairs.")
    assert find_corrections("where is the pable", [index]) == {"pable": "table"}


def test_fingers_rather_swap_two_letters_or_hit_the_next_key_than_any_other():
    assert edit_cost("file", "file") == 0
    assert edit_cost("flie", "file") < edit_cost("fil", "file") == edit_cost("filr", "file") < edit_cost("filx", "file")
    assert edit_cost("gile", "file") > edit_cost("filr", "file")


def test_a_search_says_what_it_corrected_and_searches_as_typed_when_asked_to():
    searcher = Searcher(OFFICE)
    corrected = searcher.search("how do i uplaod a flie", limit=3)
    assert corrected.corrections == {"uplaod": "upload", "flie": "file"}
    assert corrected.hits[0].passage.text.startswith("Upload a file")
    typed = searcher.search("how do i uplaod a flie", limit=3, correct=False)
    assert typed.corrections == {}
    assert typed.normalised_score < corrected.normalised_score
    assert searcher.search("how do i upload a file", limit=3).corrections == {}


def test_what_was_typed_is_searched_for_too():
    index = index_of("The uplao system is old.", "An upload takes a minute.", "Other things.")
    found = Searcher(index).search("uplaod", limit=3)
    assert found.corrections == {"uplaod": "upload"}
    assert [hit.passage.text for hit in found.hits] == ["An upload takes a minute.", "The uplao system is old."]


@pytest.mark.parametrize(
    ("question", "right", "page"),
    [
        ("how do i uplaod a flie", "how do i upload a file", "uploads.md"),
        ("wat is escalaton", "what is escalation", "escalation.md"),
        ("whats teh maxium file sise i can uplaod", "what the maximum file size i can upload", "uploads.md"),
    ],
)
def test_a_corrected_question_is_judged_as_if_it_had_been_typed_right(question: str, right: str, page: str):
    searcher = Searcher(shipped_index())
    found, meant = searcher.search(question, limit=12), searcher.search(right, limit=12)
    assert found.hits[0].passage.document.name == page

    def signals(search_of: str) -> dict[str, float]:
        search = found if search_of == question else meant
        return {signal.name: signal.value for signal in search_signals(search, search_of)}

    assert signals(question) == pytest.approx(signals(right), abs=0.05)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_searched_and_only_words_of_it_are_replaced(question: str):
    corrections = find_corrections(question, [OFFICE])
    assert apply_corrections(question, {}) == question
    assert Searcher(OFFICE).search(question, limit=3).corrections == corrections


def test_a_question_of_thousands_of_words_is_searched_in_the_end():
    question = " ".join(f"wrod{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}x" for n in range(1000))
    assert len(find_corrections(question, [OFFICE])) <= 100
    assert find_corrections("x" * 8000, [OFFICE]) == {}
