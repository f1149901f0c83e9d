"""Lays into the wheel, as rag/product/, the app's files that stand beside rag/ in a checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LANGUAGES = ("en-US", "es", "pt-BR", "pt-PT", "ru", "sl")
"""Chainlit lays more translations there, which are its own."""
PRODUCT = (
    "app.py",
    "chainlit.md",
    ".chainlit/config.toml",
    *(f".chainlit/translations/{tag}.json" for tag in LANGUAGES),
    "public",
    "lab",
    "docs_corpus",
    "evaluation/questions.jsonl",
)


class ProductHook(BuildHookInterface[Any]):
    """Called by hatchling before it writes a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files; not for an editable install, which finds them in the checkout."""
        if version == "standard":
            build_data["force_include"] |= {name: f"rag/product/{name}" for name in PRODUCT}
