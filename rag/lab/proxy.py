"""The proxy from the lab's page to the server's two models: their list, and streamed answers."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from rag.errors import GroundworkError, ModelNotFound
from rag.generation.chat_model import ChatModel
from rag.lab.requests import RequestLimiter, RequestRules, TooManyRequests, parse
from rag.lab.sse import completion_chunks, with_heartbeat

if TYPE_CHECKING:
    from rag.generation.registry import ModelRegistry

HEARTBEAT_S = 10.0
"""A model may load for minutes; many proxies cut a connection that is quiet for 30 to 60 seconds."""
ARRIVAL_S = 20.0
"""The longest that a request may take to arrive."""
_STATES = {"ready": "ready", "loading": "loadable", "on_disk": "loadable", "missing": "missing"}


class Proxy:
    """Two routes in the form of OpenAI's API, for the page of this origin (`rag.chat.hardening` lets no other in)."""

    def __init__(
        self, models: Callable[[], "ModelRegistry"], rules: RequestRules, request_limiter: RequestLimiter
    ) -> None:
        """`models`: called at the first request, because they take half a second to import."""
        self._models, self._rules, self._request_limiter = models, rules, request_limiter

    async def list_models(self, _request: Request) -> Response:
        """The models with their `role`, `state` ("ready", "loadable", "missing", "unavailable") and `detail`."""
        models = self._models()
        health = {status.alias: status for status in await models.health()}
        rows: list[dict[str, Any]] = []
        for role, model in (("small", models.small), ("large", models.large)):
            if model and model.generates and model.alias not in [row["id"] for row in rows]:
                status = health[model.alias]
                state = _STATES.get(status.state, "unavailable")
                row = {"id": model.alias, "object": "model", "owned_by": "groundwork", "role": role, "state": state}
                rows.append({**row, "detail": _detail(state, status.detail)})
        return JSONResponse({"object": "list", "data": rows}, headers={"Cache-Control": "no-store"})

    async def complete(self, request: Request) -> Response:
        """An answer, streamed; closing the connection stops the model.

        A refusal is `{"error": {"message": sentence}}`: 400 for a malformed request, 404 for another model, 408 for one
        that does not arrive, 413 for too much, 415 for anything but JSON, 429 for too often.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refusal(415, "Send the request as application/json.")
        models = self._by_alias()
        try:
            with ExitStack() as closing:
                closing.enter_context(self._request_limiter.admit(request.client.host if request.client else ""))
                async with asyncio.timeout(ARRIVAL_S):
                    body = await _body(request, self._rules.body_bytes)
                if body is None:
                    return _refusal(413, "This prompt is far longer than the server takes. Shorten it.")
                asked = parse(body, models, self._rules)
                events = completion_chunks(models[asked.alias].stream(asked.prompt, asked.limits), asked.alias)
                return _EventStream(with_heartbeat(events, HEARTBEAT_S), closing.pop_all())
        except GroundworkError as error:
            return _refused(error)
        except TimeoutError:
            return _refusal(408, "The request took too long to arrive. Try again.")
        except ClientDisconnect:
            return Response(status_code=400)

    def _by_alias(self) -> dict[str, ChatModel]:
        """The models by alias."""
        models = self._models()
        return {model.alias: model for model in (models.small, models.large) if model and model.generates}


class _EventStream(StreamingResponse):
    """Ends its events as soon as the reader has gone, then closes what it was given."""

    def __init__(self, events: AsyncGenerator[bytes], closing: ExitStack) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events, self._closing = events, closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the events."""
        # From ASGI 2.4 on Starlette sees a closed connection only at the next event; a model may be silent for minutes.
        scope = {**scope, "asgi": {**scope["asgi"], "spec_version": "2.3"}}
        with self._closing:
            try:
                await super().__call__(scope, receive, send)
            finally:
                await asyncio.shield(self._events.aclose())


def _detail(state: str, sentence: str) -> str:
    """What a person should know before the model runs, and how it comes where it is not there."""
    if state == "missing":
        return f"{sentence} Ask anything in the chat: it offers the download."
    return "" if state == "ready" else sentence


async def _body(request: Request, most: int) -> bytes | None:
    """The request's body; None when it is longer."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _refused(error: GroundworkError) -> Response:
    match error:
        case TooManyRequests():
            return _refusal(429, str(error), {"Retry-After": f"{max(1, round(error.wait_s))}"})
        case ModelNotFound():
            return _refusal(404, str(error))
        case _:
            return _refusal(400, str(error))


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": sentence, "code": status}}, status_code=status, headers=headers)
