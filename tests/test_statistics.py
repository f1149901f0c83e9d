"""Intervals of shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.statistics import wilson


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int]:
    of = draw(st.integers(1, 100_000))
    return draw(st.integers(0, of)), of


@given(shares())
def test_the_interval_of_a_share_holds_it_and_stays_within_0_and_1(share: tuple[int, int]):
    count, of = share
    low, high = wilson(count, of)
    assert 0 <= low <= count / of <= high <= 1
    assert low < high


@given(shares())
def test_the_opposite_share_has_the_mirrored_interval(share: tuple[int, int]):
    count, of = share
    low, high = wilson(count, of)
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(shares(), st.integers(2, 10))
def test_more_trials_make_it_narrower(share: tuple[int, int], times: int):
    count, of = share
    low, high = wilson(count, of)
    fewer = wilson(count * times, of * times)
    assert fewer[1] - fewer[0] < high - low


@pytest.mark.parametrize(
    ("count", "of", "expected"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_it_agrees_with_published_ones(count: int, of: int, expected: tuple[float, float]):
    """Newcombe (1998), table I, score method without continuity correction."""
    assert wilson(count, of) == pytest.approx(expected, abs=6e-5)


def test_a_share_of_nothing_has_none():
    with pytest.raises(ValueError, match="nothing"):
        wilson(0, 0)
