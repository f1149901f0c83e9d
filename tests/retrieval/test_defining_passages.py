"""Questions for what something is, and passages that say it."""

import pytest

from rag.retrieval.search import Searcher
from rag.text.analysis import fold
from rag.text.definitions import defined_term, defining_passage
from tests.fakes import index_of


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("what is RAG", "rag"),
        ("What's a passage?", "passage"),
        ("What is the Matterhorn?", "matterhorn"),
        ("BM25?", "bm25"),
        ("Foundry Local", "foundry local"),
        ("what does abstain mean", "abstain"),
        ("define kept draft", "kept draft"),
        ("¿Qué es la escalada?", "escalada"),
        ("O que é o Groundwork?", "groundwork"),
        ("Что такое эскалация?", "эскалация"),
        ("Kaj je Groundwork?", "groundwork"),
        ("Was ist ein Gremium?", "gremium"),
        ("Qu'est-ce que Groundwork ?", "groundwork"),
        *((question, "") for question in ("", "why", "what is that?", "What is the capital of Australia?")),
        *((question, "") for question in ("How tall is it?", "change the port", "what is the best way to pay taxes")),
    ],
)
def test_the_term_that_is_asked_for(question: str, term: str):
    assert defined_term(question) == term


@pytest.mark.parametrize(
    "text",
    [
        "**RAG.** It answers from passages.",
        "Some words before. RAG is answering from passages.",
        "RAG, retrieval-augmented generation, means answering from passages.",
        "This is retrieval-augmented generation (RAG) at work.",
        "## RAG\nIt answers from passages.",
        "- RAG: answering from passages",
        "RAG es responder con pasajes.",
        "RAG — это ответы по отрывкам.",
    ],
)
def test_a_passage_that_defines_it(text: str):
    assert defining_passage("rag").search(fold(text).replace("## ", ""))


@pytest.mark.parametrize(
    "text", ["`rag bench` measures models.", "We use RAG for this.", "A rag and a bucket.", "RAGE is a feeling."]
)
def test_a_passage_that_only_uses_it(text: str):
    assert not defining_passage("rag").search(fold(text))


def test_what_defines_the_term_comes_first():
    index = index_of(
        "Run rag bench, then rag compare, then rag eval, and rag report at the end of the rag session.",
        "There are many ways. RAG is answering from passages that a search found, however long the text around it is.",
    )
    hits = Searcher(index).search("what is rag", limit=2).hits
    assert "answering" in hits[0].passage.text


@pytest.mark.parametrize("text", [" ", "\n", "**", "a (", "a, ", "| ", "a\n"])
def test_a_long_row_of_marks_defines_nothing(text: str):
    assert not defining_passage("a b").search(text * 20_000)
