"""The `rag chat` command: the app of this package, from any folder."""

import logging
from typing import Annotated

import typer

from rag.cli.exit import ending
from rag.settings import read_settings


def chat(
    host: Annotated[str, typer.Option(help="The address to listen at; else CHAINLIT_HOST, or this machine only.")] = "",
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The port to listen at; else CHAINLIT_PORT, or 8000.")
    ] = None,
    root_path: Annotated[str, typer.Option(help="The path of the chat behind a proxy, such as /chat.")] = "",
    ssl_cert: Annotated[str, typer.Option(help="A certificate's file, for https.")] = "",
    ssl_key: Annotated[str, typer.Option(help="The file of its key.")] = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Load the code again when it changes.")] = False,
    headless: Annotated[bool, typer.Option("--headless", "-h", help="Open no browser.")] = False,
    debug: Annotated[bool, typer.Option("--debug", "-d", help="Print more of what happens.")] = False,
) -> None:
    """Starts the chat, which a browser shows."""
    from rag.chat.start import prepare, serve

    with ending():
        prepare(read_settings())
    logging.disable(logging.NOTSET)
    named = {
        "--host": host,
        "--port": str(port or ""),
        "--root-path": root_path,
        "--ssl-cert": ssl_cert,
        "--ssl-key": ssl_key,
    }
    flags = {"--watch": watch, "--headless": headless, "--debug": debug}
    options = [word for option, value in named.items() if value for word in (option, value)]
    serve(*options, *(flag for flag, wanted in flags.items() if wanted))
