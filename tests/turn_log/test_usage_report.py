"""What a report says of turns: by hand where the numbers are few, by rules where they are many."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.cli.report_text import as_text
from rag.turn_log.record import LoggedDecision, LoggedEscalation, LoggedGeneration, LoggedTurn
from rag.turn_log.usage_report import ENOUGH, ReportPrices, summarise
from tests.logged_parts import NOON, escalated, logged

FREE = ReportPrices()
PRICES = ReportPrices(small=(1.0, 2.0), large=(10.0, 20.0))


def held(reason: str) -> LoggedDecision:
    return LoggedDecision("keep", 0.3, 0.5, 0.9, 0.35, trigger="low_confidence", blocked_by=reason)  # type: ignore[arg-type]


def a_week() -> list[LoggedTurn]:
    """Ten turns of all kinds."""
    kept = escalated("7", outcome="kept_draft", escalation_report=LoggedEscalation(9.0, 0.9, 0.4, kept=1, removed=2))
    same = escalated("8", escalation_report=LoggedEscalation(3.0, 0.9, 0.9, kept=2), thumb="down")
    asked = escalated(
        "9",
        mode="large",
        draft=None,
        escalation_report=None,
        decision=LoggedDecision("escalate", 1.0, 0.0, 1.0, 0.0, trigger="asked", way="answer"),
    )
    return [
        logged("1", thumb="up"),
        logged("2", thumb="up", total=5.0),
        logged("3", thumb="down", asked=True),
        logged("4", decision=held("share")),
        logged("5", outcome="abstained", draft=None, first_token=None, total=0.1, asked=True),
        escalated("6", at=NOON + timedelta(days=6), thumb="up"),
        kept,
        same,
        asked,
        logged("10", outcome="quoted", draft=LoggedGeneration("quoting", 0.1, generated=False), total=0.2),
    ]


def test_a_period_is_summed_up() -> None:
    report = summarise(a_week(), FREE)
    assert (report.turns, report.first, report.last) == (10, NOON, NOON + timedelta(days=6))
    assert {name: share.count for name, share in report.outcomes.items()} == {
        **{"answered": 4, "escalated": 3, "abstained": 1, "kept_draft": 1, "quoted": 1}
    }
    assert (report.escalated.count, report.escalated.of, report.escalated.share) == (4, 10, 0.4)
    assert {name: share.share for name, share in report.triggers.items()} == {"low_confidence": 0.3, "asked": 0.1}
    assert report.blocked_by == {"share": 1}
    added = report.added["low_confidence"]
    assert (added.count, added.mean) == (3, pytest.approx((7 + 9 + 3) / 3))
    assert added.p95 == pytest.approx(8.8)
    assert report.added_in_all == added
    assert "asked" not in report.added  # it had no draft to add to
    assert (report.changed.count, report.changed.of) == (1, 3)
    assert (report.better_supported.count, report.better_supported.of) == (1, 3)
    assert (report.kept_drafts.count, report.kept_drafts.of) == (1, 3)
    assert (report.overrides.count, report.overrides.of) == (2, 6)
    assert {name: (each.up, each.down) for name, each in report.thumbs.items()} == {
        **{"answered": (2, 1), "escalated": (1, 1)}
    }


def test_drafts_that_stayed_are_timed_apart_from_escalated_turns() -> None:
    latency = summarise(a_week(), FREE).latency
    kept, larger, both = (latency[name].total for name in ("kept", "escalated", "all"))
    assert kept
    assert larger
    assert both
    assert (kept.count, kept.p50, kept.p95) == (4, 3.0, pytest.approx(4.7))
    assert (larger.count, larger.p50) == (4, 10.0)
    assert (both.count, both.p50) == (8, 7.5)
    first = summarise([logged(first_token=None)], FREE).latency["kept"].first_token
    assert first is None


def test_tokens_are_summed_by_model_and_quotes_have_none() -> None:
    early = logged("e", draft=LoggedGeneration("phi-4-mini", 1.0, early=True, read=500, written=20, reasoning=0))
    silent = logged("s", draft=LoggedGeneration("phi-4-mini", 1.0, early=True))
    report = summarise([*a_week(), early, silent], FREE)
    small, large = report.models["phi-4-mini"], report.models["gpt-oss-20b"]
    assert set(report.models) == {"phi-4-mini", "gpt-oss-20b"}
    assert (small.generations, small.uncounted, small.read, small.written) == (9, 1, 7500, 720)
    assert (small.tokens_per_second, large.tokens_per_second) == (40.0, 50.0)
    assert (large.generations, large.written, large.reasoning) == (4, 1200, 400)
    assert (report.early.count, report.early.of, report.early_tokens) == (2, 9, 20)


def test_costs_are_those_of_a_thousand_answers() -> None:
    small, large = (1000 * 1 + 100 * 2) / 1e6, (1100 * 10 + 300 * 20) / 1e6
    costs = summarise(a_week(), PRICES).costs
    assert costs
    assert costs.blended == pytest.approx(1000 * (7 * small + 4 * large) / 8)
    assert (costs.small, costs.large) == (pytest.approx(1000 * small), pytest.approx(1000 * large))
    assert costs.estimated == 0
    assert summarise(a_week(), FREE).costs is None


def test_without_the_larger_model_its_cost_is_taken_from_the_drafts() -> None:
    costs = summarise([logged("1"), logged("2")], PRICES).costs
    assert costs
    assert costs.blended == costs.small == pytest.approx(1.2)
    assert costs.large == pytest.approx(1000 * (1000 * 10 + 100 * 20) / 1e6)


def test_drafts_that_were_given_up_do_not_make_the_small_model_look_cheap() -> None:
    early = LoggedGeneration("phi-4-mini", 0.5, early=True, read=1000, written=10, reasoning=0)
    costs = summarise([logged("1"), escalated("2", draft=early)], PRICES).costs
    assert costs
    assert costs.small == pytest.approx(1.2)
    assert costs.blended == pytest.approx((1200 + 1020 + 17_000) / 2 / 1000)


def test_replies_that_nobody_counted_cost_the_mean_of_the_others() -> None:
    silent = LoggedGeneration("phi-4-mini", 1.0)
    costs = summarise([logged("1"), logged("2", draft=silent)], PRICES).costs
    assert costs
    assert (costs.blended, costs.estimated) == (pytest.approx(1.2), 1)
    assert summarise([logged("1", draft=silent)], PRICES).costs is None
    assert summarise([logged("1", outcome="abstained", draft=None)], PRICES).costs is None


def test_an_interval_needs_enough_turns() -> None:
    turns = [escalated(str(n)) if n % 4 == 0 else logged(str(n)) for n in range(ENOUGH)]
    interval = summarise(turns, FREE).escalated.interval
    assert interval
    assert 0 < interval[0] < 0.25 < interval[1] < 0.6
    assert summarise(turns[1:], FREE).escalated.interval is None
    assert summarise(turns, FREE).kept_drafts.interval is None  # of five only
    assert summarise(turns, FREE).overrides.interval is None  # of 15
    none = summarise([escalated(str(n)) for n in range(ENOUGH)], FREE).kept_drafts
    assert (none.share, none.interval) == (0.0, pytest.approx((0.0, 0.161), abs=1e-3))
    assert "too few" in as_text(summarise(turns[1:], FREE))
    assert "too few" not in as_text(summarise(turns, FREE))


def test_no_turns_make_no_report() -> None:
    with pytest.raises(ValueError, match="no turns"):
        summarise([], FREE)


def test_the_text_reads_in_a_terminal_and_as_markdown() -> None:
    odd = logged("x", draft=LoggedGeneration("phi|4*mini\n<b>", 1.0, read=12345678, written=1, reasoning=0))
    text = as_text(summarise([*a_week(), *(logged(str(n)) for n in range(20, 50)), odd], PRICES))
    lines = text.splitlines()
    assert lines[0].startswith("# 41 turns, 2026-11-0")
    assert "\n\n\n" not in text
    assert max(map(len, lines)) <= 79
    assert "phi\\|4\\*mini \\<b\\>" in text
    for word in ("low confidence", "asked for", "its share of turns was used up", "larger model alone", "12,3"):
        assert word in text
    assert not any(name in text for name in ("low_confidence", "kept_draft", "None", "nan"))
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 7
    for table in tables:
        widths = {len(line) for line in table if line.startswith("|")}
        columns = {line.replace("\\|", "").count("|") for line in table if line.startswith("|")}
        assert len(widths) == len(columns) == 1


OUTCOMES = ("answered", "escalated", "kept_draft", "abstained", "quoted")


@st.composite
def any_turn(draw: st.DrawFn) -> LoggedTurn:
    seconds = st.floats(0, 500)
    count = st.none() | st.integers(0, 10_000)
    generation = st.none() | st.builds(
        LoggedGeneration,
        model=st.text(max_size=5),
        seconds=seconds,
        generated=st.booleans(),
        early=st.booleans(),
        read=count,
        written=count,
        reasoning=count,
        tokens_per_second=st.none() | seconds,
    )
    receipt = st.builds(LoggedEscalation, seconds, st.floats(0, 1), st.floats(0, 1), count, *[st.integers(0, 3)] * 4)
    return logged(
        outcome=draw(st.sampled_from(OUTCOMES)),
        decision=LoggedDecision(
            *("keep", 0.1, 0.5, 0.5, 0.5),
            trigger=draw(st.sampled_from((None, "cut_off", "asked"))),
            blocked_by=draw(st.sampled_from((None, "wait", "failed"))),
        ),
        total=draw(seconds),
        first_token=draw(st.none() | seconds),
        draft=draw(generation),
        escalated=draw(generation),
        escalation_report=draw(st.none() | receipt),
        thumb=draw(st.sampled_from((None, "up", "down"))),
        asked=draw(st.booleans()),
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(any_turn(), min_size=1, max_size=5), st.sampled_from((1, 5, ENOUGH)))
def test_any_turns_make_a_report(kinds: list[LoggedTurn], times: int) -> None:
    turns = kinds * times
    report = summarise(turns, PRICES)
    assert sum(share.count for share in report.outcomes.values()) == len(turns)
    assert sum(share.count for share in report.triggers.values()) <= report.escalated.count
    for share in (report.escalated, report.changed, report.better_supported, report.kept_drafts, report.overrides):
        assert share.count <= share.of <= len(turns)
        low, high = share.interval or (0.0, 1.0)
        assert share.share is None or 0 <= low <= share.share <= high <= 1
    assert as_text(report)
    assert "nan" not in str(dataclasses.asdict(report))
