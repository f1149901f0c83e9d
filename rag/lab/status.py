"""`rag lab status`: whether a browser has all that a model needs, as a record, as lines and as JSON."""

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rag.lab.browser_runtime import Pins, Runtime, altered, installed, installed_versions, read_pins, runtimes_in
from rag.lab.local_models import LocalModel, LocalModels, find_models
from rag.lab.setup import LabFiles
from rag.machine import format_bytes

_WIDTH = 79


@dataclass(frozen=True, slots=True)
class LabStatus:
    """What was found."""

    runtime: Runtime
    pins: Pins
    versions: tuple[str, ...]
    """Which versions of the runtime lie there, whole or not."""
    altered: tuple[str, ...] | None
    """Its files with other content than the pinned one; None when they were not compared."""
    models: LocalModels
    files: LabFiles
    remote: bool
    """Whether models of the public hub may be used."""

    @property
    def problem(self) -> str:
        """Why no model can run in a browser, with the next step, in a sentence or two; "" when one can."""
        if not self.runtime.folder:
            return self.runtime.note
        if self.altered:
            return f"{' and '.join(self.altered)}: not what it has to be. Run: rag lab install --force"
        if not self.models.usable and not self.remote:
            return (
                f"There is no model for browsers. Put one into {self.files.models_dir}, or set LAB_REMOTE_MODELS=on: "
                "then browsers may fetch models of the public hub."
            )
        return ""


def look(files: LabFiles, *, remote: bool, check: bool = False) -> LabStatus:
    """The status; with `check`, the runtime's files are read and compared with their checksums.

    Raises:
        StorageError: the file that pins the runtime cannot be read.
    """
    pins = read_pins(files.package_file)
    runtime = installed(files.data_dir, files.package_file)
    compared = tuple(altered(runtime.folder, pins)) if check and runtime.folder else None
    versions = tuple(installed_versions(files.data_dir))
    return LabStatus(runtime, pins, versions, compared, find_models(files.models_dir), files, remote)


def as_lines(status: LabStatus) -> Iterator[str]:
    """The status for a person, in lines of 80 columns but for paths."""
    pins, folder = status.pins, status.runtime.folder
    if folder:
        checked = "" if status.altered is None else ", checksums wrong" if status.altered else ", checksums right"
        yield f"Browser runtime  {pins.version}, {_size(pins.bytes)}{checked}"
    else:
        others = f"; here is {', '.join(status.versions)}" if status.versions else ""
        yield f"Browser runtime  {pins.version} is missing or not whole{others}"
    yield f"                 {runtimes_in(status.files.data_dir) / pins.version}"
    yield f"Models           {status.files.models_dir}"
    if status.models.note:
        yield from _indented(status.models.note)
    for model in status.models.models:
        yield from _model(model)
    yield f"Public hub       {'allowed' if status.remote else 'not allowed'} (LAB_REMOTE_MODELS)"
    yield ""
    yield status.problem or "A model can run in a browser."


def as_data(status: LabStatus) -> dict[str, Any]:
    """The status for other programs."""
    folder = status.runtime.folder
    return {
        "ready": not status.problem,
        "problem": status.problem,
        "runtime": {
            "pinned": status.pins.version,
            "versions": list(status.versions),
            "whole": folder is not None,
            "altered": None if status.altered is None else list(status.altered),
            "folder": str(folder) if folder else "",
            "bytes": status.pins.bytes if folder else 0,
        },
        "models_folder": str(status.files.models_dir),
        "models_note": status.models.note,
        "models": [asdict(model) for model in status.models.models],
        "remote": status.remote,
    }


def _model(model: LocalModel) -> Iterator[str]:
    sizes = ", ".join(f"{precision} {_size(size)}" for precision, size in model.precisions.items())
    yield f"  {model.id}  {sizes or 'CANNOT BE USED'}"
    if model.problem:
        yield from _indented(model.problem)
        return
    for precision, why in model.left_out.items():
        yield from _indented(f"Not in {precision}: {why}")


def _indented(text: str) -> list[str]:
    paths_whole = textwrap.TextWrapper(_WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4)
    paths_whole.break_long_words = paths_whole.break_on_hyphens = False
    return paths_whole.wrap(text)


def _size(size: int) -> str:
    return format_bytes(size)
