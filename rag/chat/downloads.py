"""The download of a model in the chat: a progress bar, a cancel button, one sentence at the end."""

import asyncio
from typing import TYPE_CHECKING

import chainlit as cl

from rag.services import Services

if TYPE_CHECKING:
    from rag.generation.registry import DownloadState

EVERY_S = 0.5
"""Between two updates of the bar."""


async def run(services: Services, alias: str) -> None:
    """Shows the download of a configured model, and begins it if none runs; it continues when this chat is closed."""
    settings = services.settings
    if alias not in (settings.slm_alias, settings.llm_alias):
        return
    download = services.models.download(alias)
    bar = cl.CustomElement(name="Download", props=_props(download), display="inline", url="/public/elements/")
    message = cl.Message(f"Downloading **{alias}** onto this machine.", elements=[bar])
    await message.send()
    while download.state == "running":
        bar.props = _props(download)
        await bar.update()
        await asyncio.sleep(EVERY_S)
    message.content = _result(download)
    bar.props = _props(download)
    await message.update()


def cancel(services: Services, alias: str) -> None:
    """Stops the download for all chats: they share one, as models are too large to be downloaded twice."""
    services.models.cancel(alias)


def _props(download: "DownloadState") -> dict[str, object]:
    return {"alias": download.alias, "share": round(download.share, 4), "state": download.state}


def _result(download: "DownloadState") -> str:
    match download.state:
        case "done":
            return f"**{download.alias}** is on this machine now. Ask again, and it answers."
        case "cancelled":
            return f"The download of **{download.alias}** was cancelled. Nothing of it is used."
        case _:
            return f"**{download.alias}** could not be downloaded. {download.detail}"
