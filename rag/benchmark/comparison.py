"""A whole comparison: the models of this app, its documents if wanted, a second model that gives points."""

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

from rag.benchmark.comparison_summary import STRATEGIES, Answer, CompareRun
from rag.benchmark.small_vs_large import StrategyRunner, play
from rag.errors import ModelUnavailable
from rag.evaluation.judge import judge_model, rubric_of
from rag.evaluation.results import Rubric
from rag.machine import Machine, this_machine, today
from rag.services import Services, budget
from rag.settings import Settings

SEED = 1
LIBRARY_WAIT_S = 600.0

OnAnswer = Callable[[Answer, int, int], None]
"""Called with each answer, how many there are by now, and how many there will be."""


@dataclass(frozen=True, slots=True)
class ComparisonTask:
    """What is to be compared."""

    prompts: Mapping[str, str]
    rounds: int = 1
    rag: bool = False
    """Whether the questions go through the documents."""
    judge: str = ""
    """The alias of a model that gives points; "" for none."""


class ComparisonRunner:
    """One run at temperature 0; `run` is what there is at any time, also after `play` was cancelled or failed."""

    def __init__(self, settings: Settings, task: ComparisonTask, on_answer: OnAnswer) -> None:
        self._settings, self._task, self._on_answer = settings, task, on_answer
        self._budget = replace(budget(settings), temperature=0.0, seed=SEED)
        self._answers: list[Answer] = []
        self._rubrics: dict[str, Rubric] = {}
        self._machine = Machine("", "", 0, 0.0)
        self._aliases = ("", "")

    @property
    def answers(self) -> list[Answer]:
        """Those that there are by now, failed ones too."""
        return self._answers

    def run(self, stopped: str = "") -> CompareRun:
        """The record of what was measured; `stopped` is why it is not whole."""
        small, large = self._aliases
        return CompareRun(
            at=today(),
            machine=self._machine,
            settings={
                "rounds": self._task.rounds,
                "through the documents": self._task.rag,
                "temperature": 0.0,
                "seed": SEED,
                "longest draft": self._budget.draft_tokens,
                "longest answer": self._budget.escalated_tokens,
            },
            small=small,
            large=large,
            prompts=self._task.prompts,
            answers=tuple(self._answers),
            rubrics=dict(self._rubrics),
            stopped=stopped,
        )

    async def play(self) -> None:
        """Measures, then asks the judge.

        Raises:
            ModelUnavailable: there is no small model to compare with.
            SettingsError: a judge is wanted that cannot be had; nothing was measured then.
        """
        self._machine = await this_machine()
        async with AsyncExitStack() as closing:
            services = Services(self._settings)
            closing.push_async_callback(services.close)
            runner = await self._runner(services)
            judge = judge_model(self._task.judge, services, runner.models, closing) if self._task.judge else None
            every = len(self._task.prompts) * self._task.rounds * len(STRATEGIES)
            async with aclosing(play(runner, self._task.prompts, self._task.rounds)) as answers:
                async for answer in answers:
                    self._answers.append(answer)
                    self._on_answer(answer, len(self._answers), every)
            for answer in self._answers if judge else ():
                if judge and not answer.failure:
                    question = self._task.prompts[answer.prompt]
                    if points := await rubric_of(judge, question, (), answer.text):
                        self._rubrics[answer.id] = points

    async def _runner(self, services: Services) -> StrategyRunner:
        selection = await services.models.selection()
        models = replace(selection.models, fallback=None, idle=None)
        if not models.small.generates:
            raise ModelUnavailable(f"There is no small model to compare with. {selection.note}")
        self._aliases = models.small.alias, models.large.alias if models.large else ""
        searcher = None
        if self._task.rag:
            await services.library_manager.ready(LIBRARY_WAIT_S)
            await services.measure_gate()
            searcher = services.searcher()
        return StrategyRunner(models, services.policy(), self._budget, time.perf_counter, searcher)
