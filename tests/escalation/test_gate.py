"""The gate's threshold, measured on the library and kept."""

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from rag.escalation.gate import AbstentionGate, LibraryView
from rag.escalation.synthetic_queries import Size
from rag.escalation.threshold import DEFAULT, LEAST, LEAST_DOCUMENTS, LEAST_QUESTIONS, MOST, GateThreshold
from rag.escalation.weights import Logistic, shipped
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.tantivy_index import TantivyIndex
from rag.types import Document
from tests.fakes import passages

WEIGHTS = shipped().answerable
SUBJECTS = (
    "wolves",
    "rivers",
    "towers",
    "bread",
    "trams",
    "bees",
    "chess",
    "tides",
    "maps",
    "ovens",
    "gates",
    "clocks",
)
SENTENCES = (
    "Nobody in the north of the country knows how {} came to be so many this year.",
    "An old report on {} was read aloud by number {} of the council in the hall.",
    "People who look after {} write a short note every evening before they go home.",
    "It is said that {} cost the town more than {} coins in a single cold winter.",
)


class Library:
    """A folder of the library, with a count of how often its documents were asked for."""

    def __init__(self, name: str, documents: int, texts: int = 4) -> None:
        self.name, self.index, self.asked = name, MemoryIndex(), 0
        self._sizes: list[Size] = []
        for n in range(documents):
            self.put(n, texts)

    def put(self, n: int, texts: int = 4) -> None:
        subject = f"{SUBJECTS[n % len(SUBJECTS)]} of {SUBJECTS[(n * 5 + 3) % len(SUBJECTS)]}"
        document = Document(f"{n}.md", subject, collection=self.name)
        made = [SENTENCES[k % 4].format(f"{subject} {n * 31 + k}", n * 17 + k) for k in range(texts)]
        self.index.put(document, passages(document, made))
        self._sizes.append(Size(document.id, texts))

    @property
    def view(self) -> LibraryView:
        return LibraryView(self.name, self.index, self._counted)

    def _counted(self) -> list[Size]:
        self.asked += 1
        return self._sizes


async def measured(folder: Path, *libraries: Library, weights: Logistic = WEIGHTS) -> GateThreshold:
    return await AbstentionGate(folder, weights).refresh([library.view for library in libraries])


async def test_it_is_measured_once_and_kept(tmp_path: Path):
    library = Library("one", 12)
    first = await measured(tmp_path, library)
    assert LEAST <= first.value <= MOST
    assert first.questions >= LEAST_QUESTIONS
    assert await measured(tmp_path, library) == first
    assert library.asked == 1


async def test_the_same_library_gives_the_same(tmp_path: Path):
    assert await measured(tmp_path / "a", Library("one", 12)) == await measured(tmp_path / "b", Library("one", 12))


async def test_what_was_kept_holds_before_anything_is_measured(tmp_path: Path):
    gate = AbstentionGate(tmp_path, WEIGHTS)
    assert gate.threshold == GateThreshold(DEFAULT)
    found = await gate.refresh([Library("one", 12).view])
    assert gate.threshold == found


@pytest.mark.parametrize(("documents", "texts"), [(0, 0), (1, 1), (LEAST_DOCUMENTS - 1, 40), (12, 1)])
async def test_a_tiny_library_has_the_default(tmp_path: Path, documents: int, texts: int):
    assert await measured(tmp_path, Library("one", documents, texts)) == GateThreshold(DEFAULT)


async def test_without_a_folder_it_is_the_default(tmp_path: Path):
    assert await measured(tmp_path) == GateThreshold(DEFAULT)


@pytest.mark.parametrize(("more", "again"), [(2, False), (3, True), (12, True)])
async def test_it_is_measured_again_when_the_library_has_grown(tmp_path: Path, more: int, again: bool):
    library = Library("one", 12)
    await measured(tmp_path, library)
    for n in range(more):
        library.put(12 + n)
    await measured(tmp_path, library)
    assert (library.asked == 2) == again


async def test_it_is_measured_again_when_the_library_has_shrunk(tmp_path: Path):
    await measured(tmp_path, Library("one", 20))
    smaller = Library("one", 12)
    await measured(tmp_path, smaller)
    assert smaller.asked == 1


async def test_it_is_measured_again_with_other_folders(tmp_path: Path):
    one, empty = Library("one", 12), Library("two", 0)
    await measured(tmp_path, one)
    await measured(tmp_path, one, empty)
    assert one.asked == 2
    await measured(tmp_path, one, empty)
    assert one.asked == 2


