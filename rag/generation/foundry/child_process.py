"""How a child program stays apart from its app's output, and never outlives the app."""

import os
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

import psutil

_CHECK_S = 1.0


def in_background(job: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread that runs the job, and that the process does not wait for at its end."""
    thread = threading.Thread(target=job, args=arguments, daemon=True)
    thread.start()
    return thread


def end_with(app: int) -> None:
    """Ends this process within about a second of process `app`, whatever native code is doing here.

    A closed stdin tells the same at once, but only when no other child of the app holds the pipe open.
    """
    in_background(_watch, app)


def private_stdout() -> BinaryIO:
    """The real stdout, for this caller alone: whatever else is printed, by native code too, goes to stderr from now."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def _watch(app: int) -> None:
    try:
        process = psutil.Process(app)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(_CHECK_S)
    except psutil.NoSuchProcess:
        pass
    os._exit(0)
