"""A comparison in numbers: each strategy's spread and speed-up, and what a share of escalations costs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from rag.benchmark.aggregates import StrategySummary, spread_of
from rag.evaluation.results import Rubric
from rag.machine import Machine
from rag.statistics import Interval

SMALL, LARGE, REFINE, ESCALATE = "small", "large", "refine", "escalate"
STRATEGIES: Mapping[str, str] = {
    SMALL: "the small model alone",
    LARGE: "the larger model alone",
    REFINE: "every draft refined by the larger model",
    ESCALATE: "the larger model when the draft calls for it",
}


@dataclass(frozen=True, slots=True)
class ModelShare:
    """What one model did for an answer."""

    model: str
    seconds: float
    read: int | None
    """Prompt tokens, as the server counted them; None when it did not, here and below."""
    written: int | None
    """Completion tokens, reasoning included."""
    larger: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One prompt, answered with one strategy, in one round."""

    id: str
    """Of the text, for points given by hand: "privacy/refine/1"."""
    prompt: str
    """Its name."""
    strategy: Annotated[str, Field(alias="way")]
    """A key of `STRATEGIES`."""
    text: str
    first_word_s: float | None
    """To the first word that a person sees; None when there was none."""
    total_s: float
    shares: tuple[ModelShare, ...] = ()
    reason: str = ""
    """Why the draft was kept or not, in one sentence; "" where nothing was decided."""
    failure: str = ""
    """Why there is no answer, in one sentence."""

    @property
    def called_larger(self) -> bool:
        """Whether the larger model wrote any of it."""
        return any(share.larger for share in self.shares)


@dataclass(frozen=True, slots=True)
class CompareRun:
    """One run of `rag compare`."""

    at: str
    """UTC, ISO 8601."""
    machine: Machine
    settings: Mapping[str, str | int | float | bool]
    small: str
    """The alias."""
    large: str
    """The alias; "" when there is no larger model."""
    prompts: Mapping[str, str]
    """Their texts, by name."""
    answers: tuple[Answer, ...] = ()
    rubrics: Mapping[str, Rubric] = field(default_factory=dict[str, Rubric])
    """Points by the ids of answers."""
    stopped: str = ""
    """Why it ended before its end; "" when it did not."""


Price = tuple[float, float]
"""Of a million tokens, read and written."""

SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Blend:
    """What answers cost on average if a share of them is escalated: the draft each time, the larger model then."""

    share: float
    """[0, 1] of the turns."""
    total_s: float
    tokens: float | None
    cost: float | None
    """Of a thousand answers."""


@dataclass(frozen=True, slots=True)
class PairPrices:
    """Of both models; of nothing by default."""

    small: Price = (0.0, 0.0)
    large: Price = (0.0, 0.0)

    @property
    def known(self) -> bool:
        """Whether any was set."""
        return any((*self.small, *self.large))


def strategy_summaries(run: CompareRun, prices: PairPrices) -> tuple[StrategySummary, ...]:
    """Each strategy over all prompts and rounds, in the order of `STRATEGIES`; without those that have no answer."""
    found = ((name, [a for a in run.answers if a.strategy == name and not a.failure]) for name in STRATEGIES)
    return tuple(
        StrategySummary(
            name=name,
            first_token_s=spread_of(answer.first_word_s for answer in answers),
            total_s=spread_of(answer.total_s for answer in answers),
            tokens=_spread([_tokens(answer) for answer in answers]),
            cost=_mean([_cost(answer, prices) for answer in answers]) if prices.known else None,
            answers=len(answers),
        )
        for name, answers in found
        if answers
    )


def called_share(run: CompareRun) -> float | None:
    """[0, 1]: how often escalation by need called the larger model; None where it has no answer."""
    return _mean([float(a.called_larger) for a in run.answers if a.strategy == ESCALATE and not a.failure])


def speed_up(run: CompareRun, strategy: str) -> float | None:
    """How many times as fast as the larger model alone: the median over the prompts of the ratio of mean totals."""
    per_prompt = [(_total(run, name, LARGE), _total(run, name, strategy)) for name in run.prompts]
    ratios = sorted(large / other for large, other in per_prompt if large and other)
    return (ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2]) / 2 if ratios else None


def blends(run: CompareRun, prices: PairPrices, shares: Sequence[float] = SHARES) -> tuple[Blend, ...]:
    """The expected cost at each share, from the small model's and the larger model's own answers."""
    small, large = ([a for a in run.answers if a.strategy == strategy and not a.failure] for strategy in (SMALL, LARGE))
    if not small or not large:
        return ()

    def blended(value: Mapping[str, float | None], share: float) -> float | None:
        draft, second = value[SMALL], value[LARGE]
        return None if draft is None or second is None else draft + share * second

    both = {SMALL: small, LARGE: large}
    seconds = {name: _mean([a.total_s for a in answers]) for name, answers in both.items()}
    tokens = {name: _mean([_tokens(a) for a in answers]) for name, answers in both.items()}
    costs = {
        name: _mean([_cost(a, prices) for a in answers]) if prices.known else None for name, answers in both.items()
    }
    return tuple(
        Blend(share, blended(seconds, share) or 0.0, blended(tokens, share), blended(costs, share)) for share in shares
    )


def _total(run: CompareRun, prompt: str, strategy: str) -> float | None:
    return _mean([a.total_s for a in run.answers if (a.prompt, a.strategy) == (prompt, strategy) and not a.failure])


def _tokens(answer: Answer) -> float | None:
    counts = [each for share in answer.shares for each in (share.read, share.written)]
    return None if None in counts else float(sum(count or 0 for count in counts))


def _cost(answer: Answer, prices: PairPrices) -> float | None:
    """Of a thousand answers like this one."""
    if _tokens(answer) is None:
        return None
    priced = ((share, prices.large if share.larger else prices.small) for share in answer.shares)
    return sum(((share.read or 0) * read + (share.written or 0) * written) / 1000 for share, (read, written) in priced)


def _spread(values: Sequence[float | None]) -> Interval | None:
    """None as soon as one is unknown: a mean of the others would be another quantity."""
    return None if None in values else spread_of(values)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
