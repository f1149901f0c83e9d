"""A model on any server that speaks OpenAI's chat completions: Foundry Local's, one on the network, a hosted one."""

import asyncio
import ipaddress
import re
from collections.abc import AsyncGenerator, Awaitable, Collection
from contextlib import aclosing
from typing import TypeVar, cast

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from rag.errors import ContextTooSmall, ModelBusy, ModelError, ModelNotFound, ModelRefused, SettingsError
from rag.generation.chat_model import GenerationLimits, ModelEvent, Opened, Requested, Trimmed
from rag.generation.openai_errors import Peer, explain, wait_asked
from rag.generation.openai_stream import CompletionParser
from rag.generation.prompt import Prompt

_CONNECT_TIMEOUT_S = 10.0
"""A server that takes longer to accept a connection is down; all later waits are the idle time-out's."""
_RETRY_AFTER_MAX_S = 10.0
"""Nobody in front of a chat waits longer for a second try."""
_NAMED_MODELS = 5
_WHOLE_TIMEOUTS = 10
"""An answer in one piece may take ten times as long as a silence in a stream."""
_KEEP_ALIVE = httpx2.Limits()
_FRESH = httpx2.Limits(max_keepalive_connections=0)
"""On this machine a new connection costs under a millisecond and a kept one up to 40: Foundry Local's server holds its
second chunk back until the first is acknowledged (Nagle), which systems put off on a connection already used."""
_SERVER_FAULTS = (openai.APIError, httpx2.RequestError, TimeoutError, ValueError)
"""What a server can bring about here; ValueError is JSON or text that cannot be decoded."""

T = TypeVar("T")


class OpenAIModel:
    """A `ChatModel` behind an address; its streams may run side by side.

    Args:
        base_url: with or without `/v1`.
        alias: the name that a person knows; the server's own id for it is looked up once.
        api_key: sent as a bearer token; "none" when empty, as some servers insist on one.
        idle_timeout_s: the longest wait for the headers and between two chunks, in seconds.
        model_id: the server's id, when it is known already.
        retry_delay_s: the pause before the one new try with a server that is busy, in seconds.

    Raises:
        SettingsError: the address or the key cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        alias: str,
        api_key: str = "",
        idle_timeout_s: float = 60.0,
        model_id: str | None = None,
        retry_delay_s: float = 1.0,
    ) -> None:
        url, key = httpx2.URL(normalise(base_url)), api_key.strip()
        if not (key.isascii() and key.isprintable()):
            raise SettingsError("The API key holds characters that no key has. Copy it into the settings once more.")
        address = str(url.copy_with(userinfo=b""))
        self._peer = Peer(alias, address, secret=key)
        self._idle_timeout_s = idle_timeout_s
        self._retry_delay_s = retry_delay_s
        self._model_id = model_id
        self._lookup = asyncio.Lock()
        self._extras = {"stream_options", "logprobs"}
        self._streams = 0
        self._answered = False
        self._client = openai.AsyncOpenAI(
            base_url=address,
            api_key=key or "none",
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                auth=(url.username, url.password) if url.userinfo else None,
                timeout=openai.Timeout(None, connect=_CONNECT_TIMEOUT_S),
                trust_env=not _is_loopback(url.host),  # a proxy would look for the model on its own machine
                limits=_FRESH if _is_loopback(url.host) else _KEEP_ALIVE,
                follow_redirects=False,  # the question and the key go to this server only
            ),
        )

    def __repr__(self) -> str:
        return f"OpenAIModel({self.alias!r} at {self._peer.address!r})"

    @property
    def alias(self) -> str:
        """The name that a person knows it by."""
        return self._peer.alias

    @property
    def generates(self) -> bool:
        """True: it writes its own words."""
        return True

    @property
    def idle(self) -> bool:
        """Whether it has answered before and has no stream of this app open."""
        return self._answered and not self._streams

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        """The answer to the prompt, as it comes; closing the iterator closes the connection, which stops the model.

        Raises:
            ModelError: any of them, also in the middle; what can be mended is tried again before the first delta.
        """
        self._streams += 1
        try:
            async with aclosing(self._stream(prompt, limits)) as events:
                async for event in events:
                    yield event
            self._answered = True
        finally:
            self._streams -= 1

    async def _stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        mended: set[str] = set()
        while True:
            parser = CompletionParser(self._peer)
            yield Requested()
            try:
                async with aclosing(self._attempt(prompt, limits, parser)) as events:
                    async for event in events:
                        yield event
                return
            except ModelError as error:
                fault = _refused_extra(error) or type(error).__name__
                if parser.begun or fault in mended:
                    raise
                failure = error
            shorter = await self._mend(failure, prompt)
            mended.add(fault)
            if shorter is not prompt:
                prompt = shorter
                yield Trimmed(prompt)

    async def _attempt(
        self, prompt: Prompt, limits: GenerationLimits, parser: CompletionParser
    ) -> AsyncGenerator[ModelEvent]:
        """The events of one request, from its headers on."""
        if limits.stream:
            async with await self._step(self._request(prompt, limits)) as response:
                yield Opened()
                while (chunk := await self._step(anext(response, None), opened=True)) is not None:
                    for event in parser.feed(chunk):
                        yield event
        else:
            whole = await self._step(self._whole(prompt, limits), timeouts=_WHOLE_TIMEOUTS)
            yield Opened()
            for event in parser.feed(whole):
                yield event
        for event in parser.end():
            yield event

    async def check(self) -> str:
        """The server's id for this model, looked up again; the alias itself where the server keeps no list.

        Raises:
            ModelError: the server cannot be reached, refuses the key, or has no such model.
        """
        self._model_id = None
        return await self._step(self._resolved())

    async def close(self) -> None:
        """Closes its connections; it cannot be used after."""
        await self._client.close()

    async def _step(self, step: Awaitable[T], *, opened: bool = False, timeouts: int = 1) -> T:
        """What the step gives, within that many idle time-outs; every failure of it becomes a `ModelError`."""
        limit_s = timeouts * self._idle_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await step
        except _SERVER_FAULTS as error:
            raise explain(error, self._peer, opened=opened, idle_timeout_s=limit_s) from error

    async def _request(self, prompt: Prompt, limits: GenerationLimits) -> openai.AsyncStream[ChatCompletionChunk]:
        """The response to the prompt: its headers are here, its body is still to come."""
        response = await self._client.chat.completions.create(
            model=await self._resolved(),
            messages=cast("list[ChatCompletionMessageParam]", list(prompt.messages)),
            max_tokens=limits.max_tokens,
            temperature=limits.temperature,
            seed=openai.omit if limits.seed is None else limits.seed,
            stream=True,
            stream_options={"include_usage": True} if "stream_options" in self._extras else openai.omit,
            logprobs=True if "logprobs" in self._extras else openai.omit,
        )
        if response.response.headers.get("content-type", "").startswith("text/html"):
            await response.close()
            raise ValueError("a web page instead of events")
        return response

    async def _whole(self, prompt: Prompt, limits: GenerationLimits) -> object:
        """The response with all of its body."""
        return await self._client.chat.completions.create(
            model=await self._resolved(),
            messages=cast("list[ChatCompletionMessageParam]", list(prompt.messages)),
            max_tokens=limits.max_tokens,
            temperature=limits.temperature,
            seed=openai.omit if limits.seed is None else limits.seed,
        )

    async def _mend(self, failure: ModelError, prompt: Prompt) -> Prompt:
        """The prompt to try again with, after doing what helps against the failure; raises it when nothing does."""
        match failure:
            case ContextTooSmall() if shorter := prompt.without_lowest_passage():
                return shorter
            case ModelBusy():
                asked = wait_asked(failure.__cause__)
                await asyncio.sleep(self._retry_delay_s if asked is None else min(asked, _RETRY_AFTER_MAX_S))
            case ModelNotFound() if failure.status == 404:  # the server may have come back with another variant
                self._model_id = None
            case ModelRefused() if extra := _refused_extra(failure):
                self._extras.discard(extra)
            case _:
                raise failure
        return prompt

    async def _resolved(self) -> str:
        """The server's id for the alias."""
        async with self._lookup:
            if self._model_id is None:
                self._model_id = await self._looked_up()
            return self._model_id

    async def _looked_up(self) -> str:
        root = str(self._client.base_url).removesuffix("/v1/")
        loaded = await self._listed(f"{root}/models/loaded")  # Foundry Local's own
        known = await self._listed("/models")
        if loaded is None and known is None:
            return self.alias
        available = dict.fromkeys([*(loaded or ()), *(known or ())])
        if chosen := choose(self.alias, available, loaded or ()):
            return chosen
        offer = f"It has {_named(list(available))}." if available else "It has none at all."
        sentence = f"The server at {self._peer.address} has no model {self.alias}. {offer}"
        raise self._peer.error(ModelNotFound, sentence)

    async def _listed(self, path: str) -> list[str] | None:
        """The ids in a list of models; None where the server keeps no such list."""
        try:
            listing = await self._client.get(path, cast_to=object)
        except openai.APIStatusError as error:
            if error.status_code in (401, 403, 429) or error.status_code >= 500:
                raise
            return None
        return _ids(listing)


