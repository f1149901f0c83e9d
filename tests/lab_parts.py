"""What tests of the lab share: npm packages and models made up, an npm that does as it is told, the real runtime."""

import atexit
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from rag.errors import GroundworkError
from rag.lab.install import install
from tests import REPOSITORY

PACKAGE_FILE = REPOSITORY / "lab" / "package.json"
TRANSFORMERS, ORT = "@huggingface/transformers", "onnxruntime-web"
CONTENTS = {
    ("transformers.min.js", TRANSFORMERS, "dist/transformers.min.js"): b"export const t = '{version}';" * 20,
    ("ort-wasm-simd-threaded.asyncify.mjs", ORT, "dist/ort-wasm-simd-threaded.asyncify.mjs"): b"export {{}};",
    ("ort-wasm-simd-threaded.asyncify.wasm", ORT, "dist/ort-wasm-simd-threaded.asyncify.wasm"): b"\0asm{version}"
    * 9000,
    ("transformers.LICENSE.txt", TRANSFORMERS, "LICENSE"): b"A license.",
}
NPM = """
import json, os, pathlib, shutil, subprocess, sys, time
told = json.loads(pathlib.Path(__file__).with_name("told.json").read_text())
with open(pathlib.Path(__file__).with_name("calls.txt"), "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if told.get("waits"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    pathlib.Path(__file__).with_name("waiting.txt").write_text(str(child.pid))
    time.sleep(60)
for tarball in told.get("gives", []):
    shutil.copy(tarball, ".")
print(told.get("out", ""))
print(told.get("err", ""), file=sys.stderr)
sys.exit(told.get("code", 0))
"""


class FakeNpm:
    """A real program called npm, first on the PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "npm.py").write_text(NPM, encoding="utf-8")
        (folder / "npm.cmd").write_text(f'@"{sys.executable}" -IS "%~dp0npm.py" %*\n', encoding="utf-8")
        (folder / "npm").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -IS "{folder}/npm.py" "$@"\n', encoding="utf-8"
        )
        (folder / "npm").chmod(0o755)
        self.path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        monkeypatch.setenv("PATH", self.path)
        self.tell()

    def tell(self, **told: object) -> None:
        """What the next calls do: `gives` tarballs, print `out` and `err`, end with `code`; or `waits`."""
        (self._folder / "told.json").write_text(json.dumps(told, default=str), encoding="utf-8")

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call so far."""
        file = self._folder / "calls.txt"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def child(self) -> int | None:
        """With `waits`: the process that npm started, once it did."""
        file = self._folder / "waiting.txt"
        return int(file.read_text() or 0) or None if file.exists() else None


class Packages:
    """The two packages in one version, with small files, as a `package.json` that pins them and as tarballs."""

    def __init__(self, folder: Path, version: str) -> None:
        self.version, self.folder = version, folder
        self.package_file = folder / "lab" / "package.json"
        self.package_file.parent.mkdir(parents=True)
        self.contents = {
            key: content.replace(b"{version}", version.encode()).replace(b"{{}}", b"{}")
            for key, content in CONTENTS.items()
        }
        files = [
            {
                "name": name,
                "package": package,
                "path": path,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for (name, package, path), content in self.contents.items()
        ]
        pinned = {
            "dependencies": {TRANSFORMERS: version, ORT: f"1.0.0-dev.{version}"},
            "groundwork": {"fetched_bytes": 1000, "files": files},
        }
        self.package_file.write_text(json.dumps(pinned), encoding="utf-8")
        self.tarballs = [
            self.pack(f"huggingface-transformers-{version}.tgz", self.of(TRANSFORMERS)),
            self.pack(f"onnxruntime-web-1.0.0-dev.{version}.tgz", self.of(ORT)),
        ]

    def of(self, package: str) -> dict[str, bytes]:
        """The content of one package by path."""
        return {path: content for (_, owner, path), content in self.contents.items() if owner == package}

    def pack(self, name: str, contents: Mapping[str, bytes]) -> Path:
        """Writes a tarball as npm does."""
        with tarfile.open(self.folder / name, "w:gz") as tarball:
            for path, content in {"README.md": b"Read me.", **contents}.items():
                member = tarfile.TarInfo(f"package/{path}")
                member.size = len(content)
                tarball.addfile(member, io.BytesIO(content))
        return self.folder / name

    def names(self) -> set[str]:
        """What an installed runtime consists of."""
        return {name for name, *_ in self.contents}


def write_model(folder: Path, id_: str, **files: str | bytes | None) -> Path:
    """A model as transformers.js lays one out, with weights of 5,000 bytes in q4; `files` change or take out some.

    Their names have "__" for "/" and "DOT" for ".": `onnx__model_q4DOTonnx=None`.
    """
    contents: dict[str, str | bytes | None] = {
        "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}),
        "generation_config.json": "{}",
        "tokenizer.json": json.dumps({"model": {"vocab": {}}}),
        "tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}"}),
        "onnx/model_q4.onnx": b"\x08" * 5000,
    }
    contents |= {name.replace("__", "/").replace("DOT", "."): content for name, content in files.items()}
    for name, content in contents.items():
        if content is None:
            continue
        path = folder / id_ / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / id_


@cache
def _installed() -> Path | str:
    """A data folder with the real runtime, fetched by the real npm; or why it could not be had."""
    folder = tempfile.TemporaryDirectory(prefix="groundwork-lab-")
    atexit.register(folder.cleanup)
    try:
        install(Path(folder.name), PACKAGE_FILE, say=lambda _: None, npm_limit_s=180)
    except GroundworkError as error:
        return str(error)
    return Path(folder.name)


@pytest.fixture(scope="session")
def lab_runtime() -> Path:
    """A data folder with the real browser runtime; installed once in a run, however many modules import this.

    Where npm or its registry cannot be had, tests with it are skipped, or fail with REQUIRE_LAB=1.
    """
    found = _installed()
    if isinstance(found, Path):
        return found
    if os.environ.get("REQUIRE_LAB") == "1":
        pytest.fail(f"REQUIRE_LAB=1, but: {found}")
    pytest.skip(found)
