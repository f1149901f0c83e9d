"""The rounds of a bench run in numbers: medians with intervals, rates, energy, cost. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.statistics import Interval, bootstrap

_CUT_OFF = "length"


@dataclass(frozen=True, slots=True)
class Gaps:
    """The time between one fragment of text and the next, over all rounds; a fragment may hold several tokens."""

    p50_s: float
    p95_s: float
    n: int


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One model with one prompt, at one concurrency; None where nothing was measured, here and below."""

    model: str
    prompt: str
    concurrency: int
    wanted_prompt_tokens: int | None
    rounds: int
    headers_s: Interval | None
    first_token_s: Interval | None
    first_visible_s: Interval | None
    total_s: Interval | None
    gaps: Gaps | None
    prefill_tps: Interval | None
    decode_tps: Interval | None
    prompt_tokens: Interval | None
    completion_tokens: Interval | None
    """Reasoning included."""
    reasoning_tokens: Interval | None
    cold_first_token_s: float | None
    """Of the first warm-up answer."""
    cut_off: int
    """Answers that ended because they were as long as allowed."""
    silent: int
    """Answers without a visible word."""
    tokens_per_second: float | None
    """Completion tokens of all rounds over the time that they took together: what all requests at once get in sum."""
    answers_per_minute: float | None
    watts: float | None
    """Mean power of the GPU."""
    energy_wh: float | None
    """Of one answer, the GPU's alone: its mean power, idling included, times the time, over the answers."""
    cost_per_thousand: float | None
    """A thousand answers like the mean one, at the model's price."""


@dataclass(frozen=True, slots=True)
class StrategySummary:
    """One strategy, such as the small model alone or draft and refinement, measured over the same questions."""

    name: str
    first_token_s: Interval | None
    """To the first word that a person sees."""
    total_s: Interval | None
    tokens: Interval | None
    """Of one answer: read and written, by all models together."""
    cost: float | None
    """Of a thousand answers."""
    answers: int


def summaries(run: BenchRun) -> tuple[SeriesSummary, ...]:
    """The summary of each series, in the order of the run."""
    return tuple(summarise(series, model_of(run, series.model)) for series in run.series)


def model_of(run: BenchRun, alias: str) -> Model:
    """What is known of a model of the run; its alias alone when that is all."""
    return next((model for model in run.models if model.alias == alias), Model(alias))


def summarise(series: Series, model: Model) -> SeriesSummary:
    """The numbers of a series; its warm-up counts for `cold_first_token_s` only."""
    rounds, wall_s = series.rounds, _wall_s(series)
    written = [each.completion_tokens for each in rounds]
    counted = sum(tokens or 0 for tokens in written) if rounds and None not in written else None
    return SeriesSummary(
        model=series.model,
        prompt=series.prompt,
        concurrency=series.concurrency,
        wanted_prompt_tokens=series.wanted_prompt_tokens,
        rounds=len(rounds),
        headers_s=spread_of(each.headers_s for each in rounds),
        first_token_s=spread_of(each.first_token_s for each in rounds),
        first_visible_s=spread_of(each.first_visible_s for each in rounds),
        total_s=spread_of(each.total_s for each in rounds),
        gaps=_gaps(rounds),
        prefill_tps=spread_of(each.prefill_tps for each in rounds),
        decode_tps=spread_of(each.decode_tps for each in rounds),
        prompt_tokens=spread_of(each.prompt_tokens for each in rounds),
        completion_tokens=spread_of(written),
        reasoning_tokens=spread_of(each.reasoning_tokens for each in rounds),
        cold_first_token_s=series.warm_up[0].first_token_s if series.warm_up else None,
        cut_off=sum(each.finish_reason == _CUT_OFF for each in rounds),
        silent=sum(each.first_visible_s is None for each in rounds),
        tokens_per_second=counted / wall_s if counted and wall_s else None,
        answers_per_minute=60 * len(rounds) / wall_s if wall_s else None,
        watts=series.watts,
        energy_wh=series.watts * wall_s / 3600 / len(rounds) if series.watts is not None and wall_s else None,
        cost_per_thousand=_cost_per_thousand(rounds, model.price),
    )


