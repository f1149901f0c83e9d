"""The library in the chat: its documents, the progress of reading them, and notices of changes."""

import asyncio
from collections.abc import Iterator

import chainlit as cl
from chainlit.context import init_ws_context
from chainlit.session import ws_sessions_id

from rag.library.changes import Changes, SyncProgress
from rag.library.manager import LibraryManager, ManagedLibrary
from rag.library.manifest import FileRecord, Summary
from rag.text.markdown import counted, plain

UPDATE_EVERY_S = 1.0
_MAX_FILES = 5
LONG_READING_S = 3.0
"""A library that takes longer to be read is announced in a new chat."""
_DEBOUNCE_S = 0.5
"""Changes that follow one another this closely are one notice."""


async def show(library_manager: LibraryManager) -> None:
    """A message with each folder, kept up to date while one of them is being read."""
    message = cl.Message(await _text(library_manager), actions=list(_actions(library_manager)))
    await message.send()
    while any(managed.is_syncing for managed in library_manager.libraries.values()):
        await asyncio.sleep(UPDATE_EVERY_S)
        message.content = await _text(library_manager)
        await message.update()


async def act(library_manager: LibraryManager, name: str, action: str) -> None:
    """Handles a button of that message, then shows it anew."""
    if managed := library_manager.libraries.get(name):
        match action:
            case "stop":
                await managed.stop()
            case "go on":
                managed.start()
            case _:
                await managed.resync()
    await show(library_manager)


async def greet(library_manager: LibraryManager) -> None:
    """A notice in a new chat that the library is still being read, if that takes a while."""
    if not await library_manager.ready(LONG_READING_S):
        running = [progress for managed in library_manager.libraries.values() if (progress := managed.library.progress)]
        if running:
            await cl.context.emitter.send_toast(
                f"The library is being read: {progress_line(running[0])}. Ask all the same: answers come from what "
                "has been read. /library shows how it goes.",
                "info",
            )


def notify_changes(library_manager: LibraryManager) -> None:
    """Sends all open chats a notice of each change from now on, once the changes stop."""
    library_manager.listen(_ChangeNotifier(library_manager).on_change)


class _ChangeNotifier:
    """Collects the changes of each folder until they stop."""

    def __init__(self, library_manager: LibraryManager) -> None:
        self._library_manager = library_manager
        self._pending: dict[str, Changes] = {}
        self._task: asyncio.Task[None] | None = None

    def on_change(self, name: str, changes: Changes) -> None:
        self._pending[name] = self._pending.get(name, Changes()) + changes
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        while self._pending:
            await asyncio.sleep(_DEBOUNCE_S)
            for name in list(self._pending):
                managed = self._library_manager.libraries.get(name)
                if not (managed and managed.library.progress):
                    await _toast(changes_line(name, self._pending.pop(name)))


def changes_line(name: str, changes: Changes) -> str:
    """ "handbook: leave.md can be asked about now; 2 files are gone; broken.pdf could not be read (see /library)."."""
    new = changes.added + changes.changed
    parts = [
        f"{_files(new)} can be asked about now" if new else "",
        f"{_files(changes.removed)} {'is' if len(changes.removed) == 1 else 'are'} gone" if changes.removed else "",
        f"{_files(changes.failed)} could not be read (see /library)" if changes.failed else "",
    ]
    return f"{name}: {'; '.join(filter(None, parts))}."


def progress_line(progress: SyncProgress) -> str:
    """ "120 of 5,000 documents · 3,100 passages · 40 a second · 2 min left"."""
    done, total = f"{progress.documents_done:,}", f"{progress.documents_total:,}"
    parts = [f"{done} of {total} documents", f"{progress.passages:,} passages"]
    if progress.rate:
        parts.append(f"{progress.rate:,.1f} a second" if progress.rate < 10 else f"{progress.rate:,.0f} a second")
    if progress.remaining_s is not None and progress.documents_done < progress.documents_total:
        parts.append(_remaining(progress.remaining_s))
    return " · ".join(parts)


async def _toast(line: str) -> None:
    for session in list(ws_sessions_id.values()):
        init_ws_context(session)
        await cl.context.emitter.send_toast(line, "info")


async def _text(library_manager: LibraryManager) -> str:
    lines = [
        line for managed in library_manager.libraries.values() for line in await asyncio.to_thread(_lines, managed)
    ]
    return "\n".join([*lines, *filter(None, [plain(library_manager.problem)])]) or "The library has no folder."


def _lines(managed: ManagedLibrary) -> list[str]:
    """One folder as a list item, with its unread files below."""
    library = managed.library
    unread = library.stored.files("failed") + library.stored.files("skipped")
    lines = [f"- **{plain(managed.name)}** · {_counts(library.stored.summary())} · {_state(managed)}"]
    lines += [f"    - {_unread(record)}" for record in unread[:_MAX_FILES]]
    if len(unread) > _MAX_FILES:
        lines.append(f"    - and {len(unread) - _MAX_FILES:,} more, which `rag library list` names")
    return lines


def _unread(record: FileRecord) -> str:
    folder = record.name.rpartition("/")[0]
    return f"not read{f' in {plain(folder)}' if folder else ''}: {plain(record.reason)}"


def _counts(summary: Summary) -> str:
    return f"{counted(summary.documents, 'document')}, {counted(summary.passages, 'passage')}"


def _state(managed: ManagedLibrary) -> str:
    if progress := managed.library.progress:
        return f"being read: {progress_line(progress)}"
    if managed.is_paused:
        return "not followed any more, because somebody stopped it"
    return plain(managed.library.problem) or (
        "in sync with its folder" if managed.ready.is_set() else "being looked through"
    )


def _actions(library_manager: LibraryManager) -> Iterator[cl.Action]:
    for name, managed in library_manager.libraries.items():
        payload = {"library": name}
        if managed.is_paused:
            yield cl.Action("library", payload | {"do": "go on"}, f"Go on with {name}", icon="play")
        elif managed.library.progress:
            yield cl.Action("library", payload | {"do": "stop"}, f"Stop reading {name}", icon="square")
        else:
            yield cl.Action("library", payload | {"do": "again"}, f"Look through {name} again", icon="refresh-cw")


def _files(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{len(names):,} files"


def _remaining(seconds: float) -> str:
    return f"{seconds / 60:,.0f} min left" if seconds >= 90 else f"{max(seconds, 1):.0f} s left"
