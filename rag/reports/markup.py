"""HTML and SVG put together from parts: a text is always escaped, only `Markup` passes as it is. Pure."""

from html import escape
from unicodedata import category

_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Bidirectional controls."""

Attribute = str | float | None


class Markup(str):
    """Text that is markup already. Made here alone, so that no name or prompt becomes an element."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: Attribute) -> Markup:
    """An element. `class_="x"` is class, `stroke_width=1` stroke-width; None leaves an attribute out."""
    opening = "".join(f' {_named(key)}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    return Markup(f"<{name}{opening}>{joined(*children)}</{name}>")


def joined(*parts: str) -> Markup:
    """The parts one after the other, the texts among them escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(_clean(part)) for part in parts))


def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(_clean(value)) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Without what no page may hold, and without what turns the writing direction of its neighbours."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _unfit(c) else c for c in text)


def _unfit(c: str) -> bool:
    return c not in "\n\t" and (category(c) in ("Cc", "Cs") or c in _TURNS)
