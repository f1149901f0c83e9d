"""How every `rag` command ends: an error as one sentence, Ctrl-C with its own exit code."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import typer

from rag.errors import GroundworkError

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


@contextmanager
def ending(interrupted: str = "") -> Generator[None]:
    """Runs a command's body without log lines in between; `interrupted` is printed after Ctrl-C.

    An error that a person may be shown is its sentence on standard error and exit code 1.
    """
    logging.disable(logging.WARNING)
    try:
        yield
    except GroundworkError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        if interrupted:
            typer.echo(interrupted, err=True)
        sys.exit(INTERRUPTED)
