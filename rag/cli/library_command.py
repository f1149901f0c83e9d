"""The `rag library` commands: which folders the library is made of, and whether it is in sync with them."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rag.cli import library_text as text
from rag.cli.exit import ending
from rag.cli.progress import ProgressBar
from rag.errors import StorageError
from rag.library.changes import SyncProgress
from rag.library.folders import add_folder, parse_folders, remove_folder
from rag.library.library import Library
from rag.library.manager import folders, library_reader, open_library
from rag.library.store import StoredLibrary, stored_libraries
from rag.settings import Settings, read_settings

app = typer.Typer(no_args_is_help=True, help="The folders that the library is made of.")

_Name = Annotated[str, typer.Argument(help="What the folder is called; all of them without it.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="A folder with documents.")],
    name: Annotated[str, typer.Option(help="What to call it; else by the last part of its path.")] = "",
) -> None:
    """Adds a folder: everybody may ask about its documents."""

    def command(settings: Settings) -> int:
        folder = add_folder(parse_folders(settings.library_dirs), settings.data_folder, path, name)
        typer.echo(f"{folder.path} is added as {folder.name}.")
        typer.echo(f'A running chat reads it within seconds; without one: rag library sync "{folder.name}"')
        return 0

    _run(command)


@app.command("list")
def list_(
    name: _Name = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only files that could not be read.")] = False,
    as_json: _AsJson = False,
) -> None:
    """Shows the folders, and with a name each file of one with its state."""

    def command(settings: Settings) -> int:
        libraries = _chosen(settings, name)
        if as_json:
            typer.echo(text.as_json(libraries, state="failed" if failed else None))
            return 0
        for library in libraries:
            _echo(text.folder(library))
            for record in library.files("failed" if failed else None) if name or failed else ():
                _echo(text.file(record))
        return 0

    _run(command)


@app.command()
def sync(
    name: _Name = "",
    retry: Annotated[bool, typer.Option("--retry", help="Read again what could not be read before.")] = False,
) -> None:
    """Reads what is new or changed in the folders, and takes out what is gone."""
    _run(lambda settings: asyncio.run(_sync(settings, name, retry)))


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="What the folder is called.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Takes a folder off the list and deletes its index. The documents themselves stay."""

    def command(settings: Settings) -> int:
        (library,) = _chosen(settings, name)
        if library.listed and not library.folder.added:
            raise StorageError(f"{library.folder.name} is named by LIBRARY_DIRS. Take it out of that setting.")
        if not yes and not typer.confirm(f"Delete the index of {library.folder.name}? Its documents stay."):
            return 1
        remove_folder(settings.data_folder, library.folder)
        library.delete()
        typer.echo(f"{library.folder.name} is removed. The files in {library.folder.path} are untouched.")
        return 0

    _run(command)


@app.command()
def stats(as_json: _AsJson = False) -> None:
    """Shows how many documents and passages there are, and what they take on the disk."""

    def command(settings: Settings) -> int:
        libraries = _chosen(settings, "")
        if as_json:
            typer.echo(text.stats_as_json(libraries))
        else:
            _echo(text.stats(libraries))
        return 0

    _run(command)


def _run(command: Callable[[Settings], int]) -> None:
    """Ends with the command's exit code."""
    with ending():
        sys.exit(command(read_settings()))


def _chosen(settings: Settings, name: str) -> list[StoredLibrary]:
    """The library of that name, or all of them."""
    known = folders(settings)
    if known.problem:
        typer.echo(known.problem, err=True)
    libraries = stored_libraries(known.folders, settings.data_folder)
    if not name:
        return libraries
    for library in libraries:
        if library.folder.name.casefold() == name.casefold():
            return [library]
    names = ", ".join(library.folder.name for library in libraries)
    raise StorageError(f"There is no folder called {name}. There are: {names}.")


async def _sync(settings: Settings, name: str, retry: bool) -> int:
    chosen = [stored for stored in _chosen(settings, name) if stored.listed]
    reader, failed = library_reader(settings), False
    try:
        for stored in chosen:
            library = await asyncio.to_thread(open_library, stored.folder, settings, reader)
            try:
                await _sync_one(library, retry)
            except StorageError as error:
                failed = True
                typer.echo(str(error), err=True)
            finally:
                await library.close()
    finally:
        await reader.close()
    return 1 if failed else 0


async def _sync_one(library: Library, retry: bool) -> None:
    name = library.folder.name
    if not await library.acquire():
        typer.echo(f"{name} is kept in sync by another process, such as the running chat: there is nothing to do.")
        return
    try:
        with ProgressBar() as bar:
            library.on_progress = partial(_show, bar)
            changes = await library.sync(retry=retry)
    except asyncio.CancelledError:
        documents = (await asyncio.to_thread(library.stored.summary)).documents
        typer.echo(
            f"Stopped. {name} has {documents:,} documents so far, which stay; sync goes on from there.", err=True
        )
        raise
    _echo(await asyncio.to_thread(lambda: list(text.changes(library.stored, changes))))


def _show(bar: ProgressBar, progress: SyncProgress | None) -> None:
    if progress:
        bar.update(progress.documents_done, progress.documents_total, text.progress_line(progress))


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
