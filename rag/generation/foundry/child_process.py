"""Parts of a child process: a stdout of its own, daemon threads, and the watchdog that ends it with its parent."""

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


def watch_parent(parent: int) -> None:
    """Ends this process within about a second of process `parent`, whatever native code is doing here.

    A closed stdin shows the same at once, but only when no other child of the parent holds the pipe open.
    """
    in_background(_end_with, parent)


def private_stdout() -> BinaryIO:
    """The real stdout, for this caller alone; what else is printed, also by native code, goes to stderr from now on."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def _end_with(parent: int) -> None:
    try:
        process = psutil.Process(parent)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(_CHECK_S)
    except psutil.NoSuchProcess:
        pass
    os._exit(0)
