"""The browser runtime: fetched, checked, laid whole or not at all, and looked at for each page."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from rag.errors import PackageError, StorageError
from rag.lab.browser_runtime import FILES, altered, installed, installed_versions, read_pins, runtimes_in
from rag.lab.install import install
from tests.lab_parts import ORT, PACKAGE_FILE, TRANSFORMERS, FakeNpm, Packages, lab_runtime  # noqa: F401

VERSION = "9.9.1"
DAMAGED = b"\x1f\x8b\x08\0 this is no tarball"


class Bench:
    """A data folder to install into, from made-up packages, with an npm that gives them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.said = folder / "data", list[str]()
        self.packages = Packages(folder / "packages", VERSION)
        self.npm = FakeNpm(folder / "bin", monkeypatch)
        self.npm.tell(gives=self.packages.tarballs)

    def install(self, **options: Any) -> list[str]:
        """What it says."""
        self.said.clear()
        install(self.data, self.packages.package_file, say=self.said.append, **options)
        return self.said

    def fails(self, **options: Any) -> str:
        """Its sentence; nothing is laid, and nothing is left over."""
        with pytest.raises((PackageError, StorageError)) as failure:
            self.install(**options)
        assert self.laid() == {}
        return str(failure.value)

    def laid(self) -> dict[str, set[str]]:
        """Everything below the folder of runtimes: folder → its files."""
        runtimes = runtimes_in(self.data)
        return {path.name: set(os.listdir(path)) for path in runtimes.iterdir()} if runtimes.is_dir() else {}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_npm_fetches_it_once(bench: Bench) -> None:
    before = installed(bench.data, bench.packages.package_file)
    assert (before.version, before.folder) == (VERSION, None)
    assert before.note == "The browser runtime is not installed. The command rag lab install sees to that."
    assert before.file("transformers.min.js") is None

    folder = runtimes_in(bench.data) / VERSION
    assert bench.install() == [
        f"Fetching {TRANSFORMERS}@{VERSION} and {ORT}@1.0.0-dev.{VERSION} with npm: 0.0 MB",
        f"Unpacking huggingface-transformers-{VERSION}.tgz",
        f"Unpacking onnxruntime-web-1.0.0-dev.{VERSION}.tgz",
        f"The browser runtime {VERSION} is installed: {folder} (0.1 MB).",
    ]
    assert bench.laid() == {VERSION: bench.packages.names()}
    (call,) = bench.npm.calls
    assert call[:3] == ["pack", f"{TRANSFORMERS}@{VERSION}", f"{ORT}@1.0.0-dev.{VERSION}"]
    assert "--ignore-scripts" in call

    after = installed(bench.data, bench.packages.package_file)
    assert (after.folder, after.note) == (folder, "")
    for name in FILES:
        path = after.file(name)
        assert path
        assert path.is_file()
    assert after.file("transformers.LICENSE.txt") is None
    assert after.file("../../../x") is None

    assert bench.install() == [f"The browser runtime {VERSION} is installed already: {folder} (0.1 MB)."]
    assert len(bench.npm.calls) == 1
    assert bench.install(force=True)[-1].endswith("is installed: " + f"{folder} (0.1 MB).")
    assert len(bench.npm.calls) == 2
    assert bench.laid() == {VERSION: bench.packages.names()}


def test_a_newer_version_takes_the_place_of_an_older_one(bench: Bench, tmp_path: Path) -> None:
    bench.install()
    newer = Packages(tmp_path / "newer", "9.10.0")
    assert installed(bench.data, newer.package_file).note == (
        f"The browser runtime is version {VERSION}, and 9.10.0 is needed. The command rag lab install sees to that."
    )
    bench.packages = newer
    assert bench.install(source=newer.folder)[-2:-1] == [f"Version {VERSION} is removed."]
    assert installed_versions(bench.data) == ["9.10.0"]
    assert installed(bench.data, newer.package_file).folder


