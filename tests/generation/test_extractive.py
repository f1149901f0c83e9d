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
from rag.generation.extractive import MOST_FRAGMENTS, MOST_PASSAGES, ExtractiveModel, choose
from rag.generation.prompt import Prompt, answer_prompt
from rag.grounding.citations import check
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.text.untrusted import visible
from rag.types import Document, Hit, Passage, SearchResult
from tests.fakes import FakeModel, Reply, index_of

RULES = "Files are read in a worker. The largest file that may be uploaded is 25 MB. Larger files are refused."
PRIVACY = "Uploaded files never leave this machine. The sun shines."
LIMITS = GenerationLimits(300)


def searched(question: str, *texts: str) -> SearchResult:
    return Searcher(index_of(*texts)).search(question, limit=5)


def prompt_of(search: SearchResult, question: str = "?") -> Prompt:
    return answer_prompt(question, list(map(Excerpt.whole, search.hits)), weights=search.weights)


async def events_of(
    model: ChatModel, search: SearchResult | None = None, into: list[ModelEvent] | None = None, question: str = "?"
) -> list[ModelEvent]:
    """All events; those before a failure are in `into`."""
    seen = [] if into is None else into
    async with aclosing(model.stream(prompt_of(search or SearchResult(()), question), LIMITS)) as events:
        async for event in events:
            seen.append(event)
    return seen


async def quoted(search: SearchResult, question: str = "?") -> str:
    events = await events_of(ExtractiveModel(), search, question=question)
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def blocks(answer: str) -> list[tuple[str, int]]:
    """Each block quote's text, without its leading "> " and its bold, and its number."""
    found: list[tuple[str, int]] = []
    for block in answer.split("\n\n") if answer else []:
        match = re.fullmatch(r"((?:>.*\n)*(?:> .*?)??)(?:> | )\[(\d)\]", block)
        assert match, f"not a cited block quote: {block!r}"
        found.append((re.sub(r"^> ?", "", match[1].strip("\n"), flags=re.MULTILINE).replace("**", ""), int(match[2])))
    return found


def passage_search(text: str, question: str, **place) -> SearchResult:
    """What a search in a single passage finds."""
    index = MemoryIndex()
    document = Document("guide.md", "Guide")
    index.put(document, [Passage(document, 0, text, **place)])
    return Searcher(index).search(question, limit=5)


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
    assert "**The largest file that may be uploaded is 25 MB.**" in await quoted(search)
    text, number = blocks(await quoted(search))[0]
    assert "The largest file that may be uploaded is 25 MB." in text
    assert number == 1


async def test_without_hits_nothing_is_said():
    assert await quoted(SearchResult(())) == ""
    assert choose(SearchResult(())) == []


async def test_a_few_sentences_of_a_few_passages_are_quoted():
    search = searched("uploads", *(f"Uploads are {word}.\n\nUploads stay {word}." for word in "abcdef"))
    found = blocks(await quoted(search))
    assert len(found) == MOST_PASSAGES == 3
    assert sum(text.count("Uploads") for text, _ in found) == MOST_FRAGMENTS == 4


async def test_where_one_sentence_has_the_answer_others_far_from_it_are_not_quoted():
    answer = await quoted(searched("largest uploaded file", f"Rain fell. It snowed. {RULES} The sun shines.", PRIVACY))
    assert "The largest file that may be uploaded is 25 MB." in answer
    assert not any(word in answer for word in ("Rain", "snowed", "shines", "machine"))


async def test_sentences_of_a_passage_are_one_quote_with_a_mark_at_each_gap():
    text = "Uploads are kept. Uploads are small. The sun shines on everybody today. Uploads are safe."
    answer = await quoted(searched("uploads", text))
    assert blocks(answer) == [("Uploads are kept. Uploads are small. … Uploads are safe.", 1)]


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
    assert blocks(answer) == [("Uploads you may choose:\n- uploads of text\n- uploads of slides", 1)]


async def test_a_file_that_is_only_pointed_at_is_quoted_from_its_beginning():
    index = index_of("One is first. Two follows.", "Three comes last.", origin="upload")
    search = SearchResult(tuple(Searcher(index).opening({"upload:guide.md"}, limit=5)))
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
    assert "Storks return in spring (2)." in checked.text.replace("**", "")
    assert checked.cited == (1,)


WORDS = st.sampled_from(
    ("upload", "file", "25", "MB", "is.", "kept!", "\n", "- ", "\n\n", "文件。", "上传", "e.g.", "> ")
)
TEXT = st.lists(WORDS, max_size=20).map(" ".join) | st.text(
    alphabet=st.characters(exclude_characters="[]", exclude_categories=("Cs", "Cc")), max_size=60
)


def plain(text: str) -> str:
    """The letters of a text, without the marks of Markdown."""
    return re.sub(r"[\s*_\\>|…-]", "", text)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), TEXT)
