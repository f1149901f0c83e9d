"""What tests of the lab share: npm packages and models made up, a registry that gives them, the real runtime."""

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

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
FETCHED_BYTES = 1_000_000
"""What the made-up packages claim to have together."""


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
            "groundwork": {"fetched_bytes": FETCHED_BYTES, "files": files},
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


class NpmRegistry:
    """A registry on this machine that gives the tarballs of packages, or does what `fault` says.

    Faults are "stalls" (half of a tarball, then silence), "cut" (half, then the end), "endless", and a status.
    """

    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        self.fault: str | int = ""
        self.asked: list[str] = []
        """The paths of the requests so far; whole addresses when it was asked as a proxy."""
        self.credentials: list[str | None] = []
        """The Authorization header of each."""
        self.released = threading.Event()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked.append(self.path)
                registry.credentials.append(self.headers["Authorization"])
                with suppress(ConnectionError):
                    registry._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "NpmRegistry":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        tarball = self._tarball(urlsplit(request.path).path)
        status = self.fault if isinstance(self.fault, int) else 200 if tarball else 404
        content = tarball.read_bytes() if tarball and status == 200 else b"{}"
        request.send_response(status)
        if self.fault != "endless":
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if self.fault == "endless":
            while True:
                request.wfile.write(bytes(100_000))
        half = len(content) // 2 if self.fault in ("stalls", "cut") else len(content)
        request.wfile.write(content[:half])
        request.wfile.flush()
        if self.fault == "stalls":
            self.released.wait()

    def _tarball(self, path: str) -> Path | None:
        """The tarball at a path as npm's registry has them: `/@scope/name/-/name-version.tgz`."""
        versions = ((TRANSFORMERS, self.packages.version), (ORT, f"1.0.0-dev.{self.packages.version}"))
        paths = [f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz" for name, version in versions]
        return dict(zip(paths, self.packages.tarballs, strict=True)).get(path)


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
def _installed(folder: Path) -> str:
    """Lays the real runtime in a data folder that all processes of a run share; why it could not be had, else ""."""
    try:
        with FileLock(folder.with_suffix(".lock")):
            install(folder, PACKAGE_FILE, on_message=lambda _: None, limit_s=180)
    except GroundworkError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def lab_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the real browser runtime; installed once in a run, however many modules import this.

    Where no registry is configured or it cannot be reached, tests with it are skipped, or fail with REQUIRE_LAB=1.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "lab-runtime"
    if not (problem := _installed(folder)):
        return folder
    if os.environ.get("REQUIRE_LAB") == "1":
        pytest.fail(f"REQUIRE_LAB=1, but: {problem}")
    pytest.skip(problem)
