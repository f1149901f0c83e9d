"""What documents are called, and which of them a question names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.document_names import asked_names, name_forms
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import MOST_NAMED, Searcher
from rag.types import Document
from tests.fakes import passages


def library(names: dict[str, str], *texts: str) -> Searcher:
    """Documents by their file names and titles, each with these texts."""
    index = MemoryIndex()
    for name, title in names.items():
        document = Document(name, title)
        index.put(document, passages(document, texts or ("Nothing of interest.",)))
    return Searcher(index)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("3M_2018_10K.pdf", "3M's FY2018 10-K"),
        ("GENERALMILLS_2020.pdf", "General Mills, FY20"),
        ("AutoGen.docx", "autogen"),
        ("auto-gen.docx", "AutoGen"),
        ("PDFReader.md", "the pdf reader"),
        ("2023Q2.xlsx", "Q2 of 2023"),
        ("phi4.md", "phi-4"),
        ("Résumé.pdf", "resume"),
        ("Отчёт-2019.pdf", "отчет за 2019 год"),
        ("informe_año_2019.pdf", "informe del ano 2019"),
        ("letno-poročilo.pdf", "letno porocilo"),
        ("research-and-development.md", "R&D"),
        ("service-level-agreement.md", "our SLA"),
        ("年度报告.pdf", "总结年度报告"),
    ],
)
def test_a_name_is_met_as_people_write_it(name: str, asked: str):
    forms = asked_names(asked).forms
    units = {form for form in name_forms(Document(name, "")) if not form.startswith("^")}
    assert forms & set(name_forms(Document(name, "")))
    assert units & forms or any(form.startswith("^") for form in forms)


def test_initials_are_no_word():
    assert not asked_names("is it so").forms & set(name_forms(Document("information-technology.md", "")))
    assert not any(form.startswith("^") for form in asked_names("WHO IS IT").forms)


HANDBOOK = {
    "privacy.md": "Privacy",
    "uploads.md": "Uploads",
    "guides/retrieval-augmented-generation.md": "Retrieval-augmented generation",
    "test.docx": "AutoGen: Enabling Next-Gen Applications via Conversation",
    "informe-anual-2018.pdf": "Informe anual 2018",
    "informe-anual-2019.pdf": "Informe anual 2019",
    "отчёт_2019.pdf": "",
}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Summarize privacy.md", "privacy.md"),
        ("and uploads.md?", "uploads.md"),
        ("What does PRIVACY.MD say about uploads?", "privacy.md"),
        ("Resume guides/retrieval-augmented-generation.md, por favor", "guides/retrieval-augmented-generation.md"),
        ("¿Qué dice el informe anual 2019?", "informe-anual-2019.pdf"),
        ("Кратко: отчет_2019", "отчёт_2019.pdf"),
        ("Kaj pravi »Privacy«?", "privacy.md"),
    ],
)
def test_a_name_that_is_written_out_is_exact(question: str, name: str):
    named = library(HANDBOOK).documents_named(question)
    assert [each.document_id for each in named if each.exact] == [f"library:{name}"]
    assert named[0].exact
    assert named[0].score == 1


@pytest.mark.parametrize(
    ("question", "name"),
    [("What is privacy?", "privacy.md"), ("the AutoGen paper", "test.docx"), ("summarize uploads", "uploads.md")],
)
def test_an_ordinary_word_that_is_a_whole_name_is_not_exact(question: str, name: str):
    (named,) = library(HANDBOOK).documents_named(question)
    assert (named.document_id, named.exact, named.share) == (f"library:{name}", False, 1)


@pytest.mark.parametrize(
    "question", ["", "?", "Who won in 2018?", "notprivacy.mdx", "What is an application?", "\x00" * 9]
)
def test_what_names_no_document_gives_none(question: str):
    assert library(HANDBOOK).documents_named(question) == []


REPORTS = {f"{name}_{year}_10K.pdf": "" for name in ("Acme", "Birch", "Corning") for year in range(2015, 2023)}


def reports() -> Searcher:
    index = MemoryIndex()
    for name in REPORTS:
        document, (company, year, _) = Document(name, ""), name.split("_")
        others = [f"Sales of {company} grew." for _ in range(9)]
        index.put(document, passages(document, [f"{company} spent 5 on plants, as in {year}.", *others]))
    return Searcher(index)


def test_a_report_is_found_by_its_company_and_year():
    searcher = reports()
    named, *others = searcher.documents_named("What did Birch spend on plants in FY2018?")
    assert (named.document_id, named.exact) == ("library:Birch_2018_10K.pdf", False)
    assert named.share > 0.9
    assert all(each.score < 0.6 * named.score for each in others)
    first = searcher.search("What did Birch spend on plants in FY2018?", limit=5).hits[0]
    assert (first.passage.document.name, first.passage.ordinal) == ("Birch_2018_10K.pdf", 0)


def test_a_document_that_is_passed_over_is_not_favoured_by_its_name():
    question = "What did Birch spend in Birch_2018_10K.pdf?"
    hits = reports().search(question, limit=5, without="library:Birch_2018_10K.pdf").hits
    assert hits
    assert all(hit.passage.document.name != "Birch_2018_10K.pdf" for hit in hits)


def test_a_question_that_names_more_documents_alike_than_can_be_meant_names_none():
    searcher = library({f"minutes-{n:04}.txt": "" for n in range(MOST_NAMED + 9)})
    assert searcher.documents_named("Who wrote the minutes?") == []
    assert searcher.documents_named("Who wrote minutes-0007.txt?")[0].document_id == "library:minutes-0007.txt"


def test_names_of_the_library_and_of_uploads_are_one_list():
    uploads = MemoryIndex()
    receipt = Document("RECEIPT-2024-77.pdf", "", "upload")
    uploads.put(receipt, passages(receipt, ["Total: 9"]))
    searcher = Searcher(*library(HANDBOOK).indexes, uploads)
    named = searcher.documents_named("compare RECEIPT-2024-77.pdf and privacy.md")
    assert {each.document_id for each in named if each.exact} == {receipt.id, "library:privacy.md"}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=120))
def test_names_and_questions_may_be_anything(name: str, title: str, question: str):
    searcher = library({name: title, "privacy.md": "Privacy"})
    for each in searcher.documents_named(f"{question} {name}"):
        assert 0 <= each.share <= 1 + 1e-9
        assert 0 <= each.score <= 1
