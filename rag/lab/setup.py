"""What the lab's page has to work with here, and the files behind it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import StorageError
from rag.lab.hub import HOSTS, read_hub
from rag.lab.local_models import find_models, model_file
from rag.lab.places import LabFiles
from rag.lab.requests import RequestRules
from rag.lab.runtime import installed

_NO_MODEL = "This server has no model for browsers yet. The command rag lab status says where to put one."


@dataclass(frozen=True, slots=True)
class Setup:
    """The places and limits of one app."""

    places: LabFiles
    rules: RequestRules
    passages: int
    """The most passages that a prompt quotes from."""
    passage_tokens: int
    """The most tokens of them."""
    remote: bool
    """Whether a browser may download models from the public hub."""

    @property
    def may_ask(self) -> tuple[str, ...]:
        """Addresses outside that the page may fetch from."""
        return HOSTS if self.remote else ()

    def described(self) -> dict[str, Any]:
        """The content of `setup.json`: limits, browser runtime, models for browsers, what is missing. Reads folders."""
        runtime = installed(self.places.data_dir, self.places.package_file)
        found = find_models(self.places.models_dir)
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
        runtime = installed(self.places.data_dir, self.places.package_file)
        return runtime.file(name) if wanted == runtime.version else None

    def model_file(self, fingerprint: str, path: str) -> Path | None:
        """The path of a file of a model for browsers, if the model is still the one with that fingerprint."""
        return model_file(self.places.models_dir, fingerprint, path)

    def _remote(self) -> dict[str, Any] | None:
        """The models of the public hub, where they may be downloaded and their table can be read."""
        if not self.remote:
            return None
        try:
            return {"models": [model.model_dump() for model in read_hub(self.places.hub_file)]}
        except StorageError:
            return None
