"""`rag ask` in a terminal, between two servers: the last text that a person reads is the answer of the turn."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from typer.testing import CliRunner

from rag.cli.main import app
from tests import REPOSITORY
from tests.scripted_server import Script, ScriptedServer, refusal, said

QUESTION = "What is the largest file that may be uploaded?"
PAGE = "# Uploads\n\nThe largest file that may be uploaded is 25 MB. Larger files are refused with a reason.\n"
DRAFT = "The largest file that may be uploaded is 25 MB [1]."
WORSE = "Any file up to 900 GB is welcome, and bananas are yellow [1]."
BETTER = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason [1]."


async def asked(
    folder: Path, small: Script, large: Script, times: int = 1, *, run: "Run | None" = None
) -> tuple[str, str]:
    """Standard output and standard error of the command; the small model gives its reply `times` times."""
    library = folder / "library"
    library.mkdir()
    (library / "uploads.md").write_text(PAGE, encoding="utf-8")
    async with ScriptedServer() as one, ScriptedServer() as other:
        one.enqueue(*(small for _ in range(times)))
        other.enqueue(large)
        settings = {
            "FOUNDRY_LOCAL_ENDPOINT": one.url,
            "LLM_ENDPOINT": other.url,
            "LIBRARY_DIRS": str(library),
            "DATA_DIR": str(folder / "data"),
            "LONG_ANSWER_CHARS": "20",
            "PYTHONIOENCODING": "utf-8",
        }
        async with asyncio.timeout(120):
            return await (run or in_this_process)(settings)


Run = Callable[[dict[str, str]], Awaitable[tuple[str, str]]]


async def in_this_process(settings: dict[str, str]) -> tuple[str, str]:
    """The command in a thread, which spares it the imports."""
    done = await asyncio.to_thread(CliRunner().invoke, app, ["ask", QUESTION], env=settings)
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


async def in_a_process_of_its_own(settings: dict[str, str]) -> tuple[str, str]:
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rag.cli.main", "ask", QUESTION),
        cwd=settings["LIBRARY_DIRS"],
        env=os.environ | settings | {"PYTHONPATH": str(REPOSITORY)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await command.communicate()
    assert command.returncode == 0, err.decode()
    return out.decode().replace("\r\n", "\n"), err.decode()


async def test_after_a_kept_draft_the_draft_is_the_last_answer(tmp_path: Path):
    out, _ = await asked(tmp_path, said(DRAFT), said(WORSE), run=in_a_process_of_its_own)
    draft, rest = out.split("\n\n[gpt-oss-20b] ", 1)
    assert draft == DRAFT
    rejected, end = rest.split("The draft stands, because your documents support it better than the answer of ", 1)
    assert WORSE in rejected
    assert end.startswith(f"gpt-oss-20b:\n\n{DRAFT}\n")
    assert "[1] uploads.md" in end
    assert "bananas" not in end


async def test_an_accepted_answer_is_shown_once(tmp_path: Path):
    out, _ = await asked(tmp_path, said(DRAFT), said(BETTER))
    assert out.count(BETTER) == 1
    assert "The draft stands" not in out
    assert out.rstrip().endswith("[1] uploads.md")


async def test_a_larger_model_that_fails_leaves_the_draft_as_the_last_answer(tmp_path: Path):
    out, err = await asked(tmp_path, said(DRAFT), refusal(401, "No such key."))
    assert out.index("The draft stands, because the larger model could not answer:") < out.rindex(DRAFT)
    assert "refused the key" in err


async def test_a_draft_that_was_stopped_early_and_written_again_is_shown_once(tmp_path: Path):
    strays = "Bananas grow on tall green plants in the tropics. Zebras are striped and live in herds on the savannah. "
    out, _ = await asked(tmp_path, said(strays * 3 + "So it is."), refusal(401, "No such key."), times=2)
    _, _, end = out.partition("[gpt-oss-20b]")
    assert end.count(strays * 3 + "So it is.") == 1
    assert "The draft stands" not in out


async def test_marks_that_the_check_removed_are_not_in_the_last_answer(tmp_path: Path):
    out, _ = await asked(tmp_path, said(DRAFT), said(f"{BETTER[:-1]}[7]."))
    _, end = out.split("Without [7], as there is no such passage:\n\n")
    assert end.startswith(BETTER.replace("MB.", "MB [1]."))
    assert "[7]" not in end


async def test_nor_in_a_kept_draft(tmp_path: Path):
    out, _ = await asked(tmp_path, said(f"{DRAFT[:-1]}[7]."), said(WORSE))
    _, end = out.split(" support it better than the answer of gpt-oss-20b:\n\n")
    assert end.startswith(DRAFT)
    assert "[7]" not in end
