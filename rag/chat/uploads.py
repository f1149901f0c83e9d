"""Files that a person drops into a chat: read, searchable there, listed, removed."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import chainlit as cl
from chainlit.element import Element

from rag.chat.markdown import plain
from rag.chat.session import Chat
from rag.errors import DocumentError, ParserUnavailable
from rag.ingestion.file_names import safe_name
from rag.services import Services
from rag.types import Document, Passage

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


async def take(services: Services, chat: Chat, elements: Sequence[Element]) -> frozenset[str]:
    """Reads the files of a message into the chat and shows how it goes; the ids of those that can be searched now."""
    files = list(_named(elements))
    if not files:
        return frozenset()
    room = max(0, services.settings.upload_max_files - len(chat.documents))
    board = _Board()
    for name, _ in files[room:]:
        board.lines[name] = (
            f"**{plain(name)}** was not read, because a chat holds {services.settings.upload_max_files} files. "
            "Remove some with /files, then drop it in again."
        )
    for name, _ in files[:room]:
        board.lines[name] = board.reading(name)
    await board.show()
    try:
        found = await asyncio.gather(*(_read(services, chat, board, name, path) for name, path in files[:room]))
    except asyncio.CancelledError:
        await board.stopped()
        raise
    return frozenset(document.id for document in found if document)


async def show_list(chat: Chat) -> None:
    """What this chat holds, each with a button that removes it."""
    documents = chat.documents
    if not documents:
        await cl.Message("This chat holds no files. Drop one in, or use the paperclip, and ask about it.").send()
        return
    held = f"{_count(len(documents), 'file')} with {_count(len(chat.uploads), 'passage')}"
    lines = [f"This chat holds {held}; no other chat sees them. Drop in more at any time."]
    lines += [f"- **{plain(document.name)}** · {_size(document, None)}" for document in documents]
    actions = [
        cl.Action("remove_file", {"document": document.id}, f"Remove {document.name}", icon="trash-2")
        for document in documents
    ]
    await cl.Message("\n".join(lines), actions=actions).send()


async def remove(chat: Chat, document_id: str) -> None:
    """Takes a file out of the chat and says so."""
    name = document_id.partition(":")[2]
    gone = chat.uploads.remove(document_id)
    said = f"**{plain(name)}** is removed from this chat." if gone else f"**{plain(name)}** is not in this chat."
    await cl.Message(said).send()


class _Board:
    """One message with a line for each file, brought up to date as they are read."""

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


async def _read(services: Services, chat: Chat, board: _Board, name: str, path: Path) -> Document | None:
    """One file; its reason stands on the board when it cannot be read, and the others go on."""
    try:
        read = await services.reader.read(path, name=name, origin="upload")
        await asyncio.to_thread(chat.uploads.put, read.document, read.passages)
    except DocumentError as error:
        board.lines[name] = plain(str(error))
        await board.show()
        return None
    except ParserUnavailable as error:  # of all files alike
        board.lines[name] = f"**{plain(name)}** was not read."
        board.problem = plain(str(error))
        await board.show()
        return None
    notes = "".join(f" {plain(note)}" for note in read.notes)
    board.lines[name] = f"**{plain(name)}** · {_size(read.document, read.passages)}{'.' if notes else ''}{notes}"
    await board.show()
    return read.document


def _named(elements: Sequence[Element]) -> Iterator[tuple[str, Path]]:
    """Safe names, each only once in a message; a name that the chat holds already replaces that file."""
    now: set[str] = set()
    for element in elements:
        if not element.path:
            continue
        name = safe_name(element.name)
        stem, suffix, n = PurePath(name).stem, PurePath(name).suffix, 1
        while name in now:
            n += 1
            name = f"{stem} ({n}){suffix}"
        now.add(name)
        yield name, Path(element.path)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(document: Document, passages: Sequence[Passage] | None) -> str:
    """ "12 pages · 48 passages · English"."""
    counts = [(document.pages, "page"), (len(passages) if passages else 0, "passage")]
    parts = [_count(count, noun) for count, noun in counts if count]
    if language := LANGUAGES.get(document.language, document.language):
        parts.append(language)
    return " · ".join(parts) or f"{document.characters:,} characters"
