"""Stop, disconnect and reload, as a person expects them."""

import asyncio
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import chainlit as cl
from chainlit import socket
from chainlit.context import init_ws_context
from chainlit.server import app as asgi
from chainlit.server import sio
from chainlit.session import WebsocketSession

from rag.chat.session import start_task
from rag.errors import SettingsError
from rag.services import Services


@contextmanager
def exit_on_bad_settings() -> Generator[None]:
    """Ends the start at a wrong setting with one sentence instead of a stack trace."""
    try:
        yield
    except SettingsError as error:
        sys.exit(f"\n{error}\n")


def quiet_logs() -> None:
    """Turns the line for each HTTP request off."""
    for name in ("httpx", "httpx2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)


def adopt(services: Services) -> Services:
    """These services, in place of those from before a `-w` reload, which are closed."""
    before = cast(Services | None, getattr(asgi.state, "groundwork", None))
    asgi.state.groundwork = services
    if before:
        start_task(before.close())
    return services


def install_stop() -> None:
    """Makes Stop cancel the running turn, also of an edited message; Chainlit's own adds a fixed English line."""

    async def stop(sid: str) -> None:
        if session := WebsocketSession.get(sid):
            init_ws_context(session)
            _cancel_task(session)

    sio.on("stop", stop)  # pyright: ignore


def install_edit() -> None:
    """Makes an edited message of an open page a new one after a restart of the server; Chainlit's own then fails."""

    async def edit(sid: str, payload: Any) -> None:
        session = WebsocketSession.require(sid)
        init_ws_context(session)
        known = any(message.id == payload["message"]["id"] for message in cl.chat_context.get())
        if known:
            await cast(Any, socket).edit_message(sid, payload)
        else:
            await cast(Any, socket).message(sid, {"message": payload["message"], "fileReferences": []})

    sio.on("edit_message", edit)  # pyright: ignore


def on_chat_end(grace_s: float, session_timeout_s: float) -> None:
    """Stops the answer of a tab that stays closed, and frees the chat when its session is over.

    Chainlit calls this at every disconnect, also of a laptop that goes through a tunnel; so it waits.
    """
    session = cast(WebsocketSession, cl.context.session)
    start_task(_cancel_if_gone(session, session.socket_id, grace_s))
    start_task(_forget_if_gone(session, session.socket_id, session_timeout_s))


async def _cancel_if_gone(session: WebsocketSession, socket_id: str, grace_s: float) -> None:
    await asyncio.sleep(grace_s)
    if session.socket_id == socket_id:
        _cancel_task(session)


def _cancel_task(session: WebsocketSession) -> None:
    if task := cast(asyncio.Task[Any] | None, cast(Any, session).current_task):
        task.cancel()


async def _forget_if_gone(session: WebsocketSession, socket_id: str, after_s: float) -> None:
    await asyncio.sleep(0 if session.to_clear else after_s + 1)
    if session.socket_id == socket_id:
        init_ws_context(session)
        cl.chat_context.clear()
