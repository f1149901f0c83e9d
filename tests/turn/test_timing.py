"""The stage clock: no gaps, and the stages add up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.turn.timing import StageClock
from rag.types import StageName, Timings


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self, time: float = 1000.0) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time


def test_a_new_stage_ends_the_one_before():
    hands = Hands()
    clock = StageClock(hands)
    for name, seconds in (("search", 0.5), ("prompt", 0.25), ("generate", 2.0)):
        assert clock.enter(name)  # type: ignore[arg-type]
        hands.time += seconds
    timings = clock.finish()
    assert [(s.name, s.start, s.seconds) for s in timings.stages] == [
        ("search", 0.0, 0.5),
        ("prompt", 0.5, 0.25),
        ("generate", 0.75, 2.0),
    ]
    assert timings.total == 2.75


def test_entering_the_running_stage_again_changes_nothing():
    hands = Hands()
    clock = StageClock(hands)
    assert clock.enter("generate")
    hands.time += 1
    assert not clock.enter("generate")
    hands.time += 1
    assert [(s.name, s.seconds) for s in clock.finish().stages] == [("generate", 2.0)]


def test_a_stage_may_come_back_and_its_times_are_added():
    hands = Hands()
    clock = StageClock(hands)
    for name in ("request", "first_token", "request"):
        clock.enter(name)  # type: ignore[arg-type]
        hands.time += 1
    timings = clock.finish()
    assert timings.seconds("request") == 2.0
    assert timings.seconds("load") == 0
    assert len(timings.stages) == 3


def test_now_counts_from_the_making_of_the_clock():
    hands = Hands(500.0)
    clock = StageClock(hands)
    hands.time += 3
    assert clock.now == 3.0


def test_a_clock_without_stages_has_a_total_all_the_same():
    hands = Hands()
    clock = StageClock(hands)
    hands.time += 1.5
    assert clock.finish() == Timings((), 1.5)


NAMES: list[StageName] = ["search", "prompt", "request", "first_token", "generate", "check"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 1e4)), min_size=1, max_size=20))
def test_stages_follow_without_gaps_and_add_up_to_the_total(steps: list[tuple[StageName, float]]):
    hands = Hands(0.0)
    clock = StageClock(hands)
    for name, seconds in steps:
        clock.enter(name)
        hands.time += seconds
    timings = clock.finish()
    assert timings.stages[0].start == 0
    assert sum(stage.seconds for stage in timings.stages) == pytest.approx(timings.total)
    for before, after in pairwise(timings.stages):
        assert before.start + before.seconds == pytest.approx(after.start)
        assert before.name != after.name
