"""Which files of which packages the browser runtime is, with their checksums: `lab/package.json`, read."""

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from rag.errors import StorageError

_LEADING = "@huggingface/transformers"
"""The package whose version is the runtime's; it names the exact version of the other one itself."""
_VERSION = r"^\d+\.\d+\.\d+[\w.+-]*$"
_NAME = r"^[A-Za-z0-9][\w.-]*$"
_PATH = r"^(?!.*\.\.)[A-Za-z0-9][\w./-]*$"


class PinnedFile(BaseModel, frozen=True):
    """One file of the runtime."""

    name: str = Field(pattern=_NAME)
    """What it is called where it is laid."""
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
    """The runtime as it has to be."""

    version: str
    """Of transformers.js; also the name of the folder that the runtime is laid in."""
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
