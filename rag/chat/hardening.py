"""Closes what Chainlit leaves open: other websites, rebound names, markup in uploads, session ids that are paths."""

import inspect
import os
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from secrets import token_urlsafe
from typing import Any, cast

from chainlit import server
from chainlit import socket as chainlit_socket
from chainlit.auth import get_configuration
from chainlit.config import DEFAULT_HOST, FILES_DIRECTORY, config
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.chat.lab_mount import LabMount, is_lab, link_to_the_lab, uncompressed
from rag.chat.origins import OriginPolicy
from rag.chat.upload_route import UploadHandler

_ROUTE_NAME = "groundwork"
"""The name of our routes, by which a reload replaces them."""
_UNUSED = (
    "/mcp",
    "/copilot/{path:path}",
    "/auth/oauth/{path:path}",
    "/project/share/{path:path}",
    "/project/thread/share",
)
_API_DOCS = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
_SESSION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OUTSIDE_LINK = re.compile(r'<(?:link|meta)\b[^>]*\b(?:href|content)="https?://[^>]*>')
_NOT_IN_AVATAR_NAMES = re.compile(r"[^a-zA-Z0-9_ .-]")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_nonce = ContextVar("_nonce", default="")
"""Marks the inline scripts of the page that this request is answered with."""
_chainlit_page = cast(Callable[[str], str], inspect.unwrap(server.get_html_template))  # pyright: ignore


