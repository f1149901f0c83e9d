"""`models.json`: what is known of a model before it is asked; a fault in the file is named by line and key."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from rag.storage import NonEmpty, read_named, read_text

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern="^https?://.+")]


class ModelEntry(BaseModel):
    """What a file knows of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    capabilities: tuple[NonEmpty, ...] = ()
    size_mb: _Positive | None = None
    """Of its files, where nobody can look."""
    endpoint: _Address | None = None
    """The server that it is on; None for the one that all others are on."""
    price: tuple[_Price, _Price] | None = None
    """Of a million tokens: read, written."""


_MODELS = TypeAdapter(dict[NonEmpty, ModelEntry])


def read_models(path: Path) -> dict[str, ModelEntry]:
    """The models of a file by alias, in its order.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is no UTF-8 text, no JSON, names no model, or says something else; the text has line and key.
    """
    return read_named(_MODELS, read_text(path), str(path))


def known_models() -> dict[str, ModelEntry]:
    """The models that this app knows by itself."""
    return read_named(
        _MODELS, files("rag.generation").joinpath("models.json").read_text(encoding="utf-8"), "models.json"
    )


def chosen(known: Mapping[str, ModelEntry], aliases: tuple[str, ...]) -> dict[str, ModelEntry]:
    """These models, with what is known of each by its alias in whatever case."""
    folded = {alias.casefold(): entry for alias, entry in known.items()}
    return {alias: folded.get(alias.casefold(), ModelEntry()) for alias in aliases}
