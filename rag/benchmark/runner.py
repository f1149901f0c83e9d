"""Runs a plan: each model after the other, its failures its own; what is measured stays, however the run ends."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import count

from rag.benchmark.measure import CHARACTERS_PER_TOKEN, Clock, measure, overhead_s, prompt_of_length, undisturbed
from rag.benchmark.plan import BenchPlan, ModelSpec, Scenario
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.benchmark.targets import Targets, TargetSession, described
from rag.errors import ContextTooSmall, EmptyAnswer, GroundworkError, ModelBusy, ModelError
from rag.generation.prompt import plain_prompt
from rag.machine import Machine, PowerMeter

BY_HAND = "Stopped by hand."

_OF_THE_PROMPT = (ContextTooSmall, EmptyAnswer, ModelBusy)
"""With another prompt, or a lower concurrency, the same model may well answer; any other failure ends its part."""


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """How far a run is."""

    done: int
    of: int
    """Answers; those of a model that failed count as done."""
    model: str
    """The one that is measured now."""
    prompt: str = ""
    """Its name; "" while the model is loaded."""
    concurrency: int = 1


@dataclass(slots=True)
class _Recorded:
    """A series as it grows."""

    model: str
    scenario: Scenario
    warm_up: list[Round] = field(default_factory=list[Round])
    rounds: list[Round] = field(default_factory=list[Round])
    wall_s: float | None = None
    watts: float | None = None
    failure: str = ""

    def series(self) -> Series:
        return Series(
            model=self.model,
            prompt=self.scenario.prompt,
            warm_up=tuple(self.warm_up),
            rounds=tuple(self.rounds),
            concurrency=self.scenario.concurrency,
            wall_s=self.wall_s,
            wanted_prompt_tokens=self.scenario.prompt_tokens,
            watts=self.watts,
            failure=self.failure,
        )


class Runner:
    """One run; `run` may be cancelled at any time, `result` has what there is.

    Args:
        plan: what to measure.
        targets: where the models are.
        machine: what it runs on.
        at: when, UTC, ISO 8601.
        clock: seconds, such as `time.perf_counter`.
        on_progress: called between two answers; it should not take long.
    """

    def __init__(
        self,
        plan: BenchPlan,
        targets: Targets,
        *,
        machine: Machine,
        at: str,
        clock: Clock,
        on_progress: Callable[[BenchProgress], None],
    ) -> None:
        self._plan, self._targets, self._machine, self._at = plan, targets, machine, at
        self._clock, self._on_progress = clock, on_progress
        self._models: list[Model] = []
        self._series: list[Series] = []
        self._done = self._of = 0
        self._own_s: float | None = None
        self._characters_per_token = CHARACTERS_PER_TOKEN
        self._texts = count()

    @property
    def measured(self) -> bool:
        """Whether there is anything to save."""
        return any(series.rounds or series.warm_up for series in self._series)

    @property
    def failures(self) -> list[str]:
        """A sentence for each model and series that did not come to its end."""
        known = {"", BY_HAND} | {model.failure for model in self._models}
        models = [f"{m.alias}: {m.failure}" for m in self._models if m.failure not in ("", BY_HAND)]
        return models + [f"{s.model}, {s.prompt}: {s.failure}" for s in self._series if s.failure not in known]

    def result(self, stopped: str = "") -> BenchRun:
        """All that is measured so far."""
        return BenchRun(
            at=self._at,
            machine=self._machine,
            settings=self._plan.settings(),
            models=tuple(self._models),
            series=tuple(self._series),
            prompts=dict(self._plan.prompts),
            stopped=stopped,
            own_s=self._own_s,
        )

    async def run(self) -> None:
        """Measures every model; those that fail are marked with the reason."""
        self._own_s = await overhead_s(self._clock)
        each = sum(scenario.answers for scenario in self._plan.scenarios)
        self._of = each * len(self._plan.specs)
        specs = [found for spec in self._plan.specs for found in await self._variants(spec)]
        self._of = each * len(specs)
        for nth, spec in enumerate(specs, 1):
            self._on_progress(BenchProgress(self._done, self._of, spec.alias))
            await self._measure_model(spec)
            self._done = each * nth
        self._on_progress(BenchProgress(self._done, self._of, ""))

    async def _variants(self, spec: ModelSpec) -> list[ModelSpec]:
        try:
            return await self._targets.variants(spec, self._plan.devices)
        except GroundworkError as error:
            self._models.append(replace(described(spec), failure=str(error)))
            return []

    async def _measure_model(self, spec: ModelSpec) -> None:
        index = len(self._models)
        self._models.append(replace(described(spec), failure=BY_HAND))  # until it has answered, or failed
        self._characters_per_token = CHARACTERS_PER_TOKEN
        try:
            async with self._targets.opened(spec) as session:
                self._models[index] = replace(session.model, failure=BY_HAND)
                for scenario in self._plan.scenarios:
                    await self._measure_scenario(session, scenario, index)
            if self._models[index].failure:  # no prompt got an answer
                self._models[index] = replace(self._models[index], failure=self._series[-1].failure)
        except GroundworkError as error:
            self._models[index] = replace(self._models[index], failure=str(error))

    async def _measure_scenario(self, session: TargetSession, scenario: Scenario, index: int) -> None:
        """Adds the series of this scenario; raises when the model is not worth another one."""
        recorded = _Recorded(session.model.alias, scenario)
        meter = PowerMeter()
        try:
            with undisturbed():
                for _ in range(scenario.warm_up):
                    recorded.warm_up.append(await self._answer(session, scenario))
                    await self._complete(session, index)
                async with meter if session.here else nullcontext():
                    began = self._clock()
                    await self._concurrently(session, scenario, recorded)
                    recorded.wall_s = round(self._clock() - began, 6)
                await self._complete(session, index)
        except ModelError as error:
            failure = await session.explain(error)
            recorded.failure = str(failure)
            if not isinstance(failure, _OF_THE_PROMPT):
                raise failure from error
        except asyncio.CancelledError:
            recorded.failure = BY_HAND
            raise
        finally:
            recorded.watts = meter.watts
            self._series.append(recorded.series())

    async def _complete(self, session: TargetSession, index: int) -> None:
        """Takes over what is known of a model only after its first answer."""
        if self._models[index].failure:
            await session.after_first_answer()
            self._models[index] = session.model

    async def _concurrently(self, session: TargetSession, scenario: Scenario, recorded: _Recorded) -> None:
        """All rounds of all requests at once; the first failure ends them all."""

        async def ask() -> None:
            for _ in range(scenario.rounds):
                recorded.rounds.append(await self._answer(session, scenario))

        tasks = [asyncio.create_task(ask()) for _ in range(scenario.concurrency)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _answer(self, session: TargetSession, scenario: Scenario) -> Round:
        text = scenario.text
        if scenario.prompt_tokens:
            text = prompt_of_length(round(scenario.prompt_tokens * self._characters_per_token), next(self._texts))
        answer = await measure(session.chat, plain_prompt(text), self._plan.limits, self._clock)
        if scenario.prompt_tokens and answer.prompt_tokens:
            self._characters_per_token = len(text) / answer.prompt_tokens
        self._done += 1
        self._on_progress(
            BenchProgress(self._done, self._of, session.model.alias, scenario.prompt, scenario.concurrency)
        )
        return answer
