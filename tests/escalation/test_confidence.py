"""From signals to what is thought of a search and of a draft."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.answerability import ANSWERABLE
from rag.escalation.confidence import Answerability, DraftAssessment, assess_draft, assess_search
from rag.escalation.early_stop import COLLAPSED, DraftMonitor
from rag.escalation.policy import Policy
from rag.escalation.threshold import DEFAULT
from rag.escalation.weights import Weights, shipped
from rag.grounding.attribution import attribute
from rag.grounding.citations import check
from rag.grounding.support import SUPPORTED
from rag.retrieval.search import Searcher
from rag.types import Generation, SearchResult
from tests.fakes import index_of

FACT = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason."
LIBRARY = Searcher(index_of(FACT, "Documents never leave the machine.", "The kettle of the kitchen is green."))
QUESTION = "What is the largest file that may be uploaded?"
SEARCH = LIBRARY.search(QUESTION, limit=12)
FOUND = assess_search(SEARCH, QUESTION, shipped(), DEFAULT)
GOOD = "The largest file that may be uploaded is 25 MB [1]."


def judged(text: str, found: Answerability = FOUND, **draft: object) -> DraftAssessment:
    generation = Generation("phi-4-mini", text, **draft)  # type: ignore[arg-type]
    return assess_draft(found, generation, check(text, SEARCH.hits), shipped())


# The search


def test_a_question_that_is_answered_matches_more_than_one_that_is_not():
    other = "Who won the football world cup in 1998?"
    assert FOUND.value > 0.7
    assert assess_search(LIBRARY.search(other, limit=12), other, shipped(), DEFAULT).value < 0.2


def test_without_passages_nothing_matches():
    assert assess_search(SearchResult(()), QUESTION, shipped(), DEFAULT).value == 0.0


def test_every_signal_of_the_heads_is_there():
    names = [signal.name for signal in judged(GOOD).signals]
    assert len(names) == len(set(names))
    assert {*ANSWERABLE, *SUPPORTED, "answerable", "supported"} <= set(names)
    for head in (shipped().answerable, shipped().supported, shipped().confidence):
        assert head.coefficients.keys() <= set(names)


# The draft


def test_a_good_draft_is_trusted():
    found = judged(GOOD)
    assert found.confidence >= Policy().confidence_threshold
    assert found.supported > 0.8
    assert not found.refuses


@pytest.mark.parametrize(
    "text",
    [
        "The largest file that may be uploaded is 50 MB [1].",
        "The largest file that may be uploaded is 25 GB [1].",
        "Bananas grow on tall green plants in the tropics [1].",
        "",
    ],
    ids=["another number", "another unit", "something else", "nothing"],
)
def test_a_draft_that_does_not_stand_on_the_passages_is_not_trusted(text: str):
    assert judged(text).confidence < Policy().confidence_threshold


def test_a_refusing_draft_is_never_trusted():
    found = judged("The documents do not mention the largest file.")
    assert (found.confidence, found.refuses) == (0.0, True)


def test_the_same_draft_is_trusted_less_where_the_documents_match_less():
    assert judged(GOOD, Answerability(0.1, 0.2)).confidence < judged(GOOD, Answerability(0.8, 0.9)).confidence


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.floats(0, 1))
def test_every_judgement_is_a_share(text: str, value: float):
    found = judged(text, Answerability(value, value))
    assert 0 <= found.confidence <= 1
    assert 0 <= found.supported <= 1
    assert all(0 <= signal.value <= 1 for signal in found.signals)


# While it is written

STRAYS = "Bananas grow on tall green plants in the tropics. Zebras are striped and live in herds on the savannah. "


async def given_up_after(text: str, policy: Policy | None = None) -> int | None:
    """Characters that were heard when the draft was given up; None when it never was."""
    watch = DraftMonitor(policy or Policy(), FOUND, SEARCH.hits)
    heard = 0
    for word in text.split(" "):
        heard += len(word) + 1
        if await watch.should_stop(f"{word} "):
            return heard
    return None


async def test_a_draft_that_has_left_the_passages_is_given_up_after_some_sentences():
    after = await given_up_after(STRAYS * 5)
    assert after
    assert 100 < after < 2 * len(STRAYS)


async def test_one_sentence_is_not_enough():
    assert await given_up_after("Bananas grow on tall green plants in the tropics and zebras") is None


async def test_a_draft_that_stands_on_the_passages_is_heard_to_its_end():
    assert await given_up_after(f"{FACT} " * 6) is None


async def test_a_refusal_is_heard_at_once():
    after = await given_up_after("The documents do not mention this. " + "It may be large. " * 20)
    assert after
    assert after < 60


async def test_nothing_is_given_up_where_nothing_is_wanted():
    assert await given_up_after(STRAYS * 5, Policy(confidence_threshold=0.0)) is None
    assert 0 < COLLAPSED < 1


# The file


def test_the_shipped_weights_speak_for_the_draft_and_tell_where_they_come_from():
    weights = shipped()
    for head in (weights.answerable, weights.supported, weights.confidence):
        assert head.coefficients
        assert all(weight >= 0 for weight in head.coefficients.values()), "each signal speaks for the draft"
    for name in ("answerable", "supported", "confidence"):
        assert {"date", "data", "rows", "auroc", "ece"} <= weights.fit[name].keys()


def test_weights_come_back_from_their_file_as_they_were():
    assert Weights.of_json(shipped().to_json()) == shipped()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"answerable": 3}', '{"answerable": {"intercept": 1}}'])
def test_another_file_is_no_weights(text: str):
    with pytest.raises(ValueError, match=r".+"):
        Weights.of_json(text)


def test_a_name_that_a_head_needs_is_never_taken_as_nought():
    head = replace(shipped().confidence, coefficients={"none such": 1.0})
    with pytest.raises(KeyError):
        head({"answerable": 1.0})


def test_a_claim_without_its_right_mark_costs_confidence():
    def confidence(text: str) -> float:
        checked = attribute(text, SEARCH.hits)
        return assess_draft(FOUND, Generation("phi-4-mini", text), checked, shipped()).confidence

    right = confidence(GOOD)
    unmarked, wrong = confidence(GOOD.replace(" [1]", "")), confidence(GOOD.replace("[1]", "[2]"))
    assert right > unmarked == wrong >= Policy().confidence_threshold
    assert right > confidence(f"{GOOD} Larger files are refused with a reason.") > wrong
