"""Starts the Foundry Local child: its command, its environment, and the wait until it is ready."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.generation.foundry.child import Child, ChildEnded
from rag.generation.foundry.protocol import CATALOGUE_SILENT, Catalogue

COMMAND = (sys.executable, "-P", "-m", "rag.generation.foundry.child_main")
"""-P: nothing is imported from the working directory, where uploads may lie."""

NOWHERE = "http://127.0.0.1:9"
"""Port 9 is "discard" (RFC 863); nobody listens there."""


class CatalogueSilent(ChildEnded):
    """The catalogue's server did not answer within the time-out."""


@dataclass(frozen=True)
class Launcher:
    """The settings that all children of an app are started with."""

    cache_dir: Path
    """Where the model files lie."""
    app_data_dir: Path | None = None
    """Where the runtime writes its own logs; None for `~/.groundwork`."""
    log_file: Path | None = None
    """What the child prints is appended to it; None drops it."""
    catalogue_timeout_s: float = 15.0
    """For the first answer of the catalogue's server."""
    timeout_s: float = 60.0
    """For the whole start."""
    command: Sequence[str] = COMMAND

    async def launch(self, catalogue: Catalogue) -> Child:
        """A child that takes requests.

        Raises:
            CatalogueSilent: the catalogue's server does not answer; "disk" does without it.
            ChildEnded, RequestFailed, TimeoutError, OSError: it does not start.
        """
        child = await Child.spawn(self._command(catalogue), _environment(catalogue), self.log_file)
        try:
            async with asyncio.timeout(self.timeout_s):
                await child.ready()
        except BaseException:
            await child.end()
            if child.exit_code == CATALOGUE_SILENT:
                raise CatalogueSilent from None
            raise
        return child

    def _command(self, catalogue: Catalogue) -> list[str]:
        return [
            *self.command,
            *("--parent", str(os.getpid())),
            *("--cache-dir", str(self.cache_dir)),
            *(("--app-data-dir", str(self.app_data_dir)) if self.app_data_dir else ()),
            *("--catalogue", catalogue),
            *("--catalogue-timeout", str(self.catalogue_timeout_s)),
        ]


def _environment(catalogue: Catalogue) -> dict[str, str]:
    """The app's, with this package within reach and ONNX Runtime's telemetry off, which the SDK's switch leaves on.

    With "disk" there is no way out either: the runtime honours proxies, and the one that it gets is not there. Both
    switches leave attempts to reach Microsoft's telemetry host, which then end on this computer.
    """
    paths = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "ORT_DISABLE_TELEMETRY": "1"}
    if catalogue == "disk":
        own |= dict.fromkeys(
            ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), NOWHERE
        )
        own |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost,::1")
    return {**os.environ, **own}
