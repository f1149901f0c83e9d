"""How often the larger model may take a turn by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.rate_limit import TURNS, EscalationLimit


def taken(escalation_limit: EscalationLimit, wanted: list[bool]) -> list[bool]:
    """Which of these turns get the larger model, if each takes what it may."""
    got = []
    for wants in wanted:
        escalated = wants and escalation_limit.limit_reached is None
        escalation_limit.count(escalated=escalated)
        got.append(escalated)
    return got


@given(st.floats(0, 1), st.lists(st.booleans(), max_size=80))
def test_no_row_of_turns_has_more_than_its_share(share: float, wanted: list[bool]):
    got = taken(EscalationLimit(share), wanted)
    for end in range(len(got)):
        assert sum(got[max(0, end - TURNS + 1) : end + 1]) <= share * TURNS


def test_all_of_them_may_be_escalated_with_a_share_of_one():
    assert all(taken(EscalationLimit(1.0), [True] * 60))


def test_none_with_a_share_of_nought():
    escalation_limit = EscalationLimit(0.0)
    assert escalation_limit.limit_reached == "share"
    assert not any(taken(escalation_limit, [True] * 60))


def test_a_share_that_was_used_up_comes_back_with_ordinary_turns():
    got = taken(EscalationLimit(0.25), [True] * 10 + [False] * 20 + [True])
    assert got[:10] == [True] * 5 + [False] * 5
    assert got[-1]


def test_the_wait_is_unknown_at_first_and_then_measured():
    escalation_limit = EscalationLimit(wait_s=30)
    assert escalation_limit.expected_wait_s == 0
    for seconds in (5.0, 20.0, 11.0):
        escalation_limit.began()
        escalation_limit.ended(seconds)
    assert escalation_limit.expected_wait_s == 11
    assert escalation_limit.limit_reached is None


def test_who_waits_behind_others_waits_longer():
    escalation_limit = EscalationLimit(wait_s=30)
    escalation_limit.began()
    escalation_limit.ended(12.0)
    for waiting in (1, 2):
        escalation_limit.began()
        assert escalation_limit.expected_wait_s == pytest.approx(12 * (waiting + 1))
    assert escalation_limit.limit_reached == "wait"
    escalation_limit.ended(None)
    assert escalation_limit.limit_reached is None


def test_a_stopped_answer_says_nothing_about_the_speed():
    escalation_limit = EscalationLimit(wait_s=30)
    escalation_limit.began()
    escalation_limit.ended(None)
    assert escalation_limit.expected_wait_s == 0


def test_the_share_is_told_before_the_wait():
    escalation_limit = EscalationLimit(share=0, wait_s=1)
    escalation_limit.began()
    escalation_limit.ended(99)
    assert escalation_limit.limit_reached == "share"
