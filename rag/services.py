"""What all chats of a process share: the library, the reader, the models. Put together here from the settings."""

import asyncio
import importlib
from collections.abc import Set
from functools import cached_property
from typing import TYPE_CHECKING

from rag.calibration import Calibration, read_calibration
from rag.documents.reading import Reader
from rag.escalation.allowance import Allowance
from rag.escalation.policy import Policy
from rag.escalation.weights import shipped
from rag.keeping import Keeper
from rag.libraries import data_dir
from rag.retrieval.index import PassageIndex
from rag.retrieval.search import Searcher
from rag.retrieval.synonyms import Synonyms
from rag.settings import Settings
from rag.turn_log import TurnLog
from rag.turn_state import Budget

if TYPE_CHECKING:
    from rag.generation.models import Models


class Services:
    """Made at once, started when the event loop runs; `start` may be called at every use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keeper = Keeper(settings)
        self.synonyms = Synonyms.read(settings.synonyms)
        self.reader = Reader(
            workers=settings.read_workers,
            timeout_s=settings.read_timeout_s,
            max_bytes=int(settings.upload_max_mb * 1_000_000),
            max_pages=settings.document_max_pages,
            max_chars=settings.document_max_chars,
            ocr=settings.ocr == "auto",
        )
        self.allowance = Allowance(settings.escalation_share, settings.escalation_wait_s)
        self.turn_log: TurnLog | None = None
        """Where turns are noted; None when that is off."""
        if settings.turn_log == "on":
            self.turn_log = TurnLog(data_dir(settings), text=settings.log_text == "on")
        self.calibration = read_calibration(data_dir(settings), shipped())
        """What `rag calibrate` saved; None where nothing is, or nothing that can be used."""
        self._preparing: asyncio.Task[None] | None = None

    @cached_property
    def models(self) -> "Models":
        """The models; made when they are first needed, because the openai client takes half a second to import."""
        from rag.generation.models import Models

        settings = self.settings
        return Models.from_addresses(
            slm_alias=settings.slm_alias,
            llm_alias=settings.llm_alias,
            endpoint=settings.foundry_local_endpoint,
            endpoint_key=settings.foundry_local_api_key.get_secret_value(),
            llm_endpoint=settings.llm_endpoint,
            llm_key=settings.llm_api_key.get_secret_value(),
            runtime=settings.runtime == "auto",
            catalogue=settings.catalogue,
            cache_dir=settings.model_cache_dir,
            idle_timeout_s=settings.idle_timeout_s,
            keep_warm_s=settings.keep_warm_s,
        )

    def start(self) -> None:
        """Begins to keep the library in step and to prepare the small model, in the background; once."""
        self.keeper.start()
        if self._preparing is None:
            self._preparing = asyncio.create_task(self._prepare_models())

    def searcher(self, *uploads: PassageIndex, closed: Set[str] = frozenset()) -> Searcher:
        """Searches the library, without the folders of these names, and a chat's uploads as one."""
        return Searcher(*self.keeper.indexes(closed), *uploads, synonyms=self.synonyms)

    def policy(self) -> Policy:
        """When the larger model is called, and when nobody answers, with what is known of the library now."""
        return policy(self.settings, self.calibration)

    async def close(self) -> None:
        """Ends what runs for this app."""
        if self._preparing:
            self._preparing.cancel()
        await self.keeper.close()
        if "models" in self.__dict__:
            await self.models.close()
        await self.reader.close()

    async def _prepare_models(self) -> None:
        await asyncio.to_thread(importlib.import_module, "rag.generation.models")
        await self.models.start()


def budget(settings: Settings) -> Budget:
    """How much a turn may read and say."""
    return Budget(
        passages=settings.passages,
        passage_tokens=settings.passage_tokens,
        history_tokens=settings.history_tokens,
        draft_tokens=settings.draft_max_tokens,
        escalated_tokens=settings.answer_max_tokens,
        temperature=settings.temperature,
        rewrite=settings.rewrite == "auto",
    )


def policy(settings: Settings, calibration: Calibration | None = None, measured: float | None = None) -> Policy:
    """When the larger model is called, and when nobody answers.

    What a setting leaves open is the calibration's; the match threshold is the one `measured` on the library.
    """
    default = Policy()
    found = calibration or Calibration(default.weights, default.confidence_threshold)
    return Policy(
        confidence_threshold=_first(settings.confidence_threshold, found.confidence_threshold),
        grounding_threshold=_first(settings.grounding_threshold, measured, default.grounding_threshold),
        long_answer_chars=settings.long_answer_chars,
        short_answer_chars=settings.short_answer_chars,
        flagged_topics=settings.flagged_topics,
        automatic=settings.escalation == "auto",
        early=settings.early_escalation == "on",
        weights=found.weights,
    )


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
