"""Which models this app has, who answers the next turn, and downloads that somebody asked for."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import ModelError
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.generation.foundry.model import FoundryModel, ModelStatus
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.machine import format_bytes

LOG = Path.home() / ".groundwork" / "foundry.log"
"""What the runtime prints, also when it crashes."""


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
    """Who answers now, and what a person should know about it."""

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
        idle_timeout_s: float,
        keep_warm_s: float,
    ) -> "ModelRegistry":
        """The models as the settings name them: on servers where addresses are given, else in Foundry Local here."""

        def remote(alias: str, address: str, key: str) -> OpenAIModel:
            return OpenAIModel(base_url=address, alias=alias, api_key=key, idle_timeout_s=idle_timeout_s)

        def local(alias: str) -> FoundryModel | None:
            if not foundry:
                return None
            return FoundryModel(foundry, alias, idle_timeout_s=idle_timeout_s, keep_warm_s=keep_warm_s)

        foundry = None
        if runtime and not (endpoint and llm_endpoint):
            foundry = FoundryRuntime(cache_dir=cache_dir, catalogue=catalogue, log_file=LOG)
        small = remote(slm_alias, endpoint, endpoint_key) if endpoint else local(slm_alias)
        if llm_endpoint:
            large = remote(llm_alias, llm_endpoint, llm_key)
        else:
            large = remote(llm_alias, endpoint, endpoint_key) if endpoint else local(llm_alias)
        return cls(small or ExtractiveModel(), large, foundry)

    async def start(self) -> None:
        """Brings the small model into memory if it is on this disk; never downloads."""
        if isinstance(self.small, FoundryModel):
            await self.small.prepare()

    async def selection(self) -> ModelSelection:
        """Who answers a turn that begins now."""
        small, large = await self._status(self.small), await self._status(self.large)
        usable = self.large if not large or large.state not in ("missing", "unavailable") else None
        idle = self.small if not isinstance(self.small, ExtractiveModel) and self.small.idle else None
        selection = ModelSelection(
            ModelSet(self.small, usable, ExtractiveModel(), idle), large_missing=_missing(large) if large else None
        )
        if isinstance(self.small, ExtractiveModel):
            note = "No model is set up, so these are your documents' own words. Set FOUNDRY_LOCAL_ENDPOINT to add one."
            return ModelSelection(ModelSet(self.small, usable), note)
        if not small or small.state not in ("missing", "unavailable"):
            return selection
        return ModelSelection(
            ModelSet(ExtractiveModel(), usable),
            f"No model is running, so these are your documents' own words. {small.detail}",
            _missing(small),
            selection.large_missing,
        )

    async def statuses(self) -> list[ModelStatus]:
        """The state of each model of this machine's runtime."""
        both = [await self._status(self.small), await self._status(self.large)]
        return [status for status in both if status]

    async def health(self) -> list[ModelStatus]:
        """How it stands with each model, also with one on a server, which is asked."""
        there = [model for model in (self.small, self.large) if model and not isinstance(model, ExtractiveModel)]
        return list(await asyncio.gather(*map(_standing, there)))

    def download(self, alias: str) -> DownloadState:
        """The running download of a model, begun now if there is none."""
        running = self.downloads.get(alias)
        if running and running.state == "running":
            return running
        download = self.downloads[alias] = DownloadState(alias)
        download.task = asyncio.create_task(self._download(download))
        return download

    def cancel(self, alias: str) -> None:
        """Stops a download; what is on the disk so far is the runtime's to clean up."""
        download = self.downloads.get(alias)
        if download and download.task:
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
        try:
            if not self.runtime:
                raise ModelError("This app does not run models itself; the server at your endpoint does.")
            async with aclosing(self.runtime.download(download.alias)) as shares:
                async for share in shares:
                    download.share = share
            download.share, download.state = 1.0, "done"
        except asyncio.CancelledError:
            download.state = "cancelled"
            raise
        except ModelError as error:
            download.state, download.detail = "failed", str(error)
        await self.start()

    @staticmethod
    async def _status(model: OpenAIModel | FoundryModel | ExtractiveModel | None) -> ModelStatus | None:
        return await model.status() if isinstance(model, FoundryModel) else None


async def _standing(model: OpenAIModel | FoundryModel) -> ModelStatus:
    if isinstance(model, FoundryModel):
        return await model.status()
    try:
        await model.check()
    except ModelError as error:
        return ModelStatus(model.alias, "unavailable", str(error))
    return ModelStatus(model.alias, "ready", f"{model.alias} is ready.")


def _missing(status: ModelStatus) -> Missing | None:
    return Missing(status.alias, status.size_mb) if status.state == "missing" else None
