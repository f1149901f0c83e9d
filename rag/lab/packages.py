"""Single files out of npm packages, tarballs or folders, each checked against its pin before it counts."""

import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from rag.errors import PackageError
from rag.lab.browser_runtime import PinnedFile

_MOST_UNPACKED = 1_000_000_000
"""Bytes; the larger of the two packages has 140 MB."""
_PIECE = 1_000_000
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


def find_package(folder: Path, name: str, version: str) -> Path:
    """The package in the folder: its tarball as npm names it, or unpacked, also within `node_modules`.

    Raises:
        PackageError: it is not there in this version.
    """
    packed = f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
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


def take(package: Path, files: Sequence[PinnedFile], target: Path) -> None:
    """Copies files of one package into the folder `target`, under their own names.

    Raises:
        PackageError: one is not in the package, or its checksum is wrong; then nothing of the package is to be used.
        OSError: the target cannot be written.
    """
    if package.is_dir():
        for file in files:
            if not (package / file.path).is_file():
                raise _missing(package, file)
            with _reading(package), (package / file.path).open("rb") as stream:
                _copy(stream, package, file, target)
        return
    wanted = {file.path: file for file in files}
    with _reading(package), tarfile.open(package, "r:gz") as tarball:
        for path, member in _members(tarball, package):
            if file := wanted.pop(path, None):
                stream = tarball.extractfile(member)
                assert stream, "it is a regular file"
                with stream:
                    _copy(stream, package, file, target)
            if not wanted:
                return
    raise _missing(package, next(iter(wanted.values())))


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
        while left and (piece := stream.read(min(_PIECE, left))):
            left -= len(piece)
            digest.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != file.sha256:
        raise PackageError(
            f"The checksum of {file.path} in {package.name} is wrong, so nothing was installed. Fetch the package "
            "again; when the checksum is still wrong, somebody has changed the file, and it must not be used."
        )


@contextmanager
def _reading(package: Path) -> Generator[None]:
    try:
        yield
    except _BROKEN as error:
        raise PackageError(f"{package.name} is damaged, so nothing was installed. Fetch the package again.") from error


def _missing(package: Path, file: PinnedFile) -> PackageError:
    return PackageError(f"{package.name} has no {file.path}, so nothing was installed. Fetch the package again.")


def _described(folder: Path) -> tuple[str, str]:
    """Name and version of an unpacked package; empty where there is none."""
    try:
        read = json.loads((folder / "package.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return "", ""
    package = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    return str(package.get("name")), str(package.get("version"))
