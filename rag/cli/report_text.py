"""What `rag report` and `rag calibrate` print: tables that read well in a terminal and are Markdown too."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rag.reports.table import Row, markdown_table
from rag.turn_log.calibration_fit import MANY, TARGET, Proposal, Quality, ThresholdChoice
from rag.turn_log.usage_report import ENOUGH, Group, Proportion, Quantiles, UsageReport
from rag.types import BlockedBy, Outcome, Trigger

_OUTCOMES: Mapping[Outcome, str] = {
    "answered": "draft shown",
    "escalated": "larger model's answer shown",
    "kept_draft": "draft kept in the end",
    "abstained": "documents do not hold it",
    "quoted": "quotes, no model",
}
_TRIGGERS: Mapping[Trigger, str] = {
    "low_confidence": "low confidence",
    "long_answer": "long answer",
    "short_answer": "short answer",
    "flagged_topic": "flagged topic",
    "cut_off": "cut off",
    "capability": "capability",
    "asked": "asked for",
}
_BLOCKED_BY: Mapping[BlockedBy, str] = {
    "local": "asked as Local only",
    "off": "escalation is off",
    "no_model": "no larger model",
    "failed": "the larger model did not answer",
    "share": "its share of turns was used up",
    "wait": "the wait would have been too long",
}
_GROUPS: Mapping[Group, str] = {"kept": "small model alone", "escalated": "with the larger model", "all": "both"}
_BAR = 20


def as_text(report: UsageReport) -> str:
    """The report as lines of at most 79 characters, with tables of Markdown."""
    return "\n".join(_report(report))


def _report(report: UsageReport) -> Iterator[str]:
    days = f"{report.first.astimezone():%Y-%m-%d %H:%M} to {report.last.astimezone():%Y-%m-%d %H:%M}"
    yield f"# {report.turns:,} turn{'' if report.turns == 1 else 's'}, {days}"
    yield ""
    if report.turns < ENOUGH:
        yield f"These are too few turns to conclude much: shares and percentiles of fewer than {ENOUGH} jump about."
    else:
        yield "In brackets: the 95 % interval of a share, where there is enough to tell it."
    yield from _table(
        ("outcome", "turns", "share", "right", "wrong"),
        [(_OUTCOMES[kind], *_counted(share), *_thumbs(report, kind)) for kind, share in report.outcomes.items()],
    )
    yield from _escalations(report)
    yield from _table(
        ("seconds", "turns", "first word p50", "p95", "whole p50", "p95"),
        [
            (_GROUPS[group], f"{each.total.count:,}", *_percentiles(each.first_token), *_percentiles(each.total))
            for group, each in report.latency.items()
            if each.total
        ],
    )
    yield from _tokens(report)
    yield from _costs(report)


def _escalations(report: UsageReport) -> Iterator[str]:
    rows = [
        (_TRIGGERS[each], *_counted(share), *_seconds(report.added.get(each)))
        for each, share in report.triggers.items()
    ]
    total = ("in all", *_counted(report.escalated), *_seconds(report.added_in_all))
    yield from _table(("larger model called", "turns", "share", "added s, mean", "p95"), [total, *rows])
    yield from _table(
        ("what came of it", "turns", "of", "share"),
        [
            ("changed the answer", *_of(report.changed)),
            ("stands more on the passages", *_of(report.better_supported)),
            ("draft kept, it stood more on them", *_of(report.kept_drafts)),
            ("asked for although not called", *_of(report.overrides)),
            ("draft given up early", *_of(report.early)),
        ],
    )
    yield from _table(
        ("larger model held back", "turns"), [(_BLOCKED_BY[k], f"{n:,}") for k, n in report.blocked_by.items()]
    )


def _tokens(report: UsageReport) -> Iterator[str]:
    yield from _table(
        ("tokens", "replies", "read", "written", "reasoning", "a second"),
        [
            (
                model,
                f"{each.generations:,}",
                *(f"{number:,}" for number in (each.read, each.written, each.reasoning)),
                "-" if each.tokens_per_second is None else f"{each.tokens_per_second:.1f}",
            )
            for model, each in report.models.items()
        ],
    )
    if report.early_tokens:
        yield ""
        yield f"Drafts given up early wrote {report.early_tokens:,} of these tokens."
    if uncounted := sum(each.uncounted for each in report.models.values()):
        yield ""
        yield f"{uncounted:,} replies are not in these sums: their server did not count."


def _costs(report: UsageReport) -> Iterator[str]:
    costs = report.costs
    if not costs:
        yield ""
        yield "No cost is shown: it needs SLM_PRICE or LLM_PRICE, and answers with counted tokens."
        return
    amounts = (("as it was", costs.blended), ("small model alone", costs.small), ("larger model alone", costs.large))
    yield from _table(
        ("cost of 1,000 answers", "amount"),
        [(name, "-" if amount is None else f"{amount:,.4f}") for name, amount in amounts],
    )
    if costs.estimated:
        yield ""
        yield f"{costs.estimated:,} replies without counted tokens are taken to cost the mean of the others."


def proposal(found: Proposal, in_use: str) -> Iterator[str]:
    """What a fit found, beside the calibration in use, whose origin `in_use` is, in a few words."""
    drafts = f"{found.labels:,} labelled drafts, {found.right:,} of them right"
    yield f"{drafts}; {'every coefficient is' if found.every_coefficient else 'level and slope are'} fitted."
    if found.unknown:
        yield f"{found.unknown:,} labels are left out: their turns are not in the log, or the weights judged no draft."
    yield f"Now: {in_use}. New: each draft judged by a fit that has not seen its label."
    yield from _table(
        ("", "now", "new"),
        [
            ("AUROC, higher is better", f"{found.before.auroc:.3f}", f"{found.after.auroc:.3f}"),
            ("calibration error, lower is better", f"{found.before.ece:.3f}", f"{found.after.ece:.3f}"),
            ("threshold", f"{found.threshold_before.value:.3f}", f"{found.threshold_after.value:.3f}"),
            ("labelled drafts that it keeps", *_both(found, lambda each: f"{each.kept:,}")),
            ("share of them that was right", *_both(found, lambda each: f"{each.right:.0%}" if each.kept else "-")),
            (f"of all {found.drafts:,} drafts, below it", *_both(found, lambda each: f"{each.escalated:.0%}")),
        ],
    )
    yield from _curve("now", found.before)
    yield from _curve("new", found.after)
    yield ""
    yield from _advice(found)


def _advice(found: Proposal) -> Iterator[str]:
    if not found.every_coefficient:
        yield f"With fewer than {MANY} labels the order of drafts stays as it is; AUROC differs by chance only."
    if found.after.ece >= found.before.ece and found.after.auroc <= found.before.auroc:
        yield "On these labels the new weights are no better: leaving things as they are is the safer choice."
    if found.threshold_after.right < TARGET:
        yield f"No threshold keeps drafts of which {TARGET:.0%} are right; this one parts right from wrong best."
    if found.threshold_before.kept == found.labels:
        yield "No labelled draft lies below the threshold in use: nothing is known of those. Label some: --labels FILE."


def _curve(name: str, quality: Quality) -> Iterator[str]:
    """How often drafts of a confidence were right; on the line, a confidence is what it claims to be."""
    yield ""
    yield f"Reliability, {name}: confidence, share that was right (#), where it should be (|), drafts"
    yield ""
    for point in quality.curve:
        bar = list(("#" * round(point.observed * _BAR)).ljust(_BAR + 1, "."))
        bar[round(point.predicted * _BAR)] = "|"
        yield f"    {point.predicted:.2f}  {''.join(bar)}  {point.observed:4.0%}  {point.count:>5,}"


def _both(found: Proposal, shown: Callable[[ThresholdChoice], str]) -> tuple[str, str]:
    return shown(found.threshold_before), shown(found.threshold_after)


def _counted(share: Proportion) -> tuple[str, str]:
    return f"{share.count:,}", _share(share)


def _of(share: Proportion) -> tuple[str, str, str]:
    return f"{share.count:,}", f"{share.of:,}", _share(share)


def _share(share: Proportion) -> str:
    if share.share is None:
        return "-"
    if not share.interval:
        return f"{share.share:.0%}"
    low, high = (round(100 * end) for end in share.interval)
    return f"{share.share:.0%} [{low} to {high}]"


def _thumbs(report: UsageReport, kind: Outcome) -> tuple[str, str]:
    thumbs = report.thumbs.get(kind)
    return (f"{thumbs.up:,}", f"{thumbs.down:,}") if thumbs else ("0", "0")


def _seconds(spread: Quantiles | None) -> tuple[str, str]:
    return (f"{spread.mean:.1f}", f"{spread.p95:.1f}") if spread else ("-", "-")


def _percentiles(spread: Quantiles | None) -> tuple[str, str]:
    return (f"{spread.p50:.2f}", f"{spread.p95:.2f}") if spread else ("-", "-")


def _table(head: Row, rows: Sequence[Row]) -> Iterator[str]:
    """A table that reads well in a terminal and is Markdown too; nothing without rows."""
    if rows:
        yield ""
        yield from markdown_table(head, rows, padded=True)
