"""What all chats of a process share: the library, the reader, the models. Put together here from the settings."""

import asyncio
import importlib
import logging
from collections import Counter
from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.concurrency import supervised
from rag.errors import BrokenFile, SettingsError, StorageError
from rag.escalation.gate import AbstentionGate, LibraryView
from rag.escalation.policy import CAPABILITIES, Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.escalation.synthetic_queries import Size
from rag.escalation.weights import shipped
from rag.generation.model_facts import ModelEntry, known_models, read_models
from rag.ingestion.reader import Reader
from rag.intent.catalogue import MOST_LINES, Catalogue, CatalogueDocument, CatalogueFolder
from rag.library.manager import LibraryManager, ManagedLibrary
from rag.library.manifest import FileRecord
from rag.library.store import Listing
from rag.retrieval.index import PassageIndex
from rag.retrieval.search import Searcher
from rag.retrieval.synonyms import Synonyms
from rag.settings import Settings, find_file
from rag.turn.state import Budget
from rag.turn_log.calibration import Calibration, read_calibration
from rag.turn_log.log import TurnLog
from rag.types import Document

if TYPE_CHECKING:
    from rag.generation.registry import ModelRegistry


_log = logging.getLogger(__name__)

_MAIN_SHARE = 0.1
"""Of the library's passages, from which on their language is one of its main ones."""
_SETTLING_S = 30.0
"""Changes in a folder come in rows; the gate's threshold is measured this long after the first."""


class Services:
    """Made at once, started when the event loop runs; `start` may be called at every use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.library_manager = LibraryManager(settings)
        self.synonyms = Synonyms.read(find_file(settings.synonyms)).with_shipped()
        self.reader = Reader(
            workers=settings.read_workers,
            timeout_s=settings.read_timeout_s,
            max_bytes=int(settings.upload_max_mb * 1_000_000),
            max_pages=settings.document_max_pages,
            max_chars=settings.document_max_chars,
            ocr=settings.ocr == "auto",
        )
        self.escalation_limit = EscalationLimit(settings.escalation_share, settings.escalation_wait_s)
        self.turn_log: TurnLog | None = None
        """Where turns are noted; None when that is off."""
        if settings.turn_log == "on":
            self.turn_log = TurnLog(settings.data_folder, text=settings.log_text == "on")
        self.calibration = read_calibration(settings.data_folder, shipped())
        """What `rag calibrate` saved; None where nothing is, or nothing that can be used."""
        weights = self.calibration.weights if self.calibration else shipped()
        self.gate = AbstentionGate(settings.data_folder, weights.answerable)
        """Knows the threshold that was measured on the library."""
        self._larger_only = larger_only(settings, find_file(Path("models.json")))
        self._changed = asyncio.Event()
        self.library_manager.listen(lambda name, changes: self._changed.set())
        self._background: list[asyncio.Task[None]] = []

    @cached_property
    def models(self) -> "ModelRegistry":
        """The models; made when they are first needed, because the openai client takes half a second to import."""
        from rag.generation.registry import ModelRegistry

        settings = self.settings
        return ModelRegistry.from_addresses(
            slm_alias=settings.slm_alias,
            llm_alias=settings.llm_alias,
            endpoint=settings.foundry_local_endpoint,
            endpoint_key=settings.foundry_local_api_key.get_secret_value(),
            llm_endpoint=settings.llm_endpoint,
            llm_key=settings.llm_api_key.get_secret_value(),
            runtime=settings.runtime == "auto",
            catalogue=settings.catalogue,
            cache_dir=settings.model_cache_dir,
            data_dir=settings.data_folder,
            idle_timeout_s=settings.idle_timeout_s,
            keep_warm_s=settings.keep_warm_s,
        )

    def start(self) -> None:
        """Begins to keep the library in sync and to prepare the small model, in the background; once."""
        self.library_manager.start()
        if not self._background:
            jobs = {
                "The preparation of the models": self._prepare_models,
                "The gate's measurement": self._follow_changes,
            }
            self._background = [asyncio.create_task(supervised(job, name)) for name, job in jobs.items()]

    def searcher(self, *uploads: PassageIndex, closed: Set[str] = frozenset()) -> Searcher:
        """Searches the library, without the folders of these names, and a chat's uploads as one."""
        return Searcher(*self.library_manager.indexes(closed), *uploads, synonyms=self.synonyms)

    def catalogue(self, closed: Set[str] = frozenset(), files: Sequence[Document] = ()) -> Catalogue:
        """What a chat can be asked about: the library without the folders of these names, and its files.

        Blocks for some milliseconds; a folder whose manifest cannot be read is left out.
        """
        folders: list[CatalogueFolder] = []
        for name, managed in list(self.library_manager.libraries.items()):
            if name not in closed:
                with suppress(StorageError):  # the sync reports it
                    folders.append(_catalogue_folder(name, managed.library.stored.listing(MOST_LINES)))
        return Catalogue(tuple(folders), tuple(map(CatalogueDocument, files)))

    def documents_in(self, folder: str) -> list[Document]:
        """All documents of a library folder, or of a folder in it: "handbook", "handbook/contracts". Blocks.

        Raises:
            StorageError: the manifest cannot be read.
        """
        name, _, below = folder.partition("/")
        managed = self.library_manager.libraries.get(name)
        return managed.library.stored.documents(below) if managed else []

    def languages(self, closed: Set[str] = frozenset()) -> list[str]:
        """ISO 639-1 codes of the library's main languages, but for the folders of these names; the commonest first.

        Those that at least a tenth of the passages are in. Blocks; a folder whose manifest cannot be read is left out.
        """
        counts = Counter[str]()
        for name, managed in list(self.library_manager.libraries.items()):
            if name not in closed:
                with suppress(StorageError):  # the sync reports it
                    counts.update(managed.library.stored.languages())
        return [code for code, count in counts.most_common() if code and count >= _MAIN_SHARE * counts.total()]

    def policy(self) -> Policy:
        """When the larger model is called, and when nobody answers, with what is known of the library now."""
        return policy(self.settings, self.calibration, self.gate.threshold.value, self._larger_only)

    async def recall_gate(self) -> None:
        """Takes the threshold that was measured before, if the library is still the same."""
        await self.gate.recall(self._views())

    async def measure_gate(self) -> None:
        """Measures the gate's threshold if the library has become another one; takes up to ten seconds then.

        Raises:
            StorageError: an index cannot be read; the threshold stays as it was.
        """
        if self.settings.grounding_threshold is None:
            await self.gate.refresh(self._views())

    async def close(self) -> None:
        """Ends what runs for this app."""
        for work in self._background:
            work.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.library_manager.close()
        if "models" in self.__dict__:
            await self.models.close()
        await self.reader.close()

    def _views(self) -> list[LibraryView]:
        def sizes(managed: ManagedLibrary) -> list[Size]:
            return [Size(file.document_id, file.passages) for file in managed.library.stored.files("indexed")]

        libraries = self.library_manager.libraries.items()
        return [LibraryView(name, managed.library.index, partial(sizes, managed)) for name, managed in libraries]

    async def _follow_changes(self) -> None:
        """Measures the threshold when all has been read, and again some time after changes."""
        await self.library_manager.ready()
        while True:
            self._changed.clear()
            try:
                await self.measure_gate()
            except StorageError as error:
                _log.warning("%s", error)
            await self._changed.wait()
            await asyncio.sleep(_SETTLING_S)

    async def _prepare_models(self) -> None:
        await asyncio.to_thread(importlib.import_module, "rag.generation.registry")
        await self.models.start()


