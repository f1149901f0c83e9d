"""Two runs: slower or faster only beyond noise and tolerance, and nothing passed over in silence."""

from dataclasses import replace

import numpy as np
import pytest

from rag.benchmark.export import comparison_as_text as as_text
from rag.benchmark.records import BenchRun, Model, Series
from rag.benchmark.speed_regression import FEWEST, SpeedChange, SpeedComparison, compare
from tests.bench_run import MACHINE, SETTINGS, full_run, hostile_run, round_of


def run_of(*series: Series, **values: object) -> BenchRun:
    made = BenchRun("2026-11-20", MACHINE, SETTINGS, (Model("m"),), series, {"p": "Why?"})
    return replace(made, **values)


def series(*totals: float, **values: object) -> Series:
    return replace(Series("m", "p", (), tuple(round_of(total) for total in totals)), **values)


def noisy(scale: float, seed: int, count: int = 12, noise: float = 0.05) -> Series:
    return series(*(scale * np.random.default_rng(seed).lognormal(0, noise, count)))


def change(found: SpeedComparison, quantity: str = "whole answer s") -> SpeedChange:
    (one,) = [each for each in found.changes if each.quantity == quantity]
    return one


def test_what_is_slower_beyond_noise_and_tolerance_is_worse():
    found = compare(run_of(noisy(2, 1)), run_of(noisy(2.6, 2)), 0.1)
    total = change(found)
    assert total.verdict == "slower"
    assert found.worse
    assert 1 < total.low <= total.ratio <= total.high
    assert total.ratio == pytest.approx(1.3, rel=0.1)
    assert total.rounds == (12, 12)


def test_a_rate_that_falls_is_slower_and_one_that_rises_faster():
    slower = compare(run_of(noisy(2, 1)), run_of(noisy(3, 2)), 0.1)
    assert change(slower, "decode tokens/s").verdict == "slower"
    assert change(slower, "decode tokens/s").ratio < 1
    faster = compare(run_of(noisy(3, 2)), run_of(noisy(2, 1)), 0.1)
    assert change(faster).verdict == change(faster, "decode tokens/s").verdict == "faster"
    assert not faster.worse


def test_both_ways_are_judged_alike():
    """A halved rate is a doubled time: whoever swaps the runs gets the opposite verdict."""
    for scale, verdict in ((1.05, "level"), (1.099, "level"), (1.105, "slower"), (1.5, "slower")):
        there = compare(run_of(noisy(2, 1)), run_of(noisy(2 * scale, 1)), 0.1)
        back = compare(run_of(noisy(2 * scale, 1)), run_of(noisy(2, 1)), 0.1)
        assert change(there).verdict == verdict
        opposite = {"slower": "faster", "level": "level"}
        assert [opposite[each.verdict] for each in there.changes] == [each.verdict for each in back.changes]


def test_a_change_within_the_tolerance_is_none_however_sure():
    found = compare(run_of(noisy(2, 1, 50, 0.001)), run_of(noisy(2.1, 2, 50, 0.001)), 0.1)
    assert change(found).low > 1
    assert change(found).verdict == "level"
    assert change(compare(run_of(noisy(2, 1, 50, 0.001)), run_of(noisy(2.1, 2, 50, 0.001)), 0.02)).verdict == "slower"


def test_a_large_change_within_the_noise_is_none():
    found = compare(run_of(series(1, 1, 2, 3, 3)), run_of(series(1, 2, 2.5, 3, 4)), 0.1)
    assert change(found).ratio == pytest.approx(1.25)
    assert change(found).verdict == "level"


def test_equal_models_are_seldom_told_apart():
    """At five rounds and more the interval of equal models leaves 1 out in about one case of twenty."""
    for count in (FEWEST, 12):
        pairs = [(noisy(2, 2 * n, count), noisy(2, 2 * n + 1, count)) for n in range(60)]
        told = [change(compare(run_of(a), run_of(b), 0.0)).verdict != "level" for a, b in pairs]
        assert sum(told) <= 8


def test_too_few_rounds_are_said_and_not_judged():
    found = compare(run_of(series(1, 1, 1)), run_of(series(9, 9, 9)), 0.1)
    assert {each.verdict for each in found.changes} == {"too few"}
    assert not found.worse
    assert as_text(found).startswith("Nothing could be compared. Too few rounds for 3 quantities: it takes 5")


