"""What was attached is what is asked about, and the library joins where it is needed."""

from collections.abc import Sequence

from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.retrieval.search import Searcher
from rag.turn.answer import ask
from rag.types import Attachments, Document, ScopeChoice, Turn
from tests.fakes import FakeModel, index_of, passages

LIBRARY = index_of(
    "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason.",
    "Of all the time of a turn the panel shows the total. The total time is the sum of its stages.",
    "Telemetry is switched off by default. Documents never leave the machine.",
)
RECEIPT = [
    "Corner Shop, 12 Harbour Road. Cashier: Mara Kos.",
    "2 lanterns 18.00, 1 rope 4.50.",
    "Total: 22.50. Paid by card.",
]
NAME, ID = "receipt.txt", "upload:receipt.txt"


async def turn_of(
    question: str,
    *,
    model: FakeModel | None = None,
    texts: Sequence[str] = tuple(RECEIPT),
    choice: ScopeChoice = "auto",
) -> Turn:
    files = index_of(*texts, name=NAME, title="Receipt", origin="upload")
    document = files.documents()[0]
    models = ModelSet(model or ExtractiveModel())
    return await ask(question, Searcher(LIBRARY, files), models, attachments=Attachments((document,), choice=choice))


def names(turn: Turn) -> set[str]:
    return {citation.hit.passage.document.name for citation in turn.citations if citation.cited}


def prompt_of(model: FakeModel) -> str:
    return model.prompts[0].messages[-1]["content"]


async def test_quotes_come_from_the_chats_file_alone():
    turn = await turn_of("What is the total?")
    assert "22.50" in turn.answer
    assert names(turn) == {NAME}


async def test_a_short_file_is_read_whole_and_in_order():
    model = FakeModel().enqueue("It was Mara Kos [1].")
    turn = await turn_of("who was at the till?", model=model)
    prompt = prompt_of(model)
    assert [prompt.index(text) for text in RECEIPT] == sorted(prompt.index(text) for text in RECEIPT)
    assert "Telemetry" not in prompt
    assert names(turn) == {NAME}


async def test_the_library_joins_where_the_file_does_not_hold_it():
    turn = await turn_of("What is the largest file that may be uploaded?")
    assert "25 MB" in turn.answer
    assert names(turn) == {"guide.md"}


async def test_a_model_is_given_both_where_the_library_joins():
    model = FakeModel().enqueue("25 MB [4].")
    await turn_of("What is the largest file that may be uploaded?", model=model)
    assert "25 MB" in prompt_of(model)
    assert RECEIPT[0] in prompt_of(model)


async def test_neither_holds_it():
    turn = await turn_of("Which planet has the most moons?")
    assert (turn.outcome, names(turn)) == ("abstained", set())


async def test_a_model_may_say_that_a_file_does_not_say_it():
    model = FakeModel().enqueue("The receipt does not say which planet that is.")
    turn = await turn_of("Which planet has the most moons?", model=model)
    assert turn.outcome == "answered"
    assert RECEIPT[0] in prompt_of(model)


async def test_a_person_chooses_where_to_search():
    in_library = await turn_of("What is the total?", choice="library")
    assert NAME not in names(in_library)
    in_files = await turn_of("What is the largest file that may be uploaded?", choice="files")
    assert in_files.outcome == "abstained"


async def test_a_long_file_gives_its_best_passages():
    texts = [
        f"Room {n} has a lamp of the kind {n * 7} and a chair made of oak by a joiner of the town." * 3
        for n in range(80)
    ]
    model = FakeModel().enqueue("Kind 91 [1].")
    await turn_of("Which lamp has room 13?", model=model, texts=texts)
    assert "kind 91" in prompt_of(model)
    assert "kind 70 " not in prompt_of(model)


async def test_a_page_is_asked_about_alone():
    document = Document("deck.pptx", "Deck", "upload")
    slides = [f"Slide text number {n} about lanterns." for n in range(1, 6)]
    files = index_of("x", name="y.txt", origin="upload")
    numbered = [
        passage.__class__(document, n, passage.text, page=n + 1, unit="slide")
        for n, passage in enumerate(passages(document, slides))
    ]
    files.put(document, numbered)
    model = FakeModel().enqueue("Lanterns [1].")
    await ask(
        "What does slide 3 say about lanterns?",
        Searcher(LIBRARY, files),
        ModelSet(model),
        attachments=Attachments((document,), frozenset({document.id})),
    )
    assert "number 3" in prompt_of(model)
    assert "number 4" not in prompt_of(model)


async def test_both_sides_of_a_comparison_are_in_the_prompt():
    library = index_of(
        *(f"Filler about topic {n} with words of its own." for n in range(30)),
        "Tantivy keeps its index on disk.",
        "Rank-bm25 works in memory only.",
    )
    model = FakeModel().enqueue("One is on disk [1], the other in memory [2].")
    await ask("Compare tantivy and rank-bm25", Searcher(library), ModelSet(model))
    assert "on disk" in prompt_of(model)
    assert "in memory" in prompt_of(model)
