"""The npm registry that this machine is configured for: its address, and single tarballs from it."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from rag.errors import PackageError

OFFLINE = "or use rag lab install --from FOLDER"
_TIMEOUTS = httpx2.Timeout(30.0, connect=10.0)
_NPM_TIMEOUT_S = 30.0
_SETTING = re.compile(r"\s*registry\s*=\s*(?P<value>.*?)\s*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_CHUNK_BYTES = 100_000
_REASON_MAX_CHARS = 160


def registry_address() -> str:
    """The address of the registry, without a slash at its end; it may have credentials in it.

    The first of these that has one: NPM_CONFIG_REGISTRY, `.npmrc` in the working directory, `~/.npmrc`, npm itself.

    Raises:
        PackageError: nothing has one, or it is no web address.
    """
    project, user = Path(".npmrc"), Path(os.path.expanduser("~"), ".npmrc")
    found = _from_environment() or _from_rc_file(project) or _from_rc_file(user) or _from_npm()
    if not found:
        raise PackageError(
            "No npm registry is configured here. Set NPM_CONFIG_REGISTRY to the address of npm's public registry or of "
            f"your own mirror, {OFFLINE}."
        )
    if not found.startswith(("http://", "https://")):
        raise PackageError(
            f"The npm registry has to be a web address. Correct NPM_CONFIG_REGISTRY or .npmrc, {OFFLINE}."
        )
    return found.rstrip("/")


def fetch_tarball(
    registry: str,
    package: str,
    version: str,
    target: Path,
    *,
    max_bytes: int,
    limit_s: float,
    on_progress: Callable[[int], None],
) -> None:
    """Writes the tarball of one version of a package to `target`; no script of the package runs.

    Proxies and certificates are those of the environment. `on_progress` gets the bytes that have come since the last
    call.

    Raises:
        PackageError: the registry cannot be reached, refuses, sends more than `max_bytes`, or takes over `limit_s`.
        OSError: the target cannot be written.
    """
    url = f"{registry}/{package}/-/{package.rpartition('/')[2]}-{version}.tgz"
    deadline, received = time.monotonic() + limit_s, 0
    with _explained(registry, f"{package} {version}"), _stream(url) as response, target.open("wb") as file:
        for chunk in response.iter_raw(_CHUNK_BYTES):
            received += len(chunk)
            if received > max_bytes:
                raise PackageError(f"The npm registry sends far more than {package} {version} has. Check its address.")
            if time.monotonic() > deadline:
                raise TimeoutError
            file.write(chunk)
            on_progress(len(chunk))


@contextmanager
def _stream(url: str) -> Generator[httpx2.Response]:
    """The response with its body still to come, and never compressed on top."""
    headers = {"Accept-Encoding": "identity"}
    with (
        httpx2.Client(timeout=_TIMEOUTS, follow_redirects=True) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        response.raise_for_status()
        yield response


@contextmanager
def _explained(registry: str, package: str) -> Generator[None]:
    """Turns what goes wrong with a request into a sentence, without the registry's credentials."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise PackageError(
            f"The npm registry at {_shown(registry)} takes too long. Check the connection and try again, {OFFLINE}."
        ) from error
    except httpx2.HTTPStatusError as error:
        raise PackageError(
            f"The npm registry at {_shown(registry)} does not give out {package}: it answers "
            f"{error.response.status_code}. Check NPM_CONFIG_REGISTRY or .npmrc, {OFFLINE}."
        ) from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise PackageError(
            f"The connection to the npm registry at {_shown(registry)} failed{_reason(error)}. Check its address, the "
            f"connection and the proxy settings, {OFFLINE}."
        ) from error


def _shown(registry: str) -> str:
    """The address without credentials."""
    return re.sub(r"//[^/]*@", "//", registry)


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split())[:_REASON_MAX_CHARS].rstrip(".")
    return f" ({words})" if words else ""


def _from_environment() -> str:
    """npm takes its variables in whatever case."""
    return next((value for name, value in os.environ.items() if name.lower() == "npm_config_registry" and value), "")


def _from_rc_file(path: Path) -> str:
    """The last `registry=` of an .npmrc, with the variables in it; "" without one, or without the file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    settings = list(filter(None, map(_SETTING.fullmatch, lines)))
    value = str(settings[-1]["value"]).strip("\"'") if settings else ""
    return _VARIABLE.sub(_from_variable, value)


def _from_variable(variable: re.Match[str]) -> str:
    return os.environ.get(str(variable[1]), str(variable[0]))


def _from_npm() -> str:
    """What npm says, where it is installed; it knows the public registry by itself."""
    npm = shutil.which("npm")
    if npm is None:
        return ""
    command = [npm, "config", "get", "registry"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_NPM_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.split()
    return lines[-1] if lines and done.returncode == 0 else ""
