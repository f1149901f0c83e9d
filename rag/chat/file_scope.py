"""The switch in the composer of what a chat with files searches: its files, the library, or both; and single files.

The page has it from the start and hides it while there is no file (`public/stylesheet.css`): a list of pickers that is
sent again would put the others back to their defaults. `public/groundwork.js` hears how many files there are, and sends
each choice at once, so that it holds for "Answer again" too and not only from the next message on.
"""

from collections.abc import Mapping, Set
from typing import Any, cast

import chainlit as cl
from chainlit.mode import Mode, ModeOption

from rag.chat.session import Chat
from rag.types import ScopeChoice

PICKER = "scope"
_FILES, _CHOICE = "groundwork_files", "groundwork_scope"
"""Keys of the messages between server and page."""
_OPTIONS: dict[ScopeChoice, tuple[str, str, str]] = {
    "auto": ("Files first", "This chat's files; the library where they do not hold the answer", "file-search"),
    "files": ("Files only", "This chat's files and nothing else", "files"),
    "library": ("Library only", "This chat's files are left out, but for those that come with the question", "library"),
    "both": ("Both", "This chat's files and the library, as one", "layers"),
}
"""Name, description and icon of each choice."""


def picker() -> Mode:
    """The switch, with files first."""
    options = [
        ModeOption(choice, name, description, icon, default=choice == "auto")
        for choice, (name, description, icon) in _OPTIONS.items()
    ]
    return Mode(PICKER, "What is searched", options)


def choose(chat: Chat, choice: object) -> None:
    """Takes over a choice for the whole chat, by its id or name; anything else changes nothing."""
    found = next((known for known, (name, _, _) in _OPTIONS.items() if choice in (known, name)), None)
    if found:
        chat.prefer({"scope": found})


def on_page_message(chat: Chat, data: object) -> None:
    """Takes over a choice that the page sends when it is made; other messages are not for the chat."""
    if isinstance(data, Mapping):
        choose(chat, cast(Mapping[str, Any], data).get(_CHOICE))


async def show(chat: Chat) -> None:
    """Shows the switch while the chat searches files, and hides it otherwise."""
    await cl.context.emitter.send_window_message({_FILES: len(chat.documents_on)})


async def show_new(chat: Chat, attached: Set[str]) -> None:
    """Searches files that have just come, also where one of that name was switched off, and shows the switch."""
    for document_id in attached:
        chat.switch(document_id, on=True)
    await show(chat)
