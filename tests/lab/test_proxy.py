"""The way from the lab's page to the server's models, over real HTTP, with a scripted server behind it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from rag.generation.chat_model import Loading, ModelEvent, TextDelta
from rag.generation.extractive import ExtractiveModel
from rag.generation.foundry.model import ModelStatus
from rag.generation.openai_model import OpenAIModel
from rag.generation.registry import ModelRegistry
from rag.lab.proxy import Proxy
from rag.lab.requests import AT_A_TIME, RequestLimiter, parse
from rag.lab.sse import DONE, HEARTBEAT, completion_chunks, with_heartbeat
from tests.fakes import FakeModel, Reply
from tests.lab.test_requests import ASKED, RULES
from tests.scripted_server import CUT, STALL, ScriptedServer, chunk, counted, refusal, reply, sse
from tests.scripted_server import DONE as SERVER_DONE

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = reply(200, {"data": [{"id": "Phi-4-mini-instruct-generic-cpu:5"}, {"id": "gpt-oss-20b"}]})


class Lab:
    """The proxy behind a real web server, and the scripted server behind the proxy."""

    def __init__(self, url: str, behind: ScriptedServer, http: aiohttp.ClientSession) -> None:
        self.url, self.behind, self.http = url, behind, http

    def post(self, body: object = ASKED, **arguments: Any) -> Any:
        return self.http.post(f"{self.url}/v1/chat/completions", json=body, **arguments)

    async def said(self, body: object = ASKED) -> list[Any]:
        """The events of an answer, `[DONE]` left out."""
        async with self.post(body) as response:
            assert response.status == 200, await response.text()
            assert response.content_type == "text/event-stream"
            lines = (await response.read()).split(b"\n\n")
        assert lines[-2:] == [b"data: [DONE]", b""]
        return [json.loads(line.removeprefix(b"data: ")) for line in lines[:-2]]

    async def refused(self, body: object = ASKED, **arguments: Any) -> tuple[int, str]:
        async with self.post(body, **arguments) as response:
            return response.status, (await response.json())["error"]["message"]


@asynccontextmanager
async def lab_of(*, per_minute: int = 1000) -> AsyncIterator[Lab]:
    async with ScriptedServer(routes={"/v1/models": MODELS}) as behind, aiohttp.ClientSession() as http:
        small, large = (
            OpenAIModel(base_url=behind.url, alias=alias, idle_timeout_s=20, retry_delay_s=0)
            for alias in ("phi-4-mini", "gpt-oss-20b")
        )
        models = ModelRegistry(small, large)
        proxy = Proxy(lambda: models, RULES, RequestLimiter(per_minute, asyncio.get_running_loop().time))
        app = Starlette(
            routes=[
                Route("/v1/models", proxy.list_models),
                Route("/v1/chat/completions", proxy.complete, methods=["POST"]),
            ]
        )
        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Lab(f"http://127.0.0.1:{port}", behind, http)
        server.should_exit = True
        await serving
        await models.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Lab]:
    async with lab_of() as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    """As if nobody had asked it anything."""
    shared.behind.requests.clear()
    shared.behind.left = 0
    shared.behind.routes["/v1/models"] = MODELS
    return shared


async def test_an_answer_comes_as_chunks_with_its_stages_and_its_count(lab: Lab):
    lab.behind.enqueue(
        sse(
            chunk(reasoning_content="Hm."),
            chunk("Good"),
            chunk(" day."),
            chunk(finish_reason="length"),
            counted(7, 3),
            SERVER_DONE,
        )
    )
    ready, opened, thought, *text, end, usage = await lab.said()
    assert ready["groundwork"] == {"stage": "ready"}
    assert opened["choices"] == []
    assert opened["groundwork"] == {"stage": "opened"}
    assert thought["choices"][0]["delta"] == {"reasoning_content": "Hm."}
    assert [chunk["choices"][0]["delta"] for chunk in text] == [{"content": "Good"}, {"content": " day."}]
    assert end["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "length"}
    assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    (asked,) = lab.behind.chats
    assert asked["messages"] == ASKED["messages"]
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("Phi-4-mini-instruct-generic-cpu:5", 8, 0)


async def test_openais_own_client_reads_it(lab: Lab):
    lab.behind.enqueue(sse(chunk("Good "), chunk("day."), chunk(finish_reason="stop"), counted(7, 2), SERVER_DONE))
    async with openai.AsyncOpenAI(base_url=f"{lab.url}/v1", api_key="none", max_retries=0) as client:
        assert [model.id async for model in client.models.list()] == ["phi-4-mini", "gpt-oss-20b"]
        stream = await client.chat.completions.create(**{key: ASKED[key] for key in ASKED})
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Good day."
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == 2


async def test_the_list_has_both_models_and_how_they_stand(lab: Lab):
    async with lab.http.get(f"{lab.url}/v1/models") as response:
        rows = (await response.json())["data"]
    assert [(row["id"], row["role"], row["state"], row["detail"]) for row in rows] == [
        ("phi-4-mini", "small", "ready", ""),
        ("gpt-oss-20b", "large", "ready", ""),
    ]
    lab.behind.routes["/v1/models"] = reply(200, {"data": [{"id": "gpt-oss-20b"}]})
    async with lab.http.get(f"{lab.url}/v1/models") as response:
        small, large = (await response.json())["data"]
    assert (small["state"], large["state"]) == ("unavailable", "ready")
    assert "has no model phi-4-mini" in small["detail"]


async def test_without_a_model_the_list_is_empty():
    proxy = Proxy(lambda: ModelRegistry(ExtractiveModel(), None), RULES, RequestLimiter(10, lambda: 0.0))
    response = await proxy.list_models(None)  # type: ignore[arg-type]
    assert json.loads(response.body) == {"object": "list", "data": []}


@pytest.mark.parametrize(
    ("state", "shown", "detail"),
    [
        ("ready", "ready", ""),
        ("on_disk", "loadable", "So it is."),
        ("loading", "loadable", "So it is."),
        ("missing", "missing", "So it is. Ask anything in the chat: it offers the download."),
        ("unavailable", "unavailable", "So it is."),
    ],
)
async def test_how_a_model_stands_is_told_with_what_to_do(state: Any, shown: str, detail: str):
    class Standing(ModelRegistry):
        async def health(self) -> list[ModelStatus]:
            return [ModelStatus("phi-4-mini", state, "So it is.")]

    models = Standing(FakeModel(), FakeModel())  # type: ignore[arg-type]  # one model in both parts is one model
    response = await Proxy(lambda: models, RULES, RequestLimiter(10, lambda: 0.0)).list_models(None)  # type: ignore[arg-type]
    (row,) = json.loads(response.body)["data"]
    assert (row["id"], row["role"], row["state"], row["detail"]) == ("phi-4-mini", "small", shown, detail)


@pytest.mark.parametrize("heard", [0, 1], ids=["while it reads the prompt", "in the middle"])
async def test_whoever_leaves_stops_the_model(lab: Lab, heard: int):
    lab.behind.enqueue(sse(*[chunk("Good")] * heard, STALL))
    async with lab.post() as response:
        for _ in range(2 + heard):
            await response.content.readuntil(b"\n\n")
        await lab.behind.settled(chats=1)
        response.close()
    await lab.behind.settled(left=1, connections=0)


async def test_whoever_leaves_before_the_model_has_answered_stops_it(lab: Lab):
    lab.behind.enqueue(sse(before=(STALL,)))
    async with lab.post() as response:
        await lab.behind.settled(chats=1)
        response.close()
    await lab.behind.settled(left=1, connections=0)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (refusal(401, "no"), "refused the key"),
        (refusal(400, "context length exceeded"), "longer than phi-4-mini can read at once"),
        (sse(chunk("Good"), CUT), "broke off in the middle"),
        (sse(chunk(finish_reason="stop"), SERVER_DONE), "ended without a word"),
    ],
)
async def test_a_failure_is_a_sentence_in_the_stream(lab: Lab, script: Any, sentence: str):
    lab.behind.enqueue(script)
    last = (await lab.said())[-1]
    assert sentence in last["error"]["message"]


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"model": "gpt-4"}, 404, "The lab has no model 'gpt-4' on the server. It has phi-4-mini and gpt-oss-20b."),
        ({"model": "PHI-4-MINI"}, 404, "no model 'PHI-4-MINI'"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages.0.content"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "There is no question"),
        ({"messages": [{"role": "user", "content": "x"}] * 21}, 400, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 201}]}, 400, "201 characters long"),
        ({"messages": [{"role": "user", "content": "x" * 10_000}]}, 413, "far longer"),
        ({"max_tokens": 65}, 400, "at most 64 tokens"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"temperature": 2.1}, 400, "temperature"),
        ({"stream": False}, 400, "stream"),
    ],
)
async def test_what_the_lab_does_not_take(lab: Lab, change: dict[str, Any], status: int, sentence: str):
    found, said = await lab.refused({**ASKED, **change})
    assert (found, sentence in said) == (status, True), said
    assert lab.behind.chats == []


async def test_only_json_is_read(lab: Lab):
    async with lab.http.post(f"{lab.url}/v1/chat/completions", data=json.dumps(ASKED)) as response:
        assert response.status == 415  # what another site's form could send
    for body in (b"", b"{", b"[" * 2000, b"\xff", b"null", b'{"model": "phi-4-mini"'):
        async with lab.http.post(
            f"{lab.url}/v1/chat/completions", data=body, headers={"content-type": "application/json"}
        ) as response:
            assert response.status == 400
            assert (await response.json())["error"]["message"].endswith(".")


async def test_a_request_that_does_not_arrive_gives_its_place_back(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rag.lab.proxy.ARRIVAL_S", 0.1)

    async def halting() -> AsyncIterator[bytes]:
        yield b'{"model": '
        await asyncio.sleep(1)

    headers = {"content-type": "application/json"}
    url = f"{lab.url}/v1/chat/completions"
    slow = [asyncio.create_task(lab.http.post(url, data=halting(), headers=headers)) for _ in range(AT_A_TIME)]
    for response in await asyncio.gather(*slow):
        assert (response.status, await response.json()) == (
            408,
            {"error": {"message": "The request took too long to arrive. Try again.", "code": 408}},
        )
    lab.behind.enqueue(sse(chunk("Good day."), chunk(finish_reason="stop"), SERVER_DONE))
    assert await lab.said()


async def test_an_address_that_asks_too_often_is_told_when_to_come_back():
    async with lab_of(per_minute=2) as lab:
        for _ in range(2):
            lab.behind.enqueue(sse(chunk("Good day."), chunk(finish_reason="stop"), SERVER_DONE))
            await lab.said()
        async with lab.post() as response:
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            assert "takes 2 prompts a minute" in (await response.json())["error"]["message"]


async def test_answers_at_a_time_are_few_and_one_that_is_left_makes_room(lab: Lab):
    lab.behind.enqueue(*[sse(chunk("Good"), STALL)] * AT_A_TIME, sse(chunk("Day."), chunk(finish_reason="stop")))
    open_ = [await lab.post() for _ in range(AT_A_TIME)]
    await lab.behind.settled(chats=AT_A_TIME)
    assert (await lab.refused())[0] == 429
    open_.pop().close()
    await lab.behind.settled(left=1)
    assert (await lab.said())[2]["choices"][0]["delta"] == {"content": "Day."}
    for response in open_:
        response.close()
    await lab.behind.settled(connections=0)


async def test_a_model_that_is_loaded_first_says_so_and_the_line_is_with_heartbeat():
    model = FakeModel().enqueue(Reply("Good day.", loads=True, pause_s=0.05))
    prompt = parse(json.dumps(ASKED).encode(), ["phi-4-mini"], RULES)
    chunks = with_heartbeat(completion_chunks(model.stream(prompt.prompt, prompt.limits), model.alias), 0.01)
    async with aclosing(chunks):
        heard = [chunk async for chunk in chunks]
    assert json.loads(heard[0].removeprefix(b"data: "))["groundwork"] == {"stage": "loading"}
    assert HEARTBEAT in heard
    assert heard[-1] == DONE


async def test_an_unforeseen_fault_ends_the_line_and_is_not_hidden():
    async def faulty() -> AsyncIterator[ModelEvent]:
        yield Loading()
        raise RuntimeError("a bug")

    chunks = with_heartbeat(completion_chunks(faulty(), "phi-4-mini"), 10)  # type: ignore[arg-type]
    assert b"loading" in await anext(chunks)
    with pytest.raises(RuntimeError, match="a bug"):
        await anext(chunks)


async def test_a_reader_that_is_cancelled_again_while_it_closes_still_closes_the_model():
    ended = asyncio.Event()

    async def talking() -> AsyncIterator[ModelEvent]:
        try:
            while True:
                yield TextDelta("word ")
                await asyncio.sleep(0.001)
        finally:
            await asyncio.sleep(0.05)  # closing a connection takes a while
            ended.set()

    chunks = with_heartbeat(completion_chunks(talking(), "phi-4-mini"), 10)  # type: ignore[arg-type]

    reached = asyncio.Event()

    async def read() -> None:
        try:
            async for _ in chunks:
                reached.set()
                await asyncio.Event().wait()
        finally:
            await chunks.aclose()

    reading = asyncio.create_task(read())
    await reached.wait()
    for _ in range(2):
        reading.cancel()
        await asyncio.sleep(0.01)
    await asyncio.wait([reading])
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_line_that_is_closed_while_it_waits_closes_the_model():
    ended = asyncio.Event()

    async def silent() -> AsyncIterator[ModelEvent]:
        try:
            yield Loading()
            await asyncio.Event().wait()
        finally:
            ended.set()

    chunks = with_heartbeat(completion_chunks(silent(), "phi-4-mini"), 0.01)  # type: ignore[arg-type]
    assert b"loading" in await anext(chunks)
    assert await anext(chunks) == HEARTBEAT
    await chunks.aclose()
    assert ended.is_set()
