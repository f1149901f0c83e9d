"""Runs a plan: each model after the other, its failures its own; what is measured stays, however the run ends."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import count

from rag.benchmark.measure import CHARACTERS_PER_TOKEN, Clock, grown, measure, practise, undisturbed
from rag.benchmark.plan import BenchPlan, ModelSpec, Scenario
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.benchmark.targets import Targets, TargetSession, described
from rag.errors import ContextTooSmall, EmptyAnswer, GroundworkError, ModelBusy, ModelError
from rag.generation.prompt import plain_prompt
from rag.machine import Machine, PowerMeter

BY_HAND = "Stopped by hand."

_OF_THE_PROMPT = (ContextTooSmall, EmptyAnswer, ModelBusy)
"""With another prompt, or fewer at once, the same model may well answer; after any other failure it is given up."""


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """How far a run is."""

    done: int
    of: int
    """Answers; those of a model that was given up count as done."""
    model: str
    """Whose turn it is."""
    prompt: str = ""
    """Its name; "" while the model is brought up."""
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
        places: where the models are.
        machine: what it runs on.
        at: when, UTC, ISO 8601.
        clock: seconds, such as `time.perf_counter`.
        tell: hears of every answer; it is called between two of them and should not take long.
    """

    def __init__(
        self,
        plan: BenchPlan,
        places: Targets,
        *,
        machine: Machine,
        at: str,
        clock: Clock,
        tell: Callable[[BenchProgress], None],
    ) -> None:
        self._plan, self._places, self._machine, self._at = plan, places, machine, at
        self._clock, self._tell = clock, tell
        self._models: list[Model] = []
        self._series: list[Series] = []
        self._done = self._of = 0
        self._own_s: float | None = None
        self._characters_per_token = CHARACTERS_PER_TOKEN
        self._texts = count()

    @property
    def measured(self) -> bool:
        """Whether there is anything to keep."""
        return any(series.rounds or series.warm_up for series in self._series)

    @property
    def failures(self) -> list[str]:
        """A sentence for each model and series that did not come to its end."""
        told = {"", BY_HAND} | {model.failure for model in self._models}
        models = [f"{m.alias}: {m.failure}" for m in self._models if m.failure not in ("", BY_HAND)]
        return models + [f"{s.model}, {s.prompt}: {s.failure}" for s in self._series if s.failure not in told]

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
        self._own_s = await practise(self._clock)
        each = sum(scenario.answers for scenario in self._plan.scenarios)
        self._of = each * len(self._plan.specs)
        specs = [found for spec in self._plan.specs for found in await self._variants(spec)]
        self._of = each * len(specs)
        for nth, spec in enumerate(specs, 1):
            self._tell(BenchProgress(self._done, self._of, spec.alias))
            await self._spec(spec)
            self._done = each * nth
        self._tell(BenchProgress(self._done, self._of, ""))

    async def _variants(self, spec: ModelSpec) -> list[ModelSpec]:
        try:
            return await self._places.variants(spec, self._plan.devices)
        except GroundworkError as error:
            self._models.append(replace(described(spec), failure=str(error)))
            return []

    async def _spec(self, spec: ModelSpec) -> None:
        place = len(self._models)
        self._models.append(replace(described(spec), failure=BY_HAND))  # until it has answered, or failed
        self._characters_per_token = CHARACTERS_PER_TOKEN
        try:
            async with self._places.opened(spec) as session:
                self._models[place] = replace(session.model, failure=BY_HAND)
                for scenario in self._plan.scenarios:
                    await self._scenario(session, scenario, place)
            if self._models[place].failure:  # no prompt got an answer
                self._models[place] = replace(self._models[place], failure=self._series[-1].failure)
        except GroundworkError as error:
            self._models[place] = replace(self._models[place], failure=str(error))

    async def _scenario(self, session: TargetSession, scenario: Scenario, place: int) -> None:
        """Adds the series of this leg; raises when the model is not worth another one."""
        recorded = _Recorded(session.model.alias, scenario)
        meter = PowerMeter()
        try:
            with undisturbed():
                for _ in range(scenario.warm_up):
                    recorded.warm_up.append(await self._answer(session, scenario))
                    await self._known(session, place)
                async with meter if session.here else nullcontext():
                    began = self._clock()
                    await self._at_once(session, scenario, recorded)
                    recorded.wall_s = round(self._clock() - began, 6)
                await self._known(session, place)
        except ModelError as error:
            failure = await session.explained(error)
            recorded.failure = str(failure)
            if not isinstance(failure, _OF_THE_PROMPT):
                raise failure from error
        except asyncio.CancelledError:
            recorded.failure = BY_HAND
            raise
        finally:
            recorded.watts = meter.watts
            self._series.append(recorded.series())

    async def _known(self, session: TargetSession, place: int) -> None:
        """Takes over what is known of a model that has answered for the first time."""
        if self._models[place].failure:
            await session.answered()
            self._models[place] = session.model

    async def _at_once(self, session: TargetSession, scenario: Scenario, recorded: _Recorded) -> None:
        """All rounds of all who ask; the first failure ends them all."""

        async def ask() -> None:
            for _ in range(scenario.rounds):
                recorded.rounds.append(await self._answer(session, scenario))

        askers = [asyncio.create_task(ask()) for _ in range(scenario.concurrency)]
        try:
            await asyncio.gather(*askers)
        finally:
            for asker in askers:
                asker.cancel()
            await asyncio.wait(askers)

    async def _answer(self, session: TargetSession, scenario: Scenario) -> Round:
        text = scenario.text
        if scenario.prompt_tokens:
            text = grown(round(scenario.prompt_tokens * self._characters_per_token), next(self._texts))
        answer = await measure(session.chat, plain_prompt(text), self._plan.limits, self._clock)
        if scenario.prompt_tokens and answer.prompt_tokens:
            self._characters_per_token = len(text) / answer.prompt_tokens
        self._done += 1
        self._tell(BenchProgress(self._done, self._of, session.model.alias, scenario.prompt, scenario.concurrency))
        return answer
