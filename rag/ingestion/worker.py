"""The child process that reads files: pickled requests on its standard input, pickled replies on its output.

Parsers are native code that meets hostile files. Here one can crash, hang or swell, and the app goes on.
"""

import faulthandler
import importlib
import os
import pickle
import signal
import sys
from typing import BinaryIO

from rag.errors import BrokenFile, DocumentError, FileTooLarge
from rag.ingestion.file_names import shown_name
from rag.ingestion.reader import ReadDocument, Request

MEMORY_BYTES = 4 * 2**30
"""Of address space: a PDF of 2,000 pages takes 0.8 GB and a table of 200,000 rows 1.2 GB, most of it only reserved."""
_GRACE_S = 30.0


def main() -> None:
    """Answers requests until the standard input ends, as it does when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    replies = _claim_stdout()
    _lower_priority()
    _limit_memory()
    importlib.import_module("rag.ingestion.file_reading")  # the native parser, now that it is limited
    _send(None, replies)
    with open(os.devnull, "w") as nowhere:
        while request := _receive(sys.stdin.buffer):
            # Needs no interpreter, so it also ends a parser that hangs after the parent was killed.
            faulthandler.dump_traceback_later(request.limits.timeout_s + _GRACE_S, exit=True, file=nowhere)
            _send(_answer(request), replies)
            faulthandler.cancel_dump_traceback_later()


def _answer(request: Request) -> ReadDocument | DocumentError:
    from rag.ingestion.file_reading import read_file

    name = shown_name(request.name)
    try:
        return read_file(request)
    except DocumentError as error:
        return error
    except MemoryError:
        return FileTooLarge(f"{name} needs more memory than may be used. Split it into smaller files.")
    except Exception:  # noqa: BLE001  (whatever a parser does with a file costs that file only)
        return BrokenFile(f"{name} could not be read; it may be damaged. Open it, save a new copy and add that.")


def _receive(stream: BinaryIO) -> Request | None:
    try:
        return pickle.load(stream)
    except EOFError:
        return None


def _send(reply: object, stream: BinaryIO) -> None:
    pickle.dump(reply, stream)
    stream.flush()


def _claim_stdout() -> BinaryIO:
    """The pipe to the parent; what native code prints goes nowhere instead."""
    pipe = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return pipe


def _lower_priority() -> None:
    """The chats go first on a busy machine; on Windows the parent sets the priority."""
    if sys.platform != "win32":
        os.nice(5)


def _limit_memory() -> None:
    if sys.platform == "linux":  # macOS does not enforce it, Windows does not have it
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        bytes_ = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (bytes_, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no private document in a core dump


if __name__ == "__main__":
    main()