@pytest.mark.parametrize("fault", ["gone", "cut off", "altered"])
def test_a_damaged_runtime_is_seen_and_mended(bench: Bench, fault: str) -> None:
    bench.install()
    wasm = runtimes_in(bench.data) / VERSION / FILES[2]
    content = wasm.read_bytes()
    if fault == "gone":
        wasm.unlink()
    else:
        wasm.write_bytes(content[:-1] + (b"" if fault == "cut off" else b"x"))
    runtime = installed(bench.data, bench.packages.package_file)
    if fault == "altered":  # sizes do not tell
        assert runtime.folder
        assert altered(runtime.folder, read_pins(bench.packages.package_file)) == [FILES[2]]
    else:
        assert runtime.folder is None
        damage = f"The browser runtime is damaged: {FILES[2]} is missing or cut off."
        assert runtime.note == f"{damage} The command rag lab install sees to that."
    bench.install()
    assert wasm.read_bytes() == content


def error_json(code: str, summary: str) -> dict[str, str]:
    """What npm 9 and newer print with `--json`."""
    told = {"error": {"code": code, "summary": summary, "detail": "This is a problem related to network."}}
    return {"out": json.dumps(told), "err": f"npm error code {code}\nnpm error A complete log of this run: /root/x.log"}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            error_json(
                "ENOTFOUND", "request to https://npm.example.org/x failed, reason: getaddrinfo EX npm.example.org"
            ),
            "npm cannot reach its registry (npm says: request to … failed, reason: getaddrinfo EX …). Check the "
            "connection and npm's proxy setting, or use rag lab install --from FOLDER.",
        ),
        (
            error_json("ECONNREFUSED", "FetchError: reason: connect ECONNREFUSED 127.0.0.1:4873"),
            "npm cannot reach its registry (npm says: FetchError: reason: connect ECONNREFUSED …). Check the",
        ),
        (
            error_json("SELF_SIGNED_CERT_IN_CHAIN", "request failed, reason: self-signed certificate"),
            "npm cannot reach its registry (npm says: request failed, reason: self-signed certificate). Check",
        ),
        (
            error_json("E404", "Not Found - GET https://npm.example.org/onnxruntime-web - Not found"),
            "npm's registry does not give out the browser runtime (npm says: Not Found - GET … - Not found). Check "
            "npm's registry setting, or use",
        ),
        (
            error_json("ETARGET", f"No matching version found for {ORT}@9.9.1."),
            f"npm's registry does not give out the browser runtime (npm says: No matching version found for {ORT}@9.9",
        ),
        (error_json("ENOSPC", "no space left on device"), "The disk is full. Free some space, and run rag lab install"),
        (
            {"err": "npm ERR! code E403\nnpm ERR! 403 Forbidden - GET http://10.0.0.8:81/x\nnpm ERR!     at Object.x"},
            "npm's registry does not give out the browser runtime (npm says: 403 Forbidden - GET …). Check",
        ),
        (
            {"err": "npm error " + "long " * 100, "out": "[" * 100_000},
            f"npm could not fetch the browser runtime (npm says: {('long ' * 32).strip()}…). Run npm doctor",
        ),
        ({"err": "Segmentation fault"}, "npm could not fetch the browser runtime. Run npm doctor to find out why, or"),
        ({"code": 0}, "npm ended well, but without all packages. Run npm doctor"),
    ],
    ids=["unknown host", "refused", "certificate", "404", "version", "full", "old npm", "long", "crash", "nothing"],
)
def test_npm_that_fails_is_told_in_a_sentence(bench: Bench, told: dict[str, object], sentence: str) -> None:
    bench.npm.tell(**{"code": 1, **told})
    said = bench.fails()
    assert said.startswith(sentence)
    assert "example.org" not in said
    assert "10.0.0.8" not in said


def test_without_npm_it_says_how_to_get_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bench.data))
    assert bench.fails() == (
        "npm is not installed, which fetches the browser runtime. Install Node.js 20 or newer, or use rag lab install "
        "--from FOLDER."
    )