def test_series_are_matched_by_all_that_makes_them_the_same():
    kinds = ({}, {"concurrency": 4, "wall_s": 1.0}, {"wanted_prompt_tokens": 512}, {"prompt": "q"}, {"model": "n"})
    old = run_of(*(replace(noisy(2, n), **kind) for n, kind in enumerate(kinds)))
    new = run_of(*(replace(noisy(2 + 2 * (n == 1), n), **kind) for n, kind in enumerate(kinds)))
    slower = compare(old, new, 0.1).of("slower")
    assert {str(each.key) for each in slower} == {"m, p, 4 at once"}


def test_what_is_missing_is_named_and_worse():
    old = run_of(noisy(2, 1), replace(noisy(2, 1), prompt="q"), replace(noisy(2, 1), model="large"))
    new = run_of(noisy(2, 1), models=(Model("m"), Model("large", failure="It does not fit.")))
    found = compare(old, new, 0.1)
    assert found.missing == ("large (It does not fit.)", "m, q")
    assert found.worse
    back = compare(new, old, 0.1)
    assert back.added == ("large", "m, q")
    assert not back.worse


def test_a_series_without_rounds_is_missing():
    found = compare(run_of(noisy(2, 1)), run_of(replace(noisy(2, 1), rounds=(), failure="It crashed.")), 0.1)
    assert found.missing == ("m",)


def test_a_prompt_with_another_text_is_not_compared():
    found = compare(run_of(noisy(2, 1)), run_of(noisy(2, 1), prompts={"p": "How?"}), 0.1)
    assert (found.reworded, found.changes, found.worse) == (("p",), (), True)


def test_another_machine_settings_and_variant_are_said_plainly():
    machine = replace(MACHINE, processor="Other CPU", versions={"openai": "3.51"})
    new = run_of(
        noisy(2, 2),
        machine=machine,
        settings={**SETTINGS, "temperature": 0.3, "max_tokens": 100},
        models=(Model("m", "m-gpu:1", "GPU"),),
    )
    remarks = compare(run_of(noisy(2, 1), models=(Model("m", "m-cpu:1", "CPU"),)), new, 0.1).remarks
    assert remarks == (
        "Another machine or installation: processor was Made-up CPU 3000 and is Other CPU.",
        "Another machine or installation: foundry-local-sdk was 2.2.1 and is none.",
        "Another machine or installation: openai was none and is 3.51.",
        "Another setting: temperature was 0.0 and is 0.3.",
        "Another setting: max tokens was 200 and is 100.",
        "m is another variant: it was m-cpu:1 and is m-gpu:1.",
        "m is another device: it was CPU and is GPU.",
    )


def test_longer_answers_and_things_measured_once_are_remarks():
    longer = replace(noisy(2, 1), rounds=tuple(replace(r, completion_tokens=150) for r in noisy(2, 1).rounds))
    models = (Model("m", load_s=4.0, memory_after_mb=1_000),)
    slower_load = (Model("m", load_s=6.0, memory_after_mb=1_001),)
    found = compare(run_of(noisy(2, 1), models=models), run_of(longer, models=slower_load), 0.1)
    assert found.remarks == (
        "m: its loading took 4 s and now 6 s; measured once, so not compared.",
        "m, p: answers had 100 tokens and now 150, so whole answers do not compare the speed alone.",
    )


def test_values_of_zero_do_not_break_a_comparison():
    still = series(*[0.0] * 6, rounds=tuple(round_of(0.0, 0.0) for _ in range(6)))
    assert compare(run_of(still), run_of(still), 0.1).changes == ()


def test_the_text_has_the_verdict_first_and_the_numbers_after():
    shown = as_text(compare(full_run(), full_run(1.5), 0.1)).splitlines()
    assert shown[0].endswith("slower and 0 faster, beyond noise and beyond 10%.")
    assert shown[2] == "Slower"
    assert any("phi-4-mini, short, 8 at once" in line for line in shown)
    assert as_text(compare(full_run(), full_run(), 0.1)).endswith(
        "0 are slower and 0 faster, beyond noise and beyond 10%."
    )


def test_names_of_others_cannot_send_commands_to_the_terminal():
    shown = as_text(compare(hostile_run(), run_of(noisy(2, 1)), 0.1))
    assert all(c.isprintable() or c == "\n" for c in shown)
