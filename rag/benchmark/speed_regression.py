"""Two bench runs: what got slower or faster beyond noise, by interval; what cannot be compared, and why. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.benchmark.records import BenchRun, Model, Round
from rag.statistics import Floats

FEWEST = 5
"""Rounds on each side. With five and more the interval of two equal models leaves 1 out in about 4 of 100 cases, as it
should; with three it does so in 10."""
_DRAWS = 2_000
Verdict = Literal["slower", "faster", "level", "too few"]

_TIMES: Mapping[str, Callable[[Round], float | None]] = {
    "first token s": lambda each: each.first_token_s,
    "first visible word s": lambda each: each.first_visible_s if each.first_visible_s != each.first_token_s else None,
    "whole answer s": lambda each: each.total_s,
}
_RATES: Mapping[str, Callable[[Round], float | None]] = {
    "decode tokens/s": lambda each: each.decode_tps,
}
"""Prefill is not here: it is the first token in another unit. Nor are the headers, an unnoticed millisecond."""


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two series the same."""

    model: str
    prompt: str
    concurrency: int = 1
    wanted_prompt_tokens: int | None = None

    def __str__(self) -> str:
        length = "" if self.wanted_prompt_tokens is None else f", {self.wanted_prompt_tokens:,} tokens wanted"
        return f"{self.model}, {self.prompt}{length}" + (
            f", {self.concurrency} at once" if self.concurrency > 1 else ""
        )


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """One quantity of one series in both runs."""

    key: Key
    quantity: str
    old: float
    new: float
    """Medians, in the unit that the quantity names."""
    ratio: float
    """New over old."""
    low: float
    high: float
    """The 95 % bootstrap interval of the ratio; both runs are resampled."""
    rounds: tuple[int, int]
    verdict: Verdict
    """"slower" and "faster" only when the interval leaves 1 out and the change is over the tolerance."""


@dataclass(frozen=True, slots=True)
class SpeedComparison:
    """Two runs, series by series."""

    tolerance: float
    changes: tuple[SpeedChange, ...]
    missing: tuple[str, ...]
    """What only the old run measured, with the reason where it is known."""
    added: tuple[str, ...]
    """What only the new run measured."""
    reworded: tuple[str, ...]
    """Prompts of one name and two texts; they are not compared."""
    remarks: tuple[str, ...]
    """What else differs, in sentences: machines, settings, variants, lengths of answers, things measured once."""

    @property
    def worse(self) -> bool:
        """Whether something is slower, or cannot be shown not to be because it is gone or another prompt now."""
        return bool(self.missing or self.reworded or self.of("slower"))

    def of(self, verdict: Verdict) -> tuple[SpeedChange, ...]:
        """The changes with that verdict."""
        return tuple(change for change in self.changes if change.verdict == verdict)


def compare(old: BenchRun, new: BenchRun, tolerance: float) -> SpeedComparison:
    """What changed from one run to the other; a `tolerance` of 0.1 lets a tenth pass either way."""
    before, after = _by_key(old), _by_key(new)
    reworded = tuple(n for n, text in old.prompts.items() if n in new.prompts and new.prompts[n] != text)
    shared = [key for key in before if key in after and key.prompt not in reworded]
    return SpeedComparison(
        tolerance=tolerance,
        changes=tuple(c for key in shared for c in _changes(key, before[key], after[key], tolerance)),
        missing=tuple(_only_in(before, after, {model.alias: model.failure for model in new.models})),
        added=tuple(_only_in(after, before, {})),
        reworded=reworded,
        remarks=(
            *_machines(old, new),
            *_settings(old, new),
            *_models(old, new, tolerance),
            *(remark for key in shared if (remark := _lengths(key, before[key], after[key], tolerance))),
        ),
    )


def _by_key(run: BenchRun) -> dict[Key, list[Round]]:
    found: dict[Key, list[Round]] = {}
    for s in run.series:
        if s.rounds:
            found.setdefault(Key(s.model, s.prompt, s.concurrency, s.wanted_prompt_tokens), []).extend(s.rounds)
    return found


def _changes(key: Key, old: Sequence[Round], new: Sequence[Round], tolerance: float) -> Iterator[SpeedChange]:
    for quantity, value in {**_TIMES, **_RATES}.items():
        before, after = _values(old, value), _values(new, value)
        if len(before) and len(after):
            yield _change(key, quantity, before, after, tolerance)


def _values(rounds: Sequence[Round], value: Callable[[Round], float | None]) -> Floats:
    """The positive ones: no ratio can be taken of the others."""
    found = (value(each) for each in rounds)
    return np.array([v for v in found if v is not None and math.isfinite(v) and v > 0], float)


