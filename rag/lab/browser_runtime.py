"""The browser runtime: which files `lab/package.json` pins, and which of them are installed."""

import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from rag.errors import StorageError

FILES = ("transformers.min.js", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
"""What the page loads of it."""
_INSTALL = "The command rag lab install sees to that."
_CHUNK_BYTES = 1_000_000
_LEADING = "@huggingface/transformers"
"""The package whose version is the runtime's; it names the exact version of the other one itself."""
_VERSION = r"^\d+\.\d+\.\d+[\w.+-]*$"
_NAME = r"^[A-Za-z0-9][\w.-]*$"
_PATH = r"^(?!.*\.\.)[A-Za-z0-9][\w./-]*$"


class PinnedFile(BaseModel, frozen=True):
    """One file of the runtime."""

    name: str = Field(pattern=_NAME)
    """Its name where it is installed."""
    package: str
    path: str
    """Where it lies in its package."""
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _Groundwork(BaseModel):
    fetched_bytes: int
    files: tuple[PinnedFile, ...] = Field(min_length=1)


class _PackageFile(BaseModel):
    dependencies: dict[str, str]
    groundwork: _Groundwork


@dataclass(frozen=True, slots=True)
class Pins:
    """The pinned runtime."""

    version: str
    """Of transformers.js; also the name of the folder that the runtime is installed in."""
    packages: dict[str, str]
    """Package → exact version."""
    fetched_bytes: int
    """The size of the packages' tarballs together."""
    files: tuple[PinnedFile, ...]

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def of(self, package: str) -> tuple[PinnedFile, ...]:
        """The files that come from one package."""
        return tuple(file for file in self.files if file.package == package)


def read_pins(package_file: Path) -> Pins:
    """What the file pins.

    Raises:
        StorageError: it cannot be read, or pins nothing that could be fetched.
    """
    try:
        read = _PackageFile.model_validate_json(package_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise StorageError(f"{_shown(package_file)} is missing or damaged. Install the app again.") from error
    version = read.dependencies.get(_LEADING, "")
    pinned = all(re.match(_VERSION, each) for each in (version, *read.dependencies.values()))
    known = all(file.package in read.dependencies and re.match(_PATH, file.path) for file in read.groundwork.files)
    if not pinned or not known:
        raise StorageError(f"{_shown(package_file)} does not pin the browser runtime. Install the app again.")
    return Pins(version, read.dependencies, read.groundwork.fetched_bytes, read.groundwork.files)


def _shown(package_file: Path) -> str:
    return "/".join(package_file.parts[-2:])


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is installed of the pinned version."""

    version: str
    """The pinned one, also when it is not there; "" when that is not known."""
    folder: Path | None
    """Where its files lie; None when it is not there as a whole."""
    note: str = ""
    """Without a folder: why, and what to do, in a sentence or two for a person."""

    def file(self, name: str) -> Path | None:
        """The path of one of `FILES`; None for any other name, and when the runtime is not there."""
        return self.folder / name if self.folder and name in FILES else None


def runtimes_in(data_dir: Path) -> Path:
    """The folder with a folder for each installed version."""
    return data_dir / "lab" / "runtime"


def installed(data_dir: Path, package_file: Path) -> Runtime:
    """The installed runtime, as far as the sizes of its files show. A few calls of `stat`; never raises."""
    try:
        pins = read_pins(package_file)
    except StorageError as error:
        return Runtime("", None, str(error))
    folder = runtimes_in(data_dir) / pins.version
    if not folder.is_dir():
        others = ", ".join(installed_versions(data_dir))
        is_ = f"is version {others}, and {pins.version} is needed" if others else "is not installed"
        return Runtime(pins.version, None, f"The browser runtime {is_}. {_INSTALL}")
    if lacking := incomplete(folder, pins):
        return Runtime(
            pins.version, None, f"The browser runtime is damaged: {lacking[0]} is missing or cut off. {_INSTALL}"
        )
    return Runtime(pins.version, folder)


def installed_versions(data_dir: Path) -> list[str]:
    """The versions that have a folder, whole or not, in the order of their names."""
    try:
        return sorted(
            path.name for path in runtimes_in(data_dir).iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []


def incomplete(folder: Path, pins: Pins) -> list[str]:
    """The names of the files that are missing, or are not as long as they have to be."""
    return [file.name for file in pins.files if not _has_its_size(folder / file.name, file)]


def altered(folder: Path, pins: Pins) -> list[str]:
    """The names of the files whose content is not the pinned one. Reads all of them: some 30 MB."""
    return [file.name for file in pins.files if not _has_its_checksum(folder / file.name, file)]


def _has_its_size(path: Path, file: PinnedFile) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == file.bytes


def _has_its_checksum(path: Path, file: PinnedFile) -> bool:
    if not _has_its_size(path, file):
        return False
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == file.sha256
