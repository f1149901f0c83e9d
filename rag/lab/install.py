"""Installs the browser runtime in the data folder: the old one or the whole new one is there at any moment."""

import errno
import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from filelock import FileLock, Timeout

from rag.errors import PackageError, StorageError
from rag.lab.browser_runtime import PinnedFile, Pins, altered, installed_versions, read_pins, runtimes_in
from rag.lab.npm_registry import fetch_tarball, registry_address
from rag.machine import format_bytes

FETCH_LIMIT_S = 900.0
"""For one package: 25 MB over the slowest line that is worth waiting for."""
_STAGE = ".new-"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MOST_UNPACKED = 1_000_000_000
"""Bytes; the larger of the two packages has 140 MB."""
_CHUNK_BYTES = 1_000_000
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


def install(
    data_dir: Path,
    package_file: Path,
    *,
    source: Path | None = None,
    force: bool = False,
    on_message: Callable[[str], None],
    on_progress: Callable[[int, int], None] = lambda received, total: None,
    limit_s: float = FETCH_LIMIT_S,
) -> None:
    """Installs the pinned runtime, unless it is there already and `force` is off.

    Its packages come from the folder `source`, else from the npm registry that is configured. Ended at any moment, it
    leaves a whole runtime or the one of before; what else it leaves is removed by the next one.

    Args:
        on_message: gets what it does, line by line.
        on_progress: gets the bytes fetched so far, and of how many.
        limit_s: seconds for the fetching of one package.

    Raises:
        PackageError: a package cannot be fetched, or is not what is pinned.
        StorageError: it cannot be written, or the file that pins it cannot be read.
    """
    pins = read_pins(package_file)
    runtimes = runtimes_in(data_dir)
    target = runtimes / pins.version
    if not force and not altered(target, pins):
        on_message(f"The browser runtime {pins.version} is installed already: {target} ({format_bytes(pins.bytes)}).")
        return
    with _storage_errors(runtimes, pins), _locked(data_dir), _stage(runtimes) as stage:
        if source is None:
            source = stage / "fetched"
            _fetch(pins, source, limit_s, on_message, on_progress)
        _place(_unpack(pins, source, stage / "ready", on_message), target)
        _remove_others(data_dir, pins.version, stage, on_message)
    on_message(f"The browser runtime {pins.version} is installed: {target} ({format_bytes(pins.bytes)}).")


def _fetch(
    pins: Pins,
    folder: Path,
    limit_s: float,
    on_message: Callable[[str], None],
    on_progress: Callable[[int, int], None],
) -> None:
    """Fetches the packages into a new folder."""
    registry = registry_address()
    names = " and ".join(f"{name}@{version}" for name, version in pins.packages.items())
    on_message(f"Fetching {names}: {format_bytes(pins.fetched_bytes)}")
    received = 0

    def on_chunk(size: int) -> None:
        nonlocal received
        received += size
        on_progress(received, pins.fetched_bytes)

    folder.mkdir()
    for name, version in pins.packages.items():
        target = folder / _tarball_name(name, version)
        most = 2 * pins.fetched_bytes
        fetch_tarball(registry, name, version, target, max_bytes=most, limit_s=limit_s, on_progress=on_chunk)


def _unpack(pins: Pins, source: Path, folder: Path, on_message: Callable[[str], None]) -> Path:
    """The new folder, with the pinned files in it."""
    folder.mkdir()
    for name, version in pins.packages.items():
        package = _find_package(source, name, version)
        on_message(f"Unpacking {package.name}")
        _extract(package, pins.of(name), folder)
    return folder


def _place(ready: Path, target: Path) -> None:
    """Moves the files to their place.

    A version that is there already, damaged or not, is mended file by file: as all copies of a version are the same, it
    never becomes less whole than it was.
    """
    if not target.exists():
        os.rename(ready, target)
        return
    for file in ready.iterdir():
        os.replace(file, target / file.name)


def _remove_others(data_dir: Path, version: str, stage: Path, on_message: Callable[[str], None]) -> None:
    for other in installed_versions(data_dir):
        if other != version:
            os.rename(runtimes_in(data_dir) / other, stage / other)  # removed with the stage
            on_message(f"Version {other} is removed.")


