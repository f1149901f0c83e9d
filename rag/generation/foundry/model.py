"""A model of this app's Foundry Local: loaded when it is first needed, warmed, and loaded again after a crash."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Literal

from rag.concurrency import SingleFlight
from rag.errors import ModelCrashed, ModelError, ModelNotReady
from rag.generation.chat_model import GenerationLimits, Loading, ModelEvent
from rag.generation.foundry.capacity import check_memory, gigabytes
from rag.generation.foundry.protocol import ModelInfo
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.generation.prompt import Prompt, answer_prompt

_WARM_UP = answer_prompt("Hello")
_ONE_TOKEN = GenerationLimits(max_tokens=1, temperature=0)
_CRASH_NOTICE_S = 1.0
"""A process is seen to have ended a moment after its connections break."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model can answer, for the chat and `rag doctor`."""

    alias: str
    state: Literal["ready", "loading", "on_disk", "missing", "unavailable"]
    detail: str
    """One sentence for the person."""
    size_mb: float | None = None
    """Of its files; None when it is unknown."""


class FoundryModel:
    """A `ChatModel` of the runtime that this app runs; its streams may run side by side.

    Args:
        runtime: shared by all models of the app; its creator closes it.
        alias: as the catalogue has it ("phi-4-mini"), or a variant's id.
        idle_timeout_s: the longest wait for the headers and between two chunks, in seconds.
        keep_warm_s: seconds without a question after which a one-token prompt keeps it warm; 0 never does.
    """

    def __init__(
        self, runtime: FoundryRuntime, alias: str, *, idle_timeout_s: float = 60.0, keep_warm_s: float = 0.0
    ) -> None:
        self._runtime = runtime
        self._alias = alias
        self._idle_timeout_s = idle_timeout_s
        self._keep_warm_s = keep_warm_s
        self._loading = SingleFlight(self._load)
        self._endpoint: OpenAIModel | None = None
        self._url = ""
        self._used_at = 0.0
        self._background: set[asyncio.Task[None]] = set()

    @property
    def alias(self) -> str:
        """The name that a person knows it by."""
        return self._alias

    @property
    def generates(self) -> bool:
        """True: it writes its own words."""
        return True

    @property
    def idle(self) -> bool:
        """Whether it is in memory and has no stream of this app open."""
        endpoint = self._ready()
        return bool(endpoint and endpoint.idle)

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent, None]:
        """The answer to the prompt, as it comes, after `Loading` where the model is not in memory yet.

        Raises:
            ModelNotReady: it is not on this disk, or there is no memory for it.
            ModelCrashed: the runtime ended in the middle; it is being started again, for the next question.
            ModelError: any other, also in the middle.
        """
        if (endpoint := self._ready()) is None:
            yield Loading()
            endpoint = await self._loading()
        url = self._url
        try:
            async with aclosing(endpoint.stream(prompt, limits)) as events:
                async for event in events:
                    self._used_at = time.monotonic()
                    yield event
        except ModelError as error:
            if not await self._runtime.has_ended(url, within_s=_CRASH_NOTICE_S):
                raise
            self._in_background(self.prepare())
            raise ModelCrashed(
                f"{self._alias} stopped unexpectedly and is being started again. Ask again in a moment.",
                model=self._alias,
            ) from error

    async def prepare(self) -> None:
        """Starts, loads and warms the model, so that the first question is fast; does nothing where that fails."""
        with suppress(ModelError):
            if self._ready() is None:
                await self._loading()

    async def status(self) -> ModelStatus:
        """Whether the model can answer; starts the runtime to find out."""
        if self._ready() and (model := self._runtime.loaded(self._alias)):
            return ModelStatus(self._alias, "ready", f"{self._alias} is ready.", model.size_mb)
        if self._loading.running:
            return ModelStatus(self._alias, "loading", f"{self._alias} is being loaded.")
        try:
            return self._described(await self._runtime.describe(self._alias))
        except ModelError as error:
            return ModelStatus(self._alias, "unavailable", str(error))

    async def close(self) -> None:
        """Ends its background work and closes its connections; the runtime keeps running."""
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._loading.cancel()
        if self._endpoint:
            await self._endpoint.close()

    def _ready(self) -> OpenAIModel | None:
        """The connection to the model, while it is in memory and its child runs."""
        is_loaded = self._url == self._runtime.url and self._runtime.loaded(self._alias)
        return self._endpoint if is_loaded else None

    async def _load(self) -> OpenAIModel:
        model = await self._runtime.describe(self._alias)
        if not model.cached:
            raise ModelNotReady(_missing(model), model=self._alias)
        if not model.loaded:
            check_memory(model)
        model = await self._runtime.load(self._alias)
        return await self._connect(model)

    async def _connect(self, model: ModelInfo) -> OpenAIModel:
        """A warmed connection to a loaded model, in place of the one before."""
        if self._endpoint:
            await self._endpoint.close()
        self._url = self._runtime.url
        self._endpoint = OpenAIModel(
            base_url=self._url, alias=self._alias, model_id=model.id, idle_timeout_s=self._idle_timeout_s
        )
        await self._warm(self._endpoint)
        if self._keep_warm_s:
            self._in_background(self._keep_warm(self._endpoint))
        return self._endpoint

    async def _keep_warm(self, endpoint: OpenAIModel) -> None:
        """Asks for one token whenever the model was idle for long enough, until it is gone."""
        while self._ready() is endpoint:
            idle_s = time.monotonic() - self._used_at
            if idle_s < self._keep_warm_s:
                await asyncio.sleep(self._keep_warm_s - idle_s)
            else:
                await self._warm(endpoint)

    async def _warm(self, endpoint: OpenAIModel) -> None:
        """Asks for one token; if that fails, the next question shows why."""
        with suppress(ModelError):
            async for _ in endpoint.stream(_WARM_UP, _ONE_TOKEN):
                pass
        self._used_at = time.monotonic()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _described(self, model: ModelInfo) -> ModelStatus:
        if not model.cached:
            return ModelStatus(self._alias, "missing", _missing(model), model.size_mb)
        detail = f"{self._alias} is on this computer and is loaded when it is first needed."
        return ModelStatus(self._alias, "on_disk", detail, model.size_mb)


def _missing(model: ModelInfo) -> str:
    size = f" Its download takes {gigabytes(model.size_mb)}." if model.size_mb else ""
    return f"{model.alias} is not on this computer yet.{size}"
