"""Lays the browser runtime in the data folder: the old one or the whole new one is there at any moment."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import StorageError
from rag.lab import npm
from rag.lab.browser_runtime import Pins, altered, installed_versions, read_pins, runtimes_in
from rag.lab.packages import find_package, take
from rag.machine import format_bytes

NPM_LIMIT_S = 900.0
"""35 MB over the slowest line that is worth waiting for."""
_STAGE = ".new-"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def install(
    data_dir: Path,
    package_file: Path,
    *,
    source: Path | None = None,
    force: bool = False,
    say: Callable[[str], None],
    npm_limit_s: float = NPM_LIMIT_S,
) -> None:
    """Installs the pinned runtime, unless it is there already and `force` is off; tells what it does in lines.

    `source` is a folder with the packages, else npm fetches them. Ended at any moment, it leaves a whole runtime or the
    one of before; what else it leaves is removed by the next one.

    Raises:
        PackageError: it cannot be fetched, or is not what is pinned.
        StorageError: it cannot be written, or the file that pins it cannot be read.
    """
    pins = read_pins(package_file)
    target = runtimes_in(data_dir) / pins.version
    if not force and not altered(target, pins):
        say(f"The browser runtime {pins.version} is installed already: {target} ({_mb(pins.bytes)}).")
        return
    with _told(runtimes_in(data_dir), pins), _alone(data_dir), _stage(runtimes_in(data_dir)) as stage:
        folder = source or _fetched(pins, stage, npm_limit_s, say)
        ready = stage / "ready"
        ready.mkdir()
        for package, version in pins.packages.items():
            found = find_package(folder, package, version)
            say(f"Unpacking {found.name}")
            take(found, pins.of(package), ready)
        _lay(ready, target)
        for version in installed_versions(data_dir):
            if version != pins.version:
                os.rename(runtimes_in(data_dir) / version, stage / version)  # gone with the stage
                say(f"Version {version} is removed.")
    say(f"The browser runtime {pins.version} is installed: {target} ({_mb(pins.bytes)}).")


def _fetched(pins: Pins, stage: Path, limit_s: float, say: Callable[[str], None]) -> Path:
    specs = [f"{name}@{version}" for name, version in pins.packages.items()]
    say(f"Fetching {' and '.join(specs)} with npm: {_mb(pins.fetched_bytes)}")
    folder = stage / "fetched"
    folder.mkdir()
    npm.pack(specs, folder, limit_s)
    return folder


def _lay(ready: Path, target: Path) -> None:
    """Puts the files in their place.

    A version that is there already, damaged or not, is mended file by file: as all copies of a version are the same, it
    never becomes less whole than it was.
    """
    if not target.exists():
        os.rename(ready, target)
        return
    for file in ready.iterdir():
        os.replace(file, target / file.name)


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
def _alone(data_dir: Path) -> Generator[None]:
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
def _told(runtimes: Path, pins: Pins) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            need = _mb(2 * pins.fetched_bytes + pins.bytes)
            raise StorageError(
                f"The disk is full: {runtimes} needs {need} while the runtime is installed. Free some space, and run "
                "rag lab install again."
            ) from error
        raise StorageError(
            f"{error.filename or runtimes} cannot be read or written ({error.strerror}). Check its permissions, or set "
            "DATA_DIR to another folder, and run rag lab install again."
        ) from error


def _mb(size: int) -> str:
    return format_bytes(size)
