"""A turn, as its callers see it: events, and the record at the end."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from rag.errors import ModelCrashed, ModelUnavailable
from rag.escalation.policy import Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.events import Decided, Delta, Finished, Notice, Reasoning, Retrieved, Stage, TurnEvent, Understood
from rag.generation.chat_model import GenerationLimits, ModelEvent, ModelSet, TextDelta
from rag.generation.extractive import ExtractiveModel
from rag.generation.prompt import Prompt
from rag.intent.contents import Contents
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.turn.answer import UNREAD_EVENTS, answer
from rag.turn.state import UNSUPPORTED, Budget
from rag.types import EARLY, Attachments, Document, Exchange, Generation, Hit, Turn, Usage
from tests.fakes import FakeModel, Reply, index_of, passages

UPLOADS = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason."
PRIVACY = "Documents never leave the machine. Telemetry is switched off by default."
QUESTION = "What is the largest file that may be uploaded?"
GOOD = "The largest file that may be uploaded is 25 MB [1]."
LIBRARY = index_of(UPLOADS, PRIVACY)


async def events_of(question: str = QUESTION, **arguments: Any) -> list[TurnEvent]:
    arguments.setdefault("searcher", Searcher(LIBRARY))
    async with aclosing(answer(question, **arguments)) as events:
        return [event async for event in events]


def turn_of(events: Sequence[TurnEvent]) -> Turn:
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return events[-1].turn


def text_of(events: Sequence[TurnEvent], *, escalated: bool = False) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta) and e.escalated == escalated)


async def test_a_good_draft_is_streamed_cited_and_kept():
    small = FakeModel().enqueue(GOOD)
    events = await events_of(models=ModelSet(small, FakeModel("gpt-oss-20b")))
    turn = turn_of(events)
    assert text_of(events) == turn.answer == GOOD
    assert (turn.outcome, turn.model) == ("answered", "phi-4-mini")
    assert [c.number for c in turn.citations if c.cited] == [1]
    quote = turn.citations[0].quote
    assert quote
    assert UPLOADS[slice(*quote)] == "The largest file that may be uploaded is 25 MB."
    assert turn.decision.action == "keep"
    assert turn.decision.confidence >= turn.decision.threshold
    assert [type(e) for e in events if not isinstance(e, Stage | Delta)] == [Understood, Retrieved, Decided, Finished]


async def test_the_stages_follow_one_another_and_add_up_to_the_total():
    began = time.perf_counter()
    large = FakeModel("gpt-oss-20b").enqueue(Reply(GOOD, pause_s=0.002))
    events = await events_of(models=ModelSet(FakeModel().enqueue("I do not know."), large))
    timings = turn_of(events).timings
    outside = time.perf_counter() - began
    names = [stage.name for stage in timings.stages]
    assert names == [e.name for e in events if isinstance(e, Stage)]
    assert names == [
        *("intent", "search", "prompt", "request", "first_token", "generate", "check"),
        *("escalation_request", "escalation_first_token", "escalation_generate", "escalation_check"),
    ]
    assert sum(stage.seconds for stage in timings.stages) == pytest.approx(timings.total, rel=0.05)
    assert timings.total == pytest.approx(outside, rel=0.2, abs=0.02)
    for before, after in zip(timings.stages, timings.stages[1:], strict=False):
        assert before.start + before.seconds == pytest.approx(after.start)


async def test_a_question_that_no_document_answers_is_not_sent_to_any_model():
    small, large = FakeModel(), FakeModel("gpt-oss-20b")
    turn = turn_of(await events_of("How do penguins raise their chicks in Antarctica?", models=ModelSet(small, large)))
    assert (turn.outcome, turn.answer, turn.draft) == ("abstained", "", None)
    assert not small.prompts
    assert not large.prompts
    assert turn.decision.threshold == Policy().grounding_threshold


async def test_asking_anyway_goes_past_the_gate():
    large = FakeModel("gpt-oss-20b").enqueue("They huddle together.")
    turn = turn_of(
        await events_of("How do penguins raise their chicks?", models=ModelSet(FakeModel(), large), mode="large")
    )
    assert (turn.outcome, turn.answer, turn.model) == ("escalated", "They huddle together.", "gpt-oss-20b")
    assert turn.decision.trigger == "asked"
    assert turn.notices == ("Your documents do not seem to hold this, so gpt-oss-20b may be guessing.",)


async def test_a_draft_without_support_is_answered_again_by_the_larger_model():
    large = FakeModel("gpt-oss-20b").enqueue(Reply(GOOD, reasoning="Passage one says 25 MB."))
    events = await events_of(models=ModelSet(FakeModel().enqueue("Bananas grow on tall green plants."), large))
    turn = turn_of(events)
    assert (turn.outcome, turn.answer) == ("escalated", GOOD)
    assert turn.decision.trigger == "low_confidence"
    assert turn.decision.way == "answer"
    assert text_of(events) == "Bananas grow on tall green plants."
    assert text_of(events, escalated=True) == GOOD
    assert "".join(e.text for e in events if isinstance(e, Reasoning) and e.escalated) == "Passage one says 25 MB."
    assert "<draft>" not in large.prompts[0].messages[-1]["content"]
    assert large.limits[0].max_tokens == 600


@pytest.mark.parametrize(
    ("policy", "draft", "trigger", "way"),
    [
        (Policy(long_answer_chars=20), Reply(GOOD), "long_answer", "refine"),
        (Policy(short_answer_chars=200), Reply(GOOD), "short_answer", "answer"),
        (Policy(flagged_topics=("uploaded",)), Reply(GOOD), "flagged_topic", "refine"),
        (Policy(), Reply(GOOD, finish_reason="length"), "cut_off", "answer"),
    ],
)
async def test_each_trigger_names_itself_and_its_way(policy: Policy, draft: Reply, trigger: str, way: str):
    large = FakeModel("gpt-oss-20b").enqueue(GOOD)
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(draft), large), policy=policy))
    assert (turn.decision.trigger, turn.decision.way) == (trigger, way)
    assert (f"<draft>\n{GOOD}\n</draft>" in large.prompts[0].messages[-1]["content"]) == (way == "refine")
    assert turn.outcome == "escalated"


@pytest.mark.parametrize(
    ("mode", "policy", "large"),
    [
        ("local", Policy(long_answer_chars=20), True),
        ("auto", Policy(long_answer_chars=20, automatic=False), True),
        ("auto", Policy(long_answer_chars=20), False),
    ],
)
async def test_the_draft_stays_where_the_larger_model_may_not_be_used(mode: Any, policy: Policy, large: bool):
    models = ModelSet(FakeModel().enqueue(GOOD), FakeModel("gpt-oss-20b") if large else None)
    turn = turn_of(await events_of(models=models, policy=policy, mode=mode))
    assert (turn.outcome, turn.decision.action, turn.decision.trigger) == ("answered", "keep", "long_answer")
    assert "stays" in turn.decision.reason


async def test_a_less_grounded_refinement_is_not_shown_in_the_drafts_place():
    large = FakeModel("gpt-oss-20b").enqueue("Quantum elephants compute seventeen rainbows every Tuesday evening.")
    turn = turn_of(
        await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), policy=Policy(long_answer_chars=20))
    )
    assert (turn.outcome, turn.answer, turn.model) == ("kept_draft", GOOD, "phi-4-mini")
    assert turn.escalated
    assert turn.escalated.text.startswith("Quantum")


async def test_an_unreachable_larger_model_leaves_the_draft():
    large = FakeModel("gpt-oss-20b").enqueue(ModelUnavailable("gpt-oss-20b cannot be reached."))
    events = await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), policy=Policy(long_answer_chars=20))
    turn = turn_of(events)
    assert (turn.outcome, turn.answer) == ("answered", GOOD)
    assert turn.notices == ("gpt-oss-20b cannot be reached.",)
    assert Notice("gpt-oss-20b cannot be reached.") in events


async def test_a_larger_model_that_breaks_off_leaves_the_draft_and_its_citations():
    large = FakeModel("gpt-oss-20b").enqueue(Reply("The largest", error=ModelCrashed("It stopped.")))
    turn = turn_of(
        await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), policy=Policy(long_answer_chars=20))
    )
    assert (turn.outcome, turn.answer, turn.notices) == ("answered", GOOD, ("It stopped.",))
    assert turn.citations[0].cited


async def test_without_a_model_the_turn_quotes_and_says_why():
    small = FakeModel().enqueue(ModelUnavailable("No model is running."))
    turn = turn_of(await events_of(models=ModelSet(small, fallback=ExtractiveModel())))
    assert turn.outcome == "quoted"
    assert turn.model == "quoting"
    assert turn.answer.startswith("> **The largest file that may be uploaded is 25 MB.**")
    assert turn.answer.endswith("[1]")
    assert turn.notices == ("No model is running.",)


async def test_without_a_model_and_without_a_stand_in_the_failure_is_the_callers():
    with pytest.raises(ModelUnavailable, match="No model is running"):
        await events_of(models=ModelSet(FakeModel().enqueue(ModelUnavailable("No model is running."))))


async def test_a_draft_that_breaks_off_stays_as_far_as_it_came():
    small = FakeModel().enqueue(Reply("The largest file is 25 MB [1]", error=ModelCrashed("phi-4-mini stopped.")))
    turn = turn_of(await events_of(models=ModelSet(small, FakeModel("gpt-oss-20b"), ExtractiveModel())))
    assert (turn.outcome, turn.answer) == ("answered", "The largest file is 25 MB [1]")
    assert turn.notices == ("phi-4-mini stopped.",)


async def test_a_failing_larger_model_that_was_asked_for_gives_way_to_the_small_one():
    large = FakeModel("gpt-oss-20b").enqueue(ModelUnavailable("gpt-oss-20b cannot be reached."))
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), mode="large"))
    assert (turn.outcome, turn.answer) == ("answered", GOOD)
    assert len(large.prompts) == 1


async def test_closing_the_turn_stops_the_model_at_once():
    small = FakeModel().enqueue(Reply("one two three four five six", pause_s=0.01))
    async with aclosing(answer(QUESTION, searcher=Searcher(LIBRARY), models=ModelSet(small))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    assert small.closed_early == 1


def tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


class Blocking(FakeModel):
    """Says one word and then nothing more."""

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        try:
            async for event in super().stream(prompt, limits):
                yield event
                if isinstance(event, TextDelta):
                    await asyncio.Event().wait()
        finally:
            self.closed_early += 1


async def test_cancelling_whoever_reads_stops_a_model_in_mid_stream():
    small, first = Blocking().enqueue("one two three"), asyncio.Event()

    async def read() -> None:
        async with aclosing(answer(QUESTION, searcher=Searcher(LIBRARY), models=ModelSet(small))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    first.set()

    reading = asyncio.create_task(read())
    await first.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert small.closed_early >= 1
    assert not tasks()


async def test_no_task_survives_a_turn_however_it_ends():
    await events_of(models=ModelSet(FakeModel().enqueue(GOOD)))
    assert not tasks()
    with pytest.raises(ZeroDivisionError):
        await events_of(models=ModelSet(FakeModel()), clock=lambda: 1 / 0)
    with pytest.raises(IndexError):
        await events_of(models=ModelSet(FakeModel()))
    assert not tasks()
    never_read = answer(QUESTION, searcher=Searcher(LIBRARY), models=ModelSet(FakeModel()))
    await never_read.aclose()
    assert not tasks()


async def test_a_model_waits_for_whoever_reads_slowly():
    small = FakeModel().enqueue("word " * 3 * UNREAD_EVENTS)
    async with aclosing(answer(QUESTION, searcher=Searcher(LIBRARY), models=ModelSet(small))) as events:
        async for event in events:
            if isinstance(event, Delta):
                await asyncio.sleep(0.05)
                break
    assert small.closed_early == 1, "it had not come to its end"


async def test_marks_that_point_nowhere_are_removed():
    small = FakeModel().enqueue("The largest file that may be uploaded is 25 MB [1][9].")
    turn = turn_of(await events_of(models=ModelSet(small)))
    assert turn.answer == GOOD


async def test_earlier_exchanges_reach_the_search_and_the_prompt_within_their_budget():
    history = [Exchange(f"Question {n} about uploads?", "Yes. " * 50) for n in range(20)]
    small = FakeModel().enqueue(GOOD)
    budget = Budget(history_tokens=200)
    await events_of("And how large may it be?", models=ModelSet(small), history=history, budget=budget)
    messages = small.prompts[0].messages
    assert messages[0]["role"] == "system"
    assert 0 < len(messages) // 2 - 1 < 20
    assert [message["content"] for message in messages[-3:-1]] == [history[-1].question, history[-1].answer]
    assert messages[-1]["content"].endswith("And how large may it be?")


async def test_after_a_trimmed_prompt_only_the_passages_that_the_model_saw_are_cited():
    library = index_of(UPLOADS, "The largest file that may be uploaded by a guest is rare.")
    small = FakeModel().enqueue(Reply(f"{GOOD} So they are rare [2].", trims=1))
    turn = turn_of(await events_of(models=ModelSet(small), searcher=Searcher(library)))
    assert len(turn.search.hits) == 2
    assert [citation.number for citation in turn.citations] == [1]
    assert turn.answer == f"{GOOD} So they are rare."
    assert [stage.name for stage in turn.timings.stages].count("request") == 2


async def test_the_prompt_quotes_from_some_of_the_passages_that_the_search_found():
    words = ("ash", "elm", "oak", "fir", "yew", "bay", "fig", "sloe", "teak", "vine", "lime", "pear", "plum", "palm")
    library = index_of(*(f"Uploads of kind {word} are kept in the {word} folder." for word in words))
    small = FakeModel().enqueue("They are kept [1].")
    budget = Budget(passages=3)
    events = await events_of(
        "Where are uploads kept?",
        models=ModelSet(small),
        searcher=Searcher(library),
        budget=budget,
        policy=Policy(grounding_threshold=0.0),
    )
    turn = turn_of(events)
    assert len(turn.search.hits) == budget.candidates == 12
    assert [citation.hit for citation in turn.citations] == list(small.prompts[0].hits)
    assert len(turn.citations) == 3
    assert Budget(passages=20).candidates == 20


async def test_loading_a_model_is_a_stage_of_its_own():
    small = FakeModel().enqueue(Reply("I do not know.", loads=True))
    large = FakeModel("gpt-oss-20b").enqueue(Reply(GOOD, loads=True))
    events = await events_of(models=ModelSet(small, large))
    loading = [(event.name, event.model) for event in events if isinstance(event, Stage) and "load" in event.name]
    assert loading == [("load", "phi-4-mini"), ("escalation_load", "gpt-oss-20b")]


async def test_the_event_loop_goes_on_while_the_search_runs():
    go_on = threading.Event()

    class Slow(MemoryIndex):
        def search(self, *args: Any, **options: Any) -> list[Hit]:
            assert go_on.wait(20), "the event loop stood still"
            return super().search(*args, **options)

    index = Slow()
    document = Document("guide.md", "Guide")
    index.put(document, passages(document, [UPLOADS]))
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(GOOD)), searcher=Searcher(index)))
    assert turn.answer == GOOD


async def test_a_weak_draft_that_broke_off_is_not_sent_to_the_larger_model():
    small = FakeModel().enqueue(Reply("Bananas grow on tall", error=ModelCrashed("phi-4-mini stopped.")))
    large = FakeModel("gpt-oss-20b")
    turn = turn_of(await events_of(models=ModelSet(small, large)))
    assert (turn.outcome, turn.decision.action, turn.escalated) == ("answered", "keep", None)
    assert turn.decision.reason == "phi-4-mini broke off; what it had said stays."
    assert not large.prompts


async def test_seconds_run_from_the_request_and_the_rate_from_the_first_token():
    time_s = 100.0

    class Timed(FakeModel):
        async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
            nonlocal time_s
            async for event in super().stream(prompt, limits):
                time_s += 1.0
                yield event

    small = Timed().enqueue(Reply("It is 25 MB [1].", reasoning="25 MB.", loads=True))
    turn = turn_of(await events_of(models=ModelSet(small), clock=lambda: time_s))
    assert turn.draft
    assert turn.draft.usage == Usage(100, 5, 2)
    assert turn.draft.seconds == 9.0, "opened, 2 deltas of reasoning, 5 of text, the end"
    assert turn.draft.tokens_per_second == pytest.approx((5 - 1) / 7)
    assert turn.timings.seconds("load") == turn.timings.seconds("request") == turn.timings.seconds("first_token") == 1.0
    assert turn.timings.seconds("generate") == 7.0
    assert turn.timings.total == 11.0


async def test_without_a_second_token_there_is_no_rate():
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue("25"))))
    assert turn.draft
    assert turn.draft.tokens_per_second is None


async def test_a_larger_model_that_was_asked_for_and_failed_is_not_called_missing():
    large = FakeModel("gpt-oss-20b").enqueue(ModelUnavailable("gpt-oss-20b cannot be reached."))
    turn = turn_of(
        await events_of(
            models=ModelSet(FakeModel().enqueue(GOOD), large), mode="large", policy=Policy(long_answer_chars=20)
        )
    )
    assert turn.outcome == "answered"
    assert "no larger model is set up" not in turn.decision.reason


# What the larger model costs, and when it is not called

STRAYS = "Bananas grow on tall green plants in the tropics. Zebras are striped and live in herds on the savannah. "
ESCALATES = Policy(long_answer_chars=20)


async def test_a_receipt_tells_what_the_larger_model_cost_and_changed():
    large = FakeModel("gpt-oss-20b").enqueue(
        Reply(f"{GOOD} Larger files are refused with a reason [1].", pause_s=0.002)
    )
    turn = turn_of(
        await events_of(models=ModelSet(FakeModel().enqueue(f"Zebras run. {GOOD}"), large), policy=ESCALATES)
    )
    escalation_report = turn.escalation_report
    assert escalation_report
    assert [change.kind for change in escalation_report.changes] == ["removed", "kept", "added"]
    assert escalation_report.tokens == 19
    assert escalation_report.support_after > escalation_report.support_before
    spent = sum(stage.seconds for stage in turn.timings.stages if stage.name.startswith("escalation"))
    assert escalation_report.seconds == pytest.approx(spent, rel=0.2, abs=0.01)


async def test_a_kept_draft_has_a_receipt_and_says_why_it_stayed():
    large = FakeModel("gpt-oss-20b").enqueue("Quantum elephants compute seventeen rainbows every Tuesday evening.")
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), policy=ESCALATES))
    assert turn.outcome == "kept_draft"
    assert turn.escalation_report
    assert turn.escalation_report.support_after < turn.escalation_report.support_before
    assert "The draft stands better on them, so it stays" in turn.decision.reason


async def test_without_a_second_answer_there_is_no_receipt():
    kept = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(GOOD), FakeModel("gpt-oss-20b"))))
    asked = turn_of(await events_of(models=ModelSet(FakeModel(), FakeModel("gpt-oss-20b").enqueue(GOOD)), mode="large"))
    assert kept.escalation_report is None
    assert asked.escalation_report is None


async def test_asking_after_a_draft_compares_with_that_draft():
    large = FakeModel("gpt-oss-20b").enqueue(GOOD)
    events = await events_of(
        models=ModelSet(FakeModel(), large), mode="large", earlier=Generation("phi-4-mini", STRAYS)
    )
    turn = turn_of(events)
    assert turn.escalation_report
    assert [change.kind for change in turn.escalation_report.changes] == ["added", "removed", "removed"]
    assert turn.draft is None


async def test_a_hopeless_draft_is_given_up_before_its_end():
    small = FakeModel().enqueue(STRAYS * 10)
    large = FakeModel("gpt-oss-20b").enqueue(GOOD)
    turn = turn_of(await events_of(models=ModelSet(small, large)))
    assert (turn.outcome, turn.answer, turn.decision.trigger) == ("escalated", GOOD, "low_confidence")
    assert turn.draft
    assert turn.draft.finish_reason == EARLY
    assert len(turn.draft.text) < 2 * len(STRAYS)
    assert small.closed_early == 1
    assert "given up" in turn.decision.reason


async def test_a_draft_that_refuses_in_its_first_sentence_is_given_up_there():
    small = FakeModel().enqueue("The passages do not mention the size. " + "Perhaps it is large. " * 20)
    turn = turn_of(await events_of(models=ModelSet(small, FakeModel("gpt-oss-20b").enqueue(GOOD))))
    assert turn.draft
    assert turn.draft.text.startswith("The passages do not mention the size.")
    assert len(turn.draft.text) < 60
    assert turn.answer == GOOD


@pytest.mark.parametrize(
    ("policy", "mode", "larger"),
    [
        (Policy(early=False), "auto", True),
        (Policy(automatic=False), "auto", True),
        (Policy(), "local", True),
        (Policy(), "auto", False),
    ],
    ids=["switched off", "no escalation", "local only", "no larger model"],
)
async def test_a_draft_is_written_to_its_end_where_nobody_would_take_over_early(
    policy: Policy, mode: Any, larger: bool
):
    small = FakeModel().enqueue(STRAYS * 5)
    large = FakeModel("gpt-oss-20b").enqueue(GOOD)
    turn = turn_of(await events_of(models=ModelSet(small, large if larger else None), policy=policy, mode=mode))
    assert turn.draft
    assert (turn.draft.text, turn.draft.finish_reason) == (STRAYS * 5, "stop")


async def test_a_good_draft_is_never_given_up():
    text = f"{UPLOADS} " * 5
    turn = turn_of(
        await events_of(models=ModelSet(FakeModel().enqueue(text), FakeModel("x")), policy=Policy(long_answer_chars=0))
    )
    assert turn.draft
    assert turn.draft.finish_reason == "stop"


async def test_a_draft_that_was_given_up_for_nothing_is_written_again_whole():
    small = FakeModel().enqueue(STRAYS * 5, STRAYS * 5)
    large = FakeModel("gpt-oss-20b").enqueue(ModelUnavailable("gpt-oss-20b cannot be reached."))
    turn = turn_of(await events_of(models=ModelSet(small, large)))
    assert (turn.outcome, turn.answer) == ("answered", (STRAYS * 5).strip())
    assert (turn.decision.action, turn.decision.blocked_by) == ("keep", "failed")
    assert turn.notices == ("gpt-oss-20b cannot be reached.", UNSUPPORTED)


async def test_an_answer_that_does_not_stand_on_the_documents_is_shown_with_a_warning():
    escalated = turn_of(
        await events_of(models=ModelSet(FakeModel().enqueue(STRAYS), FakeModel("gpt-oss-20b").enqueue(STRAYS)))
    )
    blocked_by = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(STRAYS)), mode="local"))
    assert (escalated.outcome, escalated.notices) == ("escalated", (UNSUPPORTED,))
    assert (blocked_by.outcome, blocked_by.notices) == ("answered", (UNSUPPORTED,))


async def test_a_refusal_and_quotes_need_no_warning():
    refusal = "The documents do not mention this."
    refused = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(refusal)), mode="local"))
    quoted = turn_of(await events_of(models=ModelSet(ExtractiveModel())))
    assert (refused.answer, refused.notices) == (refusal, ())
    assert (quoted.outcome, quoted.notices) == ("quoted", ())


CODE = f"{QUESTION}\n```\nupload(file)\n```"
CODES = Policy(larger_only=frozenset({"code"}))


async def test_a_question_that_only_the_larger_model_can_handle_goes_straight_to_it():
    small, large = FakeModel(), FakeModel("gpt-oss-20b").enqueue(GOOD)
    turn = turn_of(await events_of(CODE, models=ModelSet(small, large), policy=CODES))
    assert (turn.outcome, turn.decision.trigger, turn.draft) == ("escalated", "capability", None)
    assert not small.prompts


async def test_where_it_may_not_or_cannot_answer_the_small_one_drafts():
    large = FakeModel("gpt-oss-20b").enqueue(ModelUnavailable("gpt-oss-20b cannot be reached."))
    failed = turn_of(await events_of(CODE, models=ModelSet(FakeModel().enqueue(GOOD), large), policy=CODES))
    local = turn_of(
        await events_of(CODE, models=ModelSet(FakeModel().enqueue(GOOD), large), policy=CODES, mode="local")
    )
    assert (failed.outcome, failed.answer, failed.notices) == ("answered", GOOD, ("gpt-oss-20b cannot be reached.",))
    assert (local.outcome, local.answer) == ("answered", GOOD)
    assert len(large.prompts) == 1


async def test_over_its_share_the_larger_model_is_offered_and_not_called():
    escalation_limit = EscalationLimit(share=1 / 20)
    models = ModelSet(FakeModel().enqueue(GOOD, GOOD), large := FakeModel("gpt-oss-20b").enqueue(GOOD))
    first = turn_of(await events_of(models=models, policy=ESCALATES, escalation_limit=escalation_limit))
    second = turn_of(await events_of(models=models, policy=ESCALATES, escalation_limit=escalation_limit))
    assert (first.outcome, second.outcome) == ("escalated", "answered")
    assert (second.decision.blocked_by, second.decision.trigger) == ("share", "long_answer")
    assert len(large.prompts) == 1
    large.enqueue(GOOD)
    asked = turn_of(await events_of(models=models, policy=ESCALATES, escalation_limit=escalation_limit, mode="large"))
    assert asked.outcome == "escalated", "a person may always ask"


async def test_a_wait_that_would_be_too_long_is_not_begun():
    escalation_limit = EscalationLimit(wait_s=30)
    escalation_limit.began()
    escalation_limit.ended(40.0)
    models = ModelSet(FakeModel().enqueue(GOOD), large := FakeModel("gpt-oss-20b"))
    turn = turn_of(await events_of(models=models, policy=ESCALATES, escalation_limit=escalation_limit))
    assert (turn.outcome, turn.decision.blocked_by) == ("answered", "wait")
    assert not large.prompts


async def test_what_the_larger_model_takes_is_measured_also_when_it_is_stopped():
    escalation_limit = EscalationLimit(wait_s=30)
    large = FakeModel("gpt-oss-20b").enqueue(Reply(GOOD, pause_s=0.01), Reply(GOOD, pause_s=0.01))
    arguments: dict[str, Any] = {"policy": ESCALATES, "escalation_limit": escalation_limit}
    await events_of(models=ModelSet(FakeModel().enqueue(GOOD), large), **arguments)
    took = escalation_limit.expected_wait_s
    assert took > 0.05
    models = ModelSet(FakeModel().enqueue(GOOD), large)
    async with aclosing(answer(QUESTION, searcher=Searcher(LIBRARY), models=models, **arguments)) as events:
        async for event in events:
            if isinstance(event, Delta) and event.escalated:
                break
    assert escalation_limit.expected_wait_s == took


LEAVE = "Contractors get no parental leave. Employees get twelve weeks of it."
TALK = (Exchange("How large may an uploaded file be?", "At most 25 MB [1]."),)
VAGUE = "And what do freelancers receive?"


async def test_a_follow_up_that_finds_too_little_is_put_into_other_words_by_an_idle_model():
    idle, small = FakeModel().enqueue("English: parental leave, contractors, get"), FakeModel().enqueue(GOOD)
    searcher = Searcher(index_of(UPLOADS, LEAVE))
    events = await events_of(VAGUE, models=ModelSet(small, idle=idle), searcher=searcher, history=TALK)
    turn = turn_of(events)
    assert turn.search.question == "parental leave contractors get"
    assert turn.search.hits[0].passage.text == LEAVE
    assert [stage.name for stage in turn.timings.stages][:5] == ["intent", "search", "rewrite", "search", "prompt"]
    assert sum(stage.seconds for stage in turn.timings.stages) == pytest.approx(turn.timings.total, rel=0.05)
    assert [e.model for e in events if isinstance(e, Stage) and e.name == "rewrite"] == ["phi-4-mini"]
    assert small.prompts[0].messages[-1]["content"].endswith(f"Question: {VAGUE}")


@pytest.mark.parametrize("reworded", ["What about zebras?", "", ModelCrashed("It stopped.")])
async def test_other_words_that_do_not_help_change_nothing(reworded: Any):
    idle = FakeModel().enqueue(reworded)
    turn = turn_of(await events_of(VAGUE, models=ModelSet(FakeModel(), idle=idle), history=TALK))
    assert (turn.outcome, turn.search.question) == ("abstained", "")


@pytest.mark.parametrize(
    ("question", "history", "budget"),
    [
        (VAGUE, TALK, Budget(rewrite=False)),
        (QUESTION, TALK, Budget()),
    ],
    ids=["switched off", "found already"],
)
async def test_no_model_is_asked_for_other_words_where_none_are_needed(
    question: str, history: Sequence[Exchange], budget: Budget
):
    idle = FakeModel()
    small = FakeModel().enqueue(GOOD)
    await events_of(question, models=ModelSet(small, idle=idle), history=history, budget=budget)
    assert idle.prompts == []


RUSSIAN = "Какого размера файл можно загрузить?"


@pytest.mark.parametrize("attached", [False, True], ids=["library", "attached"])
async def test_a_question_in_another_language_finds_its_passage_by_the_models_words(attached: bool):
    idle = FakeModel().enqueue("English: uploaded file size, largest, megabytes, MB\nRussian: размер файла, загрузка")
    document = Document("upload.md", "", "upload", language="en")
    index = MemoryIndex()
    index.put(document, passages(document, [LEAVE, UPLOADS, *(f"Page {n} is about the moon." for n in range(9))]))
    events = await events_of(
        RUSSIAN,
        models=ModelSet(FakeModel().enqueue("Не больше 25 MB [1]."), idle=idle),
        searcher=Searcher(index),
        attachments=Attachments((document,)) if attached else None,
        contents=Contents(languages=lambda: ["sl" if attached else "en"]),
        budget=Budget(passage_tokens=60),
    )
    turn = turn_of(events)
    assert turn.outcome == "answered"
    assert turn.search.hits[0].passage.text == UPLOADS
    assert turn.search.question == "uploaded file size largest megabytes MB"
    assert "one line in English" in idle.prompts[0].messages[0]["content"]


@pytest.mark.parametrize(
    ("question", "languages"),
    [("Who is the king of the penguins?", ["en"]), (RUSSIAN, ["ru", "en"]), (RUSSIAN, []), ("BM25?", ["sl"])],
)
async def test_a_question_in_the_librarys_own_language_keeps_its_words(question: str, languages: list[str]):
    idle = FakeModel()
    contents = Contents(languages=lambda: languages)
    turn = turn_of(await events_of(question, models=ModelSet(FakeModel(), idle=idle), contents=contents))
    assert (turn.outcome, idle.prompts) == ("abstained", [])


@pytest.mark.parametrize("question", [RUSSIAN, "可以上传多大的文件？", "Kako velika je lahko datoteka?"])
async def test_a_question_in_another_language_is_put_into_other_words(question: str):
    idle = FakeModel().enqueue("nothing of use")
    await events_of(
        question, models=ModelSet(FakeModel(), idle=idle), contents=Contents(languages=lambda: ["en", "es"])
    )
    assert len(idle.prompts) == 1


async def test_a_short_file_that_a_model_reads_whole_needs_no_other_words():
    idle, document = FakeModel(), Document("upload.md", "", "upload")
    index = MemoryIndex()
    index.put(document, passages(document, [UPLOADS]))
    attachments = Attachments((document,), choice="files")
    models = ModelSet(FakeModel().enqueue("Не больше 25 MB [1]."), idle=idle)
    turn = turn_of(await events_of(RUSSIAN, models=models, searcher=Searcher(index), attachments=attachments))
    assert turn.outcome == "answered"
    assert idle.prompts == []


async def test_marks_are_set_right_and_what_no_passage_supports_is_recorded_with_its_place():
    stray = "Bananas grow on tall green plants in the tropics [1]."
    draft = f"{UPLOADS} {stray}"
    turn = turn_of(await events_of(models=ModelSet(FakeModel().enqueue(draft)), mode="local"))
    assert turn.answer == f"{UPLOADS.replace('MB.', 'MB [1].').replace('reason.', 'reason [1].')} {stray}"
    assert turn.corrected_marks == 2
    (unsupported,) = turn.unsupported
    assert turn.answer[unsupported.start : unsupported.end] == stray
    assert turn.draft
    assert turn.draft.text == draft, "what the model wrote stays as it is"
