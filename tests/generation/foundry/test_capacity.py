"""Whether a model fits this computer."""

from pathlib import Path

import psutil
import pytest

from rag.errors import ModelNotReady, StorageError
from rag.generation.foundry.capacity import check_disk, check_memory, gigabytes
from rag.generation.foundry.protocol import ModelInfo


def model(size_mb: float | None) -> ModelInfo:
    return ModelInfo("big", "big-cpu:1", cached=False, loaded=False, size_mb=size_mb)


@pytest.mark.parametrize("size_mb", [None, 0.1])
def test_what_fits_or_has_no_known_size_passes(size_mb: float | None, tmp_path: Path) -> None:
    check_memory(model(size_mb))
    check_disk(model(size_mb), tmp_path / "not" / "there" / "yet")


def test_too_little_memory_is_told_with_both_numbers() -> None:
    with pytest.raises(
        ModelNotReady, match=r"^big needs about 12,000,000\.0 GB of memory, and \d+\.\d GB are free\."
    ) as caught:
        check_memory(model(1e10))
    assert (caught.value.model, caught.value.limit) == (
        "big",
        pytest.approx(psutil.virtual_memory().available / 1e6, rel=0.5),
    )


def test_too_small_a_disk_is_told_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^big takes 10,000,000\.0 GB on the disk, and [\d,]+\.\d GB are free\."):
        check_disk(model(1e10), tmp_path)


def test_sizes_read_as_people_write_them() -> None:
    assert gigabytes(3400) == "3.4 GB"
