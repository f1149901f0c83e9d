"""Processes that answer requests: what is known of one that does not start, or ends."""

import sys
from pathlib import Path

import pytest

from rag.ingestion.worker_pool import WorkerCrashed, WorkerNotStarted, WorkerPool

READY = "import pickle, sys\npickle.dump(None, sys.stdout.buffer)\nsys.stdout.flush()\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the module that the processes run."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "tested_worker.py"


async def ask_one(program: Path, text: str) -> object:
    program.write_text(text)
    pool = WorkerPool(program.stem, 1)
    try:
        return await pool.ask("question", 20)
    finally:
        await pool.close()


async def test_an_answer(program: Path):
    echo = "pickle.dump(pickle.load(sys.stdin.buffer), sys.stdout.buffer)\nsys.stdout.flush()\nsys.stdin.read()\n"
    assert await ask_one(program, READY + echo) == "question"


async def test_what_ends_before_it_is_ready_is_not_started(program: Path):
    with pytest.raises(WorkerNotStarted, match=r"^No module named x$"):
        await ask_one(program, "import sys\nsys.exit('a line\\nNo module named x\\n')")
    with pytest.raises(WorkerNotStarted, match=r"^it ended at once$"):
        await ask_one(program, "")
    with pytest.raises(WorkerNotStarted, match="it_is_not_there"):
        await ask_one(program.with_name("it_is_not_there.py").with_suffix(".txt"), "")


async def test_what_ends_later_has_crashed_and_its_last_line_is_known(program: Path):
    noise = "sys.stderr.write('noise ' * 100_000)\n"
    with pytest.raises(WorkerCrashed, match=r"^thread panicked$"):
        await ask_one(program, f"{READY}pickle.load(sys.stdin.buffer)\n{noise}sys.exit('\\nthread panicked')")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
async def test_a_killed_process_has_no_last_line(program: Path):
    with pytest.raises(WorkerCrashed, match=r"^$"):
        await ask_one(program, READY + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
