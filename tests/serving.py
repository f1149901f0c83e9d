"""The real app, started and ended the way a person does it, in a copy of the repository that no `.env` reaches."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from rag.settings import Settings
from tests import REPOSITORY
from tests.runtime.tiny_models import TinyModel, words
from tests.shipped_library import DOCUMENTS, copy_shipped_library

_COPIED = ("app.py", "chainlit.md", ".chainlit", "public", "rag", "docs_corpus", "lab")
START_S, END_S = 120.0, 40.0
"""Several times what a busy machine needs."""
_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, one of which could take a port before the app has it."""

SMALL = TinyModel(
    "phi-4-mini",
    "Phi-4-mini-instruct-generic-cpu",
    words("Groundwork sends no documents, questions or answers from your machine [2]. Only ProcessInfo leaves it [1]!"),
)
"""Answers what data leaves the machine, from the documents that ship, well enough to be kept."""
LARGE = TinyModel(
    "gpt-oss-20b",
    "gpt-oss-20b-generic-cpu",
    (
        *words("<think> The passages name what stays </think>"),
        *words("Documents, questions and answers stay on the machine [1]."),
    ),
    reasoning=("<think>", " </think>"),
)
SLOW = TinyModel("slow-model", "slow-model-generic-cpu", tuple(f" {n}" for n in range(100)), endless=True, pause=40_000)
"""A number each 30 ms, until it is stopped."""
HOSTILE = TinyModel(
    "hostile-model",
    "hostile-model-generic-cpu",
    words(
        "Hello [1] <script>window.hacked=1</script> <img src=x onerror=window.hacked=2> "
        "![p](http://evil.example/p.png) [go](javascript:window.hacked=3) "
        "<iframe src='http://evil.example/f'></iframe> <style>body{display:none}</style> end."
    ),
)
"""Writes all that a page must not run or load."""


@dataclass(frozen=True)
class App:
    """A running `chainlit run app.py`."""

    root: Path
    """The copy that it runs in."""
    url: str
    process: subprocess.Popen[bytes]

    @property
    def children(self) -> list[psutil.Process]:
        """Its runtime and its readers, which live now."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, module: str) -> psutil.Process:
        """The child that runs this module."""
        (found,) = [child for child in self.children if module in child.cmdline()]
        return found

    @property
    def log(self) -> str:
        """What it printed."""
        return (self.root / "app.log").read_text(errors="replace")


@contextmanager
def running(root: Path, *flags: str, cache: Path | None = None, **settings: str) -> Iterator[App]:
    """The app in a new folder with these settings (`LONG_ANSWER_CHARS="20"`), ended with all its children."""
    app = start(root, *flags, MODEL_CACHE_DIR=str(cache or root / "no-models"), **settings)
    try:
        yield app
    finally:
        left = stop(app)
    assert not left, f"still running after the app: {left}"


def start(root: Path, *flags: str, **settings: str) -> App:
    """The app, once its page answers."""
    _copy(root)
    port = free_port()
    command = [sys.executable, "-m", "chainlit", "run", "app.py", "--headless", "--port", str(port), *flags]
    with (root / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=_environment(root, settings), stdout=log, stderr=log)
    app = App(root, f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_open(app, port)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    return app


def stop(app: App) -> list[psutil.Process]:
    """Ends the app as Ctrl-C does, or harder; gives back the children that outlived it, which are ended too."""
    children = app.children if app.process.poll() is None else []
    app.process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    try:
        app.process.wait(END_S)
    except subprocess.TimeoutExpired:
        app.process.kill()
        app.process.wait()
    _, left = psutil.wait_procs(children, timeout=END_S)
    for process in left:
        process.kill()
    return left


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at, and that no other worker of this run is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = random.choice(_PORTS[worker::workers])
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


def _copy(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name)
        else:
            shutil.copy(source, root)


def _environment(root: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the person's: no settings, no home folder, and no way out to a catalogue."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in Settings.model_fields and not name.startswith("CHAINLIT_")
    }
    home = root / "home"
    home.mkdir(exist_ok=True)
    own = {"HOME": str(home), "USERPROFILE": str(home), "CHAINLIT_APP_ROOT": str(root), "PYTHONUNBUFFERED": "1"}
    own["DATA_DIR"] = str(root / "data")
    if not settings.keys() & {"LIBRARY_DIRS", "DATA_DIR"} and not (root / "data").exists():
        copy_shipped_library(root / "data")
        own["LIBRARY_DIRS"] = str(DOCUMENTS)
    return inherited | own | {"CATALOGUE": "disk", **settings}


def _wait_until_open(app: App, port: int) -> None:
    deadline = time.monotonic() + START_S
    while app.process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The app did not start:\n{app.log}")
