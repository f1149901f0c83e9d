"""`prompts.json`: what models are asked when they are measured."""

from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from rag.storage import NonEmpty, read_named, read_text

_PROMPTS = TypeAdapter(dict[NonEmpty, NonEmpty])


def read_prompts(path: Path) -> dict[str, str]:
    """The prompts of a file by name, in its order.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is no UTF-8 text, no JSON, names no prompt, or says something else; the text has line and key.
    """
    return read_named(_PROMPTS, read_text(path), str(path))


def standard_prompts() -> dict[str, str]:
    """The four prompts that ship."""
    return read_named(
        _PROMPTS, files("rag.benchmark").joinpath("prompts.json").read_text(encoding="utf-8"), "prompts.json"
    )
