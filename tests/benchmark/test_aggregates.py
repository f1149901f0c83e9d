"""Rounds as numbers: spreads with intervals, throughput, energy, cost; nothing made up where nothing was measured."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.benchmark.aggregates import concurrent_of, ordinary_of, prompt_scaling_of, spread_of, summaries, summarise
from rag.benchmark.records import BenchRun, Model, Series
from rag.statistics import ENOUGH_FOR_P95
from tests.bench_run import MACHINE, full_run, round_of

MODEL = Model("phi-4-mini", price=(2.0, 10.0))


def series(*totals: float, **values: object) -> Series:
    return replace(Series("phi-4-mini", "short", (), tuple(round_of(total) for total in totals)), **values)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.001, 1_000), min_size=1, max_size=30))
def test_a_spread_is_ordered_and_agrees_with_numpy(values: list[float]):
    spread = spread_of(values)
    assert spread
    assert spread.minimum <= spread.low <= spread.high <= spread.maximum
    assert spread.median == pytest.approx(np.median(values))
    assert spread.p95 == pytest.approx(np.percentile(values, 95))
    assert spread.mean == pytest.approx(np.mean(values))
    assert spread.n == len(values)
    assert spread.p95_reliable == (len(values) >= ENOUGH_FOR_P95)


def test_the_interval_is_that_of_the_median_and_holds_its_level():
    """Of a hundred samples about ninety-five have the true median within."""
    chance = np.random.default_rng(3)
    spreads = [spread_of(chance.lognormal(0, 0.3, 15)) for _ in range(100)]
    assert 88 <= sum(spread.low <= 1 <= spread.high for spread in spreads if spread) <= 99


def test_what_is_not_there_and_not_finite_is_left_out():
    assert spread_of([]) is None
    assert spread_of([None, math.nan, math.inf]) is None
    spread = spread_of([None, 2.0, math.nan])
    assert spread
    assert (spread.n, spread.median, spread.low, spread.high) == (1, 2.0, 2.0, 2.0)


def test_a_series_is_told_by_its_rounds_alone_and_its_warm_up_apart():
    found = summarise(series(1.0, 2.0, 6.0, warm_up=(round_of(99.0, 9.0), round_of(50.0, 5.0))), MODEL)
    assert found.total_s
    assert (found.total_s.median, found.total_s.mean, found.total_s.n) == (2.0, 3.0, 3)
    assert found.cold_first_token_s == 9.0
    assert found.prefill_tps
    assert found.prefill_tps.median == pytest.approx(100 / 0.49)
    assert found.decode_tps
    assert found.decode_tps.median == pytest.approx(99 / 1.5)


def test_throughput_is_over_the_time_that_all_took_together():
    crowd = summarise(series(2.0, 2.0, 2.0, 2.0, concurrency=4, wall_s=2.5), MODEL)
    assert crowd.tokens_per_second == pytest.approx(160)
    assert crowd.answers_per_minute == pytest.approx(96)
    alone = summarise(series(2.0, 3.0), MODEL)
    assert alone.tokens_per_second == pytest.approx(40)
    unknown = summarise(series(2.0, 2.0, concurrency=2), MODEL)
    assert (unknown.tokens_per_second, unknown.answers_per_minute) == (None, None)


def test_tokens_that_were_not_counted_are_not_guessed():
    rounds = (round_of(2.0), round_of(2.0, completion_tokens=None))
    found = summarise(series(rounds=rounds), MODEL)
    assert found.tokens_per_second is None
    assert found.answers_per_minute == pytest.approx(30)
    assert found.completion_tokens
    assert found.completion_tokens.n == 1


def test_energy_needs_a_reading_and_cost_a_price():
    found = summarise(series(3.0, 3.0, watts=60.0, wall_s=6.0), MODEL)
    assert found.energy_wh == pytest.approx(60 * 6 / 3600 / 2)
    assert found.cost_per_thousand == pytest.approx(1_000 * (100 * 2 + 100 * 10) / 1_000_000)
    assert summarise(series(3.0), MODEL).energy_wh is None
    for price in (None, (0.0, 0.0)):
        assert summarise(series(3.0), replace(MODEL, price=price)).cost_per_thousand is None


def test_answers_cut_off_or_without_a_word_are_counted():
    rounds = (round_of(1.0, finish_reason="length"), round_of(1.0, None), round_of(1.0))
    found = summarise(series(rounds=rounds), MODEL)
    assert (found.cut_off, found.silent, found.rounds) == (1, 1, 3)
    assert found.first_token_s
    assert found.first_token_s.n == 2


def test_gaps_are_those_of_all_rounds_together():
    rounds = (round_of(gaps_s=(0.1, 0.2)), round_of(gaps_s=(0.3,)), round_of())
    gaps = summarise(series(rounds=rounds), MODEL).gaps
    assert gaps
    assert (gaps.p50_s, gaps.n) == (pytest.approx(0.2), 3)
    assert gaps.p95_s == pytest.approx(0.29)


def test_a_series_that_broke_off_at_once_says_nothing():
    found = summarise(Series("phi-4-mini", "short", failure="It crashed."), MODEL)
    assert found.rounds == 0
    assert (found.total_s, found.gaps, found.answers_per_minute, found.cost_per_thousand) == (None, None, None, None)


def test_series_are_put_where_they_belong():
    run = full_run(rounds=3)
    found = summaries(run)
    plain, growing, crowds = ordinary_of(found), prompt_scaling_of(found), concurrent_of(run)
    assert [(s.prompt, s.model) for s in plain[:3]] == [
        ("one line", "phi-4-mini"),
        ("one line", "qwen-0.5b"),
        ("one line", "gpt-oss-20b"),
    ]
    assert len(plain) == 12
    assert [s.wanted_prompt_tokens for s in growing[:3]] == [128, 512, 1_024]
    assert [s.concurrency for s in crowds] == [1, 2, 4, 8] * 3


def test_several_prompts_with_several_askers_become_one_series():
    one, two = (series(2.0, 4.0, prompt=name, concurrency=2, wall_s=3.0) for name in ("a", "b"))
    apart = series(9.0, prompt="c")
    (joined,) = concurrent_of(BenchRun("", MACHINE, {}, (MODEL,), (one, two, apart)))
    assert (joined.prompt, joined.concurrency, joined.rounds) == ("2 prompts", 2, 4)
    assert joined.answers_per_minute == pytest.approx(60 * 4 / 6)
