"""Summaries without a model: what they choose from prose, forms and tables, and how they read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.extractive_summary import summarise
from rag.generation.sentence_ranking import rank
from rag.generation.summary_sentences import sentences_of
from rag.generation.summary_text import MOST_DOCUMENTS, extractive_answer
from rag.grounding.citations import check
from rag.types import Document, Passage, WholeRequest, WholeTask

PRIVACY = (
    "This page lists the data that stay. Groundwork keeps documents, questions and answers on the machine it runs on.",
    "Questions and answers stay on the machine while the models run there. However, that can be changed.",
    "Uploads belong to one chat. The passages of an upload are kept in memory and die with the chat.",
    "The turn log notes how long each stage took. It holds no word of a question or of a document.",
    "© 2024 Example. All rights reserved. Subscribe to our newsletter for more about questions and answers.",
)
FORM = """4567 Innovation Blvd
11/23/2024 14:32:18
Cashier: Emily Rodriguez
USB-C Hub
ACC-8834 2
SUBTOTAL $863.91
TOTAL $821.14
Thank you"""
LANGUAGES = {
    "es": "El contrato dura dos años. La empresa paga el alquiler cada mes. El alquiler del contrato sube cada año.",
    "ru": "Договор действует два года. Компания платит аренду каждый месяц. Аренда по договору растёт каждый год.",
    "sl": "Pogodba velja dve leti in pol. Podjetje plača najemnino vsak mesec. Najemnina po pogodbi raste vsako leto.",
    "zh": "合同的有效期为两年零六个月。公司每个月支付一次房租。合同规定的房租每年都会上涨。",
    "hi": "यह अनुबंध दो साल तक चलता है। कंपनी हर महीने किराया देती है। अनुबंध का किराया हर साल बढ़ता है।",
}


def document(*texts: str, name: str = "privacy.md", title: str = "Privacy", headings: bool = True) -> list[Passage]:
    made = Document(name, title, "upload")
    return [Passage(made, n, text, (title, f"Part {n}") if headings else ()) for n, text in enumerate(texts)]


def texts(passages: list[Passage], most: int = 5, question: str = "") -> list[str]:
    return [extract.text for extract in summarise(passages, most, question).extracts]


def answer(*documents: list[Passage], task: WholeTask = "summary", language: str = "en", most: int = 5):
    return extractive_answer(WholeRequest(task, "?", language, most), documents)


def test_the_most_central_sentences_come_in_order_without_boilerplate():
    found = texts(document(*PRIVACY), 3)
    assert found[0].startswith(("This page lists", "Groundwork keeps"))
    assert len(found) == 3
    assert sorted(found, key="\n".join(PRIVACY).index) == found
    assert not any("rights reserved" in each or "Subscribe" in each or "However" in each for each in found)


def test_a_sentence_about_the_title_that_says_what_it_is_goes_first():
    body = ["Many people write many words about many things every day.", "AutoGen is a framework for many agents."]
    assert texts(document(*body, title="AutoGen: a paper"), 1) == ["AutoGen is a framework for many agents."]


def test_two_sentences_that_say_the_same_are_chosen_once():
    twice = "The largest file that may be uploaded has 25 megabytes."
    found = texts(document(twice, f"{twice} Larger files are refused with a reason.", twice), 5)
    assert found.count(twice) == 1


def test_of_a_form_the_total_the_date_and_labelled_values_are_chosen():
    found = texts(document(FORM, headings=False), 3)
    assert found == ["11/23/2024 14:32:18", "Cashier: Emily Rodriguez", "TOTAL $821.14"]


def test_what_a_form_is_about_takes_more_lines_than_a_text_does():
    assert answer(document(FORM, headings=False), task="about").text.count("\n- ") == 5
    assert answer(document(*PRIVACY), task="about").text.count("\n- ") == 3


def test_of_a_table_the_header_comes_first():
    found = texts(document("| Name | City |\n| --- | --- |\n| Ana | Lima |\n| Bo | Rome |", headings=False), 2)
    assert found == ["Name · City", "Ana · Lima"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_reads_sentences_of_any_script(language: str):
    [passage] = document(LANGUAGES[language], headings=False)
    assert len(list(sentences_of(passage))) == 3
    assert len(texts([passage], 2)) == 2


def test_code_navigation_and_addresses_are_no_sentences():
    passage = document(
        "```\nThis is a comment in the code of a program.\n```\nSkip to content\n\n| a row | of a table. |\n\n"
        "Table of Contents ........ 3\n\nSmith Ltd.\n1 High Street\nLondon N1\n\nWe write to you about the lease of it."
    )[0]
    assert [each.text for each in sentences_of(passage)] == ["We write to you about the lease of it."]


def test_a_question_leads_to_the_sentences_near_it():
    assert "turn log" in texts(document(*PRIVACY), 1, "What does the turn log note?")[0]


def test_a_book_is_summarised_from_a_bounded_number_of_sentences():
    book = document(*(f"Chapter {n} tells how number {n} came to town. {PRIVACY[n % 4]}" for n in range(2000)))
    assert len(texts(book, 5)) == 5


def test_the_ranking_is_the_same_each_time_and_of_nothing_is_nothing():
    some = ["The lease is long.", "The lease is dear.", "Cats sleep."]
    assert rank(some, [1, 1, 1]).choose(2) == rank(some, [1, 1, 1]).choose(2)
    assert rank([], []).choose(3) == []


def test_the_answer_names_the_document_its_sections_and_cites_each_sentence():
    given = answer(document(*PRIVACY))
    lines = given.text.splitlines()
    assert lines[0] == "**Privacy** (privacy.md)"
    assert lines[-1] == "Sections: Part 0 · Part 1 · Part 2 · Part 3 · Part 4"
    checked = check(given.text, given.hits)
    assert checked.removed == 0
    assert checked.cited == tuple(range(1, len(given.hits) + 1))
    assert not given.coverage


def test_several_documents_share_the_sentences_and_each_has_its_name():
    one, other = document(*PRIVACY), document(*PRIVACY, name="second.md", title="Second")
    text = answer(one, other, language="es").text
    assert text.index("(privacy.md)") < text.index("(second.md)")
    assert text.count("\n- ") == 5
    assert "Secciones: " in text


@pytest.mark.parametrize(
    ("language", "coverage"),
    [
        ("en", "From 20 of 23 documents."),
        ("es", "Documentos leídos: 20 de 23."),
        ("pt", "Documentos lidos: 20 de 23."),
        ("ru", "Прочитано документов: 20 из 23."),
        ("sl", "Prebranih dokumentov: 20 od 23."),
        ("", "From 20 of 23 documents."),
    ],
)
def test_of_a_folder_it_says_how_many_documents_were_read(language: str, coverage: str):
    folder = [document(*PRIVACY, name=f"{n}.md") for n in range(MOST_DOCUMENTS + 3)]
    assert answer(*folder, language=language).coverage == coverage


def test_an_outline_is_the_headings_cited():
    text = answer(document(*PRIVACY), task="outline", most=3).text
    assert text.splitlines()[2:4] == ["- Part 0 [1]", "- Part 1 [2]"]


def test_without_a_model_a_translation_is_refused_in_the_persons_language():
    assert answer(document(*PRIVACY), task="translate", language="ru").text.startswith("Здесь нет модели")


MARKUP = st.text(st.sampled_from("ab .[]()0123#>-*|`\n【】†:\u200c") | st.characters(codec="utf-8"), max_size=200)


@settings(max_examples=60, deadline=None)
@given(st.lists(MARKUP, min_size=1, max_size=6), st.integers(-3, 40))
def test_whatever_a_document_holds_the_marks_are_ours_and_the_lines_are_one_each(parts: list[str], most: int):
    passages = document(*parts, title=parts[0], name="x.md")
    given_ = answer(passages, most=most)
    assert check(given_.text, given_.hits).removed == 0
    for extract in summarise(passages, most).extracts:
        assert extract.passage.text[extract.start : extract.end].strip()
        assert "\n" not in extract.text
