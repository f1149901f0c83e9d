"""A made-up bench run: three models, four prompts, growing prompts, several askers at once; the same each time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rag.benchmark.aggregates import StrategySummary, spread_of
from rag.benchmark.export import run_of_json
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.machine import Machine

HOSTILE = "<script>alert(1)</script>\"onload=alert(2) x='</style><svg onload=alert(3)>"
MACHINE = Machine("Linux 6.1", "Made-up CPU 3000", 8, 32_000, python="3.12.1", versions={"foundry-local-sdk": "2.2.1"})
SETTINGS = {"rounds": 12, "warm_up": 2, "temperature": 0.0, "max_tokens": 200}
PROMPTS = {
    "one line": "What is the capital of Slovenia?",
    "short": "Explain in three sentences how a heat pump works.",
    "passages": "Answer from these passages: …",
    "summary": "Summarise this report in ten lines: " + "A sentence of the report. " * 40,
}
_LENGTHS = {"one line": (20, 14), "short": (60, 90), "passages": (1_400, 120), "summary": (2_600, 190)}
MODELS = (
    Model("phi-4-mini", "Phi-4-mini-cpu:5", "CPU", "runtime", (), 3_600, 6.2, 210, 3_950),
    Model("qwen-0.5b", "", "CPU", disk_mb=520, load_s=1.1, memory_before_mb=205, memory_after_mb=840),
    Model("gpt-oss-20b", "", "", "endpoint", price=(0.1, 0.4)),
)
_PACE = {"phi-4-mini": (420, 18.0, 0), "qwen-0.5b": (2_100, 61.0, 0), "gpt-oss-20b": (900, 34.0, 120)}
"""Tokens a second read and written, and tokens of reasoning before the first word."""


def round_of(total_s: float = 2.0, first_s: float | None = 0.5, **values: object) -> Round:
    """An answer of one hundred tokens to a prompt of one hundred."""
    made = Round(0.01, first_s, first_s, total_s, (), 100, 100, 0, "stop")
    return replace(made, **values)


def made_up(model: str, read: int, written: int, count: int, seed: int, slow: float = 1.0) -> tuple[Round, ...]:
    """Rounds with a noise of some percent, and now and then a slow one."""
    chance = np.random.default_rng(seed)
    prefill, decode, reasoning = _PACE[model]
    return tuple(_round(chance, read, written, prefill / slow, decode / slow, reasoning) for _ in range(count))


def _round(
    chance: np.random.Generator, read: int, written: int, prefill: float, decode: float, reasoning: int
) -> Round:
    noise = chance.lognormal(0, 0.05) * (1.5 if chance.random() < 0.06 else 1)
    first = 0.004 + (0.05 + read / prefill) * noise
    gaps = tuple(float(gap) for gap in chance.gamma(4, 1 / 4, written + reasoning - 1) / decode)
    shown = first + sum(gaps[:reasoning])
    return Round(
        *(0.0008 * noise, first, shown, first + sum(gaps), gaps, read, written + reasoning, reasoning),
        "length" if written > 180 and chance.random() < 0.3 else "stop",
    )


def full_run(slow: float = 1.0, rounds: int = 12, models: Sequence[Model] = MODELS) -> BenchRun:
    """The whole of it; `slow` makes every model that much slower."""
    series = [s for n, model in enumerate(models) for s in _series(model.alias, 100 * n, rounds, slow)]
    return BenchRun("2026-11-20T09:30:00Z", MACHINE, SETTINGS, tuple(models), tuple(series), PROMPTS)


def _series(model: str, seed: int, rounds: int, slow: float) -> list[Series]:
    plain = [
        Series(
            *(model, prompt, made_up(model, *_LENGTHS[prompt], 2, seed + n, 3 * slow)),
            made_up(model, *_LENGTHS[prompt], rounds, seed + 10 + n, slow),
        )
        for n, prompt in enumerate(PROMPTS)
    ]
    growing = [
        Series(
            model,
            f"{length:,} tokens",
            (),
            made_up(model, length, 8, 6, seed + 20 + n, slow),
            wanted_prompt_tokens=length,
        )
        for n, length in enumerate((128, 512, 1_024, 2_048, 4_096, 8_192))
    ]
    crowds = [_crowd(model, askers, seed + 40 + askers, rounds, slow) for askers in (2, 4, 8)]
    return [*plain, *growing, *crowds]


def _crowd(model: str, askers: int, seed: int, rounds: int, slow: float) -> Series:
    answers = made_up(model, *_LENGTHS["short"], rounds * 2, seed, slow * askers**0.8)
    wall_s = sum(each.total_s for each in answers) / askers
    return Series(model, "short", (), answers, askers, wall_s)


def strategies() -> tuple[StrategySummary, ...]:
    """Small, large, draft and refinement, escalation: made up as well."""
    chance = np.random.default_rng(7)
    rows = (
        ("small alone", 0.6, 4.2, 900, 0.4),
        ("large alone", 2.9, 11.0, 1_300, 2.1),
        ("draft, then refine", 0.6, 14.8, 2_300, 2.6),
        ("escalate on low confidence", 0.6, 6.3, 1_250, 0.9),
    )
    return tuple(
        StrategySummary(
            name, *(spread_of(mean * chance.lognormal(0, 0.25, 30)) for mean in (first, total, tokens)), cost, 30
        )
        for name, first, total, tokens, cost in rows
    )


def history(path: Path) -> tuple[BenchRun, ...]:
    """The runs of a history file, oldest first."""
    return tuple(run_of_json(line.decode(), str(path)) for line in path.read_bytes().split(b"\n") if line)


def hostile_run() -> BenchRun:
    """Every text of others tries to become markup, a formula, or a terminal's command."""
    name, prompt = f"m{HOSTILE}\x1b[31m", f"=HYPERLINK(1)|{HOSTILE}"
    model = Model(name, f"v{HOSTILE}", HOSTILE, failure=HOSTILE)
    rounds = tuple(round_of(total, finish_reason=f"+{HOSTILE}") for total in (1.0, 2.0, 3.0))
    kinds = ({}, {"wanted_prompt_tokens": 100}, {"concurrency": 2, "wall_s": 3.0})
    series = tuple(Series(name, prompt, (), rounds, failure=HOSTILE, **kind) for kind in kinds)
    machine = Machine(HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    return BenchRun(HOSTILE, machine, {HOSTILE: HOSTILE}, (model,), series, {prompt: HOSTILE}, HOSTILE)
