"""What changed between two runs, and when that is worse."""

from dataclasses import replace

import pytest

from rag.evaluation import report
from rag.evaluation.quality_regression import compare
from rag.evaluation.results import Rubric
from tests.evaluation_parts import results, row, scores

BEFORE = results(row("a"), row("b"), row("c", 0.5), row("d"))


def test_a_run_is_not_worse_than_itself():
    found = compare(BEFORE, BEFORE, 0.0)
    assert found.passed
    assert not found.flips
    assert all(difference.change == 0 for difference in found.differences)
    assert report.comparison(found).startswith("Nothing is worse by more than 0.\n")


@pytest.mark.parametrize(("tolerance", "passed"), [(0.12, False), (0.125, True), (0.2, True)])
def test_a_fall_is_worse_past_the_tolerance_only(tolerance: float, passed: bool):
    found = compare(BEFORE, results(row("a"), row("b", 0.5), row("c", 0.5), row("d")), tolerance)
    assert found.passed == passed
    assert ("quality" in {difference.name for difference in found.worse}) != passed
    assert [(flip.id, flip.before, flip.after) for flip in found.flips] == [("b", 1.0, 0.5)]


def test_one_gain_does_not_hide_another_loss():
    better = replace(row("c"), refusal_right=False)
    found = compare(BEFORE, results(row("a"), row("b"), better, row("d")))
    assert [difference.name for difference in found.worse] == ["refusal correctness"]


def test_times_are_shown_and_never_judged():
    slow = replace(BEFORE, times={id: {"search": 9e6, "total": 9e6} for id in "abcd"})
    found = compare(BEFORE, slow, 0.0)
    assert found.passed
    assert [(a.name, b.mean) for a, b in found.times] == [("search", 9e6), ("total", 9e6)]


def test_questions_that_are_gone_or_others_fail_and_new_ones_do_not():
    found = compare(BEFORE, results(row("a"), row("b"), row("c", 0.5), row("e")))
    assert (found.missing, found.added, found.passed) == (("d",), ("e",), False)
    assert "the second run lacks d" in report.comparison(found)
    assert compare(BEFORE, results(*BEFORE.rows, row("e", 0.0))).passed
    other = replace(row("d"), question="Something else?")
    found = compare(BEFORE, results(row("a"), row("b"), row("c", 0.5), other))
    assert (found.reworded, found.passed) == (("d",), False)


def test_runs_without_a_common_question_are_compared_without_an_error():
    found = compare(BEFORE, results(row("z")))
    assert (found.differences, found.passed) == ((), False)


def test_a_score_that_one_run_does_not_have_is_not_compared():
    with_support = results(row("a", scores=scores(support=0.9)), row("b"))
    names = {difference.name for difference in compare(with_support, results(row("a"), row("b"))).differences}
    assert "support" not in names
    assert "quality" in names


def test_points_and_ragas_are_compared_too():
    good, bad = (row("a", rubric=Rubric(n, 5, 5, "hand"), ragas={"faithfulness": n / 5}) for n in (5, 2))
    worse = {difference.name for difference in compare(results(good), results(bad)).worse}
    assert worse == {"coherence", "ragas faithfulness"}


def test_a_failed_turn_shows():
    bad = row("a", 0.0, failure="The model crashed.", outcome="failed")
    found = compare(results(row("a")), results(bad))
    assert "turns without failure" in {difference.name for difference in found.worse}
    assert "answered → failed" in report.comparison(found)
