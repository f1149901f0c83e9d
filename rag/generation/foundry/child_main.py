"""The child's side: Foundry Local's runtime with requests on stdin, replies on stdout, chats over its web service.

`launcher` starts it as `python -m rag.generation.foundry.child_main`. It ends with the app, however that ends: stdin
closes, or the app's process is gone while somebody else holds the pipe open. Native calls block for seconds, so each
request has a thread, and the main thread does nothing but read.
"""

import argparse
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from typing import BinaryIO

import foundry_local_sdk
from foundry_local_sdk import Configuration, FoundryLocalManager, IModel

from rag.generation.foundry.child_process import in_background, private_stdout, watch_parent
from rag.generation.foundry.protocol import (
    CATALOGUE_SILENT,
    Cancel,
    Describe,
    Done,
    DownloadModel,
    DownloadProgress,
    Failed,
    Fault,
    Load,
    ModelInfo,
    ModelRequest,
    ModelsReply,
    ProtocolError,
    Ready,
    Reply,
    Shutdown,
    Variants,
    decode_request,
    encode,
)

APP_NAME = "groundwork"
_PROGRESS_STEP = 0.001
"""Of a download of 12 GB, 12 MB: often enough to see it move."""


class Refused(Exception):
    """A request that is not passed on to the runtime."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault: Fault = fault


class Service:
    """Serves the app's requests concurrently.

    Args:
        open_manager: opens the runtime; it may take seconds.
        replies: the stream that replies are written to.
        catalogue_timeout_s: seconds that the catalogue's server may take for the first list of models.
    """

    def __init__(
        self, open_manager: Callable[[], FoundryLocalManager], replies: BinaryIO, catalogue_timeout_s: float
    ) -> None:
        self._open_manager = open_manager
        self._replies = replies
        self._catalogue_timeout_s = catalogue_timeout_s
        self._writing = threading.Lock()
        self._cancelled: dict[int, threading.Event] = {}

    def run(self, requests: BinaryIO) -> None:
        """Serves requests until stdin ends; then the app is gone, and this process ends."""
        in_background(self._open)
        for line in requests:
            self._dispatch(line)
        os._exit(0)

    def _open(self) -> None:
        try:
            self._manager = self._open_manager()
            self._manager.start_web_service()
        except Exception as error:  # noqa: BLE001 - whatever stops the start, the app must know it
            traceback.print_exc()
            self._send(Failed(None, "failed", _message(error)))
            os._exit(1)
        listing = in_background(self._manager.catalog.list_models)
        listing.join(self._catalogue_timeout_s)
        if listing.is_alive():
            os._exit(CATALOGUE_SILENT)  # a native call that waits for its network cannot be called back
        self._send(Ready((self._manager.urls or [""])[0], foundry_local_sdk.__version__))

    def _dispatch(self, line: bytes) -> None:
        try:
            request = decode_request(line)
        except ProtocolError as error:
            self._send(Failed(None, "failed", str(error)))
            return
        match request:
            case Shutdown():
                os._exit(0)
            case Cancel(id=job):
                if cancelled := self._cancelled.get(job):
                    cancelled.set()
            case _:
                self._cancelled[request.id] = threading.Event()
                in_background(self._serve, request)

    def _serve(self, job: ModelRequest) -> None:
        try:
            self._send(self._reply(job))
        except Refused as refused:
            self._send(Failed(job.id, refused.fault, str(refused)))
        except Exception as error:  # noqa: BLE001 - the app would wait for ever for a request without a reply
            traceback.print_exc()
            self._send(Failed(job.id, "cancelled" if self._cancelled[job.id].is_set() else "failed", _message(error)))
        finally:
            del self._cancelled[job.id]

    def _reply(self, job: ModelRequest) -> ModelsReply | Done:
        match job:
            case Describe():
                return ModelsReply(job.id, (describe(self._find(job.alias)),))
            case Variants():
                return ModelsReply(job.id, tuple(describe(variant) for variant in self._find(job.alias).variants))
            case Load():
                return ModelsReply(job.id, (describe(self._load(job.alias)),))
            case DownloadModel():
                self._download(job)
        return Done(job.id)

    def _find(self, alias: str) -> IModel:
        """The model of that alias, or the variant of that id, in whatever case."""
        wanted, models = alias.casefold(), self._manager.catalog.list_models()
        for model in models:
            if model.alias.casefold() == wanted:
                return model
        for variant in (variant for model in models for variant in model.variants):
            if variant.id.casefold() == wanted:
                return variant
        raise Refused("not_found", f"{len(models)} models in the catalogue, none is {alias}")

    def _load(self, alias: str) -> IModel:
        model = self._find(alias)
        if not model.is_cached:
            raise Refused("not_on_disk", model.id)
        model.load()
        return model

    def _download(self, job: DownloadModel) -> None:
        reported = 0.0

        def on_progress(percent: float) -> None:
            nonlocal reported
            share = min(max(percent / 100, 0.0), 1.0)
            if share - reported >= _PROGRESS_STEP:
                reported = share
                self._send(DownloadProgress(job.id, share))

        self._find(job.alias).download(on_progress, self._cancelled[job.id])

    def _send(self, reply: Reply) -> None:
        with self._writing:
            try:
                self._replies.write(encode(reply))
                self._replies.flush()
            except OSError:
                os._exit(0)  # the app is gone


def describe(model: IModel) -> ModelInfo:
    """What the catalogue and the disk say about a model."""
    info, cached = model.info, model.is_cached
    return ModelInfo(
        alias=info.alias,
        id=info.id,
        cached=cached,
        loaded=model.is_loaded,
        size_mb=_megabytes(Path(model.get_path())) if info.file_size_mb is None and cached else info.file_size_mb,
        context_length=info.context_length,
        device=str(info.runtime.device_type or "") if info.runtime else "",
    )


def open_manager(cache_dir: Path, app_data_dir: Path | None, *, catalogue_url: str | None) -> FoundryLocalManager:
    """The runtime over the models in `cache_dir`; telemetry off as far as its makers allow."""
    FoundryLocalManager.initialize(
        Configuration(
            app_name=APP_NAME,
            model_cache_dir=str(cache_dir),
            app_data_dir=str(app_data_dir) if app_data_dir else None,
            catalog_urls=[(catalogue_url, None)] if catalogue_url else None,
            disable_nonessential_telemetry=True,
        )
    )
    assert FoundryLocalManager.instance
    return FoundryLocalManager.instance


class _NoCatalogue(BaseHTTPRequestHandler):
    """Has no catalogue: after a plain 404 the runtime takes its copy on the disk at once, after silence in minutes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _serve_no_catalogue() -> str:
    """The address of a catalogue server on this computer that has none."""
    server = TCPServer(("127.0.0.1", 0), _NoCatalogue)
    in_background(server.serve_forever)
    return f"http://127.0.0.1:{server.server_address[1]}/asset-gallery/v1.0/models"


def _message(error: Exception) -> str:
    """Its text, also when a file name in it is no Unicode."""
    return str(error).encode(errors="replace").decode()


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    """The process; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m rag.generation.foundry.child_main", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the app that it ends with")
    parser.add_argument("--cache-dir", type=Path, required=True, help="where the model files lie")
    parser.add_argument("--app-data-dir", type=Path, help="where the runtime writes its logs")
    parser.add_argument("--catalogue", choices=("online", "disk"), default="online", help="where models are listed")
    parser.add_argument(
        "--catalogue-timeout", type=float, default=15.0, help="seconds for the first answer of the catalogue's server"
    )
    options = parser.parse_args()

    replies = private_stdout()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches both; the app decides
    watch_parent(options.parent)
    catalogue_url = _serve_no_catalogue() if options.catalogue == "disk" else None

    def opened() -> FoundryLocalManager:
        return open_manager(options.cache_dir, options.app_data_dir, catalogue_url=catalogue_url)

    Service(opened, replies, options.catalogue_timeout).run(sys.stdin.buffer)


if __name__ == "__main__":
    main()
