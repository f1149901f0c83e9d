"""Answers without a model: sentences of the documents, word for word, each with its passage's mark."""

import asyncio
import re
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelCrashed
from rag.generation.chat_model import (
    ChatModel,
    Ended,
    GenerationLimits,
    Loading,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
    Trimmed,
)
from rag.generation.context import Excerpt
from rag.generation.extractive import MOST_SENTENCES, ExtractiveModel, choose
from rag.generation.prompt import Prompt, answer_prompt
from rag.grounding.citations import check
from rag.retrieval.search import Searcher
from rag.text.sentences import sentences
from rag.types import Hit, SearchResult
from tests.fakes import FakeModel, Reply, index_of

RULES = "Files are read in a worker. The largest file that may be uploaded is 25 MB. Larger files are refused."
PRIVACY = "Uploaded files never leave this machine. The sun shines."
LIMITS = GenerationLimits(300)


def searched(question: str, *texts: str) -> SearchResult:
    return Searcher(index_of(*texts)).search(question, limit=5)


def prompt_of(search: SearchResult) -> Prompt:
    return answer_prompt("?", list(map(Excerpt.whole, search.hits)), weights=search.weights)


async def events_of(
    model: ChatModel, search: SearchResult | None = None, into: list[ModelEvent] | None = None
) -> list[ModelEvent]:
    """All events; those before a failure are in `into`."""
    seen = [] if into is None else into
    async with aclosing(model.stream(prompt_of(search or SearchResult(())), LIMITS)) as events:
        async for event in events:
            seen.append(event)
    return seen


async def quoted(search: SearchResult) -> str:
    return "".join(event.text for event in await events_of(ExtractiveModel(), search) if isinstance(event, TextDelta))


def blocks(answer: str) -> list[tuple[str, int]]:
    """Each block quote's text, without its leading "> ", and its number."""
    found: list[tuple[str, int]] = []
    for block in answer.split("\n\n") if answer else []:
        match = re.fullmatch(r"> (.*) \[(\d)\]", block, re.DOTALL)
        assert match, f"not a cited block quote: {block!r}"
        found.append((match[1].replace("\n> ", "\n"), int(match[2])))
    return found


# The contract of a ChatModel

LETTERS = {Loading: "L", Requested: "R", Opened: "O", Trimmed: "T", TextDelta: "d", ReasoningDelta: "d", Ended: "E"}
ORDER = re.compile(r"L?RO(TRO)*d*E")


def letters(events: list[ModelEvent]) -> str:
    return "".join(LETTERS[type(event)] for event in events)


@pytest.mark.parametrize(
    "model",
    [
        ExtractiveModel(),
        FakeModel().enqueue("Two words."),
        FakeModel().enqueue(Reply("An answer.", reasoning="A thought.")),
        FakeModel().enqueue(Reply("An answer.", loads=True, trims=2)),
        FakeModel().enqueue(""),
    ],
    ids=["quoting", "fake", "fake with reasoning", "fake that loads and trims", "fake without a word"],
)
async def test_events_come_in_the_order_of_the_contract(model: ChatModel):
    events = await events_of(model, searched("largest uploaded file", RULES, PRIVACY))
    assert ORDER.fullmatch(letters(events))
    assert isinstance(events[-1], Ended)
    assert events[-1].finish_reason == "stop"
    assert model.alias


async def test_a_model_that_breaks_off_raises_after_what_it_said():
    model = FakeModel().enqueue(Reply("Half an", error=ModelCrashed("It stopped.")))
    seen: list[ModelEvent] = []
    with pytest.raises(ModelCrashed, match="It stopped"):
        await events_of(model, into=seen)
    assert re.fullmatch("L?ROd+", letters(seen))


@pytest.mark.parametrize("model", [ExtractiveModel(), FakeModel().enqueue(Reply("a b c d", pause_s=0.001))])
async def test_closing_the_iterator_ends_the_model(model: ChatModel):
    events = model.stream(prompt_of(searched("file", RULES)), LIMITS)
    assert isinstance(await anext(events), Requested)
    await events.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(events)


def test_only_quoting_says_that_it_writes_nothing_of_its_own():
    assert not ExtractiveModel().generates
    assert ExtractiveModel().alias == "quoting"
    assert FakeModel().generates


# The quotes