def test_each_quote_stands_word_for_word_in_the_passage_of_its_mark(texts: list[str], question: str):
    search = searched(question, *texts)
    chosen = choose(search, question)
    assert len(chosen) <= MOST_PASSAGES
    answer = asyncio.run(quoted(search, question))
    assert bool(answer) == bool(chosen)
    for quote in chosen:
        assert all(quote.passage.text[each.start : each.end].strip() for each in quote.fragments)
    for (text, number), quote in zip(blocks(answer), chosen, strict=True):
        assert number == quote.number
        passage = plain(visible(search.hits[number - 1].passage.text))
        for part in text.split("…"):
            assert plain(part) in passage


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_passage_can_be_quoted(texts: list[str]):
    hits = tuple(Hit(passage, 1.0) for passage in index_of(*texts).passages("library:guide.md", limit=9))
    events = asyncio.run(events_of(ExtractiveModel(), SearchResult(hits)))
    assert isinstance(events[-1], Ended)


# What belongs together

FORM = "TECHMART\nStore 12\nCashier: Ana Novak\nRegister: 7\n\nSUBTOTAL $80.00\nTax $8.00\nTOTAL $88.00\n\nPAID BY Visa"
TABLE = "| Name | Age | City |\n|---|---|---|\n| Ana | 31 | Ptuj |\n| Bor | 25 | Izola |\n| Cene | 44 | Koper |"
LIST = "The worker reads these types of files:\n\n- letters of *one* page\n- slides\n- maps with a snake_case name"
CODE = "Start the worker with one line:\n\n```sh\nrun --fast a[1]\n```"


@pytest.mark.parametrize(
    ("text", "question", "quote"),
    [
        (
            TABLE,
            "How old is Bor?",
            "> | Name | Age | City |\n> |---|---|---|\n> | **Bor** | **25** | **Izola** |\n>\n> [1]",
        ),
        (
            FORM,
            "Who was the cashier?",
            "> TECHMART  \n> Store 12  \n> **Cashier: Ana Novak**  \n> Register: 7  \n> SUBTOTAL $80.00 [1]",
        ),
        (
            LIST,
            "Which types of files does the worker read?",
            "> The worker reads these types of files:\n>\n"
            "> - letters of *one* page\n> - slides\n> - maps with a snake_case name [1]",
        ),
        (
            LIST,
            "Which letters are read?",
            "> The worker reads these types of files:\n>\n"
            "> - **letters of one page**\n> - slides\n> - maps with a snake_case name [1]",
        ),
        (
            CODE,
            "How to start the worker?",
            "> Start the worker with one line:\n>\n> ```sh\n> run --fast a[1]\n> ```\n>\n> [1]",
        ),
    ],
    ids=["a row", "a line of a form", "a list", "an item", "code"],
)
async def test_lists_tables_forms_and_code_come_whole(text: str, question: str, quote: str):
    assert await quoted(passage_search(text, question), question) == quote


async def test_rows_of_a_table_that_began_before_their_passage_have_its_header():
    rows, header = "| Dora | 7 |\n| Emil | 9 |", "| Name | Days |\n|---|---|"
    answer = await quoted(passage_search(rows, "How many days has Emil?", header=header))
    assert answer == "> | Name | Days |\n> |---|---|\n> | Emil | 9 |\n>\n> [1]"


@pytest.mark.parametrize(
    ("sentence", "bold"),
    [
        ("The walrus *eats* **300** clams.", "**The walrus eats 300 clams.**"),
        ("The walrus eats 3 * 100 clams.", "**The walrus eats 3 \\* 100 clams.**"),
        ("The walrus runs `a*b` and snake_case.", "**The walrus runs `a*b` and snake_case.**"),
        ("「海象」吃蛤蜊。", "**「海象」吃蛤蜊。**"),
    ],
)
async def test_bold_survives_what_a_document_writes(sentence: str, bold: str):
    answer = await quoted(passage_search(f"{sentence} Es regnet.", "walrus 海象 蛤蜊"))
    assert answer.startswith(f"> {bold} ")


async def test_a_line_that_is_only_a_tag_of_a_template_is_left_out():
    answer = await quoted(passage_search('{% image "walrus.png" %}\nThe walrus eats {{ n }} clams.', "walrus clams"))
    assert answer == "> **The walrus eats {{ n }} clams.** [1]"


async def test_a_text_that_nothing_of_the_question_singles_out_is_not_marked():
    assert "**" not in await quoted(searched("uploads", "Uploads are kept. Uploads are small."))


@pytest.mark.parametrize(
    ("question", "definition"),
    [
        ("what is a gadget", "A gadget is a small machine."),
        ("Gadget?", "A gadget is a small machine."),
        ("¿Qué es un gadget?", "Un gadget es una máquina pequeña."),
        ("O que é um gadget?", "Um gadget é uma máquina pequena."),
        ("Что такое гаджет?", "Гаджет — это маленькая машина."),
        ("Kaj je gadget?", "Gadget je majhen stroj."),
        ("Was ist ein Gadget?", "Ein Gadget ist eine kleine Maschine."),
    ],
)
async def test_a_question_what_something_is_gets_the_sentence_that_defines_it_first(question: str, definition: str):
    others = ("Gadget, gadget! The gadget is open. гаджет", "This is one more gadget. гаджет.")
    search = searched(question, f"We like it. {definition} It is used.", *others)
    assert (await quoted(search, question)).removeprefix("> ").removeprefix("**").startswith(definition)