def test_npm_that_never_ends_is_ended_with_all_that_it_started(bench: Bench) -> None:
    bench.npm.tell(waits=True)
    for limit_s in (0.6, 3.0, 20.0):  # a busy machine may take its time to start a program
        assert bench.fails(npm_limit_s=limit_s).startswith("npm did not end within 0 minutes. Check the connection")
        if bench.npm.child:
            break
    assert bench.npm.child
    while runs(bench.npm.child):  # killed, and gone as soon as the system finds the time
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether the process, which ends by itself after a minute, still runs as npm's child."""
    try:
        process = psutil.Process(pid)
        assert time.time() - process.create_time() < 50, "it was not killed"
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def altered_tarball(packages: Packages) -> None:
    contents = packages.of(ORT)
    packages.pack(packages.tarballs[1].name, {path: content[:-1] + b"!" for path, content in contents.items()})


def longer_file(packages: Packages) -> None:
    contents = packages.of(TRANSFORMERS)
    packages.pack(packages.tarballs[0].name, {path: content + b"\0" * 10**7 for path, content in contents.items()})


def lacking_file(packages: Packages) -> None:
    packages.pack(packages.tarballs[1].name, {"dist/other.wasm": b"x"})


def link_for_a_file(packages: Packages) -> None:
    """As if the file were one of this machine."""
    with tarfile.open(packages.tarballs[1], "w:gz") as tarball:
        for path in packages.of(ORT):
            member = tarfile.TarInfo(f"package/{path}")
            member.type, member.linkname = tarfile.SYMTYPE, str(packages.package_file)
            tarball.addfile(member)


def cut_tarball(packages: Packages) -> None:
    tarball = packages.tarballs[0]
    tarball.write_bytes(tarball.read_bytes()[:-200])


def no_tarball(packages: Packages) -> None:
    packages.tarballs[0].write_bytes(b"<html>Please log in.</html>")


def odd_gzip(packages: Packages) -> None:
    packages.tarballs[0].write_bytes(DAMAGED)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (altered_tarball, "The checksum of dist/ort-wasm-simd-threaded.asyncify.mjs in onnxruntime-web-1.0.0-dev"),
        (longer_file, "The checksum of dist/transformers.min.js in huggingface-transformers"),
        (lacking_file, "has no dist/ort-wasm-simd-threaded.asyncify.mjs, so nothing was installed. Fetch"),
        (link_for_a_file, "has no dist/ort-wasm-simd-threaded.asyncify.mjs, so nothing was installed. Fetch"),
        (cut_tarball, "is damaged, so nothing was installed. Fetch the package again."),
        (no_tarball, "is damaged, so nothing was installed. Fetch the package again."),
        (odd_gzip, "is damaged, so nothing was installed. Fetch the package again."),
    ],
)
def test_what_is_not_as_it_was_pinned_is_never_laid(
    bench: Bench, spoil: Callable[[Packages], None], sentence: str
) -> None:
    spoil(bench.packages)
    assert sentence in bench.fails()
    assert sentence in bench.fails(source=bench.packages.folder)


def test_nothing_of_a_tarball_is_written_but_the_pinned_files(bench: Bench, tmp_path: Path) -> None:
    with tarfile.open(bench.packages.tarballs[1], "w:gz") as tarball:
        for path in ("../../../outside.txt", "/tmp/groundwork-outside.txt", "package/postinstall.js"):
            tarball.addfile(tarfile.TarInfo(path), io.BytesIO())
        for path, content in bench.packages.of(ORT).items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            tarball.addfile(member, io.BytesIO(content))
    before = set(tmp_path.rglob("*"))
    bench.install(source=bench.packages.folder)
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new == bench.packages.names() | {"data", "lab", "runtime", VERSION, "install.lock"}
    assert not Path("/tmp/groundwork-outside.txt").exists()