async def test_the_best_sentence_is_quoted_with_its_mark():
    search = searched("What is the largest file that may be uploaded?", RULES, PRIVACY)
    assert choose(search)[0].text == "The largest file that may be uploaded is 25 MB."
    text, number = blocks(await quoted(search))[0]
    assert "The largest file that may be uploaded is 25 MB." in text
    assert number == 1


async def test_without_hits_nothing_is_said():
    assert await quoted(SearchResult(())) == ""
    assert choose(SearchResult(())) == []


async def test_at_most_four_sentences_are_quoted():
    search = searched("uploads", *(f"Uploads are {word}. Uploads stay {word}." for word in "abcdef"))
    assert sum(len(sentences(text)) for text, _ in blocks(await quoted(search))) == MOST_SENTENCES == 4


async def test_where_one_sentence_has_the_answer_others_far_from_it_are_not_quoted():
    answer = await quoted(searched("largest uploaded file", f"Rain fell. It snowed. {RULES} The sun shines.", PRIVACY))
    assert "The largest file that may be uploaded is 25 MB." in answer
    assert not any(word in answer for word in ("Rain", "snowed", "shines", "machine"))


async def test_neighbours_are_one_quote_and_others_apart():
    text = "Uploads are kept. Uploads are small. The sun shines on everybody today. Uploads are safe."
    answer = await quoted(searched("uploads", text))
    assert blocks(answer) == [("Uploads are kept. Uploads are small.", 1), ("Uploads are safe.", 1)]


async def test_passages_come_in_the_order_of_their_best_sentence():
    search = searched("penguin colony", "Birds. A penguin is a bird.", "A penguin colony is loud.")
    numbers = [number for _, number in blocks(await quoted(search))]
    assert numbers == sorted(set(numbers), key=numbers.index)
    best = choose(search)[0]
    assert numbers[0] == best.number


async def test_a_quote_of_several_lines_stays_one_block_quote():
    text = "Uploads you may choose:\n- uploads of text\n- uploads of slides"
    answer = await quoted(searched("uploads choose text slides", text))
    assert all(line.startswith("> ") for line in answer.splitlines())
    assert blocks(answer) == [(text, 1)]


async def test_a_file_that_is_only_pointed_at_is_quoted_from_its_beginning():
    index = index_of("One is first. Two follows.", "Three comes last.", origin="upload")
    search = Searcher(index).search("?", limit=5, focus={"upload:guide.md"})
    assert (await quoted(search)).startswith("> One is first.")


async def test_the_checked_answer_cites_what_it_quotes():
    search = searched("How large may an uploaded file be?", RULES, PRIVACY)
    answer = await quoted(search)
    checked = check(answer, search.hits)
    assert checked.text == answer
    assert checked.removed == 0
    for citation in checked.citations:
        if citation.cited:
            assert citation.quote
            assert citation.hit.passage.text[slice(*citation.quote)] in answer


async def test_a_documents_own_reference_marks_are_not_taken_for_ours():
    search = searched("storks return", "Storks return in spring [2]. They leave in autumn [17].", "Storks eat frogs.")
    checked = check(await quoted(search), search.hits)
    assert "Storks return in spring [2]." in checked.text.replace("\u200c", "")  # which nobody sees
    assert checked.cited == (1,)


WORDS = st.sampled_from(
    ("upload", "file", "25", "MB", "is.", "kept!", "\n", "- ", "\n\n", "文件。", "上传", "e.g.", "> ")
)
TEXT = st.lists(WORDS, max_size=20).map(" ".join) | st.text(
    alphabet=st.characters(exclude_characters="[]", exclude_categories=("Cs", "Cc")), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), TEXT)
def test_each_quote_stands_word_for_word_in_the_passage_of_its_mark(texts: list[str], question: str):
    search = searched(question, *texts)
    chosen = choose(search)
    assert len(chosen) <= MOST_SENTENCES
    answer = asyncio.run(quoted(search))
    assert bool(answer) == bool(chosen)
    for highlight in chosen:
        text = search.hits[highlight.number - 1].passage.text
        assert text[highlight.start : highlight.end] == highlight.text
    for text, number in blocks(answer):
        passage = search.hits[number - 1].passage.text
        assert "".join(text.split()) in "".join(passage.split())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_passage_can_be_quoted(texts: list[str]):
    hits = tuple(Hit(passage, 1.0) for passage in index_of(*texts).passages("library:guide.md", limit=9))
    events = asyncio.run(events_of(ExtractiveModel(), SearchResult(hits)))
    assert isinstance(events[-1], Ended)
