"""The turn panel's data: live from events, then from the record."""

import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, get_args

import pytest

from rag.chat.panel import LABELS, LivePanel, Props, first_token_ms, intent_line, provenance, turn_props
from rag.errors import ModelUnavailable
from rag.escalation.policy import Policy
from rag.events import Decided, Delta, Finished, Notice, Reasoning, Retrieved, Stage, Understood
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.types import (
    LOOKUP,
    Attachments,
    Citation,
    Decision,
    Document,
    EscalationReport,
    Generation,
    Hit,
    Intent,
    Outcome,
    Passage,
    SearchResult,
    SentenceChange,
    Signal,
    StageName,
    StageTime,
    Timings,
    Turn,
    Usage,
    WholeRequest,
)
from tests.fakes import FakeModel, Reply, index_of

UPLOADS = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason."
QUESTION = "What is the largest file that may be uploaded?"
GOOD = "The largest file that may be uploaded is 25 MB [1]."
LARGER = "gpt-oss-20b"
LIBRARY = Searcher(index_of(UPLOADS, "Documents never leave the machine."))


async def played(
    question: str = QUESTION, *, panel: LivePanel | None = None, **arguments: Any
) -> tuple[list[Props], Turn]:
    """What the live panel looked like after every event, and the turn's record."""
    panel = panel or LivePanel()
    seen: list[Props] = []
    async with aclosing(answer(question, searcher=LIBRARY, **arguments)) as events:
        async for event in events:
            if panel.update(event):
                seen.append(panel.props())
            if isinstance(event, Finished):
                return seen, event.turn
    raise AssertionError("the turn has no end")


def escalating() -> ModelSet:
    return ModelSet(
        FakeModel().enqueue(Reply("Bananas are yellow.", pause_s=0.001)),
        FakeModel(LARGER).enqueue(Reply(GOOD, reasoning="25 MB, says one.", pause_s=0.001)),
    )


async def outcomes() -> dict[Outcome, Turn]:
    """A real turn of every outcome."""
    zebras = FakeModel(LARGER).enqueue("Quantum zebras compute rainbows every evening.")
    broken = FakeModel().enqueue(ModelUnavailable("No model is running."))
    return {
        "answered": (await played(models=ModelSet(FakeModel().enqueue(GOOD))))[1],
        "escalated": (await played(models=escalating()))[1],
        "kept_draft": (
            await played(models=ModelSet(FakeModel().enqueue(GOOD), zebras), policy=Policy(long_answer_chars=9))
        )[1],
        "abstained": (await played("How do penguins raise their chicks?", models=ModelSet(FakeModel())))[1],
        "quoted": (await played(models=ModelSet(broken, fallback=ExtractiveModel())))[1],
        "replied": (await played("Which documents do you have?", models=ModelSet(FakeModel())))[1],
    }


def as_json(props: Props) -> Props:
    """The same after a trip to the browser; NaN and infinity do not survive one."""
    return json.loads(json.dumps(props, allow_nan=False))


async def test_every_stage_has_a_label():
    assert set(LABELS) == set(get_args(StageName))


async def test_the_live_panel_follows_the_turn():
    seen, _ = await played(models=escalating())
    assert [as_json(props) for props in seen] == seen
    assert all(props["running"] and props["title"] == "Working" for props in seen)
    assert [[bar["name"] for bar in props["stages"]][-1] for props in seen[:5]] == [
        *("intent", "intent", "search", "search", "prompt")
    ]
    assert [props["intent"] for props in seen[:2]] == ["", "Lookup"]
    assert seen[2]["searched"] is None
    assert seen[-1]["searched"] == {"passages": 2, "hits": 1}
    assert seen[-1]["decision"]["action"] == "escalate"
    assert [bar["name"] for bar in seen[-1]["stages"] if bar["larger"]] == [
        *("escalation_request", "escalation_first_token", "escalation_generate", "escalation_check")
    ]


async def test_the_live_stages_add_up_to_the_total_at_every_moment():
    seen, _ = await played(models=escalating())
    for props in seen[4:]:
        assert sum(bar["ms"] for bar in props["stages"]) == pytest.approx(props["total_ms"], rel=0.05, abs=0.5)
        for before, after in zip(props["stages"], props["stages"][1:], strict=False):
            assert before["start_ms"] + before["ms"] == pytest.approx(after["start_ms"], abs=0.02)


def test_the_running_stage_grows_with_the_clock():
    moments: Iterator[float] = iter([100.0, 100.0, 100.0, 100.5, 101.0, 103.0])
    panel = LivePanel(lambda: next(moments))
    panel.update(Stage("search"))
    panel.update(Stage("generate", "phi-4-mini"))
    first, second = panel.props(), panel.props()
    assert [(bar["name"], bar["start_ms"], bar["ms"]) for bar in first["stages"]] == [
        ("search", 0, 500),
        ("generate", 500, 500),
    ]
    assert second["stages"][1]["ms"] == 2500
    assert (first["total_ms"], second["total_ms"]) == (1000, 3000)


