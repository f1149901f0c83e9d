"""What the lab's page is told, and the door that it stands behind."""

from pathlib import Path

import pytest
from chainlit.config import config

from rag.chat.lab_mount import LabMount, link_to_the_lab, setup_of
from rag.lab.requests import RequestRules
from rag.lab.setup import LabFiles, Setup, app_folder
from rag.services import Services
from rag.settings import Settings
from tests import REPOSITORY
from tests.lab_parts import Packages, write_model

RULES = RequestRules(prompt_chars=11_200, max_tokens=600, temperature=0.3)


def setup_in(folder: Path, *, root: Path = REPOSITORY, remote: bool = False) -> Setup:
    places = LabFiles.of(root, folder / "data", folder / "models")
    return Setup(places, RULES, passages=8, passage_tokens=800, remote=remote)


def test_without_runtime_and_models_the_page_is_told_what_to_do(tmp_path: Path):
    told = setup_in(tmp_path).described()
    assert told["limits"] == {
        "prompt_chars": 11_200,
        "max_tokens": 600,
        "temperature": 0.3,
        "passages": 8,
        "passage_tokens": 800,
    }
    assert told["runtime"] == {
        "version": "4.3.1",
        "path": "",
        "note": "The browser runtime is not installed. The command rag lab install sees to that.",
    }
    assert (told["models"], told["remote"]) == ([], None)
    assert (
        told["note"] == "This server has no model for browsers yet. The command rag lab status says where to put one."
    )


def test_what_is_there_has_a_path_that_changes_with_it(tmp_path: Path):
    packages = Packages(tmp_path / "app", "4.0.0")
    folder = tmp_path / "data" / "lab" / "runtime" / "4.0.0"
    folder.mkdir(parents=True)
    for (name, _, _), content in packages.contents.items():
        (folder / name).write_bytes(content)
    write_model(tmp_path / "models", "org/good")
    write_model(tmp_path / "models", "bad", tokenizerDOTjson="{")
    setup = setup_in(tmp_path, root=packages.package_file.parents[1])

    told = setup.described()
    assert told["runtime"] == {"version": "4.0.0", "path": "runtime/4.0.0/", "note": ""}
    (model,) = told["models"]
    assert (model["id"], model["precisions"], told["note"]) == ("org/good", {"q4": 5000}, "")
    fingerprint = model["path"].removeprefix("models/").removesuffix("/")
    weights = setup.model_file(fingerprint, "org/good/onnx/model_q4.onnx")
    assert weights
    assert weights.stat().st_size == 5000
    assert setup.runtime_file("4.0.0", "transformers.min.js") == folder / "transformers.min.js"
    assert setup.runtime_file("3.9.9", "transformers.min.js") is None

    weights.write_bytes(b"\x08" * 5001)
    assert setup.model_file(fingerprint, "org/good/onnx/model_q4.onnx") is None
    assert setup.described()["models"][0]["path"] != model["path"]


def test_the_public_hub_is_asked_only_where_that_is_allowed(tmp_path: Path):
    assert setup_in(tmp_path).remote_hosts == ()
    setup = setup_in(tmp_path, remote=True)
    offered = setup.described()["remote"]["models"]
    assert [model["id"] for model in offered if model["default"]] == ["onnx-community/Qwen2.5-0.5B-Instruct"]
    assert all(size > 100_000_000 for model in offered for size in model["precisions"].values())
    policy = LabMount(None, setup.remote_hosts).headers["Content-Security-Policy"]  # type: ignore[arg-type]
    assert "connect-src 'self' https://huggingface.co https://*.hf.co;" in policy


def test_the_apps_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab" / "page").mkdir(parents=True)
    (tmp_path / "lab" / "page" / "index.html").touch()  # somebody else's
    assert app_folder() == REPOSITORY
    monkeypatch.chdir(REPOSITORY)
    assert app_folder() == REPOSITORY


def test_without_its_table_no_public_model_is_offered(tmp_path: Path):
    assert setup_in(tmp_path, root=tmp_path, remote=True).described()["remote"] is None


def test_turned_off_there_is_no_lab_and_no_link(monkeypatch: pytest.MonkeyPatch):
    assert LabMount.of(Services(Settings(lab="off", runtime="off"))) is None
    monkeypatch.setattr(config.ui, "header_links", None)
    link_to_the_lab("", there=True)
    link_to_the_lab("", there=True)  # as after a reload
    assert [link.url for link in config.ui.header_links or []] == ["/lab/"]
    link_to_the_lab("", there=False)
    assert config.ui.header_links == []


def test_the_labs_limits_are_the_chats():
    chats = Settings(question_max_chars=100, passage_tokens=200, answer_max_tokens=50, passages=3, temperature=1)
    setup = setup_of(chats)
    assert setup.rules == RequestRules(prompt_chars=100 + 4 * 200, max_tokens=50, temperature=1)
    assert (setup.passages, setup.passage_tokens, setup.remote) == (3, 200, False)
    assert setup_of(Settings(lab_remote_models="on")).remote
