"""Starts the chat's server from any folder, as `chainlit run app.py` does in a checkout."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from rag.errors import StorageError
from rag.settings import Settings, product_folder

_ROOT = "CHAINLIT_APP_ROOT"
"""The variable that names the folder in which Chainlit looks for its settings and lays uploads."""
_LOCK = "lock"
_running: list[FileLock] = []
"""Held until the process ends."""


def prepare(settings: Settings) -> None:
    """Names the folder that Chainlit works in; before Chainlit is imported.

    In a checkout it is the checkout. An installed package may be read-only and shared, so there it is a new folder in
    the data folder, with copies of what ships; those of servers that have ended are removed. A variable that is set
    already stays.

    Raises:
        StorageError: the data folder cannot be written.
    """
    if _ROOT in os.environ:
        return
    shipped, folder = product_folder(), settings.data_folder
    is_checkout = (shipped / "rag").is_dir()
    try:
        os.environ[_ROOT] = str(shipped if is_checkout else _new_root(shipped, folder / "chat"))
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be written ({error.strerror}). Set DATA_DIR to another place.",
            path=folder,
        ) from error


def serve(*options: str) -> None:
    """Runs the server with these options of `chainlit run`, until it is ended, and the process with it."""
    from chainlit.cli import cli

    cast(Any, cli)(["run", str(product_folder() / "app.py"), *options], prog_name="rag chat")


def _new_root(shipped: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        for root in _abandoned(folder):
            shutil.rmtree(root, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
        lock = FileLock(root / _LOCK)
        lock.acquire()
        _running.append(lock)
    for file in (shipped / "chainlit.md", *(shipped / ".chainlit").rglob("*"), *(shipped / "public").rglob("*")):
        if file.is_file():
            copy = root / file.relative_to(shipped)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)  # without its mode, which may be read-only
    return root


def _abandoned(folder: Path) -> Iterator[Path]:
    """The folders of servers that run no more, killed ones too."""
    for root in folder.glob("run-*"):
        try:
            with FileLock(root / _LOCK, timeout=0):
                pass
        except (Timeout, OSError):
            continue
        yield root
