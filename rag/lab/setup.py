"""What the lab's page is given: limits, browser runtime, models, the public hub, and the files behind them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from rag.errors import StorageError
from rag.lab.browser_runtime import installed
from rag.lab.local_models import SUFFIXES, find_models, model_file
from rag.lab.requests import RequestRules
from rag.settings import product_folder

HOSTS = ("https://huggingface.co", "https://*.hf.co")
"""Where public models are fetched from: the first, which redirects to its stores, such as us.aws.cdn.hf.co."""
_NO_MODEL = "This server has no model for browsers yet. The command rag lab status says where to put one."


@dataclass(frozen=True, slots=True)
class LabFiles:
    """Folders and files; none of them need be there."""

    page: Path
    """The front end: `index.html` and what it loads."""
    package_file: Path
    """`package.json`, which pins the browser runtime."""
    hub_file: Path
    """`models.json`, the table of public models."""
    data_dir: Path
    """`rag lab install` installs the runtime below it."""
    models_dir: Path
    """Models that a browser may load, each a folder."""

    @classmethod
    def of(cls, root: Path, data_dir: Path, models_dir: Path | None) -> "LabFiles":
        """The files of an app that lies in `root`; without a `models_dir` it is one in the data folder."""
        lab = root / "lab"
        models = models_dir or data_dir / "lab" / "models"
        return cls(lab / "page", lab / "package.json", lab / "models.json", data_dir, models)


def app_folder() -> Path:
    """The folder that the lab's own files lie in, wherever the command was started."""
    return product_folder()


class HubModel(BaseModel, frozen=True):
    """A model of the public hub."""

    id: str = Field(pattern=r"^[\w-]+/[\w.-]+$")
    default: bool
    """Whether it is the one to begin with; the others are chosen by a person who sees their sizes."""
    precisions: dict[str, int] = Field(min_length=1)
    """Precision → bytes of its weights, about."""


class _Table(BaseModel):
    models: tuple[HubModel, ...]

    @model_validator(mode="after")
    def _sensible(self) -> "_Table":
        if [model.default for model in self.models].count(True) != 1:
            raise ValueError("one model is the default")
        if not all(model.precisions.keys() <= SUFFIXES.keys() for model in self.models):
            raise ValueError("a precision is none")
        return self


def read_hub(hub_file: Path) -> tuple[HubModel, ...]:
    """The models in the table.

    Raises:
        StorageError: it cannot be read, or is no such table.
    """
    try:
        return _Table.model_validate_json(hub_file.read_bytes()).models
    except (OSError, ValidationError) as error:
        shown = "/".join(hub_file.parts[-2:])
        raise StorageError(f"{shown} is missing or damaged. Install the app again.") from error


@dataclass(frozen=True, slots=True)
class Setup:
    """The files and limits of one app's lab."""

    files: LabFiles
    rules: RequestRules
    passages: int
    """The most passages that a prompt quotes from."""
    passage_tokens: int
    """The most tokens of them."""
    remote: bool
    """Whether a browser may download models from the public hub."""

    @property
    def remote_hosts(self) -> tuple[str, ...]:
        """The addresses outside that the page may fetch from."""
        return HOSTS if self.remote else ()

    def described(self) -> dict[str, Any]:
        """The content of `setup.json`: limits, browser runtime, models for browsers, what is missing. Reads folders."""
        runtime = installed(self.files.data_dir, self.files.package_file)
        found = find_models(self.files.models_dir)
        return {
            "limits": {
                "prompt_chars": self.rules.prompt_chars,
                "max_tokens": self.rules.max_tokens,
                "temperature": self.rules.temperature,
                "passages": self.passages,
                "passage_tokens": self.passage_tokens,
            },
            "runtime": {
                "version": runtime.version,
                "path": f"runtime/{runtime.version}/" if runtime.folder else "",
                "note": runtime.note,
            },
            "models": [
                {"id": model.id, "path": f"models/{model.fingerprint}/", "precisions": dict(model.precisions)}
                for model in found.usable
            ],
            "remote": self._remote(),
            "note": "" if found.usable else _NO_MODEL,
        }

    def runtime_file(self, wanted: str, name: str) -> Path | None:
        """The path of a file of the browser runtime, if that version is the installed one."""
        runtime = installed(self.files.data_dir, self.files.package_file)
        return runtime.file(name) if wanted == runtime.version else None

    def model_file(self, fingerprint: str, path: str) -> Path | None:
        """The path of a file of a model for browsers, if the model is still the one with that fingerprint."""
        return model_file(self.files.models_dir, fingerprint, path)

    def _remote(self) -> dict[str, Any] | None:
        """The models of the public hub, where they may be downloaded and their table can be read."""
        if not self.remote:
            return None
        try:
            return {"models": [model.model_dump() for model in read_hub(self.files.hub_file)]}
        except StorageError:
            return None
