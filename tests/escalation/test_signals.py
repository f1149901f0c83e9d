"""What is known of a draft without its passages: marks, wording, end."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.escalation.confidence import ORDINARY_CHARS, citation_validity, draft_signals, logprob_signals
from rag.grounding.citations import Checked, check
from rag.types import Document, Generation, Hit
from tests.fakes import passages

HITS = tuple(
    Hit(passage, 1.0, 0.8)
    for passage in passages(
        Document("limits.pdf", "Limits"), ("The largest file has 25 MB.", "Larger ones are refused.")
    )
)
GOOD = "The largest file that may be uploaded is 25 MB [1]."


def signals_of(text: str, **draft: object) -> dict[str, float]:
    generation = Generation("phi-4-mini", text, **draft)  # type: ignore[arg-type]
    return {signal.name: signal.value for signal in draft_signals(generation, check(text, HITS))}


def test_a_good_draft_has_every_signal_at_its_upper_end():
    found = signals_of(GOOD, finish_reason="stop")
    assert found == dict.fromkeys(("citations", "certainty", "commitment", "length", "complete"), 1.0)


def test_a_bad_draft_has_every_signal_at_its_lower_end():
    found = signals_of("I do not know. " + "Perhaps it is 99 [7]. " * 3, finish_reason="length")
    assert (found["citations"], found["commitment"], found["complete"]) == (0.0, 0.0, 0.0)
    assert found["certainty"] < 0.5


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (f"{GOOD} Larger ones are refused by the server [2].", 1.0),
        (f"{GOOD} Larger ones are refused by the server.", 0.5),
        (f"{GOOD} Yes.", 1.0),
        ("25 MB [1].", 1.0),
        ("25 MB.", 0.0),
        ("", 0.0),
        (f"{GOOD[:-1]} [9].", 0.5),
        ("The largest file that may be uploaded has 25 MB [9].", 0.0),
    ],
)
def test_citations_count_sentences_with_marks_that_point_somewhere(text: str, share: float):
    assert citation_validity(check(text, HITS)) == pytest.approx(share)


def test_a_bracket_in_the_text_is_no_mark():
    text = "The option [default] of the largest file is 25 MB [1]."
    assert citation_validity(Checked(text, check(text, HITS).citations, removed=1)) == pytest.approx(0.5)


def test_length_counts_beyond_the_ordinary():
    assert signals_of("x" * ORDINARY_CHARS)["length"] == 1.0
    assert signals_of("x" * 2 * ORDINARY_CHARS)["length"] == 0.5


def test_probabilities_join_in_where_the_server_gives_them():
    found = signals_of(GOOD, logprobs=(math.log(0.5),) * 4)
    assert found["mean_probability"] == pytest.approx(0.5)
    assert "mean_probability" not in signals_of(GOOD)


@settings(deadline=None)
@given(
    st.text(max_size=300), st.sampled_from(("stop", "length", "")), st.lists(st.floats(-50, 0), max_size=5).map(tuple)
)
def test_every_signal_of_any_text_is_a_share_with_a_meaning(text: str, end: str, logprobs: tuple[float, ...]):
    generation = Generation("phi-4-mini", text, finish_reason=end, logprobs=logprobs)
    for signal in draft_signals(generation, check(text, HITS)):
        assert 0 <= signal.value <= 1
        assert signal.meaning


def test_without_log_probabilities_there_is_no_signal():
    assert logprob_signals([]) == ()


def test_the_mean_is_geometric_and_the_low_one_is_near_the_least_probable():
    mean, low = logprob_signals([math.log(0.9)] * 8 + [math.log(0.1)] * 2)
    assert (mean.name, low.name) == ("mean_probability", "low_probability")
    assert mean.value == pytest.approx(0.9**0.8 * 0.1**0.2)
    assert low.value == pytest.approx(0.1)


def test_an_impossible_token_does_not_break_it():
    mean, low = logprob_signals([-math.inf, -0.1, -9999.0])
    assert mean.value == pytest.approx(low.value, abs=0.01) == pytest.approx(0.0, abs=0.01)


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_they_are_shares(logprobs: list[float]):
    assert all(0 <= signal.value <= 1 for signal in logprob_signals(logprobs))
