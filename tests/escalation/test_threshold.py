"""The gate's threshold from what the library's own questions are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.threshold import (
    DEFAULT,
    LEAST,
    LEAST_DOCUMENTS,
    LEAST_QUESTIONS,
    MOST,
    PASSING,
    PERCENTILE,
    GateThreshold,
    threshold,
)

SHARES = st.floats(0.001, 0.999)


def test_it_is_above_nearly_all_of_them():
    values = list(np.linspace(0, 0.3, 201))
    found = threshold(values, 50)
    assert sum(value < found.value for value in values) / len(values) == pytest.approx(PERCENTILE / 100, abs=0.01)
    assert found.questions == 201


@pytest.mark.parametrize(
    ("questions", "documents"), [(0, 0), (LEAST_QUESTIONS - 1, 100), (300, LEAST_DOCUMENTS - 1), (300, 0)]
)
def test_a_tiny_library_has_the_default_and_says_so(questions: int, documents: int):
    found = threshold([0.1] * questions, documents)
    assert found == GateThreshold(DEFAULT, 0)
    assert "default" in str(found)


def test_the_smallest_library_that_can_be_measured():
    found = threshold([0.2] * LEAST_QUESTIONS, LEAST_DOCUMENTS)
    assert found == GateThreshold(pytest.approx(0.2), LEAST_QUESTIONS)
    assert "30 questions" in str(found)


def test_documents_that_are_alike_do_not_refuse_everything():
    found = threshold([0.97] * 300, 100)
    assert found == GateThreshold(DEFAULT, 300)
    assert "alike" in str(found)


def test_what_most_libraries_measure_stands_up_to_the_upper_bound():
    assert threshold([MOST - 0.01] * 300, 100).value == pytest.approx(MOST - 0.01)
    assert threshold([MOST + 0.01] * 300, 100).value == DEFAULT


def test_documents_that_have_nothing_in_common_do_not_let_everything_pass():
    assert threshold([0.0001] * 300, 100).value == LEAST


@given(st.lists(SHARES, min_size=LEAST_QUESTIONS, max_size=60))
def test_it_is_always_within_its_bounds(values: list[float]):
    assert LEAST <= threshold(values, 20).value <= MOST


@given(SHARES, st.floats(LEAST, MOST))
def test_the_common_scale_puts_the_threshold_in_its_place_and_keeps_the_order(probability: float, value: float):
    found = GateThreshold(value, 100)
    assert found.rescaled(value) == pytest.approx(PASSING)
    assert (found.rescaled(probability) > PASSING + 1e-9) == (probability > value + 1e-9) or probability == value
    assert 0 < found.rescaled(probability) < 1


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certainty_stays_certainty(probability: float):
    assert GateThreshold().rescaled(probability) == pytest.approx(probability, abs=1e-4)
