"""The wheel holds the product: installed into an empty environment, everything works from an empty folder."""

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import psutil
import pytest

from rag.settings import Settings
from tests import REPOSITORY
from tests.chat_client import open_chat, until
from tests.serving import free_port

SHIPPED = ("app.py", "chainlit.md", ".chainlit", "public", "lab", "docs_corpus", "evaluation/questions.jsonl")
QUESTION = "What data leaves my machine when I use Groundwork?"
START_S = 120.0


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own, which has the dependencies of this one but not the checkout."""

    wheel: Path
    python: Path
    package: Path
    root: Path

    def rag(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command in an empty folder."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.empty,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=START_S,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python.with_name("rag")), *arguments]

    @property
    def empty(self) -> Path:
        folder = self.root / "empty"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the person's, and no way to the checkout."""
        ours = {*Settings.model_fields, "pythonpath"}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name.lower() not in ours and not name.startswith("CHAINLIT_")
        }
        own = {"HOME": str(self.root), "USERPROFILE": str(self.root), "PYTHONIOENCODING": "utf-8"}
        return inherited | own | {"DATA_DIR": str(self.data), "RUNTIME": "off", "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def files(self) -> set[str]:
        """All that lies in the package now."""
        return {path.relative_to(self.package).as_posix() for path in self.package.rglob("*")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = root.glob("*.whl")
    venv.create(root / "venv", with_pip=False)
    python = root / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (package,) = (root / "venv").rglob("site-packages/rag")
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (package.parent / "dependencies.pth").write_text("\n".join(others))  # whose own .pth files are not followed
    return Installed(wheel, python, package, root)


@contextmanager
def chatting(installed: Installed) -> Iterator[str]:
    """The address of `rag chat`, which is ended as Ctrl-C does."""
    port = free_port()
    command = installed.command("chat", "--headless", "--port", str(port))
    log = installed.root / "chat.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=installed.empty, env=installed.environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_S
        while process.poll() is None and not listens(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert listens(port), log.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
        process.wait(START_S)
        _, left = psutil.wait_procs(children, timeout=20)
    assert not left


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_the_wheel_holds_all_that_the_app_needs_and_nothing_that_lies_about(installed: Installed):
    listed = ["git", "ls-files", "--", "rag", *SHIPPED]
    tracked = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("this is no checkout of git")
    with ZipFile(installed.wheel) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("rag/")}
    wanted = {name if name.startswith("rag/") else f"rag/product/{name}" for name in tracked}
    assert held == {name for name in wanted if (REPOSITORY / name.removeprefix("rag/product/")).exists()}


def test_the_package_that_runs_is_the_installed_one(installed: Installed):
    code = "import rag, rag.settings as s; print(rag.__file__); print(s.product_folder())"
    printed = subprocess.check_output(
        [installed.python, "-c", code], cwd=installed.empty, env=installed.environment, text=True
    )
    assert [Path(line) for line in printed.splitlines()] == [
        installed.package / "__init__.py",
        installed.package / "product",
    ]


def test_rag_ask_answers_from_the_documents_that_ship(installed: Installed):
    done = installed.rag("ask", QUESTION)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\[1\] \S+\.md", done.stdout)


def test_rag_doctor_finds_them(installed: Installed):
    done = installed.rag("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ok +Library docs_corpus: \d+ documents", done.stdout)


def test_rag_lab_status_knows_what_the_lab_needs(installed: Installed):
    done = installed.rag("lab", "status")
    assert re.search(r"Browser runtime +\d+\.\d+\.\d+ is missing", done.stdout), done.stdout + done.stderr
    assert "damaged" not in done.stdout + done.stderr


def test_rag_eval_has_its_questions(installed: Installed):
    done = installed.rag("eval", "--limit", "1", "--out", str(installed.root / "results.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (installed.root / "results.json").is_file()


async def test_rag_chat_is_the_same_app(installed: Installed):
    before = installed.files
    with chatting(installed) as url:
        async with aiohttp.ClientSession() as http:
            for path in ("public/theme.json", "public/elements/Turn.jsx", "public/icons/lab.svg"):
                async with http.get(f"{url}/{path}") as response:
                    assert response.status == 200
                    assert await response.read() == (REPOSITORY / path).read_bytes(), path
            async with http.get(f"{url}/lab/") as response:
                assert await response.read() == (REPOSITORY / "lab" / "page" / "index.html").read_bytes()
            async with http.get(f"{url}/project/translations", params={"language": "sl"}) as response:
                assert (await response.json())["translation"]["chat"]["input"]["placeholder"].startswith("Tukaj")
            async with open_chat(url) as chat:
                answer = await chat.ask(QUESTION)
                await until(lambda: any(e.get("name") == "Sources" for e in chat.elements.values()), "sources")
                assert "privacy.md" in str(chat.sources(answer))
    assert installed.files == before, "an installed package may be read-only"
    assert list(installed.empty.iterdir()) == []
    assert [path.name for path in (installed.data / "chat").glob("run-*/.files")] == []
