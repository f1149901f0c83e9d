"""Files that are whole at every moment, also on a full disk and after a killed writer."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import StorageError
from rag.storage import append_line, write_atomically, write_whole
from tests import REPOSITORY

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="there is no limit for the size of a file there")

FULL = """
import resource, signal, sys
from pathlib import Path
from rag.storage import append_line, write_atomically

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    {call}
except OSError as error:
    print(type(error).__name__)
"""


def on_a_full_disk(call: str) -> str:
    """What is printed by a process that can write no more than 1,000 bytes into a file."""
    own = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", FULL.format(call=call)]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=True).stdout


def test_a_file_is_replaced_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@needs_limits
def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")
    assert on_a_full_disk(f"write_atomically(Path({str(path)!r}), b'new' * 1000)") == "OSError\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="cannot be written"):
        write_whole(tmp_path / "file" / "a.md", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_lines_are_appended_each_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, "{}")
    append_line(path, '"文"')
    with path.open("ab") as file:
        file.write(b'{"cut')
    append_line(path, "[]")
    assert path.read_text("utf-8") == '{}\n"文"\n{"cut\n[]\n'
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@needs_limits
def test_a_line_that_a_full_disk_cut_is_taken_off_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, "a" * 900)
    assert on_a_full_disk(f"append_line(Path({str(path)!r}), 'b' * 200)") == "OSError\n"
    assert path.read_text("utf-8") == "a" * 900 + "\n"
