"""The models that this server hands to browsers, each checked: could transformers.js run it?

What a model needs is looked at before a browser fetches some hundred megabytes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from rag.lab.model_folders import MOST_FOLDERS, WEIGHTS, ModelFile, ModelFolder, is_model_id, look_through, model_folder
from rag.machine import format_bytes

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "fp32": "",
        "q8": "_quantized",
        **{name: f"_{name}" for name in ("fp16", "int8", "uint8", "q4", "q4f16", "bnb4", "q2", "q2f16", "q1", "q1f16")},
    }
)
"""Precision → what follows "model" in the name of its weights, as transformers.js has it."""
_NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
_MOST_JSON = 64_000_000
"""Bytes; tokenizers of large vocabularies have 10 to 35 million."""
_MOST_PARTS = 100
"""Files of external data that transformers.js loads at most."""
_POINTER = b"version https://git-lfs"
_POINTER_BYTES = 1024
"""At most; a true file of weights is longer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a model can be run."""

    precisions: Mapping[str, int] = field(default_factory=dict[str, int])
    """Precision → bytes of its weights, with those in further files."""
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Precision → why it cannot be run, in a sentence."""
    problem: str = ""
    """Why nothing of it can be run, and what to do, in a sentence or two; "" when something can."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in the folder, usable or not."""

    id: str
    """ "name" or "org/name"."""
    fingerprint: str
    """Another one when any of its files changes."""
    precisions: Mapping[str, int]
    """Precision → bytes of its weights; empty when it has a problem."""
    left_out: Mapping[str, str]
    """Precision → why it cannot be run, in a sentence."""
    problem: str
    """Why it cannot be run, in a sentence or two; "" when it can."""


@dataclass(frozen=True, slots=True)
class LocalModels:
    """What lies in the folder of models."""

    models: tuple[LocalModel, ...] = ()
    note: str = ""
    """What is wrong with the folder as a whole, or that it has no model, in a sentence or two; else ""."""

    @property
    def usable(self) -> tuple[LocalModel, ...]:
        """Those that can be run."""
        return tuple(model for model in self.models if not model.problem)


def find_models(folder: Path) -> LocalModels:
    """All models in a folder. Never raises; reads each model's JSON files once, and again when it has changed."""
    try:
        found, cut_short = look_through(folder)
    except FileNotFoundError:
        return LocalModels(note=f"There is no folder {folder} with models for browsers.")
    except NotADirectoryError:
        return LocalModels(note=f"{folder} is a file. LAB_MODELS_DIR has to name a folder with models.")
    except OSError as error:
        return LocalModels(note=f"The folder {folder} cannot be opened ({error.strerror}). Check its permissions.")
    models = tuple(map(_checked, found))
    if cut_short:
        return LocalModels(models, f"{folder} has more than {MOST_FOLDERS:,} folders; only these were looked at.")
    return LocalModels(models, "" if models else f"{folder} has no model in it.")


def model_file(folder: Path, fingerprint: str, path: str) -> Path | None:
    """A file of a model; None when it is not for browsers, or the model has changed since it had that fingerprint.

    `path` begins with the model's id: "org/name/onnx/model_q4.onnx".
    """
    parts = path.split("/")
    for length in (1, 2):
        id_, inner = "/".join(parts[:length]), "/".join(parts[length:])
        model = model_folder(folder, id_) if inner else None
        if model and inner in model.files and model.fingerprint == fingerprint:
            return model.files[inner].path
    return None


def _checked(model: ModelFolder) -> LocalModel:
    try:
        verdict = _verdict(model)
    except OSError as error:
        verdict = Verdict(problem=f"{error.filename} cannot be read ({error.strerror}). Check its permissions.")
    return LocalModel(model.id, model.fingerprint, verdict.precisions, verdict.left_out, verdict.problem)


@lru_cache(maxsize=MOST_FOLDERS)
def _verdict(model: ModelFolder) -> Verdict:
    return check_model(model)


class _Problem(Exception):
    pass


