"""A process that is killed at any moment of its work: what it committed is there, and nothing is there twice."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.library.library import Library
from tests.library_parts import CountingReader, held, library_of, put, states

FILES = 300
KILLS = 5

SYNC = """
import asyncio, sys
from pathlib import Path
from rag.library import sync as syncing
from tests.library_parts import CountingReader, library_of

syncing._BATCH_S = 0.05  # many commits, so that many kills meet one

async def main():
    reader = CountingReader(workers=1)
    async with library_of(Path(sys.argv[1]), Path(sys.argv[2]), reader) as library:
        library.on_progress = lambda progress: progress and progress.documents_done and print("reads", flush=True)
        await library.sync()
        print("ends", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@contextmanager
def syncing(folder: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that brings the library in sync, and has read the first file; killed at the end."""
    command = [sys.executable, "-c", SYNC, str(folder), str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "reads\n"
            yield process
        finally:
            process.kill()


def indexed(library: Library) -> list[str]:
    return [name for name, state in states(library).items() if state == "indexed"]


async def test_killed_again_and_again(tmp_path: Path) -> None:
    folder, data, chance = tmp_path / "documents", tmp_path / "data", random.Random(7)
    for number in range(FILES):
        put(folder / f"{number % 5}/{number}.txt", f"File {number}.")
    there, deleted = set[str](), set[str]()
    for kill in range(KILLS):
        with syncing(folder, data) as process:
            await asyncio.sleep(chance.uniform(0, 0.9))
            process.kill()
            assert process.wait() != 0
        async with library_of(folder, data, CountingReader()) as library:
            found = held(library)
            assert len(found) == len(set(found)), "a file is there twice"
            assert set(indexed(library)) - deleted <= set(found), "the manifest tells of a document that is not there"
            assert set(found) <= set(states(library)), "nobody knows of a document that is there"
            assert there <= set(found), "what was committed is lost"
        deleted.add(f"0/{kill * 5}.txt")
        there = set(found) - deleted
        (folder / f"0/{kill * 5}.txt").unlink()
        put(folder / f"1/{kill * 5 + 1}.txt", f"Changed {kill}.")
    assert there

    reader = CountingReader()
    async with library_of(folder, data, reader) as library:
        before = set(indexed(library))
        await library.sync()
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.txt"))
        assert held(library) == names
        assert states(library) == dict.fromkeys(names, "indexed")
        changed = {f"1/{kill * 5 + 1}.txt" for kill in range(KILLS)}
        assert not set(reader.asked) & (before - changed), "what was committed is read again"
    await reader.close()


async def test_the_task_goes_over_when_its_process_dies(tmp_path: Path) -> None:
    folder, data = tmp_path / "documents", tmp_path / "data"
    put(folder / "a.txt")
    async with library_of(folder, data, CountingReader()) as library:
        with syncing(folder, data) as process:
            assert process.stdout
            assert await asyncio.to_thread(process.stdout.readline) == "ends\n"
            assert not await library.acquire()
            library.index.refresh()
            assert held(library) == ["a.txt"]
            process.kill()
            process.wait()
            assert await library.acquire()
