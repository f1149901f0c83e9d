"""Which series of a run belong together: ordinary prompts, growing ones, several askers. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from rag.bench.records import BenchRun, Series
from rag.bench.summary import SeriesSummary, model_of, summarise


def plain_of(found: Sequence[SeriesSummary]) -> list[SeriesSummary]:
    """The series of ordinary prompts, one asker at a time, the models side by side under each prompt."""
    own = [s for s in found if s.concurrency == 1 and s.wanted_prompt_tokens is None and s.rounds]
    order = list(dict.fromkeys(s.prompt for s in own))
    return sorted(own, key=lambda s: order.index(s.prompt))


def growing_of(found: Sequence[SeriesSummary]) -> list[SeriesSummary]:
    """The series of growing prompts, shorter ones first within a model."""
    own = [s for s in found if s.wanted_prompt_tokens is not None and s.rounds]
    order = list(dict.fromkeys(s.model for s in own))
    return sorted(own, key=lambda s: (order.index(s.model), s.wanted_prompt_tokens or 0))


def crowds_of(run: BenchRun) -> list[SeriesSummary]:
    """By model and number of askers, fewer first, over all prompts that several askers were tried with."""
    tried = {(s.model, s.prompt) for s in run.series if s.concurrency > 1 and s.rounds}
    own = [s for s in run.series if (s.model, s.prompt) in tried and s.wanted_prompt_tokens is None and s.rounds]
    return [
        summarise(_joined([s for s in own if (s.model, s.concurrency) == (alias, askers)]), model_of(run, alias))
        for alias in dict.fromkeys(s.model for s in own)
        for askers in sorted({s.concurrency for s in own if s.model == alias})
    ]


def reasons(s: SeriesSummary) -> bool:
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
