"""The `rag doctor` command: is this machine ready? Each part is looked at and named in plain words."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import typer

from rag.cli.exit import ending
from rag.errors import DocumentError, ModelError, ParserUnavailable, StorageError
from rag.generation.foundry.model import ModelStatus
from rag.generation.openai_model import OpenAIModel
from rag.ingestion.ocr import find_tesseract
from rag.machine import format_bytes
from rag.services import Services
from rag.settings import read_settings

LEAST_MEMORY_GB = 6
"""phi-4-mini takes 3 to 4 GB, the app and the system the rest."""
LEAST_DISK_GB = 8
"""phi-4-mini's files and room to unpack them."""
_LIBRARY_WAIT_S = 300.0
_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


def doctor() -> None:
    """Checks the set-up: runtime, models, endpoint, memory, disk, library. Exits 1 when something is wrong."""
    with ending():
        sys.exit(asyncio.run(_doctor()))


async def _doctor() -> int:
    services = Services(read_settings())
    problems = 0
    try:
        async with aclosing(examine(services)) as findings:
            async for finding in findings:
                problems += finding.verdict == "problem"
                typer.echo(f"{_MARKS[finding.verdict]}  {finding.part}: {finding.detail}")
    finally:
        await services.close()
    typer.echo("All is well." if not problems else f"{problems} problem{'' if problems == 1 else 's'} found.")
    return 1 if problems else 0


_PARSER = "Parser"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part."""

    part: str
    verdict: Literal["ok", "note", "problem"]
    detail: str
    """One or two sentences; with a problem, also what to do."""


async def examine(services: Services) -> AsyncGenerator[Finding]:
    """The findings, one by one as they are made; the slow ones come last."""
    yield _python()
    yield _memory()
    yield _disk(services)
    parser = await _parser(services)
    yield parser
    async with aclosing(_library(services, can_read=parser.verdict == "ok")) as findings:
        async for finding in findings:
            yield finding
    yield await _recognition(services)
    models = services.models
    for model in (models.small, models.large):
        if isinstance(model, OpenAIModel):
            yield await _endpoint(model)
    if not models.runtime:
        yield Finding("Foundry Local", "note", "Not used: the settings name endpoints, or RUNTIME is off.")
        return
    try:
        await models.runtime.start()
    except ModelError as error:
        yield Finding("Foundry Local", "problem", str(error))
        return
    yield Finding("Foundry Local", "ok", f"The runtime answers at {models.runtime.url}.")
    for status in await models.statuses():
        yield _model(status)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("Python", "ok", f"Python {version}.")
    return Finding("Python", "problem", f"Python {version} is not supported. Install Python 3.11, 3.12 or 3.13.")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    state = f"{format_bytes(memory.available)} of {format_bytes(memory.total)} are free."
    if memory.available / 1e9 >= LEAST_MEMORY_GB:
        return Finding("Memory", "ok", state)
    return Finding("Memory", "note", f"{state} phi-4-mini wants about {LEAST_MEMORY_GB} GB: close other programs.")


def _disk(services: Services) -> Finding:
    folder = services.settings.model_cache_dir
    free = psutil.disk_usage(str(folder) if folder and folder.exists() else ".").free
    if free / 1e9 >= LEAST_DISK_GB:
        return Finding("Disk", "ok", f"{format_bytes(free)} are free.")
    state = f"{format_bytes(free)} are free; phi-4-mini's download wants about {LEAST_DISK_GB} GB."
    return Finding("Disk", "note", state)


async def _parser(services: Services) -> Finding:
    """Reads a small file for real, in a worker process."""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "test.txt")
            await asyncio.to_thread(file.write_text, "A small file to read.", encoding="utf-8")
            await services.reader.read(file, name=file.name, origin="upload")
    except (ParserUnavailable, DocumentError, OSError) as error:
        return Finding(_PARSER, "problem", str(error))
    return Finding(_PARSER, "ok", f"Starts, and read a test file in {time.monotonic() - started:.1f} s.")


async def _library(services: Services, *, can_read: bool) -> AsyncGenerator[Finding]:
    library_manager = services.library_manager
    await library_manager.ready(_LIBRARY_WAIT_S)
    for name, managed in library_manager.libraries.items():
        summary = await asyncio.to_thread(managed.library.stored.summary)
        state = f"{summary.documents:,} documents, {summary.passages:,} passages from {managed.library.folder.path}."
        if managed.library.problem and not can_read:
            yield Finding(f"Library {name}", "note", f"{state} New and changed files are read once the parser starts.")
        elif managed.library.problem:
            yield Finding(f"Library {name}", "problem", managed.library.problem)
        elif not summary.documents:
            yield Finding(f"Library {name}", "problem", f"{state} Put documents there, or change LIBRARY_DIRS.")
        elif unread := summary.failed + summary.skipped:
            yield Finding(f"Library {name}", "note", f"{state} {unread} not read: `rag library list` says why.")
        else:
            yield Finding(f"Library {name}", "ok", state)
    yield await _gate(services)
    for problem in filter(None, [library_manager.problem, *services.synonyms.skipped]):
        yield Finding("Library", "note", problem)


async def _gate(services: Services) -> Finding:
    fixed = services.settings.grounding_threshold
    if fixed is not None:
        return Finding("Match threshold", "ok", f"{fixed:.2f}, from GROUNDING_THRESHOLD.")
    try:
        await services.measure_gate()
    except StorageError as error:
        return Finding("Match threshold", "problem", str(error))
    return Finding("Match threshold", "ok", str(services.gate.threshold))


async def _recognition(services: Services) -> Finding:
    if services.settings.ocr == "off":
        return Finding("Scans", "note", "Not read: OCR is off.")
    if tesseract := await asyncio.to_thread(find_tesseract):
        return Finding("Scans", "ok", f"Read by Tesseract in {', '.join(tesseract.languages)}.")
    return Finding("Scans", "note", "Not read. Install Tesseract to have scans and pictures read.")


async def _endpoint(model: OpenAIModel) -> Finding:
    try:
        found = await model.check()
    except ModelError as error:
        return Finding(model.alias, "problem", str(error))
    return Finding(model.alias, "ok", f"The endpoint serves it as {found}.")


def _model(status: ModelStatus) -> Finding:
    size = f" ({format_bytes(status.size_mb * 1e6)})" if status.size_mb else ""
    match status.state:
        case "ready":
            return Finding(status.alias, "ok", f"Loaded and ready{size}.")
        case "loading":
            return Finding(status.alias, "ok", f"Being loaded{size}.")
        case "on_disk":
            return Finding(status.alias, "ok", f"On this disk{size}; loaded when it is needed.")
        case "missing":
            return Finding(status.alias, "note", f"Not on this disk{size}. {status.detail}")
        case _:
            return Finding(status.alias, "note", f"{status.detail} Everything works without it, except its answers.")
