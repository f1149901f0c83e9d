"""The sentences and tables of a bench report, which text, Markdown and page share. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from rag.benchmark.aggregates import (
    SeriesSummary,
    StrategySummary,
    concurrent_of,
    ordinary_of,
    prompt_scaling_of,
    reasons_first,
    summaries,
)
from rag.benchmark.records import BenchRun, Model
from rag.reports.numbers import FEW, figures, interval, median, milliseconds, p95, whole
from rag.statistics import ENOUGH_FOR_P95, Interval

Row = tuple[str, ...]
Quantity = Callable[[SeriesSummary], Interval | None]

HOW_TO_READ = (
    "Cold is the first answer after a model was loaded, warm is every later one. The two are never averaged: warm-up "
    "answers are kept apart, and every number here is warm unless it says cold.",
    "The wait for the first token is prefill: the model reads the prompt, and a longer prompt takes longer. The time "
    "after that is decode: the model writes, token by token. Their rates are kept apart, because a faster one does not "
    "make the other faster.",
    "The median is the middle round. Its 95 % interval is a percentile bootstrap over the rounds of this run: it says "
    "what chance among the rounds can do, not what another day or another program on this machine can.",
    f"p95 is the time that 95 of 100 answers stay below. It needs many rounds: with fewer than {ENOUGH_FOR_P95} it is "
    f"marked {FEW} and is little more than the slowest answer.",
)
FEW_ROUNDS = f"{FEW} Fewer than {ENOUGH_FOR_P95} rounds: little more than the slowest answer."


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of a report; its first columns are names, the others numbers."""

    key: str
    title: str
    text: str
    """What it shows, in a sentence or two."""
    head: Row
    rows: tuple[Row, ...]
    names: int = 2
    """How many columns are names."""
    notes: tuple[str, ...] = ()


def facts(run: BenchRun) -> tuple[tuple[str, str], ...]:
    """When, where and how it was measured, as (name, value)."""
    machine = run.machine
    gpu = machine.gpu or "no GPU found"
    cores = f"{machine.cores} core{'s' if machine.cores != 1 else ''}"
    where = f"{machine.system}, {machine.processor}, {cores}, {whole(machine.memory_mb)} MB memory, {gpu}"
    versions = {**({"Python": machine.python} if machine.python else {}), **machine.versions}
    settings = ((name, value) for name, value in run.settings.items() if value != "")
    own = "" if run.own_s is None else f"{milliseconds(run.own_s)} ms to the first token, in all times here"
    named = (
        ("Measured", run.at),
        ("Machine", where),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("Settings", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings)),
        ("Of this program", own),
    )
    return tuple((name, value) for name, value in named if value)


def faults(run: BenchRun) -> tuple[str, ...]:
    """What did not go as it should: an early end, models that were skipped, series that broke off."""
    known = {run.stopped, *(model.failure for model in run.models)}
    stopped = [f"This run is not whole: {run.stopped}"] if run.stopped else []
    skipped = [f"{model.alias} was not measured: {model.failure}" for model in run.models if model.failure]
    broken = [
        f"{s.model}, {s.prompt}, broke off: {s.failure}" for s in run.series if s.failure and s.failure not in known
    ]
    return (*stopped, *skipped, *broken)


def tables(run: BenchRun, strategies: Sequence[StrategySummary] = ()) -> tuple[ReportTable, ...]:
    """The tables that have rows, in the order of a report."""
    found = summaries(run)
    plain = ordinary_of(found)
    made = (
        _strategies(strategies),
        _models(run, found),
        _latency("first", "First token", "Seconds until the model begins: prefill.", plain, lambda s: s.first_token_s),
        _visible(plain),
        _latency("total", "Whole answer", "Seconds from the request to the last word.", plain, lambda s: s.total_s),
        _pace(plain),
        _spent(plain),
        _prompt_scaling(prompt_scaling_of(found)),
        _concurrency(concurrent_of(run)),
        _latency("headers", "Headers", "Milliseconds until the server took the request.", plain, _headers_ms),
    )
    return tuple(table for table in made if table.rows)


def _strategies(strategies: Sequence[StrategySummary]) -> ReportTable:
    seconds = ("first word s", "95 % interval", "whole s", "95 % interval", "p95")
    head = ("way", "answers", *seconds, "tokens", "cost of 1,000")
    rows = tuple(
        (
            *(each.name, whole(each.answers), median(each.first_token_s), interval(each.first_token_s)),
            *(median(each.total_s), interval(each.total_s), p95(each.total_s), median(each.tokens), figures(each.cost)),
        )
        for each in strategies
    )
    text = "The same questions answered each way: medians of an answer."
    return ReportTable(
        "strategies", "Small, large and hybrid", text, head, rows, 1, _notes([each.total_s for each in strategies])
    )


def _models(run: BenchRun, found: Sequence[SeriesSummary]) -> ReportTable:
    head = ("model", "device", "load s", "cold first token s", "memory before", "after", "disk", "GPU memory")
    text = "Loading is cold, from the disk. Memory is that of the runtime's process, in MB like the others."
    return ReportTable("models", "Models", text, head, tuple(_of_model(model, found) for model in run.models))


