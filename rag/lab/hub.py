"""Models of the public Hugging Face hub that a browser may be offered, with their sizes: `lab/models.json`, read."""

from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, model_validator

from rag.errors import StorageError
from rag.lab.model_check import SUFFIXES

HOSTS = ("https://huggingface.co", "https://*.hf.co")
"""Where transformers.js fetches them: from the first, which sends it on to its stores, such as us.aws.cdn.hf.co."""


class HubModel(BaseModel, frozen=True):
    """One of them."""

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
