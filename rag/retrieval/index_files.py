"""Which of the folders in an index's place is the index now, and by which versions it was made."""

import dataclasses
import json
import os
import re
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from rag.errors import StorageError
from rag.retrieval.fields import FIELDS
from rag.text import analysis
from rag.types import Document, Passage

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


def to_bytes(passage: Passage) -> bytes:
    """The passage with its document; what has its default value is left out."""
    document = _set_fields(passage.document)
    own = _set_fields(passage, without="document")
    return json.dumps([document, own], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def from_bytes(stored: bytes) -> Passage:
    """The passage; fields that another version of the app had and this one does not have are left out.

    Raises:
        ValueError: these are not the bytes of a passage.
    """
    try:
        document, own = json.loads(stored.decode("utf-8", "surrogatepass"))
        return Passage(Document(**_known(Document, document)), **_known(Passage, own))
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError("not a stored passage") from error


def _set_fields(record: Document | Passage, without: str = "") -> dict[str, Any]:
    return {
        field.name: value
        for field in dataclasses.fields(record)
        if field.name != without and (value := getattr(record, field.name)) != field.default
    }


def _known(kind: type[Document] | type[Passage], values: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {
        name: tuple(cast(list[Any], value)) if isinstance(value, list) else value
        for name, value in values.items()
        if name in names
    }


_SAID = re.compile(r"""message: "([^"]+)"|error occurred: '?([^'(]+)|\[Errno \d+\] ([^:]+)""")


@contextmanager
def panics_as_errors() -> Generator[None]:
    """A panic of Rust code as a ValueError; it comes as a BaseException, which nobody expects."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(str(error)) from None
        raise


@contextmanager
def write_errors(folder: Path) -> Generator[None]:
    """A failed write as one sentence."""
    try:
        with panics_as_errors():
            yield
    except (OSError, ValueError) as error:
        raise StorageError(_sentence(folder, str(error)), path=folder) from error


def _sentence(folder: Path, said: str) -> str:
    if "LockBusy" in said:
        return f"Another program is writing to the library's index in {folder}. Wait until it is done, or close it."
    found = _SAID.search(said)
    reason = next(filter(None, found.groups())).strip() if found else "writing to it failed"
    return (
        f"The library's index in {folder} cannot be written ({reason}). "
        "Check that the folder may be written and that the disk is not full, or set DATA_DIR to another place."
    )
