"""Foundry Local as the app has it: a child process that is started when it is needed, and again after a crash."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Literal

from rag.concurrency import SingleFlight
from rag.errors import ModelCrashed, ModelError, ModelNotFound, ModelNotReady, ModelUnavailable
from rag.generation.foundry.capacity import check_disk
from rag.generation.foundry.child import Child, ChildEnded, RequestFailed
from rag.generation.foundry.launcher import PROGRAM, CatalogueSilent, Launcher
from rag.generation.foundry.protocol import (
    Catalogue,
    Describe,
    DownloadModel,
    DownloadProgress,
    Fault,
    ListModels,
    Load,
    ModelInfo,
    Request,
    Unload,
    Variants,
)

FOUNDRY_CACHE = Path.home() / ".foundry" / "cache" / "models"
"""Foundry Local's own folder, shared with its command line, so that no model is downloaded twice."""
_CRASHES = 3
_CRASHES_WITHIN_S = 60.0
_LOOKUP_S = 30.0
"""Longer than the catalogue takes without a network (5 s), shorter than where packets are dropped (300 s)."""

State = Literal["stopped", "starting", "ready", "failed"]


class FoundryRuntime:
    """The one Foundry Local of this app; every request starts it when it is not there.

    Args:
        cache_dir: where the model files lie; None for Foundry Local's own folder.
        app_data_dir: where the runtime keeps its own logs; None for `~/.groundwork`.
        log_file: what the child prints is added to it; None drops it.
        catalogue: "disk" never asks Microsoft's server which models there are.
        patience_s: seconds for that server's answer; after them the list beside the model files is taken.
        start_timeout_s: seconds for the whole start.
        program: the child program, with the arguments and messages of `rag.generation.foundry.child_main`.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        app_data_dir: Path | None = None,
        log_file: Path | None = None,
        catalogue: Catalogue = "online",
        patience_s: float = 15.0,
        start_timeout_s: float = 60.0,
        command: Sequence[str] = PROGRAM,
    ) -> None:
        self._launcher = Launcher(
            cache_dir or FOUNDRY_CACHE, app_data_dir, log_file, patience_s, start_timeout_s, command
        )
        self._wanted_catalogue: Catalogue = catalogue
        self._catalogue: Catalogue = catalogue
        self._starting = SingleFlight(self._start)
        self._child: Child | None = None
        self._loaded: dict[str, ModelInfo] = {}
        self._ends: deque[float] = deque(maxlen=_CRASHES)
        """When the last ones crashed or failed to start, by `time.monotonic()`."""
        self._failed = False

    @property
    def state(self) -> State:
        """What it is doing; "failed" until the next try, which any request makes."""
        if self._starting.running:
            return "starting"
        if self._child and self._child.alive:
            return "ready"
        return "failed" if self._child or self._failed else "stopped"

    @property
    def url(self) -> str:
        """The web service's address, without /v1; "" while there is none."""
        return self._child.url if self._child and self._child.alive else ""

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child and self._child.alive else None

    async def start(self) -> None:
        """Comes back when the runtime takes requests; all who call at once share one start.

        Raises:
            ModelUnavailable: it does not start, or crashes again and again.
        """
        await self._running()

    async def close(self) -> None:
        """Ends the child and comes back when it is gone; a later request starts a new one."""
        await self._starting.cancel()
        child, self._child, self._failed = self._child, None, False
        if child:
            await child.end()

    async def has_ended(self, url: str, *, within_s: float) -> bool:
        """True once the child that served this address has ended, False when it has not by then."""
        if self._child is None or self._child.url != url:
            return True
        return await self._child.ended(within_s=within_s)

    async def models(self) -> list[ModelInfo]:
        """All models of the catalogue; none without a network on a computer that never had one.

        Raises:
            ModelError: the runtime does not start or does not answer.
        """
        with _explained("The catalogue", "be read. Try again."):
            return list(await self._ask(ListModels, timeout_s=_LOOKUP_S))

    async def describe(self, alias: str) -> ModelInfo:
        """The model of that alias, or the variant of that id, in whatever case.

        Raises:
            ModelNotFound: the catalogue does not list it.
            ModelError: the runtime does not start or does not answer.
        """
        with _explained(alias, "be looked up. Try again."):
            (model,) = await self._ask(lambda job: Describe(job, alias), timeout_s=_LOOKUP_S)
        return model

    async def variants(self, alias: str) -> list[ModelInfo]:
        """The model for each device that the catalogue has it for; a variant's id gives only that one.

        Raises:
            ModelNotFound: the catalogue does not list it.
            ModelError: the runtime does not start or does not answer.
        """
        with _explained(alias, "be looked up. Try again."):
            return list(await self._ask(lambda job: Variants(job, alias), timeout_s=_LOOKUP_S))

    def loaded(self, alias: str) -> ModelInfo | None:
        """The model, when it was loaded by that alias and still is; asks nobody."""
        return self._loaded.get(alias.casefold()) if self.url else None

    async def load(self, alias: str) -> ModelInfo:
        """The model, in memory from now on.

        Raises:
            ModelNotReady: it is not on this disk, or cannot be loaded.
            ModelError: any other.
        """
        with _explained(alias, "be loaded. Its files may be damaged: remove them and download it again."):
            (model,) = await self._ask(lambda job: Load(job, alias))
        self._loaded[alias.casefold()] = model
        return model

    async def unload(self, alias: str) -> None:
        """Takes the model out of memory; after the last one the child ends.

        The runtime keeps most of an unloaded model's memory; only the end of its process gives all of it back.

        Raises:
            ModelError: the runtime could not do it.
        """
        if (model := self.loaded(alias)) is None:
            return
        self._loaded = {name: other for name, other in self._loaded.items() if other.id != model.id}
        with _explained(alias, "be unloaded. Try again."):
            await self._ask(lambda job: Unload(job, alias))
        if not self._loaded and self._child and not self._child.busy:
            await self.close()

    async def download(self, alias: str) -> AsyncGenerator[float, None]:
        """The share of the model that is on this disk, in [0, 1], as it grows; 1 at the end.

        Closing the iterator cancels the download.

        Raises:
            ModelNotFound: no catalogue within reach lists it.
            StorageError: the disk is too small.
            ModelError: the download broke off.
        """
        model = await self._offered(alias)
        if not model.cached:
            await asyncio.to_thread(check_disk, model, self._launcher.cache_dir)
            child = await self._running()
            job = child.next_id()
            with _explained(alias, "be downloaded. Check the internet connection and try again."):
                async with aclosing(child.replies(job, DownloadModel(job, alias))) as replies:
                    async for reply in replies:
                        if isinstance(reply, DownloadProgress):
                            yield reply.share
        yield 1.0

    async def _offered(self, alias: str) -> ModelInfo:
        """The model to download; a catalogue without it may be one from before the network came."""
        try:
            return await self.describe(alias)
        except ModelNotFound:
            if self._loaded or self._wanted_catalogue == "disk":
                raise
        await self.close()
        self._catalogue = "online"
        return await self.describe(alias)

    async def _ask(self, request: Callable[[int], Request], *, timeout_s: float | None = None) -> tuple[ModelInfo, ...]:
        child = await self._running()
        job = child.next_id()
        async with asyncio.timeout(timeout_s):
            return await child.ask(job, request(job))

    async def _running(self) -> Child:
        if self._child and self._child.alive:
            return self._child
        return await self._starting()

    async def _start(self) -> Child:
        self._refuse_after_crashes()
        try:
            self._child = await self._launch()
        except (ChildEnded, RequestFailed, TimeoutError, OSError) as error:
            self._ends.append(time.monotonic())
            self._failed = True
            raise ModelUnavailable(f"Foundry Local does not start on this computer.{self._hint}") from error
        self._loaded, self._failed = {}, False
        return self._child

    async def _launch(self) -> Child:
        try:
            return await self._launcher.launch(self._catalogue)
        except CatalogueSilent:
            self._catalogue = "disk"
            return await self._launcher.launch(self._catalogue)

    def _refuse_after_crashes(self) -> None:
        """Notes how the last child ended, and raises after too many such ends in too short a time."""
        if self._child:
            self._ends.append(self._child.ended_at)
            self._child, self._failed = None, True
        if len(self._ends) == _CRASHES and time.monotonic() - self._ends[0] < _CRASHES_WITHIN_S:
            raise ModelUnavailable(
                f"Foundry Local stopped {_CRASHES} times within a minute, so it rests. "
                f"Ask again in a minute.{self._hint}"
            )

    @property
    def _hint(self) -> str:
        return f" Its log is {self._launcher.log_file}." if self._launcher.log_file else ""


@contextmanager
def _explained(name: str, purpose: str) -> Generator[None]:
    """Turns what goes wrong with a request into what a person reads: "<name> could not <purpose>"."""
    try:
        yield
    except ChildEnded as error:
        raise ModelCrashed("Foundry Local stopped unexpectedly; it is started again at the next try.") from error
    except TimeoutError as error:
        raise ModelUnavailable("Foundry Local does not answer. Ask again in a moment.") from error
    except RequestFailed as error:
        raise _refusal(name, purpose, error.failed.fault) from error


def _refusal(name: str, purpose: str, fault: Fault) -> ModelError:
    match fault:
        case "not_found":
            return ModelNotFound(
                f"Foundry Local's catalogue has no model {name}. Check the name in the settings, "
                "and the internet connection if it was never downloaded."
            )
        case "not_on_disk":
            return ModelNotReady(f"{name} is not on this computer yet. Download it first.")
        case _:
            return ModelNotReady(f"{name} could not {purpose}")
