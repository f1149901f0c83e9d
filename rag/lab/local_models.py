"""The models that this server hands to browsers: what lies in the folder of models, and whether it can be run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.lab.model_check import Verdict, examine
from rag.lab.model_folders import MOST_FOLDERS, ModelFolder, look_through, model_folder


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
    models = tuple(map(_judged, found))
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


def _judged(model: ModelFolder) -> LocalModel:
    try:
        verdict = _verdict(model)
    except OSError as error:
        verdict = Verdict(problem=f"{error.filename} cannot be read ({error.strerror}). Check its permissions.")
    return LocalModel(model.id, model.fingerprint, verdict.precisions, verdict.left_out, verdict.problem)


@lru_cache(maxsize=MOST_FOLDERS)
def _verdict(model: ModelFolder) -> Verdict:
    return examine(model)
