"""A parser that does not start: the library, an upload and `rag doctor` say so once, and no file is blamed for it."""

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from rag.errors import ParserUnavailable
from rag.ingestion.reader import Reader
from tests import REPOSITORY
from tests.chat_client import open_chat
from tests.library_parts import held, library_of, put, states, until
from tests.serving import running

REASON = "ImportError: DLL load failed while importing _internal_bindings"
SENTENCE = f"No file can be read at the moment, because the parser does not start ({REASON}). Start the app again"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder for the module path, with a parser whose native part does not load."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "kreuzberg.py").write_text(f"raise ImportError({REASON.partition(': ')[2]!r})\n")
    return folder


def new_reader() -> Reader:
    return Reader(workers=2, timeout_s=30, max_bytes=10**7, max_pages=50, max_chars=10**6)


def first_on_path(folder: Path) -> str:
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))


async def test_a_library_waits_for_the_parser_and_remembers_no_failure(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "docs"
    for name in ("a.txt", "b.txt", "gone.txt"):
        put(folder / name)
    reader = new_reader()
    async with library_of(folder, tmp_path / "data", reader) as library:
        await library.sync()
        await reader.close()

    (folder / "gone.txt").unlink()
    put(folder / "a.txt", "Other words now.")
    put(folder / "new.txt")
    monkeypatch.syspath_prepend(str(broken))
    reader = new_reader()
    async with library_of(folder, tmp_path / "data", reader) as library:
        with pytest.raises(ParserUnavailable) as caught:
            await library.sync()
        assert str(caught.value).startswith(SENTENCE)
        assert states(library) == {"a.txt": "indexed", "b.txt": "indexed"}
        assert held(library) == ["a.txt", "b.txt"]

        monkeypatch.undo()
        await library.sync()
        assert states(library) == dict.fromkeys(("a.txt", "b.txt", "new.txt"), "indexed")
        assert held(library) == ["a.txt", "b.txt", "new.txt"]
    await reader.close()


async def test_a_library_that_is_followed_shows_it_and_goes_on_by_itself(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put(tmp_path / "docs/a.txt")
    monkeypatch.syspath_prepend(str(broken))
    reader = new_reader()
    async with library_of(tmp_path / "docs", tmp_path / "data", reader) as library:

        async def follow() -> None:
            async with aclosing(library.follow()) as commits:
                async for _ in commits:
                    pass

        following = asyncio.create_task(follow())
        await until(lambda: library.problem.startswith(SENTENCE), "the problem is shown")
        assert states(library) == {}
        monkeypatch.undo()
        await until(lambda: held(library) == ["a.txt"] and not library.problem, "the file is read")
        following.cancel()
        await asyncio.wait([following])
    await reader.close()


async def test_no_process_left_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(tmp_path / "a.txt")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    reader = new_reader()
    with pytest.raises(ParserUnavailable, match=r"does not start \(No such file or directory\)"):
        await reader.read(tmp_path / "a.txt", name="a.txt", origin="upload")
    monkeypatch.undo()
    assert (await reader.read(tmp_path / "a.txt", name="a.txt", origin="upload")).document.name == "a.txt"
    await reader.close()


@pytest.mark.runtime
async def test_an_upload_says_it_once_for_all_files(broken: Path, tmp_path: Path):
    with running(tmp_path / "app", RUNTIME="off", PYTHONPATH=first_on_path(broken)) as app:
        async with open_chat(app.url) as chat:
            files = [await chat.upload(name, b"The kettle of our kitchen is green.") for name in ("one.txt", "two.txt")]
            await chat.ask("What colour is the kettle?", files=files)
            (shown,) = [step["output"] for step in chat.said if "was not read" in step["output"]]
    assert shown.startswith("- **one.txt** was not read.\n- **two.txt** was not read.\n\nNo file can be read")
    assert "DLL load failed" in shown
    assert "damaged" not in "".join(step["output"] for step in chat.said)


def test_the_doctor_reads_a_file_and_says_it_once(broken: Path, tmp_path: Path):
    put(tmp_path / "docs/a.txt")
    settings = {
        "DATA_DIR": str(tmp_path / "data"),
        "LIBRARY_DIRS": f"Docs={tmp_path / 'docs'}",
        "RUNTIME": "off",
        "PYTHONPATH": os.pathsep.join([str(broken), str(REPOSITORY)]),
    }
    command = [sys.executable, "-m", "rag.cli.main", "doctor"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert [line for line in lines if line.startswith("PROBLEM")] == [line for line in lines if REASON in line]
    assert done.stdout.count(SENTENCE) == 1
    assert "PROBLEM  Parser: No file can be read" in done.stdout
    (library,) = [line for line in lines if "Library Docs" in line]
    assert library.endswith("New and changed files are read once the parser starts.")
