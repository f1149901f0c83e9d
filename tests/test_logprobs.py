"""The model's own certainty as two shares."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.signals import logprob_signals


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