def test_a_document_that_is_read_part_by_part_is_one_bar():
    moments: Iterator[float] = iter([100.0, 100.0, 100.0, 101.0])
    panel = LivePanel(lambda: next(moments))
    panel.update(Stage("read", "phi-4-mini", 1, (1, 12)))
    panel.update(Stage("read", "phi-4-mini", 1, (2, 12)))
    assert [(bar["label"], bar["ms"]) for bar in panel.props()["stages"]] == [("Read", 1000)]


def test_a_panel_without_any_event_can_be_shown():
    props = LivePanel().props()
    assert (props["stages"], props["searched"], props["decision"]) == ([], None, None)
    assert as_json(props) == props


DECISION = Decision("keep", "It is good.", 0.9, 0.5, signals=(Signal("support", 1 / 3, "How much"),))
TURN = Turn(
    question="?",
    answer="!",
    outcome="answered",
    citations=(),
    search=SearchResult((), searched=7),
    decision=DECISION,
    timings=Timings((StageTime("search", 0.0, 0.5), StageTime("generate", 0.5, 1.5)), 2.0),
    draft=Generation("phi-4-mini", "!", usage=Usage(100, 40), seconds=1.5, tokens_per_second=26.04),
)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Stage("search"), True),
        (Understood(LOOKUP), True),
        (Retrieved(SearchResult(())), True),
        (Decided(DECISION, None), True),
        (Finished(TURN), True),
        (Delta("word"), False),
        (Reasoning("word"), False),
        (Notice("Oh."), False),
    ],
)
def test_only_some_events_change_how_it_looks(event: Any, expected: bool):
    assert LivePanel().update(event) == expected


@pytest.mark.parametrize("outcome", get_args(Outcome))
async def test_the_final_panel_of_every_outcome(outcome: Outcome):
    turn = (await outcomes())[outcome]
    props = turn_props(turn)
    assert turn.outcome == props["outcome"] == outcome
    assert as_json(props) == props
    assert not props["running"]
    assert props["title"]
    assert sum(bar["ms"] for bar in props["stages"]) == pytest.approx(props["total_ms"], rel=0.05, abs=0.2)
    assert [bar["name"] for bar in props["stages"]] == [stage.name for stage in turn.timings.stages]
    assert props["decision"]["reason"] == turn.decision.reason
    assert props["notices"] == list(turn.notices)
    assert props["searched"]["passages"] == (0 if outcome == "replied" else 2)


async def test_titles_tell_the_outcomes_apart():
    titles = [turn_props(turn)["title"] for turn in (await outcomes()).values()]
    assert len(set(titles)) == len(titles) == len(get_args(Outcome))


async def test_the_models_are_named_with_their_roles():
    turns = await outcomes()
    models = {name: [(m["role"], m["alias"]) for m in turn_props(turn)["models"]] for name, turn in turns.items()}
    assert models == {
        "answered": [("draft", "phi-4-mini")],
        "escalated": [("draft", "phi-4-mini"), ("larger", LARGER)],
        "kept_draft": [("draft", "phi-4-mini"), ("larger", LARGER)],
        "abstained": [],
        "quoted": [("draft", "quoting")],
        "replied": [],
    }


def test_numbers_are_in_milliseconds_and_tokens():
    (model,) = turn_props(TURN)["models"]
    assert model == {
        "role": "draft",
        "alias": "phi-4-mini",
        "ms": 1500,
        "tokens_in": 100,
        "tokens_out": 40,
        "tokens_reasoning": 0,
        "tokens_per_second": 26.0,
        "finish_reason": "",
        "generated": True,
    }
    props = turn_props(TURN)
    assert props["total_ms"] == 2000
    assert [(bar["label"], bar["start_ms"], bar["ms"], bar["larger"]) for bar in props["stages"]] == [
        ("Search", 0, 500, False),
        ("Generate", 500, 1500, False),
    ]
    assert props["combined_ms"] is None
    assert props["decision"]["signals"] == [
        {"name": "support", "value": 0.333, "meaning": "How much", "threshold": None}
    ]
    assert (props["decision"]["match"], props["decision"]["match_threshold"]) == (1.0, 0.0)
    assert (props["decision"]["held"], props["receipt"]) == (None, None)


