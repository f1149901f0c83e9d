"""Whether a model fits the memory and the disk of this computer."""

from pathlib import Path

import psutil

from rag.errors import ModelNotReady, StorageError
from rag.generation.foundry.protocol import ModelInfo
from rag.machine import format_bytes

_MEMORY_FACTOR = 1.2
"""A loaded model takes the size of its files, and a fifth more for key/value cache and work space."""


def check_memory(model: ModelInfo) -> None:
    """Returns when there is memory to load the model, or its size is unknown.

    Raises:
        ModelNotReady: there is not enough.
    """
    needed_mb = (model.size_mb or 0) * _MEMORY_FACTOR
    free_mb = psutil.virtual_memory().available / 1e6
    if needed_mb > free_mb:
        raise ModelNotReady(
            f"{model.alias} needs about {gigabytes(needed_mb)} of memory, and {gigabytes(free_mb)} are free. "
            "Close other programs, or choose a smaller model in the settings.",
            model=model.alias,
            limit=round(free_mb),
        )


def check_disk(model: ModelInfo, folder: Path) -> None:
    """Returns when the model's files fit on the folder's disk, or their size is unknown.

    Raises:
        StorageError: they do not.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free_mb = psutil.disk_usage(str(existing)).free / 1e6
    if (model.size_mb or 0) > free_mb:
        raise StorageError(
            f"{model.alias} takes {gigabytes(model.size_mb or 0)} on the disk, and {gigabytes(free_mb)} are free. "
            "Make room, or set MODEL_CACHE_DIR to a folder on a larger disk."
        )


def gigabytes(megabytes: float) -> str:
    """The size as people read it: "3.4 GB"."""
    return format_bytes(megabytes * 1e6)