def _of_model(model: Model, found: Sequence[SeriesSummary]) -> Row:
    first = next((s for s in found if s.model == model.alias), None)
    cold = first.cold_first_token_s if first and model.load_s is not None else None
    device = model.device or model.where
    name = f"{model.alias} ({model.variant})" if model.variant and model.variant != model.alias else model.alias
    sizes = (model.memory_before_mb, model.memory_after_mb, model.disk_mb, model.gpu_memory_mb)
    return name, device, figures(model.load_s), figures(cold), *map(whole, sizes)


def _latency(key: str, title: str, text: str, found: Sequence[SeriesSummary], quantity: Quantity) -> ReportTable:
    head = ("prompt", "model", "rounds", "median", "95 % interval", "mean", "p95", "min", "max")
    spreads = [(s, spread) for s in found if (spread := quantity(s))]
    rows = tuple(
        (
            *(s.prompt, s.model, whole(spread.n), median(spread), interval(spread), figures(spread.mean)),
            *(p95(spread), figures(spread.minimum), figures(spread.maximum)),
        )
        for s, spread in spreads
    )
    return ReportTable(key, title, text, head, rows, notes=_notes([spread for _, spread in spreads]))


def _headers_ms(s: SeriesSummary) -> Interval | None:
    if not s.headers_s:
        return None
    return Interval(**{name: value * (1 if name == "n" else 1_000) for name, value in asdict(s.headers_s).items()})


def _visible(plain: Sequence[SeriesSummary]) -> ReportTable:
    """Only where a model reasons first: else it is the first token again."""
    text = "Seconds until a person sees a word; a model that reasons first begins long before."
    shown = plain if any(map(reasons_first, plain)) else ()
    return _latency("visible", "First visible word", text, shown, lambda s: s.first_visible_s)


def _pace(plain: Sequence[SeriesSummary]) -> ReportTable:
    rates = ("prefill tokens/s", "95 % interval", "decode tokens/s", "95 % interval")
    head = ("prompt", "model", *rates, "gap ms p50", "p95")
    rows = tuple(
        (
            *(s.prompt, s.model, median(s.prefill_tps), interval(s.prefill_tps)),
            *(median(s.decode_tps), interval(s.decode_tps)),
            *(milliseconds(s.gaps and s.gaps.p50_s), milliseconds(s.gaps and s.gaps.p95_s)),
        )
        for s in plain
        if s.prefill_tps or s.decode_tps or s.gaps
    )
    text = "Reading and writing apart. Prefill starts at the headers, decode after the first token; a gap is the time "
    return ReportTable("pace", "Prefill and decode", text + "between one fragment of text and the next.", head, rows)


def _spent(plain: Sequence[SeriesSummary]) -> ReportTable:
    tokens = ("read", "written", "of them reasoning", "cut off", "silent")
    head = ("prompt", "model", *tokens, "GPU W", "GPU Wh", "cost of 1,000")
    rows = tuple(
        (
            *(s.prompt, s.model, *map(_tokens, (s.prompt_tokens, s.completion_tokens, s.reasoning_tokens))),
            *(_share(s.cut_off, s.rounds), _share(s.silent, s.rounds)),
            *(figures(s.watts), figures(s.energy_wh), figures(s.cost_per_thousand)),
        )
        for s in plain
    )
    text = "Of one answer: median tokens, as the server counted; power and energy of the GPU, where it could be read."
    short = any(s.cut_off or s.silent for s in plain)
    notes = (
        "Cut off: as long as allowed. Silent: without a visible word. Both make answers look faster than they are.",
    )
    return ReportTable("spent", "Tokens, energy and cost", text, head, rows, notes=notes if short else ())


def _prompt_scaling(found: Sequence[SeriesSummary]) -> ReportTable:
    head = ("model", "wanted tokens", "counted", "rounds", "first token s", "95 % interval", "p95", "prefill tokens/s")
    rows = tuple(
        (
            *(s.model, whole(s.wanted_prompt_tokens), _tokens(s.prompt_tokens), whole(s.rounds)),
            *(median(s.first_token_s), interval(s.first_token_s), p95(s.first_token_s), median(s.prefill_tps)),
        )
        for s in found
    )
    text = "The wait for the first token as the prompt grows."
    notes = _notes([s.first_token_s for s in found])
    return ReportTable("prompt-scaling", "First token against prompt length", text, head, rows, 1, notes)


def _concurrency(found: Sequence[SeriesSummary]) -> ReportTable:
    head = ("model", "prompt", "at once", "rounds", "tokens/s in all", "answers/min", "first token s", "whole s", "p95")
    rows = tuple(
        (
            *(s.model, s.prompt, whole(s.concurrency), whole(s.rounds)),
            *(figures(s.tokens_per_second), figures(s.answers_per_minute)),
            *(median(s.first_token_s), median(s.total_s), p95(s.total_s)),
        )
        for s in found
    )
    text = "Several requests at once: what all get together, what each waits. Throughput is one measurement over all "
    notes = _notes([s.total_s for s in found])
    return ReportTable(
        "concurrency", "Throughput against concurrency", text + "rounds, without an interval.", head, rows, 2, notes
    )


def _notes(spreads: Sequence[Interval | None]) -> tuple[str, ...]:
    return (FEW_ROUNDS,) if any(spread and not spread.p95_reliable for spread in spreads) else ()


def _tokens(spread: Interval | None) -> str:
    return whole(spread.median if spread else None)


def _share(count: int, all_: int) -> str:
    return f"{count} of {all_}" if count else "0"
