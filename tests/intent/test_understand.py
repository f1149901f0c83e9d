"""What a question asks for, and about which documents: in the languages that people ask in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.intent.understand import understand
from rag.types import Attachments, Document, Exchange, Intent

LEASE = Document("lease-2024.pdf", "Lease of the harbour shed", "upload")
BIRDS = Document("birds.docx", "Birds of Lake Mirna", "upload")
PRIVACY = Document("privacy.md", "Privacy", collection="handbook")


def attached(*documents: Document, new: bool = True) -> Attachments:
    return Attachments(documents, frozenset(d.id for d in documents) if new else frozenset())


def after(question: str, intent: Intent, *documents: Document) -> list[Exchange]:
    return [Exchange(question, "An answer [1].", intent, documents)]


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("summarise this", "summary"),
        ("Summarize the document, please", "summary"),
        ("tl;dr", "summary"),
        ("TLDR", "summary"),
        ("can you give me a short summary of it in 3 sentences?", "summary"),
        ("give me the key points", "key_points"),
        ("What are the main takeaways of this report?", "key_points"),
        ("What is this file about?", "about"),
        ("what's in this pdf?", "about"),
        ("what does this letter say?", "about"),
        ("what does this notebook do", "about"),
        ("describe the picture", "about"),
        ("give me an overview", "outline"),
        ("translate it into Spanish", "translate"),
        ("resume este documento", "summary"),
        ("¿De qué trata este archivo?", "about"),
        ("dame los puntos clave", "key_points"),
        ("faça um resumo deste documento", "summary"),
        ("do que trata este arquivo?", "about"),
        ("Сделай краткое резюме этого документа", "summary"),
        ("О чём этот файл?", "about"),
        ("главные мысли", "key_points"),
        ("povzemi ta dokument", "summary"),
        ("o čem govori ta datoteka?", "about"),
        ("fasse das Dokument zusammen", "summary"),
        ("Worum geht es in dieser Datei?", "about"),
        ("résume ce document", "summary"),
        ("de quoi parle ce fichier ?", "about"),
    ],
)
def test_a_question_for_a_whole_document(question: str, task: str):
    intent = understand(question, attached(LEASE))
    assert intent.request
    assert (intent.kind, intent.request.task, intent.documents) == ("whole_document", task, (LEASE,))
    assert intent.reason == "because it was attached to this question"


@pytest.mark.parametrize(
    "question",
    [
        "What is the total?",
        "who signed it",
        "Who are the authors?",
        "and the colour",
        "VIN?",
        "Summarise the duties of the tenant",
        "What does it say about the deposit?",
        "¿Cuánto es el alquiler?",
        "сколько стоит аренда",
        "koliko znaša najemnina",
        "How does an answer come about?",
        "Explain section 4",
        "?",
        "",
        "a",
        "word " * 1600,
    ],
)
def test_a_question_with_a_topic_is_looked_up_in_what_came_with_it(question: str):
    intent = understand(question, attached(LEASE))
    assert (intent.kind, intent.documents) == ("lookup", (LEASE,))


@pytest.mark.parametrize(
    "question",
    [
        "Summarize the benefits of small models",
        "What does a turn mean?",
        "How long is the notice period in the lease contract of the harbour?",
        "what is it",
        "Which documents must I bring to the office?",
        "how many files can I upload",
        "Which files can be read?",
        "¿Qué documentos necesito para el visado?",
        "Какие документы нужны для визы?",
        "Is there a summary of the war in Gaul by Caesar?",
        "What does the fox say?",
    ],
)
def test_without_files_an_ordinary_question_is_a_lookup_everywhere(question: str):
    assert understand(question) == Intent()


@pytest.mark.parametrize(
    "question",
    [
        "Which documents do you have?",
        "what files are there",
        "list all documents",
        "How many documents are there?",
        "what is in the library?",
        "what's new in the library?",
        "¿Qué documentos tienes?",
        "Quais documentos você tem?",
        "Какие документы у тебя есть?",
        "Katere dokumente imaš?",
        "Welche Dokumente hast du?",
        "Quels documents as-tu ?",
    ],
)
def test_a_question_for_what_there_is(question: str):
    assert understand(question).kind == "catalogue"


def test_how_many_goes_on_from_a_catalogue_only():
    assert (
        understand("how many are there", history=after("Which documents do you have?", Intent("catalogue"))).kind
        == "catalogue"
    )
    assert understand("how many are there", history=after("Who sings?", Intent())).kind == "lookup"


def test_a_name_points_at_its_document_in_a_chat_or_in_the_library():
    files = attached(LEASE, BIRDS, new=False)
    assert understand("What does lease-2024.pdf say about the deposit?", files).documents == (LEASE,)
    assert understand("the deposit in lease 2024", files).documents == (LEASE,)
    assert understand("How many nests are in birds.docx?", files).pointed_at
    assert understand("Summarize privacy.md", named=[PRIVACY]).documents == (PRIVACY,)


def test_a_name_alone_goes_on_with_the_task_before():
    before = after("Summarize privacy.md", understand("Summarize privacy.md", named=[PRIVACY]), PRIVACY)
    again = understand("and birds.docx?", attached(BIRDS, new=False), before)
    assert again.request
    assert (again.kind, again.request.task, again.documents) == ("whole_document", "summary", (BIRDS,))


def test_the_other_and_the_second_file():
    files = attached(LEASE, BIRDS, new=False)
    before = after("Which of these files is about rent?", Intent(), LEASE)
    assert understand("and what does the other one describe?", files, before).documents == (BIRDS,)
    assert understand("what is the second file about?", files).documents == (BIRDS,)
    assert understand("о чём первый файл?", files).documents == (LEASE,)
    assert understand("kaj piše v drugi datoteki?", files).documents == (BIRDS,)


def test_a_page_or_slide_is_asked_about_alone():
    assert understand("what does slide 2 say?", attached(BIRDS)).pages == (2,)
    assert understand("What is on page 3 about nests?", attached(BIRDS)).pages == (3,)
    assert understand("pages 2-4", attached(BIRDS)).pages == (2, 3, 4)
    assert understand("что на странице 5?", attached(BIRDS)).pages == (5,)


def test_pointing_follows_the_talk():
    files = attached(LEASE, BIRDS, new=False)
    before = after("How high is the rent?", Intent(), LEASE)
    assert understand("summarise this document", files, before).documents == (LEASE,)
    assert understand("summarise these files", files, before).documents == (LEASE, BIRDS)
    assert understand("compare these two files", files, before).documents == (LEASE, BIRDS)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("compare phi-4-mini and gpt-oss-20b", ("phi-4-mini", "gpt-oss-20b")),
        ("What is the difference between a lease and a licence?", ("a lease", "a licence")),
        ("tantivy vs rank-bm25", ("tantivy", "rank-bm25")),
        ("Which is cheaper: concrete or asphalt?", ("concrete", "asphalt")),
        ("Сравни договор и счёт", ("договор", "счёт")),
        ("diferencia entre alquiler y compra", ("alquiler", "compra")),
        ("Kakšna je razlika med najemom in nakupom?", ("najemom", "nakupom")),
        (
            "When is a small model enough, and when does a larger one help?",
            ("When is a small model enough", "when does a larger one help?"),
        ),
        ("Who is the tenant? What is the rent?", ("Who is the tenant?", "What is the rent?")),
    ],
)
def test_each_side_of_a_comparison_is_a_part(question: str, parts: tuple[str, ...]):
    intent = understand(question)
    assert (intent.kind, intent.parts) == ("comparison", parts)


@pytest.mark.parametrize(
    "question",
    [
        "In which town is the harbour and its shed?",
        "What is the origin of funny cars? Why do they call them that?",
        "Who won the game versus the Pittsburgh team in the last three minutes of it?",
        "Do you know the way in which integers are written?",
    ],
)
def test_one_question_is_not_cut(question: str):
    assert understand(question) == Intent()


def test_how_long_a_summary_is_to_be():
    def most(question: str) -> int:
        request = understand(question, attached(LEASE)).request
        assert request
        return request.most_sentences

    assert [
        most("summarise this"),
        most("summarise this in 3 bullet points"),
        most("in ten sentences, summarise it"),
    ] == [5, 3, 10]
    assert most("summarise this in 99 sentences") == 30


def test_a_translation_names_its_language():
    request = understand("перевести этот документ на английский", attached(LEASE)).request
    assert request
    assert (request.task, request.language) == ("translate", "en")


@given(st.text(max_size=60), st.booleans())
def test_any_text_has_an_intent_about_documents_that_are_there(question: str, new: bool):
    intent = understand(question, attached(LEASE, BIRDS, new=new), after("x", Intent(), LEASE))
    assert set(intent.documents) <= {LEASE, BIRDS}
    assert (intent.kind == "whole_document") == (intent.request is not None)


def test_the_library_may_be_named():
    assert understand("What does the library say about the deposit?", attached(LEASE, new=False)).in_library
    assert understand("Was steht im Handbuch über die Kaution?", attached(LEASE, new=False)).in_library
    assert not understand("What about the deposit?", attached(LEASE, new=False)).in_library


def test_a_plain_word_names_a_file_only_where_all_of_it_is_wanted():
    walrus = Document("walrus.txt", "Walrus", "upload")
    assert understand("Where is the walrus image?", attached(walrus)).kind == "lookup"
    assert understand("Summarise walrus", attached(walrus, LEASE, new=False)).documents == (walrus,)


def test_the_words_of_a_name_are_enough_for_a_whole_document_only():
    assert understand("give me an overview of the privacy page", called_alike=[PRIVACY]).documents == (PRIVACY,)
    assert understand("What is privacy?", called_alike=[PRIVACY]) == Intent()
    assert understand("summarise how privacy is protected abroad", called_alike=[PRIVACY]) == Intent()


def test_beside_files_talk_has_to_be_sure():
    assert understand("what is the subject", attached(LEASE, new=False)).kind != "talk"
    assert understand("thanks!", attached(LEASE, new=False)).kind == "talk"