def harden(
    *, allowed_origins: tuple[str, ...], upload_max_bytes: int, upload_max_files: int, lab: LabMount | None = None
) -> None:
    """Installs the protections; called when the app is imported, and again at each reload with its settings.

    Args:
        allowed_origins: other addresses of this chat, such as "https://chat.example.org" behind a proxy.
        upload_max_bytes: the largest file.
        upload_max_files: the most files at once; three times as many may lie on disk for one chat.
        lab: the lab; None for none.

    Raises:
        SettingsError: an origin is not an address.
    """
    # Chainlit forgets --host when it reloads its settings, but not its environment variable.
    origin_policy = OriginPolicy.of(allowed_origins, os.environ.get("CHAINLIT_HOST", DEFAULT_HOST))
    if not hasattr(server.app.state, "security"):
        server.app.add_middleware(_ReloadableMiddleware)
    server.app.state.security = _SecurityMiddleware(origin_policy, lab)
    server.sio.eio.cors_allowed_origins = lambda _origin, environ: not origin_policy.refusal(environ["asgi.scope"])  # pyright: ignore
    server.sio.on("connect", _connect)  # pyright: ignore
    server.get_html_template = _page
    _install_routes(UploadHandler(max_bytes=upload_max_bytes, max_files=upload_max_files), lab)
    link_to_the_lab(server.router.prefix, there=lab is not None)
    if upload := config.features.spontaneous_file_upload:
        upload.max_files = upload_max_files
        upload.max_size_mb = max(1, upload_max_bytes // 1_000_000)
    FILES_DIRECTORY.chmod(0o700)  # a machine may have other users


class _ReloadableMiddleware:
    """Delegates to the current middleware: a running server takes no new one, and a reload brings new settings."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await server.app.state.security(self._app, scope, receive, send)


class _SecurityMiddleware:
    """Refuses requests of other websites, and puts the security headers on every response."""

    def __init__(self, origin_policy: OriginPolicy, lab: LabMount | None) -> None:
        self._origin_policy, self._lab = origin_policy, lab

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        refusal = self._origin_policy.refusal(scope)
        _nonce.set(token_urlsafe(16))
        headers = {"Content-Security-Policy": _content_security_policy("" if refusal else Headers(scope=scope)["host"])}
        if self._lab and is_lab(scope["path"], server.router.prefix):
            headers, scope = self._lab.headers, uncompressed(scope)
        response = _SecuredResponse(send, headers, is_upload="/project/file/" in scope["path"])
        await _respond(PlainTextResponse(refusal, status_code=403) if refusal else app, scope, receive, response)


class _SecuredResponse:
    """Sends a response with the security headers."""

    def __init__(self, send: Send, headers: Mapping[str, str], *, is_upload: bool) -> None:
        self._send, self._headers, self._is_upload = send, headers, is_upload
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"].endswith("http.response.start"):  # also a websocket's that is refused
            self.started = True
            _add_headers(message, self._headers, is_upload=self._is_upload)
        await self._send(message)


async def _respond(app: ASGIApp, scope: Scope, receive: Receive, response: _SecuredResponse) -> None:
    """Runs the app; one that fails before its response gets a sentence in its place."""
    try:
        await app(scope, receive, response)
    except Exception:
        if not response.started and scope["type"] == "http":
            sentence = "The server made a mistake with this request. Load the page again."
            await JSONResponse({"detail": sentence}, status_code=500)(scope, receive, response)
        raise


def _add_headers(message: Message, own: Mapping[str, str], *, is_upload: bool) -> None:
    headers = MutableHeaders(scope=message)
    headers.update({**_HEADERS, **own})
    if is_upload:
        headers.update({"Content-Disposition": "attachment", "Cache-Control": "no-store"})


def _content_security_policy(host: str) -> str:
    """Nothing from outside, and nothing inline but what the page of this request brings itself.

    `unsafe-eval` is what custom elements are compiled with. Older browsers do not count websockets as 'self'.
    """
    websockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{_nonce.get()}' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{websockets}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@wraps(_chainlit_page)
def _page(root_path: str) -> str:
    """Chainlit's page without its links to fonts and styles on other servers."""
    html = _OUTSIDE_LINK.sub("", _chainlit_page(root_path))
    return html.replace("<script", f'<script nonce="{_nonce.get()}"')


async def _connect(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
    """Chainlit's own, for session ids that are UUIDs: it names a folder after the id and deletes it with the chat."""
    session_id = auth.get("sessionId") if isinstance(auth, Mapping) else None  # pyright: ignore
    if not isinstance(session_id, str) or not _SESSION_ID.fullmatch(session_id):
        raise ConnectionRefusedError("This chat cannot be opened. Load the page again.")
    return await chainlit_socket.connect(sid, environ, auth)  # pyright: ignore


def _install_routes(upload_handler: UploadHandler, lab: LabMount | None) -> None:
    """Puts our routes before Chainlit's, of which some are replaced and some closed."""
    prefix = server.router.prefix
    ours: list[BaseRoute] = [
        *(lab.routes(prefix, _ROUTE_NAME) if lab else ()),
        APIRoute(
            f"{prefix}/project/file", upload_handler.receive, methods=["POST"], response_model=None, name=_ROUTE_NAME
        ),
        Route(f"{prefix}/auth/config", _sign_in_and_theme, name=_ROUTE_NAME),
        Route(f"{prefix}/avatars/{{author:path}}", _avatar, name=_ROUTE_NAME),
        *(
            Route(path, _not_found, methods=["GET", "POST", "PUT", "DELETE"], name=_ROUTE_NAME)
            for path in (*(prefix + path for path in _UNUSED), *_API_DOCS)
        ),
    ]
    routes = server.app.router.routes
    routes[:] = [*ours, *(route for route in routes if getattr(route, "name", None) != _ROUTE_NAME)]


async def _not_found(_request: Request) -> JSONResponse:
    return JSONResponse({"detail": "This chat has no such page."}, status_code=404)


async def _sign_in_and_theme(_request: Request) -> JSONResponse:
    """Chainlit's own, with a theme that follows the system, which its settings cannot say."""
    chosen = "default_theme" in config.ui.model_fields_set
    return JSONResponse(get_configuration() | ({} if chosen else {"default_theme": "system"}))


async def _avatar(request: Request) -> Response:
    """Chainlit's own, also for authors such as "Draft by phi-4-mini · 1.2 s", whose picture it refuses to look for."""
    return await server.get_avatar(_NOT_IN_AVATAR_NAMES.sub("", request.path_params["author"]) or "default")
