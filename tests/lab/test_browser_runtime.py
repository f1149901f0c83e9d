"""The browser runtime: fetched, checked, installed whole or not at all, and looked at for each page."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from rag.errors import PackageError, StorageError
from rag.lab import npm_registry
from rag.lab.browser_runtime import FILES, altered, installed, installed_versions, read_pins, runtimes_in
from rag.lab.install import install
from tests.lab_parts import FETCHED_BYTES, ORT, PACKAGE_FILE, TRANSFORMERS, NpmRegistry, Packages

VERSION = "9.9.1"
DAMAGED = b"\x1f\x8b\x08\0 this is no tarball"


class Installer:
    """A data folder to install into, from made-up packages, with a registry that gives them."""

    def __init__(self, folder: Path, registry: NpmRegistry) -> None:
        self.data, self.lines = folder / "data", list[str]()
        self.packages, self.registry = registry.packages, registry

    def install(self, **options: Any) -> list[str]:
        """Its lines."""
        self.lines.clear()
        install(self.data, self.packages.package_file, on_message=self.lines.append, **options)
        return self.lines

    def fails(self, **options: Any) -> str:
        """Its sentence; nothing is installed, and nothing is left over."""
        with pytest.raises((PackageError, StorageError)) as failure:
            self.install(**options)
        assert self.installed() == {}
        return str(failure.value)

    def installed(self) -> dict[str, set[str]]:
        """Everything below the folder of runtimes: folder → its files."""
        runtimes = runtimes_in(self.data)
        return {path.name: set(os.listdir(path)) for path in runtimes.iterdir()} if runtimes.is_dir() else {}


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    with NpmRegistry(Packages(tmp_path / "packages", VERSION)) as registry:
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield Installer(tmp_path, registry)


def test_the_registry_is_asked_once(installer: Installer) -> None:
    before = installed(installer.data, installer.packages.package_file)
    assert (before.version, before.folder) == (VERSION, None)
    assert before.note == "The browser runtime is not installed. The command rag lab install sees to that."
    assert before.file("transformers.min.js") is None

    folder = runtimes_in(installer.data) / VERSION
    assert installer.install() == [
        f"Fetching {TRANSFORMERS}@{VERSION} and {ORT}@1.0.0-dev.{VERSION}: 1.0 MB",
        f"Unpacking huggingface-transformers-{VERSION}.tgz",
        f"Unpacking onnxruntime-web-1.0.0-dev.{VERSION}.tgz",
        f"The browser runtime {VERSION} is installed: {folder} (0.1 MB).",
    ]
    assert installer.installed() == {VERSION: installer.packages.names()}
    assert installer.registry.asked == [
        f"/{TRANSFORMERS}/-/transformers-{VERSION}.tgz",
        f"/{ORT}/-/{ORT}-1.0.0-dev.{VERSION}.tgz",
    ]

    after = installed(installer.data, installer.packages.package_file)
    assert (after.folder, after.note) == (folder, "")
    for name in FILES:
        path = after.file(name)
        assert path
        assert path.is_file()
    assert after.file("transformers.LICENSE.txt") is None
    assert after.file("../../../x") is None

    assert installer.install() == [f"The browser runtime {VERSION} is installed already: {folder} (0.1 MB)."]
    assert len(installer.registry.asked) == 2
    assert installer.install(force=True)[-1].endswith("is installed: " + f"{folder} (0.1 MB).")
    assert len(installer.registry.asked) == 4
    assert installer.installed() == {VERSION: installer.packages.names()}


def test_a_newer_version_takes_the_place_of_an_older_one(installer: Installer, tmp_path: Path) -> None:
    installer.install()
    newer = Packages(tmp_path / "newer", "9.10.0")
    assert installed(installer.data, newer.package_file).note == (
        f"The browser runtime is version {VERSION}, and 9.10.0 is needed. The command rag lab install sees to that."
    )
    installer.packages = newer
    assert installer.install(source=newer.folder)[-2:-1] == [f"Version {VERSION} is removed."]
    assert installed_versions(installer.data) == ["9.10.0"]
    assert installed(installer.data, newer.package_file).folder


@pytest.mark.parametrize("fault", ["gone", "cut off", "altered"])
def test_a_damaged_runtime_is_seen_and_mended(installer: Installer, fault: str) -> None:
    installer.install()
    wasm = runtimes_in(installer.data) / VERSION / FILES[2]
    content = wasm.read_bytes()
    if fault == "gone":
        wasm.unlink()
    else:
        wasm.write_bytes(content[:-1] + (b"" if fault == "cut off" else b"x"))
    runtime = installed(installer.data, installer.packages.package_file)
    if fault == "altered":  # sizes do not tell
        assert runtime.folder
        assert altered(runtime.folder, read_pins(installer.packages.package_file)) == [FILES[2]]
    else:
        assert runtime.folder is None
        damage = f"The browser runtime is damaged: {FILES[2]} is missing or cut off."
        assert runtime.note == f"{damage} The command rag lab install sees to that."
    installer.install()
    assert wasm.read_bytes() == content


def test_progress_counts_the_bytes_of_all_packages(installer: Installer) -> None:
    seen: list[tuple[int, int]] = []
    installer.install(on_progress=lambda received, total: seen.append((received, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (sum(path.stat().st_size for path in installer.packages.tarballs), FETCHED_BYTES)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (404, f"does not give out {TRANSFORMERS} {VERSION}: it answers 404. Check NPM_CONFIG_REGISTRY or .npmrc, or"),
        (401, f"does not give out {TRANSFORMERS} {VERSION}: it answers 401. Check NPM_CONFIG_REGISTRY or .npmrc, or"),
        (503, f"does not give out {TRANSFORMERS} {VERSION}: it answers 503. Check NPM_CONFIG_REGISTRY or .npmrc, or"),
        ("cut", " failed (peer closed connection"),
        ("endless", f"The npm registry sends far more than {TRANSFORMERS} {VERSION} has. Check its address."),
    ],
)
def test_a_registry_that_fails_is_one_sentence(installer: Installer, fault: str | int, sentence: str) -> None:
    installer.registry.fault = fault
    assert sentence in installer.fails()


def test_a_registry_that_nobody_answers_at_is_one_sentence(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", address.replace("//", "//me:secret@"))
        sentence = installer.fails()
    assert sentence.startswith(f"The connection to the npm registry at {address} failed (")
    assert sentence.endswith(
        "Check its address, the connection and the proxy settings, or use rag lab install --from FOLDER."
    )


def test_a_registry_that_falls_silent_is_given_up(installer: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm_registry, "_TIMEOUTS", 0.3)
    installer.registry.fault = "stalls"
    assert " takes too long. Check the connection and try again, or use rag lab install" in installer.fails()


def test_a_package_that_takes_too_long_as_a_whole_is_given_up(installer: Installer) -> None:
    assert " takes too long. Check the connection" in installer.fails(limit_s=-1)


def test_credentials_of_the_address_are_sent_and_never_shown(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", installer.registry.url.replace("//", "//me:secret@") + "/")
    assert "secret" not in "".join(installer.install())
    assert {b64decode((sent or "").removeprefix("Basic ")) for sent in installer.registry.credentials} == {b"me:secret"}
    installer.registry.fault = 403
    with pytest.raises(PackageError) as failure:
        installer.install(force=True)
    assert "secret" not in str(failure.value)


def test_the_proxy_of_the_environment_is_used(installer: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://registry.invalid/npm")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, installer.registry.url)
    assert "it answers 404" in installer.fails()
    assert installer.registry.asked == [f"http://registry.invalid/npm/{TRANSFORMERS}/-/transformers-{VERSION}.tgz"]


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
def test_what_is_not_as_it_was_pinned_is_never_installed(
    installer: Installer, spoil: Callable[[Packages], None], sentence: str
) -> None:
    spoil(installer.packages)
    assert sentence in installer.fails()
    assert sentence in installer.fails(source=installer.packages.folder)


def test_nothing_of_a_tarball_is_written_but_the_pinned_files(installer: Installer, tmp_path: Path) -> None:
    with tarfile.open(installer.packages.tarballs[1], "w:gz") as tarball:
        for path in ("../../../outside.txt", "/tmp/groundwork-outside.txt", "package/postinstall.js"):
            tarball.addfile(tarfile.TarInfo(path), io.BytesIO())
        for path, content in installer.packages.of(ORT).items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            tarball.addfile(member, io.BytesIO(content))
    before = set(tmp_path.rglob("*"))
    installer.install(source=installer.packages.folder)
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new == installer.packages.names() | {"data", "lab", "runtime", VERSION, "install.lock"}
    assert not Path("/tmp/groundwork-outside.txt").exists()


def test_a_folder_takes_the_place_of_the_registry(installer: Installer, tmp_path: Path) -> None:
    packed = tmp_path / "as the registry names them"
    packed.mkdir()
    shutil.copy(installer.packages.tarballs[0], packed / f"transformers-{VERSION}.tgz")
    shutil.copy(installer.packages.tarballs[1], packed)
    unpacked = tmp_path / "unpacked"
    for package, version in read_pins(installer.packages.package_file).packages.items():
        for path, content in installer.packages.of(package).items():
            file = unpacked / "node_modules" / package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        described = json.dumps({"name": package, "version": version})
        (unpacked / "node_modules" / package / "package.json").write_text(described)
    for source in (packed, unpacked, unpacked / "node_modules"):
        installer.install(source=source, force=True)
        assert installer.installed() == {VERSION: installer.packages.names()}
    assert installer.registry.asked == []


def test_a_folder_without_the_packages_says_what_to_put_there(installer: Installer, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("[1]")
    wanted = (
        f" does not have {TRANSFORMERS} {VERSION}. Put huggingface-transformers-{VERSION}.tgz there, which this makes "
        f"on a machine with internet: npm pack {TRANSFORMERS}@{VERSION}"
    )
    assert installer.fails(source=tmp_path) == f"{tmp_path}{wanted}"
    assert installer.fails(source=tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}{wanted}"


def test_a_folder_that_cannot_be_written_is_told(installer: Installer) -> None:
    installer.data.write_text("a file where the data folder should be")
    with pytest.raises(StorageError, match=r"cannot be read or written .*Check its permissions, or set DATA_DIR"):
        installer.install()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file can be set there")
def test_a_full_disk_is_told_and_leaves_what_was_there(installer: Installer) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from rag.lab.install import install\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "install(Path(sys.argv[1]), Path(sys.argv[2]), source=Path(sys.argv[3]), on_message=print)"
    )
    arguments = [installer.data, installer.packages.package_file, installer.packages.folder]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert "StorageError: The disk is full: " in done.stderr
    assert "Free some space, and run rag lab install again." in done.stderr
    assert installer.installed() == {}


def test_two_installations_at_once_do_not_meet(installer: Installer) -> None:
    installer.install()
    with FileLock(installer.data / "lab" / "install.lock"):
        with pytest.raises(StorageError, match="Another rag lab install is at work"):
            installer.install(force=True)
        assert installer.install()[0].endswith("(0.1 MB).")  # there is nothing to do


KILLED_AT_EACH_STEP = """
import json, os, shutil, signal, sys
from itertools import count
from pathlib import Path
from rag.lab.install import install
from rag.lab.browser_runtime import altered, installed_versions, read_pins, runtimes_in

STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
home, older, newer = map(Path, sys.argv[1:])
pins = {read.version: read for read in (read_pins(folder / "lab" / "package.json") for folder in (older, newer))}

def lay(data, folder):
    install(data, folder / "lab" / "package.json", source=folder, force=True, on_message=lambda _: None)

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
def test_killed_at_any_moment_a_whole_runtime_is_there(installer: Installer, tmp_path: Path) -> None:
    newer = Packages(tmp_path / "newer", "9.10.0")
    (tmp_path / "home").mkdir()
    command = [sys.executable, "-c", KILLED_AT_EACH_STEP, tmp_path / "home", installer.packages.folder, newer.folder]
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


def test_killed_while_it_fetches(installer: Installer) -> None:
    installer.install()
    installer.registry.asked.clear()
    installer.registry.fault = "stalls"
    code = (
        "import sys\nfrom pathlib import Path\nfrom rag.lab.install import install\n"
        "install(Path(sys.argv[1]), Path(sys.argv[2]), force=True, on_message=print)"
    )
    command = [sys.executable, "-c", code, str(installer.data), str(installer.packages.package_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not installer.registry.asked:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert len(installer.installed()) == 2
    assert installed(installer.data, installer.packages.package_file).folder
    installer.registry.fault = ""
    installer.install(force=True)
    assert installer.installed() == {VERSION: installer.packages.names()}


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
        install(tmp_path, file, on_message=print)


def test_the_pins_of_this_app() -> None:
    read = json.loads(PACKAGE_FILE.read_text(encoding="utf-8"))
    assert read["private"] is True
    pins = read_pins(PACKAGE_FILE)
    assert set(pins.packages) == {TRANSFORMERS, ORT}
    assert {file.name for file in pins.files} > set(FILES)
    assert "://" not in PACKAGE_FILE.read_text(encoding="utf-8")
    assert {path.name for path in PACKAGE_FILE.parent.iterdir() if "lock" in path.name} == set()


def test_the_real_registry_gives_the_real_runtime(lab_runtime: Path) -> None:
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
