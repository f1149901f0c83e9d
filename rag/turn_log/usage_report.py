"""Logged turns → the report of a period: outcomes, escalations, latency, tokens, cost. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import Field

from rag.statistics import wilson
from rag.turn_log.record import LoggedGeneration, LoggedTurn, Thumb
from rag.types import BlockedBy, Outcome, Trigger

ENOUGH = 20
"""With fewer turns than this a share has no interval."""

Group = Literal["kept", "escalated", "all"]
"""Drafts that stayed without the larger model; turns that it wrote in; both."""

_Kind = TypeVar("_Kind")
_BY_A_MODEL = ("answered", "escalated", "kept_draft")


@dataclass(frozen=True, slots=True)
class ReportPrices:
    """Of a million tokens, read and written, in whatever currency the settings have."""

    small: tuple[float, float] = (0.0, 0.0)
    large: tuple[float, float] = (0.0, 0.0)

    @property
    def set(self) -> bool:
        """Whether anything costs anything."""
        return any(self.small + self.large)


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share and how sure it is."""

    count: int
    of: int
    share: float | None
    """[0, 1]; None of nothing."""
    interval: tuple[float, float] | None = None
    """95 % (Wilson, 1927); None below `ENOUGH`."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How seconds are distributed."""

    count: int
    mean: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Of a group of turns, in seconds; None where none was measured."""

    first_token: Quantiles | None
    total: Quantiles | None


@dataclass(frozen=True, slots=True)
class Thumbs:
    """What people thought of the answers of an outcome."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class TokenTotals:
    """What a model read and wrote."""

    generations: int
    uncounted: int
    """Generations whose server did not count; they are not in the sums."""
    read: int
    written: int
    reasoning: int
    """Part of `written`."""
    tokens_per_second: float | None
    """Median."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Of 1,000 answers, in the currency of the prices."""

    blended: float
    """As it was."""
    small: float | None
    """Had the small model answered alone: what its whole drafts cost. None without any."""
    large: float | None
    """Had the larger model answered alone: what its answers cost; where it never answered, the drafts' tokens at its
    price, which leaves its reasoning out. None without either."""
    estimated: int
    """Generations whose server did not count; they are taken to cost the mean of the model's others."""


@dataclass(frozen=True, slots=True)
class UsageReport:
    """A period."""

    turns: int
    first: datetime
    last: datetime
    outcomes: Mapping[Outcome, Proportion]
    escalated: Proportion
    """Turns in which the larger model answered, shown or not."""
    triggers: Mapping[Trigger, Proportion]
    """The same by trigger; each of all turns."""
    added: Mapping[Trigger, Quantiles]
    """Seconds that the larger model added to turns that had a draft."""
    added_in_all: Quantiles | None
    blocked_by: Annotated[Mapping[BlockedBy, int], Field(alias="held")]
    """Turns with a trigger whose draft stayed, by why."""
    changed: Proportion
    """Of the turns with a draft and a larger model's answer: those whose answer is not the draft's any more."""
    better_supported: Proportion
    """Of the same: those in which the larger model's answer is supported more by the passages than the draft."""
    kept_drafts: Proportion
    """Of the same: those whose draft was kept, because the larger model's answer is supported less by the passages."""
    overrides: Proportion
    """Turns without the larger model in which the person asked it all the same."""
    thumbs: Mapping[Outcome, Thumbs]
    latency: Mapping[Group, Latency]
    early: Proportion
    """Of the drafts: those stopped early."""
    early_tokens: int
    """TokenTotals of those drafts, as far as they were counted."""
    models: Mapping[str, TokenTotals]
    costs: Costs | None
    """None without prices, or without an answer whose tokens are known."""


def summarise(turns: Sequence[LoggedTurn], prices: ReportPrices) -> UsageReport:
    """What the turns were like.

    Raises:
        ValueError: there are none.
    """
    if not turns:
        raise ValueError("There are no turns to report on.")
    large = [turn for turn in turns if turn.escalated]
    both = [(turn, turn.escalation_report) for turn in large if turn.escalation_report]
    drafts = [turn.draft for turn in turns if turn.draft and turn.draft.generated]
    early = [draft for draft in drafts if draft.early]
    alone = [turn for turn in turns if not turn.escalated]
    triggers: Counter[Trigger] = Counter(turn.decision.trigger for turn in large if turn.decision.trigger)
    blocked_by: Counter[BlockedBy] = Counter(turn.decision.blocked_by for turn in turns if turn.decision.blocked_by)
    return UsageReport(
        turns=len(turns),
        first=min(turn.at for turn in turns),
        last=max(turn.at for turn in turns),
        outcomes=_shares(Counter(turn.outcome for turn in turns), len(turns)),
        escalated=_share(len(large), len(turns)),
        triggers=_shares(triggers, len(turns)),
        added={
            trigger: spread
            for trigger in triggers
            if (spread := _spread(added.seconds for turn, added in both if turn.decision.trigger == trigger))
        },
        added_in_all=_spread(added.seconds for _, added in both),
        blocked_by=dict(blocked_by.most_common()),
        changed=_share(sum(turn.outcome == "escalated" and added.changed for turn, added in both), len(both)),
        better_supported=_share(sum(each.support_after > each.support_before for _, each in both), len(both)),
        kept_drafts=_share(sum(turn.outcome == "kept_draft" for turn, _ in both), len(both)),
        overrides=_share(sum(turn.asked for turn in alone), len(alone)),
        thumbs=_thumbs(turns),
        latency=_latency(turns),
        early=_share(len(early), len(drafts)),
        early_tokens=sum(draft.written or 0 for draft in early),
        models=_models(turns),
        costs=_costs(turns, prices),
    )


