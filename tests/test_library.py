"""A folder to documents: what is read, what is left out, and why something failed."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.documents.library import DocumentFailure, read_folder
from rag.documents.reading import ReadDocument, Reader
from rag.errors import StorageError
from tests import make_files as make


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(workers=2, timeout_s=30, max_bytes=1_000_000, max_pages=50, max_chars=100_000)
    yield reader
    asyncio.run(reader.close())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def put(path: Path, content: bytes = b"Some text.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def everything(folder: Path, reader: Reader) -> list[ReadDocument | DocumentFailure]:
    return [found async for found in read_folder(folder, reader)]


async def names(folder: Path, reader: Reader) -> list[str]:
    return [
        found.name if isinstance(found, DocumentFailure) else found.document.name
        for found in await everything(folder, reader)
    ]


async def test_every_file_comes_with_its_path_in_order(folder: Path, reader: Reader) -> None:
    for name in ("b.txt", "guides/z.md", "guides/deep/a.md", "a.txt", "Übersicht.txt"):
        put(folder / name)
    assert await names(folder, reader) == ["a.txt", "b.txt", "guides/deep/a.md", "guides/z.md", "Übersicht.txt"]


async def test_documents_belong_to_the_library(folder: Path, reader: Reader) -> None:
    put(folder / "guides/start.pdf", make.pdf([["Page one."], ["Page two."]]))
    (found,) = await everything(folder, reader)
    assert isinstance(found, ReadDocument)
    assert found.document.id == "library:guides/start.pdf"
    assert [passage.page for passage in found.passages] == [1, 2]


async def test_a_bad_file_is_named_with_its_reason_and_the_others_go_on(folder: Path, reader: Reader) -> None:
    put(folder / "a.txt")
    put(folder / "sub/bad.pdf", b"%PDF-1.4 cut off")
    put(folder / "z.txt")
    first, bad, last = await everything(folder, reader)
    assert isinstance(first, ReadDocument)
    assert isinstance(last, ReadDocument)
    assert isinstance(bad, DocumentFailure)
    assert bad.name == "sub/bad.pdf"
    assert bad.reason.startswith("bad.pdf could not be read")


async def test_hidden_and_half_written_files_are_left_out(folder: Path, reader: Reader) -> None:
    for name in (".hidden.txt", ".git/config.txt", "sub/.cache/x.txt", "~$open.docx", "shown.txt"):
        put(folder / name)
    assert await names(folder, reader) == ["shown.txt"]


async def test_a_link_out_of_the_folder_is_not_followed(folder: Path, reader: Reader) -> None:
    put(folder.parent / "private/secret.txt")
    put(folder / "real.txt")
    (folder / "file-out.txt").symlink_to(folder.parent / "private/secret.txt")
    (folder / "folder-out").symlink_to(folder.parent / "private", target_is_directory=True)
    (folder / "inside.txt").symlink_to(folder / "real.txt")
    (folder / "nowhere.txt").symlink_to(folder / "nowhere.txt")
    assert await names(folder, reader) == ["inside.txt", "real.txt"]


async def test_a_library_behind_a_link_is_read(folder: Path, reader: Reader) -> None:
    put(folder / "a.txt")
    link = folder.parent / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert await names(link, reader) == ["a.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_odd_file_names_become_readable(folder: Path, reader: Reader) -> None:
    put(folder / os.fsdecode(b"caf\xe9.txt"))
    put(folder / "two\nlines.txt")
    assert await names(folder, reader) == ["caf\ufffd.txt", "twolines.txt"]


async def test_a_missing_folder_says_so(folder: Path, reader: Reader) -> None:
    with pytest.raises(StorageError, match=r"The folder .*nowhere cannot be opened"):
        await everything(folder / "nowhere", reader)


async def test_an_empty_folder_gives_nothing(folder: Path, reader: Reader) -> None:
    assert await everything(folder, reader) == []


async def test_the_first_document_comes_before_the_last_is_read(folder: Path, reader: Reader) -> None:
    for number in range(30):
        put(folder / f"{number:02}.txt")
    found = read_folder(folder, reader)
    await anext(found)
    (folder / "29.txt").unlink()
    (*_, last) = [document async for document in found]
    assert isinstance(last, DocumentFailure)
    assert last.reason.startswith("29.txt cannot be opened")


async def test_stopping_half_way_leaves_nothing_behind(folder: Path, reader: Reader) -> None:
    for number in range(10):
        put(folder / f"{number}.txt")
    found = read_folder(folder, reader)
    await anext(found)
    await found.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(await names(folder, reader)) == 10