def check_model(model: ModelFolder) -> Verdict:
    """The verdict on one model. Reads its JSON files.

    Raises:
        OSError: one of its files cannot be read now.
    """
    precisions: dict[str, int] = {}
    left_out: dict[str, str] = {}
    files = model.files
    try:
        if not is_model_id(model.id):
            raise _Problem(
                "Its folder has a name that transformers.js does not take. Rename it to letters, digits, single "
                "hyphens, underscores and dots."
            )
        _require(files, _NEEDED)
        config, _, tokenizer = (_json(files[name], name) for name in _NEEDED)
        _require_template(tokenizer, files)
        for precision, suffix in SUFFIXES.items():
            name = f"model{suffix}.onnx"
            if f"{WEIGHTS}/{name}" in files:
                try:
                    precisions[precision] = _bytes(files, name, _parts(config, name))
                except _Problem as problem:
                    left_out[precision] = str(problem)
        if not precisions:
            why = " ".join(left_out.values()) or f"It has no weights: {WEIGHTS}/model_q4.onnx or another precision."
            raise _Problem(why)
    except _Problem as problem:
        return Verdict(left_out=left_out, problem=str(problem))
    return Verdict(precisions, left_out)


def _require(files: Iterable[str], names: Iterable[str]) -> None:
    if missing := [name for name in names if name not in files]:
        raise _Problem(f"It has no {' and no '.join(missing)}. Fetch the whole model again.")


def _json(file: ModelFile, name: str) -> dict[str, Any]:
    """What a file holds, read as a browser reads it."""
    if file.size > _MOST_JSON:
        raise _Problem(f"Its {name} is too large to be one ({format_bytes(file.size)}). Fetch the model again.")
    content = file.path.read_bytes()
    if content.startswith(_POINTER):
        raise _Problem(_pointer(name))
    try:
        read = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise _Problem(f"Its {name} is damaged or cut off: it is not the JSON it should be. Fetch it again.")
    return cast("dict[str, Any]", read)


def _require_template(tokenizer: Mapping[str, Any], files: Iterable[str]) -> None:
    template = tokenizer.get("chat_template")
    if isinstance(template, list):
        named = [cast("dict[str, Any]", each) for each in cast("list[object]", template) if isinstance(each, dict)]
        template = next((each.get("template") for each in named if each.get("name") == "default"), None)
    if isinstance(template, str) and template:
        return
    if "chat_template.jinja" in files:
        raise _Problem(
            "Its chat template lies in chat_template.jinja, where transformers.js does not look. Copy it into "
            "tokenizer_config.json, as the value of chat_template."
        )
    raise _Problem(
        "It has no chat template, so it cannot hold a chat. Use a model whose name ends in Instruct or Chat."
    )


def _parts(config: Mapping[str, Any], name: str) -> int:
    """In how many further files the weights lie, as the model's own settings for transformers.js say."""
    own = config.get("transformers.js_config")
    parts = cast("dict[str, Any]", own).get("use_external_data_format") if isinstance(own, dict) else None
    if isinstance(parts, dict):
        by_name = cast("dict[str, Any]", parts)
        parts = by_name.get(name, by_name.get("model"))
    return int(parts) if isinstance(parts, bool | int) else 0


def _bytes(files: Mapping[str, ModelFile], name: str, parts: int) -> int:
    """The size of the weights in all their files."""
    if parts > _MOST_PARTS:
        raise _Problem(f"{name} lies in {parts} files, and transformers.js loads {_MOST_PARTS} at most.")
    needed = [name, *(f"{name}_data{f'_{part}' if part else ''}" for part in range(parts))]
    for each in needed:
        file = files.get(f"{WEIGHTS}/{each}")
        if file is None:
            raise _Problem(f"{WEIGHTS}/{each} is missing. Fetch it again.")
        if file.size <= _POINTER_BYTES and file.path.read_bytes().startswith(_POINTER):
            raise _Problem(_pointer(f"{WEIGHTS}/{each}"))
        if not file.size:
            raise _Problem(f"{WEIGHTS}/{each} is empty. Fetch it again.")
    further = re.compile(rf"{WEIGHTS}/{re.escape(name)}_data(?:_\d+)?")
    there = sum(bool(further.fullmatch(each)) for each in files)
    if there != parts:
        raise _Problem(
            f"{name} has {there} further file{'' if there == 1 else 's'} of weights, and config.json speaks of "
            f"{parts}: set use_external_data_format below transformers.js_config there."
        )
    return sum(files[f"{WEIGHTS}/{each}"].size for each in needed)


def _pointer(name: str) -> str:
    return f"{name} is only a pointer to the true file. Run git lfs pull in the model's folder."