async def test_it_is_measured_again_with_other_weights(tmp_path: Path):
    library = Library("one", 12)
    await measured(tmp_path, library)
    other = Logistic(WEIGHTS.intercept + 1, WEIGHTS.coefficients)
    await measured(tmp_path, library, weights=other)
    assert library.asked == 2


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"threshold": 0.3}', '{"threshold": {"value": "x"}}'),
        '{"threshold": {"value": 0.9, "questions": 1}, "passages": {"one": 48}, "made_by": "MADE_BY"}',
        '{"threshold": {"value": NaN, "questions": 1}, "passages": {"one": 48}, "made_by": "MADE_BY"}',
        '{"threshold": {"value": 0.3, "questions": 99}, "passages": ["one"], "made_by": "MADE_BY"}',
        '{"threshold": {"value": 0.3, "questions": 99}, "passages": {"one": 48}, "made_by": "another"}',
    ],
)
async def test_a_damaged_or_foreign_file_is_replaced(tmp_path: Path, text: str):
    library = Library("one", 12)
    expected = await measured(tmp_path, library)
    [file] = tmp_path.iterdir()
    file.write_text(text.replace("MADE_BY", json.loads(file.read_bytes())["made_by"]), encoding="utf-8")
    assert await measured(tmp_path, library) == expected
    assert library.asked == 2
    assert json.loads(file.read_bytes())["threshold"]["value"] == expected.value
    assert list(tmp_path.iterdir()) == [file]


async def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path):
    (tmp_path / "file").write_text("here")
    found = await measured(tmp_path / "file", Library("one", 12))
    assert found.questions >= LEAST_QUESTIONS


async def test_a_library_of_copies_asks_nothing_that_it_answers_elsewhere(tmp_path: Path):
    library = Library("one", 0)
    texts = [SENTENCES[k % 4].format(f"wolves {k}", k) for k in range(8)]
    for n in range(12):
        document = Document(f"{n}.md", "Form", collection="one")
        library.index.put(document, passages(document, texts))
    sizes = [Size(f"library:one:{n}.md", 8) for n in range(12)]
    found = await AbstentionGate(tmp_path, WEIGHTS).refresh([LibraryView("one", library.index, lambda: sizes)])
    assert found == GateThreshold(DEFAULT)


async def test_it_stops_in_time_with_what_it_has(tmp_path: Path):
    ticks: Iterator[int] = count()
    gate = AbstentionGate(tmp_path, WEIGHTS, clock=lambda: next(ticks) / 1000, most_s=0.08)
    found = await gate.refresh([Library("one", 40).view])
    assert LEAST_QUESTIONS <= found.questions < 60


async def test_documents_that_went_away_meanwhile_are_passed_over(tmp_path: Path):
    library = Library("one", 12)
    view = library.view
    library.index.remove("library:one:3.md")
    found = await AbstentionGate(tmp_path, WEIGHTS).refresh([view])
    assert LEAST_QUESTIONS <= found.questions <= 44


async def test_cancelling_ends_it_and_keeps_nothing(tmp_path: Path):
    gate = AbstentionGate(tmp_path, WEIGHTS)
    task = asyncio.create_task(gate.refresh([Library("one", 50).view]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(tmp_path.iterdir())
    assert gate.threshold == GateThreshold(DEFAULT)
    assert (await gate.refresh([Library("one", 12).view])).questions  # it can be asked again


async def test_the_event_loop_goes_on_meanwhile(tmp_path: Path):
    task = asyncio.create_task(measured(tmp_path, Library("one", 30)))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks > 60


async def test_two_that_ask_at_once_measure_once(tmp_path: Path):
    gate, library = AbstentionGate(tmp_path, WEIGHTS), Library("one", 12)
    first, second = await asyncio.gather(gate.refresh([library.view]), gate.refresh([library.view]))
    assert first == second
    assert library.asked == 1


async def test_a_library_on_disk_is_measured_as_in_memory(tmp_path: Path):
    library = Library("one", 12)
    disk = TantivyIndex(tmp_path / "index")
    for size in library.view.sizes():
        blocked_by = library.index.passages(size.document_id, limit=size.passages)
        disk.put(blocked_by[0].document, blocked_by)
    found = await AbstentionGate(tmp_path / "b", WEIGHTS).refresh([LibraryView("one", disk, library.view.sizes)])
    disk.close()
    assert found.value == pytest.approx((await measured(tmp_path / "a", library)).value, abs=0.03)
