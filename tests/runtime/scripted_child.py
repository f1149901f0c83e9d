"""The real child process over a made-up runtime: one model, whose download takes 0.6 s, and another that fails.

What is downloaded is a file in the cache folder, so that a later child finds it. Two more files there script it:
`size_mb` holds the models' size, and while `silent` is there the catalogue's server does not answer.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from rag.generation.foundry.child_main import Service
from rag.generation.foundry.child_process import private_stdout
from rag.generation.foundry.launcher import NOWHERE
from rag.generation.foundry.protocol import CATALOGUE_SILENT

STEPS = 30
STEP_S = 0.02


class Model:
    def __init__(self, alias: str, cache: Path, breaks_at: float = 200.0) -> None:
        self.alias, self.id, self.variants = alias, f"{alias}-generic-cpu:1", [self]
        self._file, self._breaks_at = cache / alias, breaks_at
        self.is_loaded = False
        self._size = cache / "size_mb"

    @property
    def info(self) -> SimpleNamespace:
        size_mb = float(self._size.read_text()) if self._size.exists() else 10
        return SimpleNamespace(alias=self.alias, id=self.id, file_size_mb=size_mb, context_length=4096, runtime=None)

    @property
    def is_cached(self) -> bool:
        return self._file.exists()

    def get_path(self) -> str:
        return ""

    def download(self, progress: Callable[[float], None], cancelled: threading.Event) -> None:
        if os.environ.get("https_proxy") == NOWHERE:
            raise RuntimeError("could not connect to 127.0.0.1:9")
        for step in range(STEPS + 1):
            progress(100 * step / STEPS)
            if cancelled.wait(STEP_S):
                raise RuntimeError("download cancelled by user progress callback")
            if step / STEPS > self._breaks_at:
                raise RuntimeError("region_fallback.cc:211 transport failure")
        self._file.touch()


class Manager:
    def __init__(self, cache: Path) -> None:
        self.urls = ["http://127.0.0.1:9"]
        models = [Model("downloads", cache), Model("breaks", cache, breaks_at=0.2)]
        self.catalog = SimpleNamespace(list_models=lambda: models)

    def start_web_service(self) -> None:
        print("[info] the native runtime talks on stdout, too")


if __name__ == "__main__":
    cache_dir = Path(sys.argv[sys.argv.index("--cache-dir") + 1])
    if (cache_dir / "silent").exists() and "online" in sys.argv:
        os._exit(CATALOGUE_SILENT)
    Service(lambda: Manager(cache_dir), private_stdout(), 5.0).run(sys.stdin.buffer)  # type: ignore[arg-type]