def spread_of(values: Iterable[float | None]) -> Interval | None:
    """The spread of the values that are there; None when there are none."""
    there = tuple(float(value) for value in values if value is not None and math.isfinite(value))
    return _spread(there) if there else None


@lru_cache(maxsize=8192)  # each report of a run asks for the same ones, and they are most of its work
def _spread(values: tuple[float, ...]) -> Interval:
    low, high = bootstrap(values, lambda draws: np.median(draws, axis=1), rounds=1_000)
    return Interval(
        mean=math.fsum(values) / len(values),
        median=float(np.median(values)),
        p95=float(np.percentile(values, 95)),
        low=low,
        high=high,
        minimum=min(values),
        maximum=max(values),
        n=len(values),
    )


def _gaps(rounds: Sequence[Round]) -> Gaps | None:
    gaps = [gap for each in rounds for gap in each.gaps_s]
    if not gaps:
        return None
    p50, p95 = np.percentile(gaps, [50, 95])
    return Gaps(float(p50), float(p95), len(gaps))


def _wall_s(series: Series) -> float | None:
    """How long all rounds took together; None when it was not taken and cannot be added up."""
    if not series.rounds:
        return None
    return series.wall_s or (sum(each.total_s for each in series.rounds) if series.concurrency == 1 else None)


def _cost_per_thousand(rounds: Sequence[Round], price: tuple[float, float] | None) -> float | None:
    counted = [
        (each.prompt_tokens, each.completion_tokens)
        for each in rounds
        if each.prompt_tokens is not None and each.completion_tokens is not None
    ]
    if not counted or not price or not any(price):
        return None
    millionths = sum(read * price[0] + written * price[1] for read, written in counted)
    return 1_000 * millionths / 1_000_000 / len(counted)


def ordinary_of(found: Sequence[SeriesSummary]) -> list[SeriesSummary]:
    """The series of ordinary prompts, one request at a time, the models side by side under each prompt."""
    own = [s for s in found if s.concurrency == 1 and s.wanted_prompt_tokens is None and s.rounds]
    order = list(dict.fromkeys(s.prompt for s in own))
    return sorted(own, key=lambda s: order.index(s.prompt))


def prompt_scaling_of(found: Sequence[SeriesSummary]) -> list[SeriesSummary]:
    """The series of prompt scaling, shorter prompts first within a model."""
    own = [s for s in found if s.wanted_prompt_tokens is not None and s.rounds]
    order = list(dict.fromkeys(s.model for s in own))
    return sorted(own, key=lambda s: (order.index(s.model), s.wanted_prompt_tokens or 0))


def concurrent_of(run: BenchRun) -> list[SeriesSummary]:
    """By model and concurrency, lowest first, over all prompts that were tried with more than one request at a time."""
    tried = {(s.model, s.prompt) for s in run.series if s.concurrency > 1 and s.rounds}
    own = [s for s in run.series if (s.model, s.prompt) in tried and s.wanted_prompt_tokens is None and s.rounds]
    return [
        summarise(_joined([s for s in own if (s.model, s.concurrency) == (alias, at_once)]), model_of(run, alias))
        for alias in dict.fromkeys(s.model for s in own)
        for at_once in sorted({s.concurrency for s in own if s.model == alias})
    ]


def reasons_first(s: SeriesSummary) -> bool:
    """Whether a person saw the first word later than the model began."""
    return bool(s.first_token_s and s.first_visible_s and s.first_visible_s.median > s.first_token_s.median)


def _joined(series: Sequence[Series]) -> Series:
    """The rounds of several prompts, asked one after the other, as one series."""
    prompts = tuple(dict.fromkeys(s.prompt for s in series))
    walls = [s.wall_s for s in series if s.wall_s]
    return replace(
        series[0],
        prompt=prompts[0] if len(prompts) == 1 else f"{len(prompts)} prompts",
        rounds=tuple(each for s in series for each in s.rounds),
        wall_s=sum(walls) if len(walls) == len(series) else None,
        watts=None,
    )
