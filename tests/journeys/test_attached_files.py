"""A file from its bytes to the gate: read by a worker, searched beside the handbook, judged alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from rag.escalation.attached import ATTACHED_THRESHOLD, holds_answer
from rag.ingestion.reader import Reader
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from tests.shipped_library import shipped_index

INVOICE = """# Invoice 2031

Riverside Bicycles, Mill Lane 4, Bled
Prepared by Tina Hall on 3 March 2024

| Item | Quantity | Price |
| --- | --- | --- |
| Bell, brass | 2 | 18.00 EUR |
| Saddle | 1 | 64.50 EUR |

Subtotal 100.50 EUR, VAT 22.11 EUR, total 122.61 EUR.
Paid by bank transfer. The color of the saddle is brown; its warranty lasts two years.
"""
FILE = "upload:invoice.md"


@pytest_asyncio.fixture
async def searcher(tmp_path: Path) -> AsyncIterator[Searcher]:
    """The handbook, and an invoice that was dropped in."""
    path = tmp_path / "invoice.md"
    path.write_text(INVOICE, encoding="utf-8")
    chat = MemoryIndex()
    reader = Reader(workers=1, timeout_s=60, max_bytes=1 << 20, max_pages=10, max_chars=10_000)
    try:
        read = await reader.read(path, name="invoice.md", origin="upload")
    finally:
        await reader.close()
    chat.put(read.document, read.passages)
    yield Searcher(shipped_index(), chat)


async def test_a_question_to_an_attached_file_is_told_from_one_to_the_library(searcher: Searcher):
    def answered(question: str) -> bool:
        found = searcher.search(question, limit=12, within={FILE})
        assert {hit.passage.document.id for hit in found.hits} <= {FILE}
        return holds_answer(found, question, opening=searcher.opening({FILE}, limit=3)).value >= ATTACHED_THRESHOLD

    to_the_file = (
        *("What is the total?", "how was it paid", "which items were bought?", "who prepared it", "and the colour?"),
        *("how long is the guarantee", "¿Cuál es el total?", "Koliko je skupaj?", "Какой итог?"),
    )
    to_others = (
        *("Which licence does gpt-oss-20b have?", "does Groundwork work offline?", "how large may a file be?"),
        *("What is the capital of Australia?", "who won the world cup in 2018?", "What was the weather on that day?"),
    )
    assert [question for question in to_the_file if not answered(question)] == []
    assert [question for question in to_others if answered(question)] == []
