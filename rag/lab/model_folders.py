"""The folder of models for browsers: which model folders lie in it, and which of their files a browser may have."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

WEIGHTS = "onnx"
"""The folder of a model that its weights lie in."""
MOST_FOLDERS = 1000
"""Looked at, as a page waits for it."""
_MOST_ENTRIES = 10_000
"""Of one folder; the others are not seen."""
_NAME = re.compile(r"\w(?:[\w.-]{0,94}\w)?", re.ASCII)
_SERVED = re.compile(r"[A-Za-z0-9_][\w.-]*(?:\.(?:json|onnx|txt|jinja|model)|\.onnx_data(?:_\d+)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A regular file of a model."""

    path: Path
    size: int
    """Bytes."""
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that looks like a model's."""

    id: str
    """ "name" or "org/name": its path in the folder of models."""
    found: tuple[tuple[str, ModelFile], ...]
    """What a browser may have of it, each with the path in it: "config.json", "onnx/model_q4.onnx"."""

    @property
    def files(self) -> Mapping[str, ModelFile]:
        """The files by the path in it."""
        return dict(self.found)

    @property
    def fingerprint(self) -> str:
        """Another one when any file has another name, size or time; 16 hexadecimal digits."""
        lines = [f"{name}\0{file.size}\0{file.mtime_ns}" for name, file in sorted(self.found, key=lambda each: each[0])]
        return hashlib.sha256("\n".join((self.id, *lines)).encode()).hexdigest()[:16]


def is_model_id(text: str) -> bool:
    """Whether transformers.js takes it for the id of a model, with at most one "/"; only then it can be loaded."""
    parts = text.split("/")
    return (
        len(parts) <= 2
        and all(_NAME.fullmatch(part) for part in parts)
        and ".." not in text
        and "--" not in text
        and not text.endswith((".git", ".ipynb"))
    )


def look_through(folder: Path) -> tuple[list[ModelFolder], bool]:
    """The models in `folder`, in the order of their names, and whether there are too many folders to look at all.

    Raises:
        OSError: it is not there, is no folder, or cannot be opened.
    """
    found: list[ModelFolder] = []
    root = _Root(folder)
    for looked, (id_, place) in enumerate(_candidates(root, folder)):
        if looked == MOST_FOLDERS:
            return found, True
        if _looks_like_a_model(place):
            found.append(ModelFolder(id_, root.files(place)))
    return found, False


def _candidates(root: "_Root", folder: Path) -> Iterator[tuple[str, Path]]:
    """The folders in a folder, and those in each of them that is no model itself."""
    for name, path in root.folders(folder):
        yield name, path
        if not _looks_like_a_model(path):
            with suppress(OSError):  # closed to us, or deleted in the meantime
                yield from ((f"{name}/{inner}", below) for inner, below in root.folders(path))


def model_folder(folder: Path, id_: str) -> ModelFolder | None:
    """One model; None when there is none by that id, or it lies outside of `folder`."""
    if not is_model_id(id_):
        return None
    try:
        root, path = _Root(folder), folder.joinpath(*id_.split("/"))
        return ModelFolder(id_, root.files(path)) if root.holds(path) and path.is_dir() else None
    except OSError:
        return None


class _Root:
    """The folder of all models; nothing outside of it is read, whatever links lead there."""

    def __init__(self, folder: Path) -> None:
        self._path = os.path.realpath(folder, strict=True)

    def holds(self, path: Path) -> bool:
        """Whether it lies within, with all links followed."""
        return Path(os.path.realpath(path)).is_relative_to(self._path)

    def folders(self, folder: Path) -> Iterator[tuple[str, Path]]:
        """The folders of a folder, each with a name that can be shown, in the order of the names."""
        for path in sorted(Path(entry.path) for entry in _entries(folder) if _is_folder(entry)):
            if self.holds(path):
                yield _shown(path.name), path

    def files(self, model: Path) -> tuple[tuple[str, ModelFile], ...]:
        """What a browser may have of a model, each with the path in it, in no order."""
        inner = self._files(model / WEIGHTS, f"{WEIGHTS}/") if self.holds(model / WEIGHTS) else ()
        return (*self._files(model, ""), *inner)

    def _files(self, folder: Path, prefix: str) -> Iterator[tuple[str, ModelFile]]:
        try:
            entries = _entries(folder)
        except OSError:
            return
        for entry in entries:
            path = Path(entry.path)
            if not _SERVED.fullmatch(entry.name) or (entry.is_symlink() and not self.holds(path)):
                continue
            try:
                status = path.stat()
            except OSError:  # deleted in the meantime
                continue
            if stat.S_ISREG(status.st_mode):
                yield prefix + entry.name, ModelFile(path, status.st_size, status.st_mtime_ns)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in islice(entries, _MOST_ENTRIES) if not entry.name.startswith(".")]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _looks_like_a_model(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("config.json", "tokenizer.json", WEIGHTS))


def _shown(name: str) -> str:
    """The name without what cannot be shown or written as text; as it is when transformers.js could take it."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)
