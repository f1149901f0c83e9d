"""Which of the folders in an index's place is the index now, and by which versions it was made."""

import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rag.retrieval import analysis
from rag.retrieval.fields import FIELDS

SCHEMA = 1
"""Raised when an index is laid out in another way, apart from `FIELDS`, which are told apart by their names."""
_FILE = "index.json"


@dataclass(frozen=True, slots=True)
class Label:
    """What `index.json` holds; by default, of a new index."""

    place: str = field(default_factory=lambda: f"index-{secrets.token_hex(4)}")
    """The folder's name."""
    identity: str = field(default_factory=lambda: secrets.token_hex(8))
    """Stays when the index is made anew from its own passages."""
    schema: int = SCHEMA
    analysis: int = analysis.VERSION
    fields: tuple[str, ...] = tuple(each.name for each in FIELDS)

    @property
    def outdated(self) -> bool:
        """Whether another version of the app made the index."""
        return self != Label(self.place, self.identity)


def read_label(folder: Path) -> Label | None:
    """The label of the index; None when there is none that can be understood."""
    try:
        values = json.loads((folder / _FILE).read_bytes())
        place, identity, schema, version = (values[name] for name in ("place", "identity", "schema", "analysis"))
        label = Label(str(place), str(identity), int(schema), int(version), tuple(map(str, values["fields"])))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return label if label.place == Path(label.place).name else None


def write_label(folder: Path, label: Label) -> None:
    """Names another index in one step: a reader sees the old label or the new one, also after a power cut."""
    draft = folder / f"{_FILE}.{secrets.token_hex(4)}"
    with draft.open("wb") as file:
        file.write(json.dumps(asdict(label)).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _FILE)


def sweep(folder: Path, label: Label) -> None:
    """Deletes what the label does not name: indexes that were replaced, or never finished."""
    for other in folder.glob("index*"):
        if other.is_dir() and other.name != label.place:
            shutil.rmtree(other, ignore_errors=True)  # what another process still reads goes the next time
        elif other.name.startswith(f"{_FILE}."):
            other.unlink(missing_ok=True)
