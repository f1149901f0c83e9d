"""The `rag` command: one module a command, imported when that command runs."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`app`, where environments that were installed before the commands had a room of their own look for it."""
    if name != "app":
        raise AttributeError(name)
    from rag.cli.main import app

    return app
