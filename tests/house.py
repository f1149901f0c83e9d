"""The house as its source has it: modules, rooms, arrows. `python -m tests.house` draws it into CONTRIBUTING.md."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests import REPOSITORY

CONTRIBUTING = REPOSITORY / "CONTRIBUTING.md"
DRAWING = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
GROUND = ("errors", "types", "events", "settings", "storage", "statistics", "machine", "concurrency")
"""The loose modules of `rag/` that all rooms may stand on; they are one box of the drawing."""
DOORS = ("app", "chat", "cli")
"""From these everything is reached: they stay out of the drawing's arrows to the rooms below `services`."""


@dataclass(frozen=True)
class Module:
    """One file of the app."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, file: Path) -> "Module":
        """The module in a file of the repository."""
        path = file.relative_to(REPOSITORY).as_posix()
        return cls.of(path, file.read_text(encoding="utf-8"))

    @classmethod
    def of(cls, path: str, text: str) -> "Module":
        """The module that such a text would be."""
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return cls(path, name, text, ast.parse(text))

    @property
    def room(self) -> str:
        """The folder of `rag/` that it stands in, a loose module's own name, "app", or "rag" for the package itself."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]


@cache
def modules() -> tuple[Module, ...]:
    """All of the app's, by path."""
    return tuple(Module.read(file) for file in sorted([REPOSITORY / "app.py", *(REPOSITORY / "rag").rglob("*.py")]))


@cache
def names() -> frozenset[str]:
    """Of all modules: "rag.turn.answer"."""
    return frozenset(module.name for module in modules())


def imported(module: Module) -> Iterator[str]:
    """Every name that it imports, also inside functions: "rag.types.Hit", "chainlit.config"."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.path}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def of_ours(module: Module) -> frozenset[str]:
    """The modules of this house that it imports."""
    found = {name for name in imported(module) if name.split(".")[0] in ("rag", "app")}
    return frozenset(name if name in names() else name.rpartition(".")[0] for name in found)


def room_of(name: str) -> str:
    """The room of a module's name."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def arrows() -> Mapping[str, frozenset[str]]:
    """Room → the rooms that it imports."""
    found: dict[str, set[str]] = {module.room: set() for module in modules()}
    for module in modules():
        if module.name != "rag":  # the public API hands on what all rooms have
            found[module.room] |= {room_of(name) for name in of_ours(module)} - {module.room}
    return {room: frozenset(others) for room, others in found.items()}


def direct(arrows: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The arrows that no longer way says as well (the transitive reduction of a graph without circles)."""

    def reached(room: str) -> frozenset[str]:
        return arrows[room].union(*map(reached, arrows[room]))

    return {room: others.difference(*map(reached, others)) for room, others in arrows.items()}


def drawing() -> str:
    """The rooms and their direct arrows as a Mermaid flowchart; the ground floor is one box that all stand on."""

    def box(room: str) -> str:
        return "ground" if room in GROUND else room

    boxes: dict[str, frozenset[str]] = {}
    for room, others in arrows().items():
        if room != "rag":
            boxes[box(room)] = boxes.get(box(room), frozenset()).union(map(box, others)) - {box(room), "rag"}
    lines = [f'    ground["{" · ".join(GROUND)}"]']
    for room, others in sorted(direct(boxes).items()):
        lines += [f"    {room} --> {other}" for other in sorted(others)]
    return "\n".join(["flowchart TD", *lines, ""])


def main() -> None:
    """Writes the drawing where contributors read it."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    CONTRIBUTING.write_text(DRAWING.sub(lambda _: drawing(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
