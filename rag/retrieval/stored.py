"""A passage as bytes and back, for indexes that outlive their process."""

import dataclasses
import json
from typing import Any, cast

from rag.records import Document, Passage


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