def test_a_folder_stands_for_npm(bench: Bench, tmp_path: Path) -> None:
    registry = tmp_path / "as the registry names them"
    registry.mkdir()
    shutil.copy(bench.packages.tarballs[0], registry / f"transformers-{VERSION}.tgz")
    shutil.copy(bench.packages.tarballs[1], registry)
    unpacked = tmp_path / "unpacked"
    for package, version in read_pins(bench.packages.package_file).packages.items():
        for path, content in bench.packages.of(package).items():
            file = unpacked / "node_modules" / package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        described = json.dumps({"name": package, "version": version})
        (unpacked / "node_modules" / package / "package.json").write_text(described)
    for source in (registry, unpacked, unpacked / "node_modules"):
        bench.install(source=source, force=True)
        assert bench.laid() == {VERSION: bench.packages.names()}
    assert bench.npm.calls == []


def test_a_folder_without_the_packages_says_what_to_put_there(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("[1]")
    wanted = (
        f" does not have {TRANSFORMERS} {VERSION}. Put huggingface-transformers-{VERSION}.tgz there, which this makes "
        f"on a machine with internet: npm pack {TRANSFORMERS}@{VERSION}"
    )
    assert bench.fails(source=tmp_path) == f"{tmp_path}{wanted}"
    assert bench.fails(source=tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}{wanted}"


def test_a_folder_that_cannot_be_written_is_told(bench: Bench) -> None:
    bench.data.write_text("a file where the data folder should be")
    with pytest.raises(StorageError, match=r"cannot be read or written .*Check its permissions, or set DATA_DIR"):
        bench.install()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file can be set there")
def test_a_full_disk_is_told_and_leaves_what_was_there(bench: Bench) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from rag.lab.install import install\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "install(Path(sys.argv[1]), Path(sys.argv[2]), source=Path(sys.argv[3]), say=print)"
    )
    arguments = [bench.data, bench.packages.package_file, bench.packages.folder]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert "StorageError: The disk is full: " in done.stderr
    assert "Free some space, and run rag lab install again." in done.stderr
    assert bench.laid() == {}


def test_two_installations_at_once_do_not_meet(bench: Bench) -> None:
    bench.install()
    with FileLock(bench.data / "lab" / "install.lock"):
        with pytest.raises(StorageError, match="Another rag lab install is at work"):
            bench.install(force=True)
        assert bench.install()[0].endswith("(0.1 MB).")  # there is nothing to do


