"""Keep, escalate or abstain, each with its reason."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.confidence import Answerability, DraftAssessment
from rag.escalation.policy import (
    KEEP_DRAFT_MARGIN,
    Policy,
    blocked_by,
    decide,
    escalate_on_request,
    gate,
    keep_draft,
    should_keep_draft,
)
from rag.types import BROKEN, EARLY, BlockedBy, Decision, Generation, Signal

LARGER = "gpt-oss-20b"
QUESTION = "How large may a file be?"


def judged(confidence: float = 1.0, *, supported: float = 1.0, refuses: bool = False) -> DraftAssessment:
    signals = (Signal("supported", supported, "How much stands"),)
    return DraftAssessment(0.0 if refuses else confidence, 0.9, supported, refuses, signals)


def draft(text: str = "It may have 25 MB [1].", finish_reason: str = "stop", *, generated: bool = True) -> Generation:
    return Generation("phi-4-mini", text, finish_reason=finish_reason, generated=generated)


# The gate


def test_the_gate_is_open_from_the_threshold_on():
    assert gate(Policy(grounding_threshold=0.8), Answerability(0.8)) is None
    assert gate(Policy(grounding_threshold=0.0), Answerability(0.01)) is None


@pytest.mark.parametrize(("value", "threshold"), [(0.79, 0.8), (0.0, 0.35), (0.0, 0.0)])
def test_the_gate_is_closed_below_it_and_without_passages(value: float, threshold: float):
    signals = (Signal("strength", value, "How much"),)
    decision = gate(Policy(grounding_threshold=threshold), Answerability(value, value, signals))
    assert decision
    assert (decision.action, decision.trigger, decision.way) == ("abstain", None, None)
    assert (decision.match, decision.match_threshold) == (value, threshold)
    assert (decision.confidence, decision.threshold) == (value, threshold)
    assert decision.signals == signals
    assert decision.reason.endswith(".")


# The triggers


@dataclass(frozen=True)
class Case:
    name: str
    trigger: str | None
    way: str | None = None
    policy: Policy = field(default_factory=Policy)
    question: str = QUESTION
    draft: Generation = field(default_factory=draft)
    judgement: DraftAssessment = field(default_factory=judged)
    reason: str = ""


LONG = "Very long indeed [1]. " * 40
CASES = [
    Case("a good draft", None, reason="1.00"),
    Case("low confidence", "low_confidence", "answer", judgement=judged(0.4), reason="0.40"),
    Case("confidence at the threshold is enough", None, judgement=judged(0.5), reason="0.50"),
    Case("a refusal", "low_confidence", "answer", judgement=judged(refuses=True), reason="cannot find it"),
    Case("threshold 0 is never undercut", None, policy=Policy(0.0), judgement=judged(0.0)),
    Case(
        "given up",
        "low_confidence",
        "answer",
        draft=draft(finish_reason=EARLY),
        judgement=judged(0.2),
        reason="given up",
    ),
    Case("cut off", "cut_off", "answer", draft=draft(finish_reason="length"), reason="token limit"),
    Case("stopped in other ways", None, draft=draft(finish_reason="content_filter")),
    Case("long", "long_answer", "refine", draft=draft(LONG), reason=str(len(LONG))),
    Case("as long as allowed", None, draft=draft("x" * 600)),
    Case("one more", "long_answer", "refine", draft=draft("x" * 601)),
    Case("long, but the trigger is off", None, policy=Policy(long_answer_chars=0), draft=draft(LONG)),
    Case("short", "short_answer", "answer", policy=Policy(short_answer_chars=40), reason="40"),
    Case("as short as allowed", None, policy=Policy(short_answer_chars=5), draft=draft("12345")),
    Case("short, but the trigger is off", None, draft=draft("25")),
    Case(
        "flagged",
        "flagged_topic",
        "refine",
        policy=Policy(flagged_topics=("salary", "dismissal")),
        question="What about my dismissal?",
        reason="'dismissal'",
    ),
    Case(
        "low confidence goes before all others",
        "low_confidence",
        "answer",
        policy=Policy(flagged_topics=("file",)),
        draft=draft(LONG, "length"),
        judgement=judged(0.1),
    ),
    Case(
        "cut off goes before flagged and long",
        "cut_off",
        "answer",
        policy=Policy(flagged_topics=("file",)),
        draft=draft(LONG, "length"),
    ),
    Case("flagged goes before long", "flagged_topic", "refine", Policy(flagged_topics=("file",)), draft=draft(LONG)),
]


def decided(case: Case, *, blocked_by: BlockedBy | None = None) -> Decision:
    return decide(case.policy, case.question, case.draft, case.judgement, larger=LARGER, blocked_by=blocked_by)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_trigger_that_applies_decides(case: Case):
    decision = decided(case)
    assert (decision.trigger, decision.way) == (case.trigger, case.way)
    assert decision.action == ("escalate" if case.trigger else "keep")
    assert case.reason in decision.reason
    assert decision.reason.endswith(".")
    assert decision.signals == case.judgement.signals
    assert (decision.match, decision.match_threshold) == (0.9, case.policy.grounding_threshold)
    assert decision.blocked_by is None
    assert decision.threshold == case.policy.confidence_threshold


@pytest.mark.parametrize("case", [case for case in CASES if case.trigger], ids=lambda case: case.name)
def test_where_the_larger_model_may_not_be_used_the_draft_stays_whatever_the_trigger(case: Case):
    decision = decided(case, blocked_by="off")
    assert (decision.action, decision.trigger, decision.way, decision.blocked_by) == ("keep", case.trigger, None, "off")
    assert case.reason in decision.reason
    assert "It stays" in decision.reason


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("local", "asked as Local only"),
        ("off", "escalation is off"),
        ("no_model", "no larger model"),
        ("failed", "gpt-oss-20b could not answer"),
        ("share", "gpt-oss-20b has had its share"),
        ("wait", "gpt-oss-20b would take too long"),
    ],
)
def test_a_draft_that_stays_says_why_the_larger_model_may_not_be_used(why: BlockedBy, sentence: str):
    (case,) = [case for case in CASES if case.name == "low confidence"]
    decision = decided(case, blocked_by=why)
    assert (decision.action, decision.trigger, decision.blocked_by) == ("keep", case.trigger, why)
    assert case.reason in decision.reason
    assert sentence in decision.reason


def test_a_draft_that_needs_no_larger_model_is_not_held_back():
    decision = decided(CASES[0], blocked_by="off")
    assert (decision.blocked_by, decision.trigger) == (None, None)
    assert "It stays" not in decision.reason


def test_who_may_not_call_the_larger_model():
    policy = Policy()
    assert blocked_by(policy, mode="auto", larger=LARGER) is None
    assert blocked_by(policy, mode="auto", larger="") == "no_model"
    assert blocked_by(policy, mode="local", larger=LARGER) == "local"
    assert blocked_by(replace(policy, automatic=False), mode="auto", larger=LARGER) == "off"
    assert blocked_by(policy, mode="auto", larger=LARGER, limit_reached="share") == "share"
    assert blocked_by(policy, mode="auto", larger=LARGER, limit_reached="wait") == "wait"
    assert blocked_by(policy, mode="large", larger=LARGER) == "failed", "a person asked, and it was tried"
    assert blocked_by(policy, mode="large", larger="") == "no_model"


def test_quotes_are_kept_whatever_they_look_like():
    quotes = draft(LONG, "length", generated=False)
    decision = decide(Policy(flagged_topics=("file",)), QUESTION, quotes, judged(0.0), larger=LARGER)
    assert (decision.action, decision.trigger) == ("keep", None)
    assert "quotes" in decision.reason


def test_a_draft_that_broke_off_is_kept():
    decision = decide(Policy(), QUESTION, draft(finish_reason=BROKEN), judged(0.0), larger=LARGER)
    assert (decision.action, decision.trigger) == ("keep", None)
    assert "broke off" in decision.reason


def test_the_reason_tells_a_draft_that_strays_from_one_that_may_have_missed():
    strays = decide(Policy(), QUESTION, draft(), judged(0.3, supported=0.1), larger=LARGER)
    misses = decide(Policy(), QUESTION, draft(), judged(0.3, supported=0.95), larger=LARGER)
    assert "does not stand on them" in strays.reason
    assert "not sure that the draft found it" in misses.reason


def test_asking_for_the_larger_model_is_a_reason_of_its_own():
    decision = escalate_on_request(Policy(grounding_threshold=0.3), Answerability(0.1), LARGER)
    assert (decision.match, decision.match_threshold) == (0.1, 0.3), "the log must not say that all was there"
    assert (decision.action, decision.trigger, decision.way) == ("escalate", "asked", "answer")
    assert decision.reason == "You asked for gpt-oss-20b."
    assert (decision.confidence, decision.threshold) == (1.0, 0.0)


# Flagged topics


@pytest.mark.parametrize(
    ("topic", "question"),
    [
        ("dismissal", "What does the handbook say about DISMISSAL?"),
        ("dismissal", "dismissals"),
        ("liability", "Which liabilities do we have?"),
        ("data breach", "What do I do after a data  breach?"),
        ("e-mail", "May I read an e-mail of others?"),
        ("e-mail", "May I read an e mail of others?"),
        ("dirección", "la direccion"),
        ("зарплат", "Когда выплачивают зарплату?"),
        ("解雇", "公司可以解雇我吗？"),
    ],
)
def test_a_topic_is_found_in_every_spelling_of_its_words(topic: str, question: str):
    decision = decide(Policy(flagged_topics=(topic,)), question, draft(), judged(), larger=LARGER)
    assert decision.trigger == "flagged_topic"
    assert repr(topic) in decision.reason


@pytest.mark.parametrize(
    ("topic", "question"),
    [
        ("law", "Is there a flaw in it?"),
        ("pay", "When is a repayment due?"),
        ("data breach", "A breach of trust, with data?"),
        ("解雇", "公司可以雇我吗？"),
        ("it", "Is it large?"),
        ("?", "Is it large?"),
        ("", "Is it large?"),
    ],
)
def test_a_topic_is_not_found_in_the_middle_of_other_words(topic: str, question: str):
    assert decide(Policy(flagged_topics=(topic,)), question, draft(), judged(), larger=LARGER).action == "keep"


# The kept draft

POLICY = Policy(confidence_threshold=0.5)


def keeps(before: DraftAssessment, after: DraftAssessment, finish_reason: str = "stop") -> bool:
    return should_keep_draft(POLICY, draft(finish_reason=finish_reason), before, after)


def test_a_less_supported_answer_of_the_larger_model_leaves_the_draft():
    assert keeps(judged(supported=0.9), judged(supported=0.4))


def test_an_answer_that_is_as_well_supported_takes_its_place():
    assert not keeps(judged(supported=0.9), judged(supported=0.9))
    assert not keeps(judged(supported=0.3), judged(supported=0.9))
    assert not keeps(judged(supported=0.9), judged(supported=0.9 - KEEP_DRAFT_MARGIN + 0.01))


def test_a_draft_that_refuses_or_was_given_up_is_never_kept():
    assert not keeps(judged(refuses=True), judged(supported=0.1))
    assert not keeps(judged(supported=0.9), judged(supported=0.1), EARLY)


def test_a_trusted_draft_outlasts_a_refusal_and_a_doubtful_one_does_not():
    assert keeps(judged(0.8), judged(refuses=True))
    assert not keeps(judged(0.2), judged(refuses=True))


def test_a_kept_draft_is_told_with_both_supports():
    decision = keep_draft(decided(CASES[1]), LARGER, judged(supported=0.91), judged(supported=0.42))
    assert (decision.action, decision.trigger) == ("escalate", "low_confidence")
    assert decision.reason.endswith("so it stays: 0.91 for the draft, 0.42 for gpt-oss-20b.")


# Any numbers at all

SHARE = st.floats(0, 1)


@settings(max_examples=300, deadline=None)
@given(
    st.builds(
        Policy,
        confidence_threshold=SHARE,
        long_answer_chars=st.integers(0, 50),
        short_answer_chars=st.integers(0, 50),
        flagged_topics=st.lists(st.text(max_size=5), max_size=2).map(tuple),
        automatic=st.booleans(),
    ),
    st.text(max_size=60),
    st.text(max_size=60),
    st.builds(DraftAssessment, SHARE, SHARE, SHARE, st.booleans(), st.just(())),
    st.sampled_from(("stop", "length", EARLY, "")),
    st.sampled_from((None, "local", "share", "no_model")),
)
def test_every_decision_is_of_one_piece(
    policy: Policy,
    question: str,
    text: str,
    judgement: DraftAssessment,
    finish_reason: str,
    why: BlockedBy | None,
):
    decision = decide(policy, question, draft(text, finish_reason), judgement, larger=LARGER, blocked_by=why)
    assert (decision.confidence, decision.threshold) == (judgement.confidence, policy.confidence_threshold)
    assert (decision.action == "escalate") == (decision.way is not None)
    assert (decision.action == "escalate") == (decision.trigger is not None and why is None)
    assert decision.blocked_by == (why if decision.trigger else None)
    if decision.confidence < policy.confidence_threshold:
        assert decision.trigger == "low_confidence"
