"""PGR, APGR, CPT, harm and AUROC, against numbers that were worked out by hand and against the definitions."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.errors import QuestionError
from rag.evaluation import report
from rag.evaluation.results import Attempt
from rag.evaluation.routing import Pair, area, calls_for, points, routing
from tests.evaluation_parts import results, row, scores

SMALL = results(row("a", 0.0, 0.1), row("b", 1.0, 0.9), row("c", 0.0, 0.4), row("d", 1.0, 0.2))
LARGE = results(row("a", 1.0), row("b", 1.0), row("c", 1.0), row("d", 0.0))
"""Least confident first: a gains, d loses, c gains, b stays. The gap is from 0.5 to 0.75."""

qualities = st.sampled_from([0.0, 0.5, 1.0])
pairs = st.lists(st.builds(Pair, st.sampled_from([0.1, 0.3, 0.5, 0.7]), qualities, qualities), min_size=1, max_size=12)


def test_numbers_worked_out_by_hand():
    found = routing(SMALL, LARGE)
    assert (found.small, found.large, found.questions) == (0.5, 0.75, 4)
    assert [point.recovered for point in found.curve] == [0.0, 1.0, 0.0, 1.0, 1.0]
    assert found.apgr == pytest.approx((0.5 + 0.5 + 0.5 + 1.0) / 4)
    assert found.thresholds == ((0.5, 0.25), (0.8, 0.25))
    assert found.would_harm == 0.25
    assert found.auroc == 0.75
    assert found.auroc_interval
    assert found.auroc_interval[0] <= 0.75 <= found.auroc_interval[1]


@given(pairs)
def test_the_curve_runs_from_the_small_model_to_the_large_one(given_pairs: list[Pair]):
    curve = list(points(given_pairs))
    assert len(curve) == len(given_pairs) + 1
    assert (curve[0].calls, curve[-1].calls) == (0, 1)
    assert curve[-1].quality == pytest.approx(np.mean([pair.large for pair in given_pairs]))
    assert all((point.recovered is None) == (curve[0].recovered is None) for point in curve)


@given(pairs)
def test_confidence_that_tells_nothing_recovers_half(given_pairs: list[Pair]):
    curve = list(points([Pair(0.5, pair.small, pair.large) for pair in given_pairs]))
    assume(curve[0].recovered is not None)
    assert area(curve) == pytest.approx(0.5)
    count = len(given_pairs)
    assert calls_for(0.5, curve) == pytest.approx(np.ceil(count / 2) / count)


@given(pairs)
def test_no_order_beats_the_one_by_gain(given_pairs: list[Pair]):
    best = [Pair(pair.small - pair.large, pair.small, pair.large) for pair in given_pairs]
    curve, ideal = list(points(given_pairs)), list(points(best))
    assume(curve[0].recovered is not None)
    reached, most = area(curve), area(ideal)
    assert reached is not None
    assert most is not None
    assert reached <= most + 1e-9


def test_without_a_gap_there_is_nothing_to_recover():
    found = routing(LARGE, SMALL)
    assert (found.apgr, found.thresholds) == (None, ((0.5, None), (0.8, None)))
    assert "no gap to recover" in report.routing(found)


def test_what_the_gate_ended_is_sent_last_and_is_no_draft():
    gated = results(row("a", 0.0, 0.05, outcome="abstained", draft=None), row("b", 0.0, 0.6), row("c", 1.0, 0.9))
    found = routing(gated, results(row("a"), row("b"), row("c")))
    assert [point.recovered for point in found.curve] == pytest.approx([0.0, 0.5, 0.5, 1.0])
    assert (found.drafts, found.auroc) == (2, 1.0)


def test_all_drafts_right_or_none_gives_no_auroc():
    found = routing(results(row("a", 0.0), row("b", 0.0)), results(row("a"), row("b")))
    assert (found.auroc, found.auroc_interval) == (None, None)


def test_a_hybrid_run_has_its_place_and_its_harm():
    def escalated(id: str, draft: float, shown: float, outcome: str = "escalated"):
        large = Attempt("gpt-oss-20b", "…", scores(shown))
        return row(id, shown, draft=Attempt("phi-4-mini", "…", scores(draft)), large=large, outcome=outcome)

    hybrid = results(escalated("a", 0.0, 1.0), row("b"), row("c", 0.0), escalated("d", 1.0, 0.0))
    found = routing(SMALL, LARGE, hybrid).hybrid
    assert found
    assert (found.escalated, found.harmed, found.helped, found.harm_rate) == (2, 1, 1, 0.5)
    assert (found.point.calls, found.point.quality, found.point.recovered) == (0.5, 0.5, 0.0)
    kept = routing(SMALL, LARGE, SMALL).hybrid
    assert kept
    assert kept.harm_rate is None
    assert "hybrid: harm rate" in report.routing(routing(SMALL, LARGE, hybrid))


def test_runs_of_other_questions_are_refused_by_name():
    with pytest.raises(QuestionError, match=r"the larger model's run lacks d"):
        routing(SMALL, results(row("a"), row("b"), row("c")))
    with pytest.raises(QuestionError, match=r"the small model's run lacks z; the hybrid run lacks z"):
        routing(SMALL, results(*LARGE.rows, row("z")), SMALL)
    with pytest.raises(QuestionError, match="they are empty"):
        routing(results(), results())