KILLED_AT_EACH_STEP = """
import json, os, shutil, signal, sys
from itertools import count
from pathlib import Path
from rag.lab.install import install
from rag.lab.browser_runtime import read_pins
from rag.lab.browser_runtime import altered, installed_versions, runtimes_in

STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
home, older, newer = map(Path, sys.argv[1:])
pins = {read.version: read for read in (read_pins(folder / "lab" / "package.json") for folder in (older, newer))}

def lay(data, folder):
    install(data, folder / "lab" / "package.json", source=folder, force=True, say=lambda _: None)

def killed(data, folder, step):
    \"\"\"Whether a process that installs was killed right before it took that step; else it came to its end.\"\"\"
    if child := os.fork():
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    steps = count(1)
    def kill(event, arguments):
        if event in STEPS and str(data) in str(arguments) and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(kill)
    lay(data, folder)
    os._exit(0)

def whole(data):
    return {version: not altered(runtimes_in(data) / version, pins[version]) for version in installed_versions(data)}

for before in (None, older, newer):
    start = home / (before.name if before else "nothing")
    start.mkdir()
    if before:
        lay(start, before)
    for step in count(1):
        data = home / f"{start.name}-{step}"
        shutil.copytree(start, data)
        was_killed = killed(data, newer, step)
        found = whole(data)
        lay(data, newer)
        print(json.dumps([start.name, was_killed, found, sorted(os.listdir(runtimes_in(data))), whole(data)]))
        if not was_killed:
            break
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process there has no fork")
def test_killed_at_any_moment_a_whole_runtime_is_there(bench: Bench, tmp_path: Path) -> None:
    newer = Packages(tmp_path / "newer", "9.10.0")
    (tmp_path / "home").mkdir()
    command = [sys.executable, "-c", KILLED_AT_EACH_STEP, tmp_path / "home", bench.packages.folder, newer.folder]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    steps = Counter[str]()
    for start, was_killed, found, left, at_last in map(json.loads, done.stdout.splitlines()):
        assert all(found.values()), "what lies there is whole"
        assert found or start == "nothing", "there is always one"
        assert (left, at_last) == (["9.10.0"], {"9.10.0": True}), "the next one removes what is left"
        assert was_killed or found == {"9.10.0": True}
        steps[start] += 1
    assert min(steps[start] for start in ("nothing", "packages", "newer")) > 10


def test_killed_while_npm_fetches(bench: Bench) -> None:
    bench.install()
    bench.npm.tell(waits=True)
    code = (
        "import sys\nfrom pathlib import Path\nfrom rag.lab.install import install\n"
        "install(Path(sys.argv[1]), Path(sys.argv[2]), force=True, say=print)"
    )
    command = [sys.executable, "-c", code, str(bench.data), str(bench.packages.package_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while bench.npm.child is None:
            assert process.poll() is None
            time.sleep(0.01)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for orphan in family:
            orphan.kill()
    assert len(bench.laid()) == 2
    assert installed(bench.data, bench.packages.package_file).folder
    bench.npm.tell(gives=bench.packages.tarballs)
    bench.install(force=True)
    assert bench.laid() == {VERSION: bench.packages.names()}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"dependencies": {}, "groundwork": {"fetched_bytes": 1, "files": []}}',
        PACKAGE_FILE.read_text(encoding="utf-8").replace("4.3.1", "^4.3.1"),
        PACKAGE_FILE.read_text(encoding="utf-8").replace("4.3.1", "../../4.3.1"),
        PACKAGE_FILE.read_text(encoding="utf-8").replace("dist/transformers", "../dist/transformers"),
        PACKAGE_FILE.read_text(encoding="utf-8").replace('"name": "transformers.min.js"', '"name": "../x.js"'),
    ],
    ids=["empty", "list", "no files", "range", "path as version", "path upwards", "name with a path"],
)
def test_a_package_file_that_pins_nothing_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "lab" / "package.json"
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    runtime = installed(tmp_path, file)
    assert (runtime.version, runtime.folder) == ("", None)
    assert runtime.note in (
        "lab/package.json is missing or damaged. Install the app again.",
        "lab/package.json does not pin the browser runtime. Install the app again.",
    )
    with pytest.raises(StorageError):
        install(tmp_path, file, say=print)


def test_the_pins_of_this_app() -> None:
    read = json.loads(PACKAGE_FILE.read_text(encoding="utf-8"))
    assert read["private"] is True
    pins = read_pins(PACKAGE_FILE)
    assert set(pins.packages) == {TRANSFORMERS, ORT}
    assert {file.name for file in pins.files} > set(FILES)
    assert "://" not in PACKAGE_FILE.read_text(encoding="utf-8")
    assert {path.name for path in PACKAGE_FILE.parent.iterdir() if "lock" in path.name} == set()


def test_the_real_npm_brings_the_real_runtime(lab_runtime: Path) -> None:
    runtime, pins = installed(lab_runtime, PACKAGE_FILE), read_pins(PACKAGE_FILE)
    assert runtime.folder
    assert altered(runtime.folder, pins) == []
    assert {path.name for path in runtime.folder.iterdir()} == {file.name for file in pins.files}
    script = runtime.file("transformers.min.js")
    assert script
    assert pins.packages[ORT] in script.read_text(encoding="utf-8"), "another version than transformers.js is made for"
    wasm = runtime.file(FILES[2])
    assert wasm
    with wasm.open("rb") as stream:
        assert stream.read(4) == b"\0asm"