def _change(key: Key, quantity: str, before: Floats, after: Floats, tolerance: float) -> SpeedChange:
    old, new = float(np.median(before)), float(np.median(after))
    low, high = _interval(before, after)
    rounds = (len(before), len(after))
    # A rate that halves is a time that doubles: both are compared as times.
    slowdown = (old / new, 1 / high, 1 / low) if quantity in _RATES else (new / old, low, high)
    verdict = _verdict(*slowdown, tolerance) if min(rounds) >= FEWEST else "too few"
    return SpeedChange(key, quantity, old, new, new / old, low, high, rounds, verdict)


def _interval(before: Floats, after: Floats, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the ratio of two medians; two independent samples."""
    chance = np.random.default_rng(seed)
    drawn = (values[chance.integers(0, len(values), (_DRAWS, len(values)))] for values in (before, after))
    old, new = (np.median(each, axis=1) for each in drawn)
    low, high = np.percentile(new / old, [2.5, 97.5])
    return float(low), float(high)


def _verdict(slowdown: float, low: float, high: float, tolerance: float) -> Verdict:
    if low > 1 and slowdown > 1 + tolerance:
        return "slower"
    return "faster" if high < 1 and slowdown < 1 / (1 + tolerance) else "level"


def _only_in(here: Mapping[Key, object], there: Mapping[Key, object], failures: Mapping[str, str]) -> Iterator[str]:
    """A model by its name alone when nothing of it is there; else series by series."""
    models = {key.model for key in there}
    for model in dict.fromkeys(key.model for key in here if key.model not in models):
        yield f"{model} ({failures[model]})" if failures.get(model) else model
    yield from (str(key) for key in here if key.model in models and key not in there)


def _machines(old: BenchRun, new: BenchRun) -> Iterator[str]:
    a, b = old.machine, new.machine
    pairs = (("system", a.system, b.system), ("processor", a.processor, b.processor), ("cores", a.cores, b.cores))
    memory = ("memory in MB", f"{a.memory_mb:,.0f}", f"{b.memory_mb:,.0f}")
    others = [name for name in {**a.versions, **b.versions} if a.versions.get(name) != b.versions.get(name)]
    versions = ((name, a.versions.get(name, ""), b.versions.get(name, "")) for name in others)
    for name, was, is_ in (*pairs, memory, ("GPU", a.gpu, b.gpu), ("Python", a.python, b.python), *versions):
        if was != is_:
            yield f"Another machine or installation: {name} was {was or 'none'} and is {is_ or 'none'}."


def _settings(old: BenchRun, new: BenchRun) -> Iterator[str]:
    for name in {**old.settings, **new.settings}:
        was, is_ = old.settings.get(name, "not set"), new.settings.get(name, "not set")
        if was != is_:
            yield f"Another setting: {name.replace('_', ' ')} was {was} and is {is_}."


def _models(old: BenchRun, new: BenchRun, tolerance: float) -> Iterator[str]:
    before = {model.alias: model for model in old.models}
    for model in new.models:
        if was := before.get(model.alias):
            yield from _of_model(was, model, tolerance)


def _of_model(was: Model, model: Model, tolerance: float) -> Iterator[str]:
    for name, a, b in (("variant", was.variant, model.variant), ("device", was.device, model.device)):
        if a != b:
            yield f"{model.alias} is another {name}: it was {a or 'not known'} and is {b or 'not known'}."
    once = (
        ("its loading took", "s", was.load_s, model.load_s),
        ("the runtime's memory with it was", "MB", was.memory_after_mb, model.memory_after_mb),
    )
    for what, unit, a, b in once:
        if a and b and _apart(a, b, tolerance):
            yield f"{model.alias}: {what} {a:,.4g} {unit} and now {b:,.4g} {unit}; measured once, so not compared."


def _lengths(key: Key, old: Sequence[Round], new: Sequence[Round], tolerance: float) -> str:
    """Longer answers take longer: then the time of the whole answer is not about speed alone."""
    before, after = (_values(rounds, lambda each: each.completion_tokens) for rounds in (old, new))
    if not len(before) or not len(after):
        return ""
    a, b = float(np.median(before)), float(np.median(after))
    remark = f"{key}: answers had {a:,.0f} tokens and now {b:,.0f}, so whole answers do not compare the speed alone."
    return remark if _apart(a, b, tolerance) else ""


def _apart(a: float, b: float, tolerance: float) -> bool:
    return max(a, b) > min(a, b) * (1 + tolerance)
