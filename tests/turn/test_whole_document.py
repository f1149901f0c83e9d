"""Questions about whole documents: read at once, section by section, or quoted; stopped, failed, and read again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from rag.errors import ModelCrashed
from rag.escalation.policy import Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.events import Decided, Delta, Notice, Stage, TurnEvent
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.turn.section_store import SectionStore
from rag.turn.state import Budget, Evidence, TurnContext, TurnResult
from rag.turn.timing import StageClock
from rag.turn.whole_document import MOST_SECTIONS, NO_LARGER, QUOTED_REST, answer_whole_documents
from rag.types import Document, Mode, Passage, WholeRequest, WholeTask
from tests.fakes import FakeModel, Reply

QUOTES = ExtractiveModel()
SECTION_TOKENS = 30


def document(count: int = 2, name: str = "lease.md", language: str = "en") -> list[Passage]:
    made = Document(name, "The lease", "upload", language=language)
    texts = (
        f"The lease of house {n} costs {100 + n} euros a month, and it ends in the year {2000 + n}. "
        for n in range(count)
    )
    return [
        Passage(made, n, text + "The tenant of it pays early.", ("The lease", f"House {n}"))
        for n, text in enumerate(texts)
    ]


@dataclass
class Asked:
    """A turn's answer, and what it emitted."""

    found: Evidence
    result: TurnResult
    events: list[TurnEvent] = field(default_factory=list[TurnEvent])

    @property
    def text(self) -> str:
        return self.result.shown.checked.text if self.result.shown else ""

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def parts(self) -> list[tuple[int, int]]:
        return [event.part for event in self.events if isinstance(event, Stage) and event.part]

    @property
    def streamed(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))


async def ask(
    models: ModelSet,
    *documents: Sequence[Passage],
    task: WholeTask = "summary",
    language: str = "en",
    store: SectionStore | None = None,
    mode: Mode = "auto",
    whole_tokens: int = 3000,
    into: list[TurnEvent] | None = None,
) -> Asked:
    events: list[TurnEvent] = [] if into is None else into

    async def emit(event: TurnEvent) -> None:
        events.append(event)

    budget = Budget(whole_tokens=whole_tokens)
    clock = StageClock(asyncio.get_running_loop().time)
    turn = TurnContext("Summarise it", models, Policy(), budget, EscalationLimit(), mode, clock, emit)
    request = WholeRequest(task, "Summarise it", language)
    found, result = await answer_whole_documents(turn, request, documents, store or SectionStore())
    return Asked(found, result, events)


def with_small(*replies: Reply | str | ModelCrashed) -> ModelSet:
    return ModelSet(FakeModel().enqueue(*replies), fallback=QUOTES)


def small_of(models: ModelSet) -> FakeModel:
    assert isinstance(models.small, FakeModel)
    return models.small


NOTE = "House {} costs {} euros a month [1]."


def notes(count: int) -> list[str]:
    return [NOTE.format(n, 100 + n) for n in range(count)]


async def test_what_fits_is_given_to_the_model_whole_and_in_order():
    models = with_small("House 0 costs 100 euros a month [1], house 1 costs 101 [2].")
    asked = await ask(models, document())
    [prompt] = small_of(models).prompts
    content = prompt.messages[-1]["content"]
    assert content.index("House 0") < content.index("House 1") < content.index("Summarise it")
    assert asked.result.outcome == "answered"
    assert asked.result.shown
    assert asked.result.shown.checked.cited == (1, 2)
    assert asked.found.search.searched == 2
    assert asked.text == asked.streamed


async def test_without_a_model_the_documents_own_sentences_are_the_answer():
    asked = await ask(ModelSet(QUOTES), document(), document(name="second.md"))
    assert asked.result.outcome == "quoted"
    assert asked.result.shown
    assert asked.result.shown.checked.cited == tuple(range(1, len(asked.found.search.hits) + 1))
    assert {hit.passage.document.name for hit in asked.found.search.hits} == {"lease.md", "second.md"}
    assert asked.text == asked.streamed
    assert [type(event) for event in asked.events if isinstance(event, Decided)] == [Decided]


async def test_a_long_document_is_noted_section_by_section_and_then_put_together():
    models = with_small(*notes(3), "The houses cost 100 [1], 101 [2] and 102 euros a month [3].")
    asked = await ask(models, document(3), whole_tokens=SECTION_TOKENS)
    prompts = [prompt.messages[-1]["content"] for prompt in small_of(models).prompts]
    assert asked.parts == [(1, 3), (2, 3), (3, 3)]
    assert all(f"part {n} of 3" in prompt and f"House {n - 1}" in prompt for n, prompt in enumerate(prompts[:3], 1))
    assert "[3] lease.md › House 2\nHouse 2 costs 102 euros a month." in prompts[3]
    assert asked.result.shown
    assert asked.result.shown.checked.cited == (1, 2, 3)
    assert "ends in the year 2002" in asked.found.search.hits[2].passage.text
    assert asked.result.draft
    assert asked.result.draft.usage
    assert asked.result.draft.usage.prompt == 400
    assert asked.text == asked.streamed


