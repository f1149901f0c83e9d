"""The library of the documents that ship, read and measured once a run, so that each app finds it on its disk."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from filelock import FileLock

from rag.ingestion.cleaning import clean_markdown
from rag.retrieval.memory_index import MemoryIndex
from tests import REPOSITORY

DOCUMENTS = REPOSITORY / "docs_corpus"
_PLACE = "GROUNDWORK_TESTS_LIBRARY"
_READ = """
import asyncio
from rag.services import Services
from rag.settings import Settings

async def main():
    services = Services(Settings(_env_file=None, library_dirs=({documents!r},), data_dir={data!r}, runtime="off"))
    await services.library_manager.ready()
    await services.measure_gate()
    await services.close()

asyncio.run(main())
"""

if _PLACE not in os.environ:  # in the process that starts the others
    os.environ[_PLACE] = tempfile.mkdtemp(prefix="groundwork-library-")
    atexit.register(shutil.rmtree, os.environ[_PLACE], ignore_errors=True)


@cache
def shipped_index() -> MemoryIndex:
    """The documents that ship, in memory; made once in each process of the tests, none of which may change it."""
    index = MemoryIndex()
    for page in sorted(DOCUMENTS.glob("*.md")):
        index.add_text(page.name, clean_markdown(page.read_text(encoding="utf-8")))
    return index


def copy_shipped_library(data_dir: Path) -> None:
    """Puts the index, the manifest and the gate's threshold into a data folder that nothing has used yet."""
    place = Path(os.environ[_PLACE])
    with FileLock(place / "lock"):
        if not (place / "data").exists():
            code = _READ.format(documents=str(DOCUMENTS), data=str(place / "reading"))
            subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
            (place / "reading").rename(place / "data")
    shutil.copytree(place / "data", data_dir, dirs_exist_ok=True)
