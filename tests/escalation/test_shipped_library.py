"""What strangers ask of the documents that ship, and what these do not hold, with the threshold that they measure."""

import asyncio
from fnmatch import fnmatch
from pathlib import Path

import pytest

from rag.escalation.confidence import assess_search
from rag.escalation.gate import AbstentionGate, LibraryView
from rag.escalation.policy import Policy, gate
from rag.escalation.synthetic_queries import Size
from rag.escalation.weights import shipped
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.types import SearchResult
from tests.shipped_library import shipped_index

ANSWERABLE = [
    ("what is groundwork", "what-groundwork-is.md"),
    ("what is RAG", "glossary.md retrieval-augmented-generation.md"),
    ("what is rag", "glossary.md retrieval-augmented-generation.md"),
    ("bm25?", "retrieval-augmented-generation.md glossary.md"),
    ("escalation?", "escalation.md"),
    ("what is foundry local", "foundry-local.md"),
    ("what does abstain mean", "how-a-turn-works.md glossary.md"),
    ("How does an answer come about?", "what-groundwork-is.md retrieval-augmented-generation.md how-a-turn-works.md"),
    ("What happens between my question and the cited answer?", "measuring-answers.md what-groundwork-is.md"),
    ("Small or large model?", "small-and-large-models.md choosing-a-model.md"),
    ("When is a small model enough, and when does a larger one help?", "small-and-large-models.md"),
    ("What stays on this machine?", "privacy.md"),
    ("What data leaves my machine when I use Groundwork?", "privacy.md"),
    ("Ask my own files", "uploads.md"),
    ("How do I upload a document, and which files can be read?", "uploads.md"),
    ("how do i make answers faster", "troubleshooting.md small-and-large-models.md latency-panel.md"),
    ("compare phi-4-mini and gpt-oss-20b", "small-and-large-models.md choosing-a-model.md"),
    ("which license does gpt-oss-20b have", "choosing-a-model.md small-and-large-models.md"),
    ("why is it so slow", "troubleshooting.md small-and-large-models.md latency-panel.md"),
    ("HOW DO I CHANGE THE PORT", "settings.md what-groundwork-is.md"),
    ("max upload size", "uploads.md settings.md"),
    ("can it read scanned pdfs", "uploads.md"),
    ("what languages does it speak", "data-and-languages.md"),
    ("is my data safe", "privacy.md"),
    ("how much energy does a local model use", "energy-and-cost.md"),
    ("what do the numbers in brackets mean", "citations.md"),
    ("Summarize retrieval augmented generation in 2 sentences.", "retrieval-augmented-generation.md"),
    ("List 3 privacy benefits of local inference.", "privacy.md"),
    ("Summarize why model size impacts latency on consumer hardware.", "small-and-large-models.md"),
    ("Explain when to choose an SLM over an LLM.", "small-and-large-models.md choosing-a-model.md"),
    ("¿Qué es Groundwork?", "es-*"),
    ("¿cuánto ocupa en disco el modelo gpt-oss-20b?", "es-*"),
    ("O que é o Groundwork?", "pt-*"),
    ("какого размера файл можно загрузить", "ru-*"),
    ("kaj je groundwork", "sl-*"),
    ("Was ist Groundwork?", "what-groundwork-is.md"),
]
UNANSWERABLE = [
    "who won the world cup in 2018?",
    "What is the capital of Australia?",
    "Which planet has the most moons?",
    "how do i bake bread",
    "what is photosynthesis",
    "kubernetes?",
    "how tall is mount everest",
    "who is the president of france",
    "what is the weather today",
    "how do i reset my apple watch",
    "how do I cancel my netflix subscription",
    "¿Quién ganó la copa del mundo?",
    "Qual é a capital da França?",
    "Кто написал Войну и мир?",
    "Kdo je predsednik Slovenije?",
]


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    return Searcher(shipped_index())


@pytest.fixture(scope="module")
def threshold(searcher: Searcher, tmp_path_factory: pytest.TempPathFactory) -> float:
    """What the library measures on itself."""
    (index,) = searcher.indexes
    assert isinstance(index, MemoryIndex)
    sizes = [Size(each.id, len(index.passages(each.id, limit=1_000))) for each in index.documents()]
    folder: Path = tmp_path_factory.mktemp("gate")
    measuring = AbstentionGate(folder, shipped().answerable).refresh([LibraryView("docs", index, lambda: sizes)])
    return asyncio.run(measuring).value


def passes(found: SearchResult, question: str, threshold: float) -> bool:
    assessed = assess_search(found, question, shipped(), threshold)
    return gate(Policy(grounding_threshold=threshold), assessed) is None


@pytest.mark.parametrize(("question", "pages"), ANSWERABLE)
def test_what_the_library_answers_passes_and_finds_its_page(
    searcher: Searcher, threshold: float, question: str, pages: str
):
    found = searcher.search(question, limit=12)
    first = [hit.passage.document.name for hit in found.hits[:5]]
    assert any(fnmatch(name, page) for name in first for page in pages.split()), first
    assert passes(found, question, threshold)


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_what_the_library_does_not_hold_is_refused(searcher: Searcher, threshold: float, question: str):
    assert not passes(searcher.search(question, limit=12), question, threshold)


@pytest.mark.parametrize("question", ["what is RAG", "what is groundwork", "max upload size", "is my data safe"])
def test_a_new_topic_does_not_find_what_was_asked_before(searcher: Searcher, question: str):
    before = "Which licence does gpt-oss-20b have?"
    alone = searcher.search(question, limit=3).hits
    after = searcher.search(question, [before], limit=3).hits
    assert after[0].passage.document.name == alone[0].passage.document.name
    assert not any("Apache" in hit.passage.text for hit in after)


def test_a_question_that_points_back_is_searched_with_what_it_points_at(searcher: Searcher):
    hits = searcher.search("And the small model?", ["Which licence does gpt-oss-20b have?"], limit=3).hits
    assert any("MIT" in hit.passage.text for hit in hits)