async def test_of_too_many_sections_it_says_how_many_were_read():
    models = with_small(*notes(MOST_SECTIONS), "All cost more than 100 euros a month [1].")
    asked = await ask(models, document(40), language="sl", whole_tokens=SECTION_TOKENS)
    assert len(small_of(models).prompts) == MOST_SECTIONS + 1
    assert asked.text.endswith(f"\n\nPrebranih odsekov: {MOST_SECTIONS} od 40.")
    assert asked.text == asked.streamed


async def test_a_stop_keeps_the_sections_that_are_done():
    store, events = SectionStore(), list[TurnEvent]()
    slow = with_small(*notes(1), Reply(notes(2)[1], pause_s=30))
    task = asyncio.create_task(ask(slow, document(3), whole_tokens=SECTION_TOKENS, store=store, into=events))
    while len(small_of(slow).prompts) < 2:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert small_of(slow).closed_early == 1
    again = with_small(*notes(3)[1:], "The houses cost 100 [1], 101 [2] and 102 euros a month [3].")
    asked = await ask(again, document(3), whole_tokens=SECTION_TOKENS, store=store)
    assert len(small_of(again).prompts) == 3
    assert asked.result.outcome == "answered"


async def test_notes_are_for_the_same_text_and_model_only_and_go_with_their_document():
    store = SectionStore()
    await ask(with_small(*notes(2), "x [1]"), document(2), whole_tokens=SECTION_TOKENS, store=store)
    other = [Passage(each.document, each.ordinal, each.text + " Not.", each.headings) for each in document(2)]
    models = with_small(*notes(2), "x [1]")
    await ask(models, other, whole_tokens=SECTION_TOKENS, store=store)
    assert len(small_of(models).prompts) == 3
    assert store.size == 4
    store.discard({"upload:lease.md"})
    assert store.size == 0


async def test_the_store_drops_what_was_not_used_for_longest():
    store = SectionStore(most=2)
    await ask(with_small(*notes(3), "x [1]"), document(3), whole_tokens=SECTION_TOKENS, store=store)
    assert store.size == 2


async def test_a_model_that_fails_on_the_way_leaves_its_notes_and_quotes_complete_them():
    models = with_small(*notes(1), ModelCrashed("phi-4-mini ended."))
    asked = await ask(models, document(3), whole_tokens=SECTION_TOKENS)
    assert asked.result.outcome == "answered"
    assert asked.notices == ["phi-4-mini ended.", QUOTED_REST]
    first, second, third = asked.text.splitlines()
    assert first == "- House 0 costs 100 euros a month. [1]"
    assert second == "- The lease of house 1 costs 101 euros a month, and it ends in the year 2001. [2]"
    assert third.endswith("[3]")
    assert asked.text == asked.streamed


async def test_a_model_that_fails_at_once_leaves_the_answer_to_quotes_or_to_the_caller():
    asked = await ask(with_small(ModelCrashed("It ended.")), document())
    assert asked.result.outcome == "quoted"
    assert asked.notices == ["It ended."]
    with pytest.raises(ModelCrashed):
        await ask(ModelSet(FakeModel().enqueue(ModelCrashed("It ended."))), document())


async def test_a_translation_is_shown_as_it_comes_with_a_mark_for_each_section():
    models = with_small("La casa 0 cuesta 100 euros [1].", "La casa 1 cuesta 101 euros.")
    passages = [Passage(each.document, each.ordinal, each.text * 12, each.headings) for each in document(2)]
    asked = await ask(models, passages, task="translate", language="es")
    assert asked.text == "La casa 0 cuesta 100 euros. [1]\n\nLa casa 1 cuesta 101 euros. [2]"
    assert asked.result.decision.confidence >= asked.result.decision.threshold
    assert "Write in Spanish." in small_of(models).prompts[0].messages[-1]["content"]


async def test_sections_that_say_nothing_about_a_question_are_left_out_of_its_answer():
    models = with_small("NONE", *notes(2)[1:], "NONE", "House 1 costs 101 euros a month [1].")
    asked = await ask(models, document(3), task="question", whole_tokens=SECTION_TOKENS)
    assert [hit.passage.headings[-1] for hit in asked.found.search.hits] == ["House 1"]
    assert asked.result.shown
    assert asked.result.shown.checked.cited == (1,)


async def test_an_outline_stands_in_the_headings_and_needs_no_model():
    models = with_small()
    asked = await ask(models, document(3), task="outline")
    assert asked.text.splitlines()[2:] == ["- House 0 [1]", "- House 1 [2]", "- House 2 [3]"]


async def test_the_larger_model_reads_when_it_is_asked_for():
    large = FakeModel("gpt-oss-20b").enqueue("House 0 costs 100 euros a month [1].")
    asked = await ask(ModelSet(FakeModel(), large, QUOTES), document(), mode="large")
    assert (asked.result.outcome, asked.result.decision.trigger) == ("escalated", "asked")
    assert asked.result.escalated
    failed = ModelSet(FakeModel().enqueue("It is 100 [1]."), FakeModel("x").enqueue(ModelCrashed("Gone.")), QUOTES)
    assert (await ask(failed, document(), mode="large")).result.outcome == "answered"
    missing = await ask(with_small("It is 100 [1]."), document(), mode="large")
    assert missing.notices == [NO_LARGER]


async def test_a_document_that_is_gone_is_no_error():
    asked = await ask(with_small(), [])
    assert asked.result.outcome == "abstained"
    assert asked.text == ""
