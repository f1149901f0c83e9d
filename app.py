"""Groundwork's chat. Start it with `chainlit run app.py -w`."""

import chainlit as cl
from chainlit.config import config

from rag.chat import downloads, file_scope, library_status, lifecycle, turns, uploads, welcome
from rag.chat.hardening import harden
from rag.chat.lab_mount import LabMount
from rag.chat.session import current_chat, open_chat, payload_text
from rag.services import Services
from rag.settings import read_settings

with lifecycle.exit_on_bad_settings():
    settings = read_settings()
    services = lifecycle.adopt(Services(settings))
    harden(
        allowed_origins=settings.allowed_origins,
        upload_max_bytes=int(settings.upload_max_mb * 1_000_000),
        upload_max_files=settings.upload_max_files,
        lab=LabMount.of(services),
    )
library_status.notify_changes(services.library_manager)
lifecycle.install_stop()
lifecycle.install_edit()
lifecycle.quiet_logs()


@cl.on_app_startup
async def on_app_startup() -> None:
    """Starts to sync the library and to prepare the small model."""
    services.start()


@cl.on_app_shutdown
async def on_app_shutdown() -> None:
    """Ends the worker processes."""
    await services.close()


@cl.set_starters
async def set_starters(user: cl.User | None, language: str | None) -> list[cl.Starter]:
    """Example questions."""
    return welcome.starters()


@cl.on_chat_start
async def on_chat_start() -> None:
    """A new chat with its controls."""
    services.start()
    chat = open_chat(turns.preferences(services))
    await welcome.greet(chat, services)
    await library_status.greet(services.library_manager)


@cl.on_settings_update
async def on_settings_update(changed: dict[str, object]) -> None:
    """New preferences for this chat."""
    if chat := current_chat():
        chat.prefer(welcome.accepted(changed))


@cl.on_window_message
async def on_window_message(data: object) -> None:
    """A choice in the switch of what is searched."""
    if chat := current_chat():
        file_scope.on_page_message(chat, data)


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """A question, files, or both."""
    await turns.on_message(services, message)


@cl.action_callback("details")
@cl.action_callback("again")
@cl.action_callback("ask_larger")
@cl.action_callback("as_typed")
@cl.action_callback("suggestion")
@cl.action_callback("thumb_up")
@cl.action_callback("thumb_down")
async def on_turn_action(action: cl.Action) -> None:
    """A button under an answer."""
    await turns.on_action(services, action)


@cl.action_callback("remove_file")
async def on_remove_file(action: cl.Action) -> None:
    """A file of this chat goes."""
    if chat := current_chat():
        await uploads.remove(chat, payload_text(action, "document"))
        await file_scope.show(chat)


@cl.action_callback("switch_file")
async def on_switch_file(action: cl.Action) -> None:
    """A file of this chat is left out, or searched again."""
    if chat := current_chat():
        await uploads.switch(chat, payload_text(action, "document"))
        await file_scope.show(chat)


@cl.action_callback("library")
async def on_library(action: cl.Action) -> None:
    """A folder's reading is stopped, goes on, or begins again."""
    do = library_status.act(services.library_manager, payload_text(action, "library"), payload_text(action, "do"))
    turns.in_background(do)


@cl.action_callback("download")
async def on_download(action: cl.Action) -> None:
    """A person wants a model."""
    turns.in_background(downloads.run(services, payload_text(action, "alias")))


@cl.action_callback("cancel_download")
async def on_cancel_download(action: cl.Action) -> None:
    """A person wants it no more."""
    downloads.cancel(services, payload_text(action, "alias"))


@cl.on_chat_end
async def on_chat_end() -> None:
    """The tab was closed, or its connection broke."""
    lifecycle.on_chat_end(settings.disconnect_grace_s, config.project.session_timeout)