def _find_package(folder: Path, name: str, version: str) -> Path:
    """The package in the folder: its tarball as npm names it, or unpacked, also within `node_modules`.

    Raises:
        PackageError: it is not there in this version.
    """
    packed = _tarball_name(name, version)
    for tarball in (packed, f"{name.rpartition('/')[2]}-{version}.tgz"):
        if (folder / tarball).is_file():
            return folder / tarball
    for unpacked in (folder / "node_modules" / name, folder / name, folder / name.rpartition("/")[2], folder):
        if _described(unpacked) == (name, version):
            return unpacked
    raise PackageError(
        f"{folder} does not have {name} {version}. Put {packed} there, which this makes on a machine with internet: "
        f"npm pack {name}@{version}"
    )


def _extract(package: Path, files: Sequence[PinnedFile], target: Path) -> None:
    """Copies files of one package into the folder `target`, under their own names.

    Raises:
        PackageError: one is not in the package, or its checksum is wrong; then nothing of the package is to be used.
        OSError: the target cannot be written.
    """
    if package.is_dir():
        for file in files:
            if not (package / file.path).is_file():
                raise _lacking(package, file)
            with _intact(package), (package / file.path).open("rb") as stream:
                _copy(stream, package, file, target)
        return
    wanted = {file.path: file for file in files}
    with _intact(package), tarfile.open(package, "r:gz") as tarball:
        for path, member in _members(tarball, package):
            if file := wanted.pop(path, None):
                stream = tarball.extractfile(member)
                assert stream, "it is a regular file"
                with stream:
                    _copy(stream, package, file, target)
            if not wanted:
                return
    raise _lacking(package, next(iter(wanted.values())))


def _members(tarball: tarfile.TarFile, package: Path) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Regular files with their paths below the one folder that npm packs everything in."""
    unpacked = 0
    for member in tarball:
        unpacked += member.size
        if unpacked > _MOST_UNPACKED:
            raise PackageError(f"{package.name} unpacks to far more than the package has. Do not use it.")
        if member.isreg():
            yield member.name.partition("/")[2], member


def _copy(stream: IO[bytes], package: Path, file: PinnedFile, target: Path) -> None:
    """Writes at most as much as the pin allows, and compares."""
    digest, left = hashlib.sha256(), file.bytes + 1
    with (target / file.name).open("wb") as copy:
        while left and (chunk := stream.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != file.sha256:
        raise PackageError(
            f"The checksum of {file.path} in {package.name} is wrong, so nothing was installed. Fetch the package "
            "again; when the checksum is still wrong, somebody has changed the file, and it must not be used."
        )


@contextmanager
def _intact(package: Path) -> Generator[None]:
    try:
        yield
    except _BROKEN as error:
        raise PackageError(f"{package.name} is damaged, so nothing was installed. Fetch the package again.") from error


def _lacking(package: Path, file: PinnedFile) -> PackageError:
    return PackageError(f"{package.name} has no {file.path}, so nothing was installed. Fetch the package again.")


def _tarball_name(name: str, version: str) -> str:
    """As `npm pack` calls it."""
    return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"


def _described(folder: Path) -> tuple[str, str]:
    """Name and version of an unpacked package; empty where there is none."""
    try:
        read = json.loads((folder / "package.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return "", ""
    package = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    return str(package.get("name")), str(package.get("version"))


@contextmanager
def _stage(runtimes: Path) -> Generator[Path]:
    """A folder to work in, on the disk that the runtime goes to; those of killed installations are removed."""
    runtimes.mkdir(parents=True, exist_ok=True)
    for left in runtimes.glob(f"{_STAGE}*"):
        shutil.rmtree(left, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=runtimes))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _locked(data_dir: Path) -> Generator[None]:
    """Refuses a second installation beside one that runs."""
    folder = data_dir / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "install.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StorageError("Another rag lab install is at work. Wait until it is done.") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _storage_errors(runtimes: Path, pins: Pins) -> Generator[None]:
    """Turns what goes wrong with the disk into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            need = format_bytes(2 * pins.fetched_bytes + pins.bytes)
            raise StorageError(
                f"The disk is full: {runtimes} needs {need} while the runtime is installed. Free some space, and run "
                "rag lab install again."
            ) from error
        raise StorageError(
            f"{error.filename or runtimes} cannot be read or written ({error.strerror}). Check its permissions, or set "
            "DATA_DIR to another folder, and run rag lab install again."
        ) from error