def test_the_receipt_of_a_larger_model():
    changes = (SentenceChange("kept", "One.", "One."), SentenceChange("removed", "Two."))
    turn = replace(TURN, escalation_report=EscalationReport(1.25, 40, 0.51239, 0.75, changes))
    assert turn_props(turn)["receipt"] == {
        "added_ms": 1250,
        "tokens": 40,
        "support_before": 0.512,
        "support_after": 0.75,
        "changes": [
            {"kind": "kept", "before": "One.", "after": "One."},
            {"kind": "removed", "before": "Two.", "after": ""},
        ],
    }


def test_what_the_server_did_not_count_is_unknown_not_zero():
    turn = replace(TURN, draft=Generation("phi-4-mini", "!"))
    (model,) = turn_props(turn)["models"]
    assert model["tokens_in"] is model["tokens_out"] is model["tokens_reasoning"] is model["tokens_per_second"] is None
    assert turn_props(turn)["averages"]["tokens_per_second"] is None


def test_draft_and_larger_model_are_added_up():
    turn = replace(TURN, outcome="escalated", escalated=Generation(LARGER, "!", seconds=2.25))
    assert turn_props(turn)["combined_ms"] == 3750


def test_averages_run_over_all_turns_that_have_the_number():
    abstained = replace(TURN, outcome="abstained", draft=None, timings=Timings((StageTime("search", 0.0, 0.1),), 0.1))
    escalated = replace(
        TURN,
        outcome="escalated",
        escalated=Generation(LARGER, "!", tokens_per_second=10.0, seconds=1.0),
        timings=Timings((StageTime("search", 0.0, 0.3), StageTime("generate", 0.3, 3.6)), 3.9),
    )
    averages = turn_props(escalated, (TURN, abstained, escalated))["averages"]
    assert averages == {
        "turns": 3,
        "total_ms": 2000,
        "first_token_ms": 400,
        "tokens_per_second": pytest.approx((26.04 + 26.04 + 10) / 3, abs=0.01),
        "escalated_share": 0.33,
    }


def test_the_averages_of_one_turn_are_its_own():
    averages = turn_props(TURN)["averages"]
    assert (averages["turns"], averages["total_ms"], averages["first_token_ms"]) == (1, 2000, 500)
    assert averages["escalated_share"] == 0


def test_the_first_token_is_that_of_whoever_spoke_first():
    both = Timings((StageTime("generate", 0.5, 1.0), StageTime("escalation_generate", 3.0, 1.0)), 4.0)
    asked = Timings((StageTime("escalation_generate", 3.0, 1.0),), 4.0)
    assert (first_token_ms(both), first_token_ms(asked), first_token_ms(Timings())) == (500, 3000, None)


A, B = Document("a.pdf", "A", "upload"), Document("b.md", "B")


@pytest.mark.parametrize(
    ("intent", "line"),
    [
        (LOOKUP, "Lookup"),
        (Intent(in_library=True), "Lookup in the library"),
        (Intent("talk"), "Small talk"),
        (Intent("catalogue"), "Which documents there are"),
        (Intent(documents=(A,), reason="because it was attached"), "About a.pdf, because it was attached"),
        (Intent(documents=(A,) * 5, pages=(2, 3)), "About a.pdf, a.pdf, a.pdf and 2 more, p. 2, 3"),
        (Intent("comparison", parts=("phi", "gpt")), "Comparison: phi · gpt"),
        (
            Intent("comparison", (A,), parts=("Who pays?", "When?")),
            "Several questions: Who pays? · When? · about a.pdf",
        ),
        (
            Intent("whole_document", (A,), "because it was attached", request=WholeRequest("key_points", "?")),
            "Whole document: key points · about a.pdf, because it was attached",
        ),
        (Intent("whole_document", request=WholeRequest("summary", "?")), "Whole document: summary"),
    ],
)
def test_what_a_question_was_taken_for_is_one_line(intent: Intent, line: str):
    assert intent_line(intent) == line
    assert turn_props(replace(TURN, intent=intent))["intent"] == line


@pytest.mark.parametrize(
    ("attachments", "intent", "cited", "is_said"),
    [
        (Attachments((A,)), LOOKUP, B, True),
        (Attachments((A,)), LOOKUP, A, False),
        (Attachments(), LOOKUP, B, False),
        (Attachments((A,), choice="both"), LOOKUP, B, False),
        (Attachments((A,)), Intent(documents=(B,), pointed_at=True), B, False),
        (Attachments((A,)), Intent(in_library=True), B, False),
    ],
)
def test_the_library_is_named_where_it_joined(attachments: Attachments, intent: Intent, cited: Document, is_said: bool):
    citation = Citation(1, Hit(Passage(cited, 0, "Text."), 1.0), cited=True)
    turn = replace(TURN, intent=intent, citations=(citation,))
    assert bool(provenance(turn, attachments)) == is_said
