"""Lays into the wheel, as rag/product/, what stands beside rag/ in a checkout; an editable install reads the checkout."""

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
)


class ProductHook(BuildHookInterface[Any]):
    """Called by hatchling before it writes a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files to a wheel that is to be installed as it is."""
        if version == "standard":
            build_data["force_include"] |= {name: f"rag/product/{name}" for name in PRODUCT}