def normalise(base_url: str) -> str:
    """The address with `/v1` at its end, whether or not it had one, without query and trailing slashes.

    Raises:
        SettingsError: it is no web address.
    """
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host or (url.port or 80) > 65_535:
        shown = re.sub(r"\S*@", "", base_url)
        raise SettingsError(f"{shown!r} is no address of a model server. One looks like http://127.0.0.1:5273/v1.")
    path = url.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return str(url.copy_with(path=f"{path}/v1", query=None, fragment=None))


def choose(alias: str, available: Collection[str], loaded: Collection[str]) -> str | None:
    """The id that the alias means: the same, or one that begins with it; loaded ones and short ones first."""
    named = re.compile(rf"{re.escape(alias)}(?!\w)", re.IGNORECASE)
    fitting = [model for model in available if named.match(model)]
    return min(fitting, key=lambda model: (len(model) != len(alias), model not in loaded, len(model)), default=None)


def _refused_extra(failure: ModelError) -> str:
    """The part of a request that not every server knows, where this one refused it; "" for any other failure."""
    refused = isinstance(failure, ModelRefused)
    return next((extra for extra in ("stream_options", "logprobs") if refused and extra in str(failure)), "")


def _ids(listing: object) -> list[str] | None:
    """The ids in Foundry Local's plain list or OpenAI's `{"data": [{"id": …}]}`; None for anything else."""
    rows = cast("dict[str, object]", listing).get("data") if isinstance(listing, dict) else listing
    if not isinstance(rows, list):
        return None
    rows = cast("list[object]", rows)
    ids = (cast("dict[str, object]", row).get("id") if isinstance(row, dict) else row for row in rows)
    return [model for model in ids if isinstance(model, str)]


def _named(models: list[str]) -> str:
    more = len(models) - _NAMED_MODELS
    return ", ".join(models[:_NAMED_MODELS]) + (f" and {more} more" if more > 0 else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
