"""The registry of models: which this app has, which of them answer the next turn, and their downloads."""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import GroundworkError, ModelError
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.generation.foundry.model import FoundryModel, ModelStatus
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.machine import format_bytes

_NO_MODEL = "No model is set up, so these are your documents' own words. Set FOUNDRY_LOCAL_ENDPOINT to add one."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """A model that could be downloaded."""

    alias: str
    size_mb: float | None = None

    @property
    def size(self) -> str:
        """ "3.6 GB", or "" when the catalogue does not say."""
        return format_bytes(self.size_mb * 1e6) if self.size_mb else ""


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """The models for one turn, and what a person should know about them."""

    models: ModelSet
    note: str = ""
    """One sentence when no model answers; "" otherwise."""
    small_missing: Missing | None = None
    large_missing: Missing | None = None


@dataclass(slots=True)
class DownloadState:
    """A download that runs or ran."""

    alias: str
    share: float = 0.0
    """[0, 1]."""
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    detail: str = ""
    """Why it failed, in sentences for a person; "" otherwise."""
    task: asyncio.Task[None] | None = None


class ModelRegistry:
    """The small model and the larger one, wherever they are."""

    def __init__(
        self,
        small: OpenAIModel | FoundryModel | ExtractiveModel,
        large: OpenAIModel | FoundryModel | None,
        runtime: FoundryRuntime | None = None,
    ) -> None:
        self.small, self.large, self.runtime = small, large, runtime
        self.downloads: dict[str, DownloadState] = {}

    @classmethod
    def from_addresses(
        cls,
        *,
        slm_alias: str,
        llm_alias: str,
        endpoint: str,
        endpoint_key: str,
        llm_endpoint: str,
        llm_key: str,
        runtime: bool,
        catalogue: Literal["online", "disk"],
        cache_dir: Path | None,
        data_dir: Path,
        idle_timeout_s: float,
        keep_warm_s: float,
    ) -> "ModelRegistry":
        """The models as the settings name them: on servers where addresses are given, else in this app's Foundry Local.

        Its log is `foundry.log` in `data_dir`.
        """

        def remote(alias: str, address: str, key: str) -> OpenAIModel:
            return OpenAIModel(base_url=address, alias=alias, api_key=key, idle_timeout_s=idle_timeout_s)

        def local(alias: str) -> FoundryModel | None:
            if not foundry:
                return None
            return FoundryModel(foundry, alias, idle_timeout_s=idle_timeout_s, keep_warm_s=keep_warm_s)

        foundry = None
        if runtime and not (endpoint and llm_endpoint):
            foundry = own_runtime(data_dir, cache_dir=cache_dir, catalogue=catalogue)
        small = remote(slm_alias, endpoint, endpoint_key) if endpoint else local(slm_alias)
        if llm_endpoint:
            large = remote(llm_alias, llm_endpoint, llm_key)
        else:
            large = remote(llm_alias, endpoint, endpoint_key) if endpoint else local(llm_alias)
        return cls(small or ExtractiveModel(), large, foundry)

    async def start(self) -> None:
        """Loads the small model if it is on this disk; never downloads."""
        if isinstance(self.small, FoundryModel):
            await self.small.prepare()

    async def selection(self) -> ModelSelection:
        """The models for a turn that begins now."""
        small, large = await self._status(self.small), await self._status(self.large)
        usable = self.large if _can_answer(large) else None
        if isinstance(self.small, ExtractiveModel):
            return ModelSelection(ModelSet(self.small, usable), _NO_MODEL)
        if small and not _can_answer(small):
            note = f"No model is running, so these are your documents' own words. {small.detail}"
            return ModelSelection(ModelSet(ExtractiveModel(), usable), note, _missing(small), _missing(large))
        idle = self.small if self.small.idle else None
        return ModelSelection(
            ModelSet(self.small, usable, fallback=ExtractiveModel(), idle=idle), large_missing=_missing(large)
        )

    async def statuses(self) -> list[ModelStatus]:
        """The state of each model of this machine's runtime."""
        both = [await self._status(self.small), await self._status(self.large)]
        return [status for status in both if status]

    async def health(self) -> list[ModelStatus]:
        """The state of each model; one on a server is asked for."""
        models = [model for model in (self.small, self.large) if model and not isinstance(model, ExtractiveModel)]
        return list(await asyncio.gather(*map(_health, models)))

    def download(self, alias: str) -> DownloadState:
        """The running download of a model; a new one if none runs."""
        running = self.downloads.get(alias)
        if running and running.state == "running":
            return running
        download = self.downloads[alias] = DownloadState(alias)
        download.task = asyncio.create_task(self._download(download))
        return download

    def cancel(self, alias: str) -> None:
        """Stops a download; what is on the disk so far is the runtime's to clean up."""
        download = self.downloads.get(alias)
        if download and download.task and download.state == "running":
            download.task.cancel()

    async def close(self) -> None:
        """Ends downloads, connections and the runtime's process."""
        for alias in self.downloads:
            self.cancel(alias)
        for model in (self.small, self.large):
            if isinstance(model, OpenAIModel | FoundryModel):
                await model.close()
        if self.runtime:
            await self.runtime.close()

    async def _download(self, download: DownloadState) -> None:
        """Runs a download; however it ends, its state says so."""
        try:
            await self._fetch(download)
            download.share, download.state = 1.0, "done"
        except asyncio.CancelledError:
            download.state = "cancelled"
            raise
        except GroundworkError as error:
            download.state, download.detail = "failed", str(error)
        except Exception:  # noqa: BLE001 - a download without an end would be shown for ever
            _log.exception("The download of %r ended with an unforeseen error", download.alias)
            download.state, download.detail = "failed", "An unforeseen error ended it; the app's log has it. Try again."
        await self.start()

    async def _fetch(self, download: DownloadState) -> None:
        if not self.runtime:
            raise ModelError("This app does not run models itself; the server at your endpoint does.")
        async with aclosing(self.runtime.download(download.alias)) as shares:
            async for share in shares:
                download.share = share

    @staticmethod
    async def _status(model: OpenAIModel | FoundryModel | ExtractiveModel | None) -> ModelStatus | None:
        return await model.status() if isinstance(model, FoundryModel) else None


def own_runtime(data_dir: Path, *, cache_dir: Path | None, catalogue: Literal["online", "disk"]) -> FoundryRuntime:
    """The runtime of an app with that data folder, which its logs lie in."""
    return FoundryRuntime(
        cache_dir=cache_dir,
        app_data_dir=data_dir / "foundry",
        log_file=data_dir / "foundry.log",
        catalogue=catalogue,
    )


async def _health(model: OpenAIModel | FoundryModel) -> ModelStatus:
    if isinstance(model, FoundryModel):
        return await model.status()
    try:
        await model.check()
    except ModelError as error:
        return ModelStatus(model.alias, "unavailable", str(error))
    return ModelStatus(model.alias, "ready", f"{model.alias} is ready.")


def _can_answer(status: ModelStatus | None) -> bool:
    """Whether a model may be asked; one on a server, which has no status here, always."""
    return status is None or status.state not in ("missing", "unavailable")


def _missing(status: ModelStatus | None) -> Missing | None:
    return Missing(status.alias, status.size_mb) if status and status.state == "missing" else None
