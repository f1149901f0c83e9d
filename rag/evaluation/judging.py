"""Second models that judge answers: which one, and where its judgements go."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

from rag.errors import SettingsError
from rag.evaluation.questions import Question
from rag.evaluation.ragas_metrics import Ragas
from rag.evaluation.recording import Recorder
from rag.evaluation.rubric import judged
from rag.generation.model import Bench, ChatModel
from rag.generation.prompt import Prompt
from rag.records import Turn
from rag.services import Services

Judge = Callable[[Question, Turn], Awaitable[None]]


def judge_model(alias: str, services: Services, bench: Bench, closing: AsyncExitStack) -> ChatModel:
    """The model of that alias: one of the bench, else one of the same server or runtime, closed with `closing`.

    Without an alias the larger model, else the small one.

    Raises:
        SettingsError: there is no model that could judge.
    """
    there = [model for model in (bench.large, bench.small) if model and model.generates]
    for model in there:
        if alias.casefold() in ("", model.alias.casefold()):
            return model
    settings, runtime = services.settings, services.models.runtime
    address = settings.llm_endpoint or settings.foundry_local_endpoint
    if address and alias:
        from rag.generation.endpoint import EndpointModel  # the openai client takes half a second to import

        key = settings.llm_api_key if settings.llm_endpoint else settings.foundry_local_api_key
        remote = EndpointModel(base_url=address, alias=alias, api_key=key.get_secret_value())
        closing.push_async_callback(remote.close)
        return remote
    if runtime and alias:
        from rag.generation.foundry.model import FoundryModel

        local = FoundryModel(runtime, alias)
        closing.push_async_callback(local.close)
        return local
    raise SettingsError("There is no model that could judge the answers. Run `rag doctor` to see what is missing.")


def points_by(model: ChatModel, recorder: Recorder) -> Judge:
    """A judge that gives points; an answer whose judgement cannot be read gets none."""

    async def judge(question: Question, turn: Turn) -> None:
        if points := await judged(model, _prompt(turn), turn.answer):
            recorder.rubrics[question.id] = points

    return judge


def ragas_by(model: ChatModel, recorder: Recorder) -> Judge:
    """A judge that takes Ragas' metrics.

    Raises:
        SettingsError: Ragas is not installed.
    """
    ragas = Ragas(model)

    async def judge(question: Question, turn: Turn) -> None:
        recorder.ragas[question.id] = await ragas.measure(question, turn)

    return judge


def _prompt(turn: Turn) -> Prompt:
    """The question with the passages that the answer could stand on."""
    return Prompt(turn.question, replace(turn.search, hits=tuple(citation.hit for citation in turn.citations)))
