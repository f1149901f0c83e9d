"""Keep, escalate or abstain, each with its reason."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.decisions import Decision, Signal
from rag.escalation.policy import KEEP_DRAFT_MARGIN, Policy, asked, decide, gate, keeps_draft
from rag.escalation.signals import WEIGHTS
from rag.records import Document, Generation, Hit, Mode, SearchResult
from tests.fakes import passages

HITS = tuple(
    Hit(passage, 2.0, strength=0.8)
    for passage in passages(Document("a.md", "A"), ("The largest file may have 25 MB.", "Larger files are refused."))
)
SEARCH = SearchResult(HITS, coverage=0.9)
LARGER = "gpt-oss-20b"
QUESTION = "How large may a file be?"


def signals(value: float = 1.0, **values: float) -> tuple[Signal, ...]:
    every = dict.fromkeys(WEIGHTS, value) | {"commitment": 1.0, "complete": 1.0} | values
    return tuple(Signal(name, value, "") for name, value in every.items())


def draft(text: str = "It may have 25 MB [1].", finish_reason: str = "stop", *, generated: bool = True) -> Generation:
    return Generation("phi-4-mini", text, finish_reason=finish_reason, generated=generated)


# The gate


def test_the_gate_is_open_when_the_best_hit_is_strong_enough():
    assert gate(Policy(grounding_threshold=0.8), SEARCH) is None


@pytest.mark.parametrize(
    ("search", "threshold"),
    [(SEARCH, 0.81), (SearchResult(()), 0.35), (SearchResult(()), 0.0), (SearchResult((), coverage=1.0), 0.35)],
)
def test_the_gate_is_closed_without_a_strong_hit(search: SearchResult, threshold: float):
    decision = gate(Policy(grounding_threshold=threshold), search)
    assert decision
    assert (decision.action, decision.trigger, decision.way) == ("abstain", None, None)
    assert (decision.confidence, decision.threshold) == (search.strength, threshold)
    assert [(s.name, s.value) for s in decision.signals] == [
        ("strength", search.strength),
        ("coverage", search.coverage),
    ]
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
    signals: tuple[Signal, ...] = field(default_factory=signals)
    reason: str = ""


LONG = "Very long indeed [1]. " * 40
CASES = [
    Case("a good draft", None, reason="1.00"),
    Case("low confidence", "low_confidence", "answer", signals=signals(0.4), reason="0.40"),
    Case("confidence at the threshold is enough", None, signals=signals(0.5), reason="0.50"),
    Case("a refusal", "low_confidence", "answer", signals=signals(commitment=0.0), reason="0.00"),
    Case("threshold 0 is never undercut", None, policy=Policy(0.0), signals=signals(0.0)),
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
        signals=signals(0.1),
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


def decided(case: Case, *, mode: Mode = "auto", larger: str = LARGER, policy: Policy | None = None) -> Decision:
    return decide(policy or case.policy, case.question, case.draft, case.signals, mode=mode, larger=larger)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_trigger_that_applies_decides(case: Case):
    decision = decided(case)
    assert (decision.trigger, decision.way) == (case.trigger, case.way)
    assert decision.action == ("escalate" if case.trigger else "keep")
    assert case.reason in decision.reason
    assert decision.reason.endswith(".")
    assert decision.signals == case.signals
    assert decision.threshold == case.policy.confidence_threshold


@pytest.mark.parametrize("case", [case for case in CASES if case.trigger], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("mode", "larger", "automatic", "why"),
    [("local", LARGER, True, "Local"), ("auto", LARGER, False, "off"), ("auto", "", True, "no larger model")],
)
def test_where_the_larger_model_may_not_be_used_the_draft_stays_and_says_why(
    case: Case, mode: Mode, larger: str, automatic: bool, why: str
):
    decision = decided(case, mode=mode, larger=larger, policy=replace(case.policy, automatic=automatic))
    assert (decision.action, decision.trigger, decision.way) == ("keep", case.trigger, None)
    assert case.reason in decision.reason
    assert "It stays" in decision.reason
    assert why in decision.reason


@pytest.mark.parametrize("mode", ["auto", "local"])
def test_quotes_are_kept_whatever_they_look_like(mode: Mode):
    quotes = draft(LONG, "length", generated=False)
    decision = decide(Policy(flagged_topics=("file",)), QUESTION, quotes, signals(0.0), mode=mode, larger=LARGER)
    assert (decision.action, decision.trigger) == ("keep", None)
    assert "quotes" in decision.reason


def test_asking_for_the_larger_model_is_a_reason_of_its_own():
    decision = asked(LARGER)
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
    decision = decide(Policy(flagged_topics=(topic,)), question, draft(), signals(), larger=LARGER)
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
    assert decide(Policy(flagged_topics=(topic,)), question, draft(), signals(), larger=LARGER).action == "keep"


# The kept draft

SUPPORTED = "The largest file may have 25 MB [1]."


def test_a_less_supported_text_of_the_larger_model_leaves_the_draft():
    assert keeps_draft(draft(SUPPORTED), draft("Quantum zebras compute rainbows."), signals(), HITS)


def test_a_text_that_is_as_well_supported_takes_its_place():
    assert not keeps_draft(
        draft(SUPPORTED), draft("Files may have 25 MB [1]; larger are refused [2]."), signals(), HITS
    )
    assert not keeps_draft(draft(SUPPORTED), draft(SUPPORTED), signals(), HITS)


def test_marks_are_no_words_that_the_passages_must_hold():
    better_cited = draft("The largest [1] file [1] may have [1, 2] 25 MB 【1†source】.")
    assert not keeps_draft(draft("The largest file may have 25 MB."), better_cited, signals(), HITS)
    unmarked = draft("The largest file may have zebras of 25 MB.")
    assert keeps_draft(better_cited, unmarked, signals(), HITS)


def test_a_few_other_words_for_the_same_facts_are_allowed():
    longer = "The largest file may have 25 MB. " * 4
    slightly, clearly = longer + "Indeed.", longer + "Zebras run. Lions sleep now. Birds sing."
    assert 1 / 25 < KEEP_DRAFT_MARGIN < 7 / 31, "the two texts stand on either side of the margin"
    assert not keeps_draft(draft(longer), draft(slightly), signals(), HITS)
    assert keeps_draft(draft(longer), draft(clearly), signals(), HITS)


def test_a_refusing_draft_is_never_kept():
    zebras = draft("Quantum zebras compute rainbows.")
    assert not keeps_draft(draft("The largest file: I do not know."), zebras, signals(commitment=0.0), HITS)


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
    st.fixed_dictionaries(dict.fromkeys(WEIGHTS, SHARE)),
    st.sampled_from(("stop", "length", "")),
    st.sampled_from(("auto", "local")),
    st.sampled_from((LARGER, "")),
)
def test_every_decision_is_of_one_piece(
    policy: Policy,
    question: str,
    text: str,
    values: dict[str, float],
    finish_reason: str,
    mode: Mode,
    larger: str,
):
    decision = decide(policy, question, draft(text, finish_reason), signals(**values), mode=mode, larger=larger)
    assert 0 <= decision.confidence <= 1
    assert decision.threshold == policy.confidence_threshold
    assert (decision.action == "escalate") == (decision.way is not None)
    if decision.action == "escalate":
        assert decision.trigger
        assert policy.automatic
        assert larger
        assert mode == "auto"
    if decision.confidence < policy.confidence_threshold:
        assert decision.trigger == "low_confidence"
