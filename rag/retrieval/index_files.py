"""The files of an index: which directory is in use, passages as bytes, failed writes as sentences."""

import dataclasses
import json
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
from rag.storage import write_atomically
from rag.text import analysis
from rag.types import Document, Passage

SCHEMA = 2
"""Raised when an index is laid out in another way, apart from `FIELDS`, which are distinguished by their names."""
_FILE = "index.json"
_REASON = re.compile(r"""message: "([^"]+)"|error occurred: '?([^'(]+)|\[Errno \d+\] ([^:]+)""")
"""The part of tantivy's and of the system's messages that a person understands."""


@dataclass(frozen=True, slots=True)
class IndexMetadata:
    """What `index.json` holds; by default, of a new index."""

    directory: str = field(default_factory=lambda: f"index-{secrets.token_hex(4)}")
    """Its name; "place" in the file."""
    identity: str = field(default_factory=lambda: secrets.token_hex(8))
    """Stays when the index is made anew from its own passages."""
    schema: int = SCHEMA
    analysis: int = analysis.VERSION
    fields: tuple[str, ...] = tuple(each.name for each in FIELDS)

    @property
    def outdated(self) -> bool:
        """Whether another version of the app made the index."""
        return self != IndexMetadata(self.directory, self.identity)


def read_metadata(folder: Path) -> IndexMetadata | None:
    """The metadata of the index in use; None when there is none that can be understood."""
    try:
        values = json.loads((folder / _FILE).read_bytes())
        directory, identity, schema, version = (values[name] for name in ("place", "identity", "schema", "analysis"))
        fields = tuple(map(str, values["fields"]))
        metadata = IndexMetadata(str(directory), str(identity), int(schema), int(version), fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return metadata if metadata.directory == Path(metadata.directory).name else None


def write_metadata(folder: Path, metadata: IndexMetadata) -> None:
    """Puts another index into use in one step, also after a power cut."""
    values = asdict(metadata)
    write_atomically(folder / _FILE, json.dumps({"place": values.pop("directory")} | values).encode())


def sweep(folder: Path, metadata: IndexMetadata) -> None:
    """Deletes what is not in use: indexes that were replaced, or never finished."""
    for other in folder.glob("index*"):
        if other.is_dir() and other.name != metadata.directory:
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


@contextmanager
def panics_as_errors() -> Generator[None]:
    """Turns a panic of Rust code, a BaseException, into a ValueError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(str(error)) from None
        raise


@contextmanager
def write_errors(folder: Path) -> Generator[None]:
    """Turns a failed write into a `StorageError` of one sentence."""
    try:
        with panics_as_errors():
            yield
    except (OSError, ValueError) as error:
        raise StorageError(_sentence(folder, str(error)), path=folder) from error


def _sentence(folder: Path, message: str) -> str:
    if "LockBusy" in message:
        return f"Another program is writing to the library's index in {folder}. Wait until it is done, or close it."
    found = _REASON.search(message)
    reason = next(filter(None, found.groups())).strip() if found else "writing to it failed"
    return (
        f"The library's index in {folder} cannot be written ({reason}). "
        "Check that the folder may be written and that the disk is not full, or set DATA_DIR to another place."
    )
