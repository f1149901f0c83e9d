"""The browser runtime on this disk: transformers.js with ONNX Runtime's WebAssembly, whole or not."""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from rag.errors import StorageError
from rag.lab.pins import PinnedFile, Pins, read_pins

FILES = ("transformers.min.js", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
"""What the page loads of it."""
_INSTALL = "The command rag lab install sees to that."
_PIECE = 1_000_000


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
    """The runtime as far as the sizes of its files tell. Costs a few looks at the disk, and never raises."""
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
            while piece := stream.read(_PIECE):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() == file.sha256
