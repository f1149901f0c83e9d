"""A whole evaluation: services up, questions played, judges asked, services down."""

import platform
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any
from zlib import crc32

from rag.errors import ModelUnavailable
from rag.escalation.weights import Weights
from rag.evaluation.dataset import Question
from rag.evaluation.judge import Judge, judge_model, points_by, ragas_by
from rag.evaluation.replay import Recorder, play
from rag.evaluation.results import Results, Row, Run
from rag.evaluation.scores import TokenPrices
from rag.events import TurnEvent
from rag.generation.chat_model import ModelSet
from rag.machine import Scalar, machine_facts, today, versions
from rag.services import Services, budget, policy
from rag.settings import Settings
from rag.turn.answer import answer
from rag.types import Exchange, Mode

SEED = 1
_PACKAGES = ("groundwork-chat", "foundry-local-sdk", "openai", "tantivy", "PyStemmer")
"""What answers depend on."""
LIBRARY_WAIT_S = 300.0
"""A library that is being read for the first time must be whole before it is measured."""

OnRow = Callable[[Row, int, int], None]
"""Called after each question: its row, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """What is to be measured."""

    questions: tuple[Question, ...]
    name: str
    """Of the question set."""
    mode: Mode = "auto"
    judge: str = ""
    """The alias of a model that gives points; "" for none."""
    ragas: bool = False


class Evaluation:
    """One run; `results` is what there is at any time, also after `run` was cancelled or failed."""

    def __init__(self, settings: Settings, task: EvaluationTask, on_row: OnRow) -> None:
        self._settings, self._task, self._on_row = settings, task, on_row
        self._recorder = Recorder(TokenPrices(settings.slm_price, settings.llm_price))
        self._budget = replace(budget(settings), temperature=0.0, seed=SEED)
        self._policy = policy(settings)  # until the library is there
        self._models: tuple[str, ...] = ()
        self._passages = 0

    @property
    def measured(self) -> bool:
        """Whether any question was played."""
        return bool(self._recorder.rows)

    def results(self, why: str = "") -> Results:
        """What was measured; `why` questions are left."""
        run = Run(
            mode=self._task.mode,
            models=self._models,
            questions=self._task.name,
            asked=len(self._task.questions),
            settings={**_scalars(self._budget, self._policy), "weights": _digest(self._policy.weights)},
            passages=self._passages,
            versions={"python": platform.python_version(), **versions(_PACKAGES)},
            machine=machine_facts(),
            date=today(),
        )
        return self._recorder.results(run, why)

    async def run(self) -> None:
        """Plays the questions, then asks the judges.

        Raises:
            ModelUnavailable: the larger model alone was wanted, and there is none.
            SettingsError: a judge is wanted that cannot be had; nothing was played then.
        """
        async with AsyncExitStack() as closing:
            services = Services(self._settings)
            closing.push_async_callback(services.close)
            await services.library_manager.ready(LIBRARY_WAIT_S)
            await services.measure_gate()
            judges = await self._prepared(services, closing)
            async with aclosing(play(self._task.questions, partial(self._ask, services))) as played:
                async for each in played:
                    row = self._recorder.add(each)
                    self._on_row(row, len(self._recorder.rows), len(self._task.questions))
            for judge in judges:
                await self._judge(judge)

    async def _prepared(self, services: Services, closing: AsyncExitStack) -> list[Judge]:
        """The judges; whatever is missing shows before the first question."""
        self._policy = services.policy()
        models = (await services.models.selection()).models
        if self._task.mode == "large" and not models.large:
            raise ModelUnavailable("There is no larger model to ask. Run `rag doctor` to see what is missing.")
        automatic = self._policy.automatic and self._task.mode == "auto"
        self._recorder.escalates = automatic and models.large is not None and models.small.generates
        self._models = _aliases(models, self._task.mode)
        self._passages = len(services.searcher())
        if not (self._task.judge or self._task.ragas):
            return []
        model = judge_model(self._task.judge, services, models, closing)
        points = [points_by(model, self._recorder)] if self._task.judge else []
        return points + ([ragas_by(model, self._recorder)] if self._task.ragas else [])

    async def _ask(self, services: Services, question: str, history: Sequence[Exchange]) -> AsyncGenerator[TurnEvent]:
        """A turn as in the chat, but without a fallback: extractive answers must not pass for a model's."""
        selection = await services.models.selection()
        events = answer(
            question,
            searcher=services.searcher(),
            models=replace(selection.models, fallback=None),
            policy=self._policy,
            budget=self._budget,
            history=history,
            mode=self._task.mode,
        )
        async with aclosing(events):
            async for event in events:
                yield event

    async def _judge(self, judge: Judge) -> None:
        for question in self._task.questions:
            if turn := self._recorder.turns.get(question.id):
                await judge(question, turn)


def _aliases(models: ModelSet, mode: Mode) -> tuple[str, ...]:
    small, large = (models.small.alias,), (models.large.alias,) if models.large else ()
    return large if mode == "large" else small if mode == "local" else small + large


def _digest(weights: Weights) -> str:
    """Eight hexadecimal digits that change with the weights."""
    return f"{crc32(weights.to_json().encode()):08x}"


def _scalars(*records: Any) -> dict[str, Scalar]:
    """The plain values among the fields of some settings; tuples of words as one text."""
    found: dict[str, Scalar] = {}
    for record in records:
        for each in fields(record):
            value = getattr(record, each.name)
            if isinstance(value, tuple):
                found[each.name] = ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
            elif value is None or isinstance(value, str | int | float | bool):
                found[each.name] = value
    return found
