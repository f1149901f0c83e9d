"""Files that a person drops into a chat: read, searchable there, listed, removed."""

import asyncio
from collections.abc import Iterator, Sequence, Set
from pathlib import Path, PurePath

import chainlit as cl
from chainlit.element import Element

from rag.chat.session import Chat
from rag.errors import DocumentError, ParserUnavailable
from rag.ingestion.file_names import safe_name
from rag.services import Services
from rag.text.language_names import LANGUAGE_NAMES
from rag.text.markdown import counted, plain
from rag.types import Document, Passage

_MOST_REFUSED = 3
"""Names in a sentence."""


async def read_files(services: Services, chat: Chat, elements: Sequence[Element]) -> frozenset[str]:
    """The ids of those files of a message that can be searched now; a message in the chat shows their progress."""
    files = list(_named(elements))
    if not files:
        return frozenset()
    limit = services.settings.upload_max_files
    accepted = _accepted(files, present={document.name for document in chat.documents}, limit=limit)
    status = _StatusMessage()
    refused = [name for name, _ in files if name not in accepted]
    for name, _ in files:
        if name in accepted:
            status.lines[name] = status.reading(name)
        elif name == refused[0]:
            status.lines[name] = _over_the_limit(refused, limit)
    await status.show()
    try:
        found = await asyncio.gather(
            *(_read(services, chat, status, name, path) for name, path in files if name in accepted)
        )
    except asyncio.CancelledError:
        await status.stopped()
        raise
    return frozenset(document.id for document in found if document)


def _accepted(files: Sequence[tuple[str, Path]], *, present: Set[str], limit: int) -> frozenset[str]:
    """The names that fit: all that replace a file of the chat, and new ones in their order as long as there is room."""
    new = [name for name, _ in files if name not in present]
    refused = new[max(0, limit - len(present)) :]
    return frozenset(name for name, _ in files) - frozenset(refused)


def _over_the_limit(names: Sequence[str], limit: int) -> str:
    """One sentence, however many they are."""
    shown = [f"**{plain(name)}**" for name in names[:_MOST_REFUSED]]
    if len(names) > _MOST_REFUSED:
        shown.append(f"{len(names) - _MOST_REFUSED:,} more")
    listed = " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
    were, them = ("was", "it") if len(names) == 1 else ("were", "them")
    return (
        f"{listed} {were} not read, because a chat holds {limit} files. "
        f"Remove some with /files, then drop {them} in again."
    )


async def show_list(chat: Chat, news: str = "") -> None:
    """What this chat holds, each file with buttons that leave it out and remove it, in place of an earlier list.

    `news` stands before it.
    """
    await _remove_list(chat)
    documents = chat.documents
    if not documents:
        nothing = "This chat holds no files. Drop one in, or use the paperclip, and ask about it."
        await cl.Message(news or nothing).send()
        return
    counts = f"{counted(len(documents), 'file')} with {counted(len(chat.uploads), 'passage')}"
    lines = [f"This chat holds {counts}; no other chat sees them. Drop in more at any time."]
    lines += [_list_line(chat, document) for document in documents]
    actions = [action for document in documents for action in _file_actions(chat, document)]
    chat.file_list = cl.Message("\n\n".join(filter(None, [news, "\n".join(lines)])), actions=actions)
    await chat.file_list.send()


async def remove(chat: Chat, document_id: str) -> None:
    """Takes a file out of the chat and says so."""
    name = document_id.partition(":")[2]
    removed = chat.uploads.remove(document_id)
    chat.sections.discard([document_id])
    chat.switch(document_id, on=True)
    outcome = "is removed from this chat" if removed else "is not in this chat"
    await show_list(chat, f"**{plain(name)}** {outcome}.")


async def switch(chat: Chat, document_id: str) -> None:
    """Leaves a file out of this chat's searches, or takes it up again."""
    if any(document.id == document_id for document in chat.documents):
        chat.switch(document_id, on=document_id in chat.preferences.files_off)
    await show_list(chat)


async def _remove_list(chat: Chat) -> None:
    if chat.file_list:
        await chat.file_list.remove()
        chat.file_list = None


def _list_line(chat: Chat, document: Document) -> str:
    left_out = " · left out" if document.id in chat.preferences.files_off else ""
    return f"- **{plain(document.name)}** · {_size(document, None)}{left_out}"


def _file_actions(chat: Chat, document: Document) -> list[cl.Action]:
    payload, name = {"document": document.id}, document.name
    off = document.id in chat.preferences.files_off
    label, icon = (f"Search {name} again", "eye") if off else (f"Leave {name} out", "eye-off")
    return [
        cl.Action("switch_file", payload, label, icon=icon),
        cl.Action("remove_file", payload, f"Remove {name}", icon="trash-2"),
    ]


class _StatusMessage:
    """One message with a line for each file, updated as they are read."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.problem = ""
        """Why no file can be read, in a sentence that stands once below the lines; "" when they can."""
        self._message = cl.Message("")

    @staticmethod
    def reading(name: str) -> str:
        return f"Reading **{plain(name)}** …"

    async def stopped(self) -> None:
        for name, line in self.lines.items():
            if line == self.reading(name):
                self.lines[name] = f"**{plain(name)}** was not read, because you stopped it."
        await self.show()

    async def show(self) -> None:
        lines = [f"- {line}" if len(self.lines) > 1 else line for line in self.lines.values()]
        self._message.content = "\n\n".join(filter(None, ["\n".join(lines), self.problem]))
        await (self._message.update() if self._message.created_at else self._message.send())


async def _read(services: Services, chat: Chat, status: _StatusMessage, name: str, path: Path) -> Document | None:
    """One file; the reason why it cannot be read goes into the status message, and the others go on."""
    try:
        read = await services.reader.read(path, name=name, origin="upload")
        await asyncio.to_thread(chat.uploads.put, read.document, read.passages)
    except DocumentError as error:
        status.lines[name] = plain(str(error))
        await status.show()
        return None
    except ParserUnavailable as error:  # of all files alike
        status.lines[name] = f"**{plain(name)}** was not read."
        status.problem = plain(str(error))
        await status.show()
        return None
    notes = "".join(f" {plain(note)}" for note in read.notes)
    status.lines[name] = f"**{plain(name)}** · {_size(read.document, read.passages)}{'.' if notes else ''}{notes}"
    await status.show()
    return read.document


def _named(elements: Sequence[Element]) -> Iterator[tuple[str, Path]]:
    """Safe names, each only once in a message; a name that the chat holds already replaces that file."""
    used: set[str] = set()
    for element in elements:
        if not element.path:
            continue
        name = safe_name(element.name)
        stem, suffix, n = PurePath(name).stem, PurePath(name).suffix, 1
        while name in used:
            n += 1
            name = f"{stem} ({n}){suffix}"
        used.add(name)
        yield name, Path(element.path)


def _size(document: Document, passages: Sequence[Passage] | None) -> str:
    """ "12 pages · 48 passages · English"."""
    counts = [(document.pages, "page"), (len(passages) if passages else 0, "passage")]
    parts = [counted(count, noun) for count, noun in counts if count]
    if language := LANGUAGE_NAMES.get(document.language, document.language):
        parts.append(language)
    return " · ".join(parts) or f"{document.characters:,} characters"
