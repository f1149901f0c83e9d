"""What happens in a folder, as it happens. Only this module knows watchfiles."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from watchfiles import Change, watch

_log = logging.getLogger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # else it logs that something changed, not what

_STEP_MS, _DEBOUNCE_MS = 100, 400
"""Events are reported when there is silence for the first, and after the second at the latest."""
_TICK_S = 1.0
"""How often the folder itself is looked at: whether it is there, and still the same one."""
_RETRY_S = 60.0
"""After watching failed, as it does where the system's watches are used up."""
_WITHOUT_EVENTS = {
    *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs", "afs", "9p", "ceph"),
    *("drvfs", "vboxsf", "prl_fs", "vmhgfs", "osxfs", "grpcfuse", "virtiofs", "sshfs", "rclone", "s3fs", "glusterfs"),
}
"""File systems that others write to behind this machine's back."""


_Identity = tuple[int, int]
"""The device and the inode of a folder."""


class FolderWatch:
    """Reports which paths in a folder were touched; used as `async with FolderWatch(folder) as watch`.

    It outlives the folder: one that goes and comes back, or is replaced by another, is watched again.
    """

    def __init__(self, folder: Path) -> None:
        self.events = False
        """Whether the system reports changes at the moment; where it does not, the folder must be scanned."""
        self._folder = folder
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._everything = False
        self._reported = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    async def touched(self, timeout_s: float) -> frozenset[str] | None:
        """Paths in the folder, with "/", to which something happened; None when it may be anything.

        Waits `timeout_s` for the first; an empty set when nothing happened.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._reported.wait()
        self._reported.clear()
        with self._lock:
            paths, everything = frozenset(self._paths), self._everything
            self._paths.clear()
            self._everything = False
        return None if everything else paths

    def _run(self) -> None:
        before = None
        while not self._stop.is_set():
            if (identity := _identity(self._folder)) != before:
                self._report(None)
            if identity:
                self._watch_one(identity)
            before = identity
            self._stop.wait(_TICK_S)

    def _watch_one(self, identity: _Identity) -> None:
        """Reports what happens until the folder is another one, or watching it fails."""
        folder = self._folder.resolve()
        if has_events(folder):
            try:
                self._report_events(folder, identity)
                return
            except (OSError, RuntimeError) as error:  # too many folders for the system, or this one has just gone
                _log.info("%s is looked through from time to time, because watching it failed: %s", folder, error)
            finally:
                self.events = False
            self._report(None)
        until = time.monotonic() + _RETRY_S
        while time.monotonic() < until and _identity(self._folder) == identity:
            if self._stop.wait(_TICK_S):
                return

    def _report_events(self, folder: Path, identity: _Identity) -> None:
        for changes in watch(
            folder,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=self._stop,
            rust_timeout=int(_TICK_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,
            ignore_permission_denied=True,
        ):
            if not self.events:
                self.events = True
                self._report(None)  # what happened before it could be seen
            if _identity(self._folder) != identity:
                return
            self._report(_touched(folder, changes))

    def _report(self, paths: Iterable[str] | None) -> None:
        with self._lock:
            self._paths.update(paths or ())
            self._everything |= paths is None
            if not self._paths and not self._everything:
                return
        with suppress(RuntimeError):  # the event loop has been closed
            self._loop.call_soon_threadsafe(self._reported.set)


def has_events(folder: Path) -> bool:
    """Whether the system reports all changes in this folder: not on a network drive, where others write."""
    if str(folder).startswith("\\\\"):
        return False
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    here = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    return not here or (here.fstype.lower().removeprefix("fuse.") not in _WITHOUT_EVENTS and "remote" not in here.opts)


def _identity(folder: Path) -> _Identity | None:
    """What distinguishes a folder from another one at its path; None when there is none."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _touched(folder: Path, changes: Iterable[tuple[Change, str]]) -> list[str]:
    return [
        Path(path).relative_to(folder).as_posix()
        for change, path in changes
        if Path(path) != folder
        and not (change is Change.modified and os.path.isdir(path))  # its files are reported too
    ]
