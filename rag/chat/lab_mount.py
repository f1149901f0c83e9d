"""Mounts the lab in the chat's server: behind the same sign-in, with a policy of its own, linked from the page."""

import time
from dataclasses import dataclass
from typing import Self

from chainlit.auth import get_current_user, get_token_from_cookies, require_login
from chainlit.config import HeaderLink, config
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.lab.proxy import Proxy
from rag.lab.requests import RequestLimiter, RequestRules
from rag.lab.routes import lab_app
from rag.lab.setup import LabFiles, Setup, app_folder
from rag.services import Services
from rag.settings import Settings

_LINK = "Lab"
_CHARS_OF_A_TOKEN = 4
"""Of a passage: its budget is in tokens, and a request's length in characters."""
_COMPRESSION = (b"accept-encoding",)
"""Weights do not get smaller, compressing them holds up everybody, and a progress bar needs their length."""


@dataclass(frozen=True, slots=True)
class LabMount:
    """The lab as it is mounted."""

    app: ASGIApp
    """What answers below `/lab/`."""
    remote_hosts: tuple[str, ...] = ()
    """Addresses outside that its page may fetch models from."""

    @classmethod
    def of(cls, services: Services) -> Self | None:
        """The lab of this app; None where the settings turn it off."""
        settings = services.settings
        if settings.lab == "off":
            return None
        setup = setup_of(settings)
        request_limiter = RequestLimiter(settings.lab_prompts_per_minute, time.monotonic)
        proxy = Proxy(lambda: services.models, setup.rules, request_limiter)
        return cls(lab_app(setup, proxy), setup.remote_hosts)

    def routes(self, prefix: str, name: str) -> list[BaseRoute]:
        """The lab's routes, for a server whose own begin with this prefix."""
        return [
            Route(f"{prefix}/lab", _to_the_page, name=name),
            Mount(f"{prefix}/lab", _SignedIn(self.app), name=name),
        ]

    @property
    def headers(self) -> dict[str, str]:
        """In place of the chat's: no inline script or style, WebAssembly, and threads for it (cross-origin isolation).

        A worker goes by the policy of its own script, so all of the lab's answers carry this one.
        """
        policy = (
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' data:",
            " ".join(("connect-src 'self'", *self.remote_hosts)),
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
        return {"Content-Security-Policy": "; ".join(policy), "Cross-Origin-Embedder-Policy": "require-corp"}


def setup_of(settings: Settings) -> Setup:
    """The lab of this app, with the chat's own limits."""
    return Setup(
        LabFiles.of(app_folder(), settings.data_folder, settings.lab_models_dir),
        RequestRules(
            prompt_chars=settings.question_max_chars + _CHARS_OF_A_TOKEN * settings.passage_tokens,
            max_tokens=settings.answer_max_tokens,
            temperature=settings.temperature,
        ),
        passages=settings.passages,
        passage_tokens=settings.passage_tokens,
        remote=settings.lab_remote_models == "on",
    )


def is_lab(path: str, prefix: str) -> bool:
    """Whether a request's path is the lab's."""
    return path == f"{prefix}/lab" or path.startswith(f"{prefix}/lab/")


def uncompressed(scope: Scope) -> Scope:
    """The same request from a browser that takes no compressed answers."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in _COMPRESSION]}


def link_to_the_lab(prefix: str, *, there: bool) -> None:
    """Puts the link at the top of the chat's page, or takes it away."""
    others = [link for link in config.ui.header_links or [] if link.name != _LINK]
    icon = f"{prefix}/public/icons/lab.svg"
    lab = HeaderLink(name=_LINK, display_name=_LINK, icon_url=icon, url=f"{prefix}/lab/", target="_self")
    config.ui.header_links = [*others, lab] if there else others


class _SignedIn:
    """Passes on requests of people whom the chat lets in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if await _is_allowed(scope) else _SIGN_IN
        await app(scope, receive, send)


_SIGN_IN = PlainTextResponse("Sign in to the chat first, then open the lab again.", status_code=401)


async def _is_allowed(scope: Scope) -> bool:
    if not require_login():
        return True
    try:
        token = get_token_from_cookies(Request(scope).cookies)
        return bool(token and await get_current_user(token))
    except HTTPException:
        return False


async def _to_the_page(_request: Request) -> Response:
    return RedirectResponse("lab/")
