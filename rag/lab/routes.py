"""The lab as a web app: its page, the files that browsers load, and the proxy to the server's models."""

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from rag.lab.proxy import Proxy
from rag.lab.setup import Setup

_REVALIDATED = {"Cache-Control": "no-cache"}
_FIXED = {"Cache-Control": "private, max-age=31536000, immutable"}
_NOT_STORED = {"Cache-Control": "no-store"}
"""Weights and WebAssembly are stored by the page itself, in the Cache API, where it can count and delete them."""
_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
}
"""Fixed here, because the registry of a Windows machine may have JavaScript as plain text."""


def lab_app(setup: Setup, proxy: Proxy) -> Starlette:
    """All that lies below `/lab/`."""

    async def described(_request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(setup.described), headers=_REVALIDATED)

    async def runtime_file(request: Request) -> Response:
        parts = request.path_params
        path = await asyncio.to_thread(setup.runtime_file, parts["version"], parts["name"])
        return _file(path, _NOT_STORED if parts["name"].endswith(".wasm") else _FIXED)

    async def model_file(request: Request) -> Response:
        parts = request.path_params
        return _file(await asyncio.to_thread(setup.model_file, parts["fingerprint"], parts["path"]), _NOT_STORED)

    return Starlette(
        routes=[
            Route("/setup.json", described),
            Route("/runtime/{version}/{name}", runtime_file),
            Route("/models/{fingerprint}/{path:path}", model_file),
            Route("/v1/models", proxy.list_models),
            Route("/v1/chat/completions", proxy.complete, methods=["POST"]),
            Mount("/", _Page(directory=setup.files.page, html=True, check_dir=False)),
        ],
        exception_handlers={HTTPException: _error_response},
    )


class _Page(StaticFiles):
    """The front end's files, revalidated at every visit, so that an updated app never runs old scripts."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, which a browser may keep if it asks whether it is still the same."""
        response = super().file_response(*args, **kwargs)  # pyright: ignore[reportArgumentType]
        response.headers.update(_REVALIDATED)
        if kind := _MEDIA_TYPES.get(Path(str(args[0])).suffix):
            response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        return response


def _file(path: Path | None, headers: dict[str, str]) -> Response:
    if path is None:
        raise HTTPException(404, "The lab has no such file. Load the page again.")
    kind = _MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=kind, headers=headers)


async def _error_response(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    sentence = {404: "The lab has no such page.", 405: "The lab takes no such request."}.get(error.status_code, "")
    own = error.detail if error.detail.endswith(".") else sentence or "The lab cannot answer this request."
    return JSONResponse({"error": {"message": own, "code": error.status_code}}, status_code=error.status_code)