def _catalogue_folder(name: str, listing: Listing) -> CatalogueFolder:
    listed, newest = ([_catalogue_document(name, record) for record in row] for row in (listing.first, listing.newest))
    return CatalogueFolder(name, listing.documents, tuple(listed), tuple(newest), listing.folders)


def _catalogue_document(collection: str, record: FileRecord) -> CatalogueDocument:
    read_at = datetime.fromtimestamp(record.read_at, UTC) if record.read_at else None
    return CatalogueDocument(record.document(collection), read_at)


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


def policy(
    settings: Settings,
    calibration: Calibration | None = None,
    measured: float | None = None,
    larger_only: frozenset[str] = frozenset(),
) -> Policy:
    """When the larger model is called, and when nobody answers.

    What a setting leaves open is the calibration's; the match threshold is the one `measured` on the library;
    `larger_only` are the capabilities that questions are routed by.
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
        larger_only=larger_only,
        weights=found.weights,
    )


def larger_only(settings: Settings, file: Path) -> frozenset[str]:
    """Of ESCALATION_CAPABILITIES those that the larger model has and the small one has not, by a `models.json`.

    Raises:
        SettingsError: the file says something else, or a capability cannot be told from a question.
    """
    wanted = frozenset(settings.escalation_capabilities)
    if unknown := sorted(wanted.difference(CAPABILITIES)):
        raise SettingsError(
            f"ESCALATION_CAPABILITIES={', '.join(unknown)!r}: use some of {', '.join(CAPABILITIES)}.",
            names=("ESCALATION_CAPABILITIES",),
        )
    if not wanted:
        return frozenset()
    try:
        models = read_models(file) if file.exists() else known_models()
    except (BrokenFile, StorageError) as error:
        raise SettingsError(str(error)) from error
    small, large = (models.get(alias, ModelEntry()).capabilities for alias in (settings.slm_alias, settings.llm_alias))
    return wanted.intersection(large).difference(small)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
