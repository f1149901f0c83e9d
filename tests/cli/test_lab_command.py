"""`rag lab`, as a person types it: what it says, what it does, and how it ends."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli import lab_command
from rag.lab.browser_runtime import FILES, runtimes_in
from tests.lab_parts import NpmRegistry, Packages, write_model

VERSION = "9.9.1"


class Terminal:
    """Runs `rag lab …` in an app that pins small packages, with a data folder of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.models = home / "data", home / "data" / "lab" / "models"
        self.packages = Packages(home / "app", VERSION)
        self.wasm = runtimes_in(self.data) / VERSION / FILES[2]
        monkeypatch.chdir(home)  # no `.env` is there
        monkeypatch.setattr(lab_command, "app_folder", lambda: self.packages.folder)
        monkeypatch.setenv("DATA_DIR", str(self.data))
        monkeypatch.delenv("LAB_MODELS_DIR", raising=False)
        monkeypatch.delenv("LAB_REMOTE_MODELS", raising=False)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What it said, on both of its outputs."""
        done = CliRunner().invoke(lab_command.app, arguments)
        assert done.exit_code == code, done.output
        assert isinstance(done.exception, SystemExit | None)
        return done.output


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    yield Terminal(tmp_path, monkeypatch)
    logging.disable(logging.NOTSET)


def test_from_nothing_to_a_model_that_can_run(terminal: Terminal) -> None:
    said = terminal.run("status", code=1)
    assert " ".join(said.split()) == (
        f"Browser runtime {VERSION} is missing or not whole {terminal.wasm.parent} Models {terminal.models} "
        f"There is no folder {terminal.models} with models for browsers. Public hub not allowed (LAB_REMOTE_MODELS) "
        "The browser runtime is not installed. The command rag lab install sees to that."
    )
    assert {
        str(terminal.models),
        "The browser runtime is not installed. The command rag lab install sees to that.",
    } <= {line.removeprefix("Models").strip() for line in said.splitlines()}, (
        "paths and the next step are not broken into lines"
    )

    said = terminal.run("install", "--from", str(terminal.packages.folder))
    assert said.splitlines()[-1] == f"The browser runtime {VERSION} is installed: {terminal.wasm.parent} (0.1 MB)."
    assert "is installed already" in terminal.run("install")

    said = terminal.run("status", code=1)
    assert said.splitlines()[0] == f"Browser runtime  {VERSION}, 0.1 MB"
    assert said.splitlines()[-1] == (
        f"There is no model for browsers. Put one into {terminal.models}, or set LAB_REMOTE_MODELS=on: then browsers "
        "may fetch models of the public hub."
    )

    write_model(terminal.models, "org/tiny", onnx__model_fp16DOTonnx=b"")
    write_model(terminal.models, "broken", configDOTjson="{")
    said = terminal.run("status", "--check")
    assert said.splitlines()[0] == f"Browser runtime  {VERSION}, 0.1 MB, checksums right"
    assert said.splitlines()[3:] == [
        "  broken  CANNOT BE USED",
        "    Its config.json is damaged or cut off: it is not the JSON it should be.",
        "    Fetch it again.",
        "  org/tiny  q4 0.0 MB",
        "    Not in fp16: onnx/model_fp16.onnx is empty. Fetch it again.",
        "Public hub       not allowed (LAB_REMOTE_MODELS)",
        "",
        "A model can run in a browser.",
    ]


def test_the_hub_alone_is_enough(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.run("install", "--from", str(terminal.packages.folder))
    monkeypatch.setenv("LAB_REMOTE_MODELS", "on")
    said = terminal.run("status")
    assert "Public hub       allowed (LAB_REMOTE_MODELS)" in said


def test_checksums_are_compared_on_demand(terminal: Terminal) -> None:
    write_model(terminal.models, "tiny")
    terminal.run("install", "--from", str(terminal.packages.folder))
    terminal.wasm.write_bytes(terminal.wasm.read_bytes()[:-1] + b"!")
    terminal.run("status")
    said = terminal.run("status", "--check", code=1)
    assert said.splitlines()[0].endswith(", checksums wrong")
    assert said.splitlines()[-1] == f"{FILES[2]}: not what it has to be. Run: rag lab install --force"
    terminal.wasm.write_bytes(b"")
    assert "is missing or cut off. The command rag lab install sees to that." in terminal.run("status", code=1)


def test_the_status_for_other_programs(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_MODELS_DIR", str(tmp_path / "elsewhere"))
    write_model(tmp_path / "elsewhere", "tiny")
    (runtimes_in(terminal.data) / "9.8.0").mkdir(parents=True)
    found = json.loads(terminal.run("status", "--json", code=1))
    assert found["ready"] is False
    assert (
        found["problem"]
        == f"The browser runtime is version 9.8.0, and {VERSION} is needed. The command rag lab install sees to that."
    )
    terminal.run("install", "--from", str(terminal.packages.folder))
    found = json.loads(terminal.run("status", "--json", "--check"))
    (model,) = found.pop("models")
    assert len(model.pop("fingerprint")) == 16
    assert model == {"id": "tiny", "precisions": {"q4": 5000}, "left_out": {}, "problem": ""}
    bytes_ = found["runtime"].pop("bytes")
    assert bytes_ == sum(file.stat().st_size for file in terminal.wasm.parent.iterdir())
    assert found == {
        "ready": True,
        "problem": "",
        "runtime": {
            "pinned": VERSION,
            "versions": [VERSION],
            "whole": True,
            "altered": [],
            "folder": str(terminal.wasm.parent),
        },
        "models_folder": str(tmp_path / "elsewhere"),
        "models_note": "",
        "remote": False,
    }


@pytest.fixture
def registry(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    """A registry with the app's packages, which npm's variable names."""
    with NpmRegistry(terminal.packages) as registry:
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield registry


def test_the_registry_that_is_configured_has_the_packages(terminal: Terminal, registry: NpmRegistry) -> None:
    lines = terminal.run("install").splitlines()
    assert lines[0].startswith("Fetching @huggingface/transformers@")
    assert lines[-1] == f"The browser runtime {VERSION} is installed: {terminal.wasm.parent} (0.1 MB)."
    assert len(registry.asked) == 2


def test_what_goes_wrong_is_one_sentence(terminal: Terminal, registry: NpmRegistry) -> None:
    registry.fault = 404
    assert terminal.run("install", code=1).splitlines()[1:] == [
        f"The npm registry at {registry.url} does not give out @huggingface/transformers {VERSION}: it answers 404. "
        "Check NPM_CONFIG_REGISTRY or .npmrc, or use rag lab install --from FOLDER."
    ]
    terminal.packages.package_file.unlink()
    for command in ("install", "status"):
        assert terminal.run(command, code=1) == "lab/package.json is missing or damaged. Install the app again.\n"


STOPPED = """
import signal, sys
from pathlib import Path
from rag.cli import lab_command

signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv.pop(1))
lab_command.app_folder = lambda: folder
lab_command.app()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl-C alone")
def test_ctrl_c_leaves_nothing_behind(terminal: Terminal, registry: NpmRegistry) -> None:
    registry.fault = "stalls"
    command = [sys.executable, "-c", STOPPED, str(terminal.packages.folder), "install"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not registry.asked:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "Stopped. What was installed before is still there.\n")
    assert os.listdir(runtimes_in(terminal.data)) == []