def _shares(counts: Counter[_Kind], of: int) -> dict[_Kind, Proportion]:
    return {kind: _share(count, of) for kind, count in counts.most_common()}


def _share(count: int, of: int) -> Proportion:
    return Proportion(count, of, count / of if of else None, wilson(count, of) if of >= ENOUGH else None)


def _spread(values: Iterable[float | None]) -> Quantiles | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    p50, p95 = (float(value) for value in np.percentile(known, (50, 95)))
    return Quantiles(len(known), float(np.mean(known)), p50, p95)


def _thumbs(turns: Sequence[LoggedTurn]) -> dict[Outcome, Thumbs]:
    given: Counter[tuple[Outcome, Thumb]] = Counter((turn.outcome, turn.thumb) for turn in turns if turn.thumb)
    return {outcome: Thumbs(given[outcome, "up"], given[outcome, "down"]) for outcome, _ in given}


def _latency(turns: Sequence[LoggedTurn]) -> dict[Group, Latency]:
    kept = [turn for turn in turns if turn.outcome == "answered" and not turn.escalated]
    escalated = [turn for turn in turns if turn.escalated]
    groups: dict[Group, list[LoggedTurn]] = {"kept": kept, "escalated": escalated, "all": kept + escalated}
    return {
        name: Latency(_spread(turn.first_token for turn in group), _spread(turn.total for turn in group))
        for name, group in groups.items()
    }


def _models(turns: Sequence[LoggedTurn]) -> dict[str, TokenTotals]:
    by_model = dict[str, list[LoggedGeneration]]()
    for written in (each for turn in turns for each in (turn.draft, turn.escalated) if each and each.generated):
        by_model.setdefault(written.model, []).append(written)
    return {model: _tokens(written) for model, written in by_model.items()}


def _tokens(generations: Sequence[LoggedGeneration]) -> TokenTotals:
    rates = [each.tokens_per_second for each in generations if each.tokens_per_second is not None]
    return TokenTotals(
        generations=len(generations),
        uncounted=sum(not _counted(each) for each in generations),
        read=sum(each.read or 0 for each in generations),
        written=sum(each.written or 0 for each in generations),
        reasoning=sum(each.reasoning or 0 for each in generations),
        tokens_per_second=float(np.median(rates)) if rates else None,
    )


def _costs(turns: Sequence[LoggedTurn], prices: ReportPrices) -> Costs | None:
    answered = [turn for turn in turns if turn.outcome in _BY_A_MODEL]
    drafts = [turn.draft for turn in answered if turn.draft and turn.draft.generated]
    answers = [turn.escalated for turn in answered if turn.escalated]
    spent_small, spent_large = _spent(drafts, prices.small), _spent(answers, prices.large)
    if not prices.set or not answered or spent_small is None or spent_large is None:
        return None
    whole = [draft for draft in drafts if not draft.early]
    return Costs(
        blended=1000 * (spent_small + spent_large) / len(answered),
        small=_per_thousand(whole, prices.small),
        large=_per_thousand(answers or whole, prices.large),
        estimated=sum(not _counted(each) for each in (*drafts, *answers)),
    )


def _spent(generations: Sequence[LoggedGeneration], price: tuple[float, float]) -> float | None:
    """What all of them cost; None when no server counted their tokens."""
    mean = _per_thousand(generations, price)
    return (0.0 if not generations else None) if mean is None else mean * len(generations) / 1000


def _per_thousand(generations: Sequence[LoggedGeneration], price: tuple[float, float]) -> float | None:
    """What a thousand such cost, by the mean of those that were counted; None without any."""
    read, written = price
    costs = [(each.read or 0) * read + (each.written or 0) * written for each in generations if _counted(each)]
    return float(np.mean(costs)) * 1000 / 1_000_000 if costs else None


def _counted(written: LoggedGeneration) -> bool:
    return written.read is not None and written.written is not None
