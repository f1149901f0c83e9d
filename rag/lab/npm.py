"""npm, asked for the tarballs of packages and for nothing else: no script of a package ever runs."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psutil

from rag.errors import PackageError, StorageError

OFFLINE = "or use rag lab install --from FOLDER"
_OPTIONS = (
    *("--ignore-scripts", "--json", "--loglevel=error", "--no-update-notifier", "--no-audit", "--no-fund"),
    *("--fetch-retries=1", "--fetch-retry-mintimeout=1000"),
)
_UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN\w*|E\w*TIMEDOUT|ERR_SOCKET_TIMEOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENETDOWN"
    r"|FETCH_ERROR|ERR_SSL\w*|\w*CERT\w*|\w*SIGNATURE\w*"
)
_REFUSED = re.compile(r"E4\d\d|E5\d\d|ETARGET|ENOVERSIONS|ENEEDAUTH")
_FULL = ("ENOSPC", "EDQUOT")
_ADDRESS = re.compile(
    r"\b[a-z][a-z+]*://\S*|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[[0-9a-f:]+\](?::\d+)?|::1(?::\d+)?"
    r"|(?<![@\w/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\b",
    re.IGNORECASE,
)
_ERROR_LINE = re.compile(r"npm (?:error|ERR!) ?(?P<text>.*)")
_NO_COMPLAINT = re.compile(r"^(?:code|syscall|errno|path)\b|^\s|^A complete log|^$")
_SHOWN = 160
_LETTING_GO_S = 2.0
"""For processes that were killed, to be gone and let go of their files."""


def pack(specs: Sequence[str], folder: Path, limit_s: float) -> None:
    """Fetches the tarballs of packages, each a `name@version`, into the folder, where npm also keeps its cache.

    Raises:
        PackageError: npm is not there, takes longer than the limit, or fails; with what it says itself.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PackageError(
            f"npm is not installed, which fetches the browser runtime. Install Node.js 20 or newer, {OFFLINE}."
        )
    command = [npm, "pack", *specs, f"--cache={folder / 'cache'}", *_OPTIONS]
    try:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise PackageError(f"npm cannot be started ({error.strerror}). Install Node.js again, {OFFLINE}.") from error
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise PackageError(
            f"npm did not end within {limit_s / 60:.0f} minutes. Check the connection and try again, {OFFLINE}."
        ) from None
    finally:
        _end(process)
    if process.returncode:
        raise _failure(out.decode(errors="replace"), err.decode(errors="replace"))
    if len(list(folder.glob("*.tgz"))) < len(specs):
        raise PackageError(f"npm ended well, but without all packages. Run npm doctor to find out why, {OFFLINE}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends npm with all that it started, if it still runs."""
    if process.poll() is None:
        with suppress(psutil.Error):
            children = psutil.Process(process.pid).children(recursive=True)
            for child in children:
                with suppress(psutil.Error):
                    child.kill()
            psutil.wait_procs(children, timeout=_LETTING_GO_S)
        process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _failure(out: str, err: str) -> PackageError | StorageError:
    code, complaint = _complaint(out, err)
    says = f" (npm says: {complaint})" if complaint else ""
    if code in _FULL:
        return StorageError("The disk is full. Free some space, and run rag lab install again.")
    if _UNREACHABLE.fullmatch(code):
        return PackageError(
            f"npm cannot reach its registry{says}. Check the connection and npm's proxy setting, {OFFLINE}."
        )
    if _REFUSED.fullmatch(code):
        return PackageError(
            f"npm's registry does not give out the browser runtime{says}. Check npm's registry setting, {OFFLINE}."
        )
    return PackageError(f"npm could not fetch the browser runtime{says}. Run npm doctor to find out why, {OFFLINE}.")


def _complaint(out: str, err: str) -> tuple[str, str]:
    """npm's own code, such as "ENOTFOUND", and its sentence, shortened and without addresses; "" for what it lacks."""
    lines = [match["text"] for match in map(_ERROR_LINE.match, err.splitlines()) if match]
    code = next((line.removeprefix("code ").strip() for line in lines if line.startswith("code ")), "")
    text = next((line for line in lines if not _NO_COMPLAINT.search(line)), "")
    told = _json_error(out)
    code, text = str(told.get("code") or code), str(told.get("summary") or text)
    text = " ".join(_ADDRESS.sub("…", text).split()).rstrip(".")
    return code, text if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()}…"


def _json_error(out: str) -> Mapping[str, Any]:
    try:
        read = json.loads(out)
    except (ValueError, RecursionError):
        return {}
    error = cast("dict[str, Any]", read).get("error") if isinstance(read, dict) else None
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}
