"""Where models are asked: in a fresh runtime of this machine, loaded cold, or on a server that has them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from rag.benchmark.measure import Clock
from rag.benchmark.plan import Device, ModelSpec
from rag.benchmark.records import Model
from rag.errors import ModelCrashed, ModelError, ModelNotFound, SettingsError
from rag.generation.foundry.capacity import check_memory
from rag.generation.foundry.protocol import ModelInfo
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel, normalise
from rag.machine import gpu_memory_mb, resident_mb

_NOTICED_S = 1.0
"""The end of a process is known a moment after its connections break."""


class TargetSession:
    """A model that can be asked now, and what is known of it."""

    def __init__(self, chat: OpenAIModel, model: Model, *, here: bool) -> None:
        self.chat = chat
        self.model = model
        self.here = here
        """Whether it runs on this machine, whose graphics cards then work for it."""

    async def after_first_answer(self) -> None:
        """Adds to `model` what can be known only after the first answer; called once."""

    async def explain(self, error: ModelError) -> ModelError:
        """The error as a person should read it."""
        return error


class Targets:
    """Where the models of a run are; opens them one after the other.

    Args:
        runtime: this machine's own; None where it may not be used. It is closed by its maker.
        keys: API keys of servers, by their normalised address.
        idle_timeout_s: the longest wait for the headers and between two events, in seconds.
        clock: times the loading.
    """

    def __init__(
        self, runtime: FoundryRuntime | None, *, keys: Mapping[str, str], idle_timeout_s: float, clock: Clock
    ) -> None:
        self._runtime = runtime
        self._keys = keys
        self._idle_timeout_s = idle_timeout_s
        self._clock = clock

    async def variants(self, spec: ModelSpec, devices: Sequence[Device]) -> list[ModelSpec]:
        """The spec once for each of the devices that the catalogue has it for; itself where it is on a server.

        Raises:
            ModelError: the catalogue cannot be read, or has the model for none of them.
        """
        if spec.endpoint or not devices:
            return [spec]
        known = await self._own().variants(spec.alias)
        found = [(device, info) for device in devices if (info := _variant(known, device))]
        if not found:
            raise ModelNotFound(
                f"The catalogue has no {' or '.join(devices)} variant of {spec.alias} for this computer."
            )
        return [replace(spec, alias=f"{spec.alias} ({device})", variant=info.id) for device, info in found]

    @asynccontextmanager
    async def opened(self, spec: ModelSpec) -> AsyncGenerator[TargetSession]:
        """The model, ready for its first question.

        Raises:
            ModelError: it cannot be reached or loaded.
            SettingsError: its address cannot be used, or it has none and there is no runtime.
        """
        async with self._on_server(spec) if spec.endpoint else self._in_runtime(spec) as session:
            yield session

    @asynccontextmanager
    async def _on_server(self, spec: ModelSpec) -> AsyncGenerator[TargetSession]:
        address = normalise(spec.endpoint)
        chat = OpenAIModel(
            base_url=address,
            alias=spec.alias,
            api_key=self._keys.get(address, ""),
            idle_timeout_s=self._idle_timeout_s,
        )
        try:
            model = replace(described(spec), variant=await chat.check())
            yield TargetSession(chat, model, here=_is_here(address))
        finally:
            await chat.close()

    @asynccontextmanager
    async def _in_runtime(self, spec: ModelSpec) -> AsyncGenerator[TargetSession]:
        """In a process that has not loaded anything before: the end of one gives all of a model's memory back."""
        runtime = self._own()
        await runtime.close()
        info = await runtime.describe(spec.name)
        if info.cached:
            check_memory(info)
        session = await _RuntimeSession.loaded(runtime, spec, info, self._idle_timeout_s, self._clock)
        try:
            yield session
        finally:
            await session.chat.close()
            await runtime.close()

    def _own(self) -> FoundryRuntime:
        if self._runtime is None:
            raise SettingsError(
                "RUNTIME is off and no endpoint is set, so no model can run. "
                "Set FOUNDRY_LOCAL_ENDPOINT, or RUNTIME=auto."
            )
        return self._runtime


class _RuntimeSession(TargetSession):
    """In this machine's runtime: its memory can be looked at, and the end of its process be noticed."""

    def __init__(self, runtime: FoundryRuntime, chat: OpenAIModel, model: Model, gpu_before_mb: float | None) -> None:
        super().__init__(chat, model, here=True)
        self._runtime, self._url, self._gpu_before_mb = runtime, runtime.url, gpu_before_mb

    @classmethod
    async def loaded(
        cls, runtime: FoundryRuntime, spec: ModelSpec, info: ModelInfo, idle_timeout_s: float, clock: Clock
    ) -> "_RuntimeSession":
        """The model, after its cold load.

        Its chat is the same as the one inside `FoundryModel`, but without the one token that warms the model for a
        person: the first answer is to be measured.
        """
        before, gpu_before = resident_mb(runtime.pid), await gpu_memory_mb()
        began = clock()
        loaded = await runtime.load(spec.name)
        load_s = round(clock() - began, 6)
        model = replace(
            described(spec),
            variant=loaded.id,
            device=loaded.device,
            disk_mb=info.size_mb or spec.entry.size_mb,
            load_s=load_s,
            memory_before_mb=before,
        )
        chat = OpenAIModel(base_url=runtime.url, alias=spec.alias, model_id=loaded.id, idle_timeout_s=idle_timeout_s)
        return cls(runtime, chat, model, gpu_before)

    async def after_first_answer(self) -> None:
        gpu = await gpu_memory_mb()
        growth = gpu - self._gpu_before_mb if gpu is not None and self._gpu_before_mb is not None else None
        self.model = replace(
            self.model,
            memory_after_mb=resident_mb(self._runtime.pid),
            gpu_memory_mb=round(growth, 1) if growth is not None else None,
        )

    async def explain(self, error: ModelError) -> ModelError:
        if await self._runtime.has_ended(self._url, within_s=_NOTICED_S):
            return ModelCrashed(f"{self.model.alias} stopped unexpectedly: Foundry Local's process ended.")
        return error


def described(spec: ModelSpec) -> Model:
    """What is known of a model before its first request."""
    return Model(
        spec.alias,
        variant=spec.variant,
        where="endpoint" if spec.endpoint else "runtime",
        capabilities=spec.entry.capabilities,
        disk_mb=spec.entry.size_mb,
        price=spec.price,
    )


def _variant(known: Sequence[ModelInfo], device: Device) -> ModelInfo | None:
    """The one for that device; one that is on this disk goes before others."""
    fitting = [info for info in known if info.device.upper() == device]
    return min(fitting, key=lambda info: not info.cached, default=None)


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
