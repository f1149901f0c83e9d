"""Foundry Local for the app: a child process that is started when it is needed, and again after a crash."""

import asyncio
import tempfile
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
from rag.generation.foundry.launcher import COMMAND, CatalogueSilent, Launcher
from rag.generation.foundry.protocol import (
    Catalogue,
    Describe,
    DownloadModel,
    DownloadProgress,
    Fault,
    Load,
    ModelInfo,
    Request,
    Variants,
)

_CRASHES = 3
_CRASHES_WITHIN_S = 60.0
_LOOKUP_S = 30.0
"""Longer than the catalogue takes without a network (5 s), shorter than where packets are dropped (300 s)."""

State = Literal["stopped", "starting", "ready", "failed"]


class FoundryRuntime:
    """The one Foundry Local of this app; every request starts it when it is not there.

    Args:
        cache_dir: where the model files lie; None for Foundry Local's own folder.
        app_data_dir: where the runtime writes its own logs; None for `~/.groundwork`.
        log_file: what the child prints is appended to it; None drops it.
        catalogue: "disk" never asks Microsoft's server which models there are.
        catalogue_timeout_s: seconds for that server's answer; after them the list beside the model files is used.
        start_timeout_s: seconds for the whole start.
        command: starts the child, with the arguments and messages of `rag.generation.foundry.child_main`.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | None = None,
        app_data_dir: Path | None = None,
        log_file: Path | None = None,
        catalogue: Catalogue = "online",
        catalogue_timeout_s: float = 15.0,
        start_timeout_s: float = 60.0,
        command: Sequence[str] = COMMAND,
    ) -> None:
        cache_dir = cache_dir or default_cache_dir(app_data_dir)
        self._launcher = Launcher(cache_dir, app_data_dir, log_file, catalogue_timeout_s, start_timeout_s, command)
        self._wanted_catalogue: Catalogue = catalogue
        self._catalogue: Catalogue = catalogue
        self._starting = SingleFlight(self._start)
        self._reconnecting = SingleFlight(self._reconnect)
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
        """Returns when the runtime takes requests; concurrent callers share one start.

        Raises:
            ModelUnavailable: it does not start, or crashes again and again.
        """
        await self._running()

    async def close(self) -> None:
        """Ends the child; returns when it is gone. A later request starts a new one."""
        await self._reconnecting.cancel()
        await self._end_child()

    async def has_ended(self, url: str, *, within_s: float) -> bool:
        """True once the child that served this address has ended, False when it has not by then."""
        if self._child is None or self._child.url != url:
            return True
        return await self._child.ended(within_s=within_s)

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
        """The model, when it was loaded by that alias and still is; no request is made."""
        return self._loaded.get(alias.casefold()) if self.url else None

    async def load(self, alias: str) -> ModelInfo:
        """Loads the model into memory.

        Raises:
            ModelNotReady: it is not on this disk, or cannot be loaded.
            ModelError: any other.
        """
        with _explained(alias, "be loaded. Its files may be damaged: remove them and download it again."):
            (model,) = await self._ask(lambda job: Load(job, alias))
        self._loaded[alias.casefold()] = model
        return model

    async def download(self, alias: str) -> AsyncGenerator[float, None]:
        """The share of the model that is on this disk, in [0, 1], as it grows; 1 at the end.

        Closing the iterator cancels the download.

        Raises:
            ModelNotFound: no catalogue within reach lists it.
            StorageError: the disk is too small.
            ModelError: the download broke off.
        """
        model = await self._downloadable(alias)
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

    async def _downloadable(self, alias: str) -> ModelInfo:
        """The model, from a child that may use the network; a child without it, or with an old list, is replaced."""
        try:
            model = await self.describe(alias)
        except ModelNotFound:
            if not (self._fell_back or self._may_restart):
                raise
        else:
            if model.cached or not self._fell_back:
                return model
        await self._reconnecting()
        return await self.describe(alias)

    @property
    def _fell_back(self) -> bool:
        """Whether the child has no way to the network because the catalogue's server was silent at its start."""
        return self._catalogue != self._wanted_catalogue

    @property
    def _may_restart(self) -> bool:
        """Whether a new child may see another catalogue, and the one that runs is not in use."""
        in_use = self._loaded or (self._child and self._child.busy)
        return self._wanted_catalogue == "online" and not in_use

    async def _reconnect(self) -> None:
        """Replaces the child by one that may use the network, if the settings allow it."""
        self._catalogue = self._wanted_catalogue
        await self._end_child()
        await self._running()

    async def _end_child(self) -> None:
        await self._starting.cancel()
        child, self._child, self._failed = self._child, None, False
        if child:
            await child.end()

    async def _ask(self, request: Callable[[int], Request], *, timeout_s: float | None = None) -> tuple[ModelInfo, ...]:
        """The reply to a request; one that meets a `_reconnect` is made again, to the new child."""
        child = await self._running()
        job = child.next_id()
        try:
            async with asyncio.timeout(timeout_s):
                return await child.ask(job, request(job))
        except ChildEnded:
            if child is self._child or not self._reconnecting.running:
                raise
        return await self._ask(request, timeout_s=timeout_s)

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
            raise ModelUnavailable(f"Foundry Local does not start on this computer.{self._log_hint}") from error
        self._loaded, self._failed = {}, False
        return self._child

    async def _launch(self) -> Child:
        try:
            return await self._launcher.launch(self._catalogue)
        except CatalogueSilent:
            self._catalogue = "disk"
            return await self._launcher.launch(self._catalogue)

    def _refuse_after_crashes(self) -> None:
        """Records the last child's end; raises after too many such ends in too short a time."""
        if self._child:
            self._ends.append(self._child.ended_at)
            self._child, self._failed = None, True
        if len(self._ends) == _CRASHES and time.monotonic() - self._ends[0] < _CRASHES_WITHIN_S:
            raise ModelUnavailable(
                f"Foundry Local stopped {_CRASHES} times within a minute, so it rests. "
                f"Ask again in a minute.{self._log_hint}"
            )

    @property
    def _log_hint(self) -> str:
        return f" Its log is {self._launcher.log_file}." if self._launcher.log_file else ""


