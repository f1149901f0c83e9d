"""What a run was made with: versions, machine, date."""

import os
import platform
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from zlib import crc32

import psutil

from rag.escalation.weights import Weights
from rag.evaluation.results import Scalar

_PACKAGES = ("groundwork-chat", "foundry-local-sdk", "openai", "tantivy", "PyStemmer")
"""What answers depend on."""


def versions() -> dict[str, str]:
    """Of Python and of the packages that answers depend on; a package that is not there is left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Scalar]:
    """What times depend on, without anything that names the machine."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory GB": round(psutil.virtual_memory().total / 1e9),
    }


def today() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest(weights: Weights) -> str:
    """Eight hexadecimal digits that change with the weights of the judgement."""
    return f"{crc32(weights.to_json().encode()):08x}"


def scalars(*records: Any) -> dict[str, Scalar]:
    """The plain values among the fields of some settings; tuples of words as one text."""
    found: dict[str, Scalar] = {}
    for record in records:
        for field in fields(record):
            value = getattr(record, field.name)
            if isinstance(value, tuple):
                found[field.name] = ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
            elif value is None or isinstance(value, str | int | float | bool):
                found[field.name] = value
    return found
