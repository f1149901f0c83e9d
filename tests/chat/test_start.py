"""The folder that Chainlit works in when the chat is started from an installed package."""

import os
import stat
from pathlib import Path

import pytest

from rag.chat.start import prepare
from rag.errors import StorageError
from rag.settings import Settings
from tests import REPOSITORY

ROOT = "CHAINLIT_APP_ROOT"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package's files, which may not be written."""
    folder = tmp_path / "product"
    files = {"chainlit.md": "Hello", ".chainlit/config.toml": "[UI]", "public/elements/Turn.jsx": "x", "app.py": ""}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
    for place in (folder, *folder.rglob("*/")):
        if place.is_dir():
            place.chmod(0o555)
    monkeypatch.setattr("rag.chat.start.product_folder", lambda: folder)
    monkeypatch.setenv(ROOT, "to be put back afterwards")
    monkeypatch.delenv(ROOT)
    return folder


def prepared(data_dir: Path) -> Path:
    """The folder of a new server."""
    os.environ.pop(ROOT, None)
    prepare(Settings(_env_file=None, data_dir=data_dir))  # type: ignore[call-arg]
    return Path(os.environ[ROOT])


def test_each_server_has_a_folder_of_its_own_that_it_may_write(shipped: Path, tmp_path: Path):
    first, second = prepared(tmp_path / "data"), prepared(tmp_path / "data")
    assert first != second
    for root in (first, second):
        assert root.is_relative_to(tmp_path / "data")
        assert (root / "chainlit.md").read_text() == "Hello"
        assert (root / "public" / "elements" / "Turn.jsx").read_text() == "x"
        assert stat.S_IMODE(root.stat().st_mode) == 0o700 or os.name == "nt", "uploads are nobody else's"
        assert all(path.stat().st_mode & stat.S_IWUSR for path in root.rglob("*"))


def test_what_a_killed_server_left_is_removed_at_the_next_start(shipped: Path, tmp_path: Path):
    running = prepared(tmp_path / "data")
    killed = running.with_name("run-killed")
    (killed / ".files" / "session").mkdir(parents=True)
    (killed / ".files" / "session" / "private.pdf").write_bytes(b"%PDF")
    prepared(tmp_path / "data")
    assert not killed.exists()
    assert running.exists()


def test_a_folder_that_a_person_names_is_taken_as_it_is(shipped: Path, tmp_path: Path):
    os.environ[ROOT] = str(tmp_path / "own")
    prepare(Settings(_env_file=None, data_dir=tmp_path / "data"))  # type: ignore[call-arg]
    assert os.environ[ROOT] == str(tmp_path / "own")
    assert not (tmp_path / "data").exists()


def test_in_a_checkout_it_is_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(ROOT, "to be put back afterwards")
    assert prepared(tmp_path / "data") == REPOSITORY
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written_is_a_sentence(shipped: Path, tmp_path: Path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match=r"data cannot be written .*Set DATA_DIR to another place\.") as caught:
        prepared(tmp_path / "data")
    assert caught.value.path == tmp_path / "data"