def default_cache_dir(app_data_dir: Path | None = None) -> Path:
    """Foundry Local's own folder, shared with its command line, so that no model is downloaded twice.

    An account without a home folder, as in some containers, has one of its own in `app_data_dir`.
    """
    try:
        return Path.home() / ".foundry" / "cache" / "models"
    except RuntimeError:
        return (app_data_dir or Path(tempfile.gettempdir(), "groundwork")) / "models"


@contextmanager
def _explained(alias: str, purpose: str) -> Generator[None]:
    """Turns the failure of a request into the error to show: "<alias> could not <purpose>"."""
    try:
        yield
    except ChildEnded as error:
        sentence = "Foundry Local stopped unexpectedly; it is started again at the next try."
        raise ModelCrashed(sentence, model=alias) from error
    except TimeoutError as error:
        sentence = "Foundry Local does not answer. Ask again in a moment."
        raise ModelUnavailable(sentence, model=alias, limit=_LOOKUP_S) from error
    except RequestFailed as error:
        raise _refusal(alias, purpose, error.failed.fault) from error


def _refusal(alias: str, purpose: str, fault: Fault) -> ModelError:
    match fault:
        case "not_found":
            return ModelNotFound(
                f"Foundry Local's catalogue has no model {alias}. Check the name in the settings, "
                "and the internet connection if it was never downloaded.",
                model=alias,
            )
        case "not_on_disk":
            return ModelNotReady(f"{alias} is not on this computer yet. Download it first.", model=alias)
        case _:
            return ModelNotReady(f"{alias} could not {purpose}", model=alias)
