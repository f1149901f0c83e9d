import asyncio
import pickle
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rag.errors import (
    ContextTooSmall,
    EmptyAnswer,
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelNotReady,
    ModelRefused,
    ModelStalled,
    ModelUnavailable,
    SettingsError,
)
from rag.generation.chat_model import (
    Ended,
    GenerationLimits,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
    Trimmed,
)
from rag.generation.context import Excerpt
from rag.generation.openai_model import OpenAIModel, choose, normalise
from rag.generation.openai_stream import ChannelFilter
from rag.generation.prompt import Prompt, answer_prompt
from rag.types import Document, Hit, Passage, Usage
from tests.scripted_server import (
    CHAT,
    CUT,
    DONE,
    STALL,
    Script,
    ScriptedServer,
    chunk,
    counted,
    data,
    refusal,
    reply,
    said,
    sse,
)

KEY = "sk-very-secret-0123456789"
PHI = "Phi-4-mini-instruct-generic-cpu:5"
LIMITS = GenerationLimits(max_tokens=64, temperature=0.1)
OVERFULL = {
    "foundry": "search_options.cc:108 int fl::ValidateGeneratorRequestBudget(int64_t, int, int) request requires 4523 "
    "total tokens (4503 input + 20 output), which exceeds the model's maximum context length of 256 tokens",
    "openai": "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens.",
    "vllm": "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens (568 in the "
    "messages, 6048 in the completion). Please reduce the length of the messages or completion.",
    "llama.cpp": "the request exceeds the available context size (4096 tokens), try increasing it",
    "llama-cpp-python": "Requested tokens (2285) exceed context window of 2048",
    "sglang": "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
    "lm studio": "Trying to keep the first 10136 tokens when context the overflows.",
    "tgi": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens",
}


def prompt(passages: int = 2) -> Prompt:
    hits = (Hit(Passage(Document("guide.pdf", "Guide"), n, f"Passage number {n}."), 1.0) for n in range(passages))
    return answer_prompt("What is said?", list(map(Excerpt.whole, hits)))


async def events_of(model: OpenAIModel, of: Prompt | None = None) -> list[ModelEvent]:
    async with asyncio.timeout(30):  # a test fails rather than hangs
        return [event async for event in model.stream(of or prompt(), LIMITS)]


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thoughts_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def names(events: list[ModelEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def model(server: ScriptedServer) -> AsyncIterator[OpenAIModel]:
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini", api_key=KEY, retry_delay_s=0.01)
    yield model
    await model.close()


@pytest.fixture
async def hasty(server: ScriptedServer) -> AsyncIterator[OpenAIModel]:
    """A model that waits a third of a second only."""
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini", idle_timeout_s=0.3)
    yield model
    await model.close()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# Addresses


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("http://127.0.0.1:5273", "http://127.0.0.1:5273/v1"),
        ("http://127.0.0.1:5273/", "http://127.0.0.1:5273/v1"),
        ("http://127.0.0.1:5273/v1", "http://127.0.0.1:5273/v1"),
        (" http://127.0.0.1:5273/v1// ", "http://127.0.0.1:5273/v1"),
        ("http://[::1]:5273/v1/", "http://[::1]:5273/v1"),
        ("https://models.example.org/openai", "https://models.example.org/openai/v1"),
        ("http://127.0.0.1:5273/catalogs/local/v1", "http://127.0.0.1:5273/catalogs/local/v1"),
        ("https://models.example.org/v1?x=1#y", "https://models.example.org/v1"),
    ],
)
def test_the_address_ends_in_v1_once(given_: str, expected: str) -> None:
    assert normalise(given_) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize("bad", ["", "localhost:5273", "ftp://u:hidden@h", "http://", "http://[::1", "http://h:99999"])
def test_what_is_no_address_is_refused_at_once(bad: str) -> None:
    with pytest.raises(SettingsError, match="no address") as caught:
        OpenAIModel(base_url=bad, alias="phi-4-mini")
    assert "hidden" not in str(caught.value)


async def test_an_address_without_v1_reaches_the_same_routes(server: ScriptedServer) -> None:
    model = OpenAIModel(base_url=server.root + "/", alias="phi-4-mini")
    server.enqueue(said())
    assert text_of(await events_of(model)) == "Hello."
    await model.close()


# Which model


@pytest.mark.parametrize(
    ("alias", "there", "loaded", "expected"),
    [
        ("phi-4-mini", [PHI], [], PHI),
        ("gpt-oss-20b", [PHI, "gpt-oss-20b-generic-cpu:1"], [], "gpt-oss-20b-generic-cpu:1"),
        ("PHI-4-mini", ["phi-4-mini-x", "Phi-4-Mini"], ["phi-4-mini-x"], "Phi-4-Mini"),
        ("phi-4-mini", ["phi-4-mini-a", "phi-4-mini-longer"], ["phi-4-mini-longer"], "phi-4-mini-longer"),
        ("phi-4-mini", ["phi-4-mini-reasoning-generic-cpu:3", PHI], [], PHI),
        ("phi-4-mini", ["phi-4-miniature", "big-phi-4-mini"], [], None),
        ("a.c", ["abc"], [], None),
    ],
)
def test_an_alias_means_its_own_id_then_a_loaded_one_then_a_short_one(
    alias: str, there: list[str], loaded: list[str], expected: str | None
) -> None:
    assert choose(alias, there, loaded) == expected


async def test_the_id_is_looked_up_once(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/models/loaded"] = reply(200, [PHI])
    server.routes["/v1/models"] = reply(200, {"object": "list", "data": [{"id": "phi-4-mini-idle"}, {"id": PHI}]})
    server.enqueue(said(), said())
    await events_of(model)
    await events_of(model)
    assert [chat["model"] for chat in server.chats] == [PHI, PHI]
    assert (server.asked("/models/loaded"), server.asked("/v1/models")) == (1, 1)


@pytest.mark.parametrize(
    "no_list",
    [reply(200, {"error": "Unexpected endpoint"}), Script(200, {"content-type": "text/html"}, (b"<html>",))],
    ids=["error", "page"],
)
async def test_a_server_without_lists_is_asked_for_the_alias(
    server: ScriptedServer, model: OpenAIModel, no_list: Script
) -> None:
    server.routes["/models/loaded"] = no_list
    server.enqueue(said())
    assert text_of(await events_of(model)) == "Hello."
    assert server.chats[0]["model"] == "phi-4-mini"


async def test_a_missing_model_is_told_with_five_that_are_there(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/v1/models"] = reply(200, {"data": [{"id": f"model-{n}"} for n in range(7)]})
    with pytest.raises(ModelNotFound) as caught:
        await events_of(model)
    assert "model-0, model-1, model-2, model-3, model-4 and 2 more" in str(caught.value)
    assert "phi-4-mini" in str(caught.value)
    assert server.asked("/v1/models") == 1
    assert server.chats == []


async def test_a_server_with_an_empty_list_has_no_such_model(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/v1/models"] = reply(200, {"data": []})
    with pytest.raises(ModelNotFound, match="none at all"):
        await model.check()


async def test_a_known_id_needs_no_list(server: ScriptedServer) -> None:
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini", model_id="mine:1")
    server.enqueue(said())
    await events_of(model)
    assert [request.path for request in server.requests] == [CHAT]
    assert server.chats[0]["model"] == "mine:1"
    await model.close()


async def test_after_a_404_the_id_is_looked_up_anew(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/models/loaded"] = reply(200, ["phi-4-mini-cpu:1"])
    server.enqueue(said(), refusal(404, "Model not found"), said("Back."))
    await events_of(model)
    server.routes["/models/loaded"] = reply(200, ["phi-4-mini-gpu:2"])
    events = await events_of(model)
    assert names(events) == ["Requested", "Requested", "Opened", "TextDelta", "Ended"]
    assert [chat["model"] for chat in server.chats] == ["phi-4-mini-cpu:1", "phi-4-mini-cpu:1", "phi-4-mini-gpu:2"]


async def test_a_second_404_is_final(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(refusal(404, "no"), refusal(404, "no"))
    with pytest.raises(ModelNotFound, match="does not know phi-4-mini"):
        await events_of(model)
    assert len(server.chats) == 2


async def test_check_gives_the_id_and_asks_anew_each_time(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/models/loaded"] = reply(200, [PHI])
    assert await model.check() == PHI
    server.routes["/models/loaded"] = reply(401, {})
    with pytest.raises(ModelRefused, match="key"):
        await model.check()


# The request


async def test_the_request_is_complete(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(said())
    await events_of(model)
    assert server.chats == [
        {
            "model": "phi-4-mini",
            "messages": list(prompt().messages),
            "max_tokens": 64,
            "temperature": 0.1,
            "stream": True,
            "stream_options": {"include_usage": True},
            "logprobs": True,
        }
    ]
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


async def test_without_a_key_none_is_sent(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "somebody-elses")
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini")
    server.enqueue(said())
    await events_of(model)
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer none"}
    await model.close()


@pytest.mark.parametrize(
    "refused",
    [
        refusal(400, "Unknown parameter: stream_options"),
        reply(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}),
    ],
    ids=["400", "422"],
)
async def test_stream_options_are_left_out_for_good_where_they_are_refused(
    server: ScriptedServer, model: OpenAIModel, refused: Script
) -> None:
    server.enqueue(refused, said(), said())
    assert text_of(await events_of(model)) == "Hello."
    assert text_of(await events_of(model)) == "Hello."
    assert ["stream_options" in chat for chat in server.chats] == [True, False, False]


async def test_a_server_that_refuses_both_extras_is_asked_without_them(
    server: ScriptedServer, model: OpenAIModel
) -> None:
    server.enqueue(refusal(400, "logprobs are not supported"), refusal(400, "what are stream_options"), said(), said())
    assert text_of(await events_of(model)) == "Hello."
    assert text_of(await events_of(model)) == "Hello."
    assert ["logprobs" in chat for chat in server.chats] == [True, False, False, False]
    assert ["stream_options" in chat for chat in server.chats] == [True, True, False, False]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([{"content": [{"logprob": -0.5}]}, {"content": [{"logprob": -2}, {"logprob": 0}]}], (-0.5, -2.0, 0.0)),
        ([None, {"content": None}], ()),
        ([{"content": [{"logprob": "many"}, {"logprob": None}, 3, {"logprob": 0.7}]}, {"content": 7}], ()),
        ([{"content": [{"logprob": float("-inf")}, {"logprob": -1.0}]}, "?"], (-1.0,)),
    ],
    ids=["given", "null, as Foundry Local", "of another shape", "impossible"],
)
async def test_log_probabilities_join_the_end_where_a_server_gives_them(
    server: ScriptedServer, model: OpenAIModel, given: list[object], kept: tuple[float, ...]
) -> None:
    chunks = [data({"choices": [{"index": 0, "delta": {"content": "Hi "}, "logprobs": each}]}) for each in given]
    server.enqueue(sse(*chunks, chunk(finish_reason="stop"), DONE))
    ended = (await events_of(model))[-1]
    assert isinstance(ended, Ended)
    assert ended.logprobs == kept


async def test_an_answer_in_one_piece_is_asked_for_and_read(server: ScriptedServer, model: OpenAIModel) -> None:
    message = {"role": "assistant", "content": "Hello.", "reasoning_content": "Hm."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    server.enqueue(reply(200, {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}))
    events = [event async for event in model.stream(prompt(), replace(LIMITS, stream=False))]
    assert events == [
        *(Requested(), Opened(), ReasoningDelta("Hm."), TextDelta("Hello.")),
        Ended("stop", Usage(9, 3)),
    ]
    assert not server.chats[0].get("stream")


@pytest.mark.parametrize(
    "script",
    [refusal(500, "broken"), reply(200, {"choices": []}), reply(200, [])],
    ids=["500", "no choice", "another shape"],
)
async def test_a_broken_answer_in_one_piece_is_a_model_error(
    server: ScriptedServer, model: OpenAIModel, script: Script
) -> None:
    server.enqueue(script, script)
    with pytest.raises(ModelError):
        async for _ in model.stream(prompt(), replace(LIMITS, stream=False)):
            pass


# The stream


async def test_events_come_in_order_with_usage_at_the_end(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(
        sse(
            chunk("", role="assistant"),
            chunk("Yes"),
            chunk(" [1]."),
            chunk(finish_reason="stop"),
            counted(9, 4, 1),
            DONE,
        )
    )
    assert await events_of(model) == [
        Requested(),
        Opened(),
        TextDelta("Yes"),
        TextDelta(" [1]."),
        Ended("stop", Usage(prompt=9, completion=4, reasoning=1)),
    ]


async def test_deltas_are_passed_on_as_they_come(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(sse(chunk("First"), STALL))
    stream = model.stream(prompt(), LIMITS)
    async with asyncio.timeout(10):
        assert [await anext(stream) for _ in range(3)] == [Requested(), Opened(), TextDelta("First")]
    await stream.aclose()


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_the_finish_reason_is_told(server: ScriptedServer, model: OpenAIModel, reason: str) -> None:
    server.enqueue(sse(chunk("Cut"), chunk(finish_reason=reason), DONE))
    assert (await events_of(model))[-1] == Ended(reason, None)


async def test_a_server_that_says_neither_reason_nor_done_ends_well(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(sse(chunk("All of it.")))
    assert (await events_of(model))[-1] == Ended("", None)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_apart_from_the_answer(server: ScriptedServer, model: OpenAIModel, name: str) -> None:
    server.enqueue(sse(chunk(None, **{name: "Let me see."}), chunk("Yes."), chunk(finish_reason="stop"), DONE))
    assert (await events_of(model))[2:4] == [ReasoningDelta("Let me see."), TextDelta("Yes.")]


async def test_leaked_marks_never_reach_the_answer(server: ScriptedServer, model: OpenAIModel) -> None:
    fragments = [
        "<|chan",
        "nel|>analysis<|message|>Hm",
        "m.<|end|><|start|>assistant<|channel|>final<|mess",
        "age|>Yes.",
    ]
    server.enqueue(sse(*map(chunk, fragments), chunk("<|return|>", finish_reason="stop"), DONE))
    events = await events_of(model)
    assert (thoughts_of(events), text_of(events)) == ("Hmm.", "Yes.")


async def test_a_mark_that_never_ends_is_text_after_all(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(sse(chunk("a <"), chunk(finish_reason="stop"), DONE))
    assert text_of(await events_of(model)) == "a <"


@pytest.mark.parametrize(
    "odd",
    [{}, [], 7, "text", {"choices": None}, {"choices": [{}]}, {"choices": [{"delta": {"content": 5}}]}, {"usage": {}}],
    ids=str,
)
async def test_chunks_of_another_shape_are_passed_over(server: ScriptedServer, model: OpenAIModel, odd: Any) -> None:
    server.enqueue(sse(chunk("Yes"), data(odd), chunk("."), chunk(finish_reason="stop"), DONE))
    events = await events_of(model)
    assert text_of(events) == "Yes."
    assert events[-1] == Ended("stop", None)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ((DONE,), "ended without a word"),
        ((chunk("", role="assistant"), chunk(finish_reason="stop"), counted(3, 0), DONE), "ended without a word"),
        ((chunk(" \n"), chunk(finish_reason="stop"), DONE), "ended without a word"),
        ((chunk(None, reasoning_content="Hm"), chunk(finish_reason="length"), DONE), "token limit on reasoning"),
        ((chunk("<think>Hm"), chunk(finish_reason="length"), DONE), "token limit on reasoning"),
        ((chunk(None, reasoning_content="Hm"), chunk(finish_reason="stop"), DONE), "gave no answer"),
        ((chunk(finish_reason="content_filter"), DONE), "content filter"),
    ],
)
async def test_a_stream_without_a_word_is_an_error(
    server: ScriptedServer, model: OpenAIModel, body: tuple[bytes, ...], sentence: str
) -> None:
    server.enqueue(sse(*body))
    with pytest.raises(EmptyAnswer, match=sentence):
        await events_of(model)
    assert len(server.chats) == 1


async def test_twenty_streams_at_once(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/models/loaded"] = reply(200, [PHI])
    server.enqueue(*(sse(*(step for _ in range(10) for step in (chunk("a "), 0.01)), DONE) for _ in range(20)))
    answers = await asyncio.gather(*(events_of(model) for _ in range(20)))
    assert [text_of(events) for events in answers] == ["a " * 10] * 20
    assert server.asked("/models/loaded") == 1


# Failures, and what mends them


@pytest.mark.parametrize("wording", OVERFULL)
@pytest.mark.parametrize("in_stream", [False, True], ids=["400", "in the stream"])
async def test_an_overfull_context_is_tried_again_with_a_passage_less(
    server: ScriptedServer, model: OpenAIModel, wording: str, in_stream: bool
) -> None:
    message = OVERFULL[wording]
    full = sse(data({"error": {"message": message}})) if in_stream else refusal(400, message)
    server.enqueue(full, said())
    events = await events_of(model, prompt(2))
    assert events == [
        Requested(),
        *([Opened()] if in_stream else []),
        Trimmed(prompt(1)),
        Requested(),
        Opened(),
        TextDelta("Hello."),
        Ended("stop", None),
    ]
    assert [chat["messages"] for chat in server.chats] == [list(prompt(2).messages), list(prompt(1).messages)]


async def test_the_code_alone_tells_an_overfull_context(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(reply(400, {"error": {"message": "Too long.", "code": "context_length_exceeded"}}), said())
    assert Trimmed(prompt(1)) in await events_of(model, prompt(2))


@pytest.mark.parametrize(("passages", "tries"), [(5, 2), (1, 2), (0, 1)])
async def test_what_does_not_fit_at_the_second_try_is_too_long(
    server: ScriptedServer, model: OpenAIModel, passages: int, tries: int
) -> None:
    server.routes[CHAT] = refusal(400, OVERFULL["foundry"])
    with pytest.raises(ContextTooSmall, match="longer than phi-4-mini can read"):
        await events_of(model, prompt(passages))
    assert len(server.chats) == tries


@pytest.mark.parametrize(
    ("wording", "limit"),
    {
        "foundry": 256,
        "openai": 4097,
        "vllm": 6048,
        "llama.cpp": 4096,
        "llama-cpp-python": 2048,
        "sglang": 40960,
        "lm studio": None,
        "tgi": 4096,
    }.items(),
)
async def test_the_error_of_an_overfull_context_has_the_servers_number(
    server: ScriptedServer, model: OpenAIModel, wording: str, limit: int | None
) -> None:
    server.routes[CHAT] = refusal(400, OVERFULL[wording])
    with pytest.raises(ContextTooSmall) as caught:
        await events_of(model, prompt(0))
    assert (caught.value.limit, caught.value.status) == (limit, 400)


async def test_a_context_that_fills_up_in_the_answer_ends_it(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(sse(chunk("So far"), data({"error": {"message": OVERFULL["lm studio"]}})))
    with pytest.raises(ContextTooSmall):
        await events_of(model)
    assert len(server.chats) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_busy_server_is_asked_a_second_time(server: ScriptedServer, model: OpenAIModel, status: int) -> None:
    server.enqueue(refusal(status, "slow down"), said())
    assert names(await events_of(model)) == ["Requested", "Requested", "Opened", "TextDelta", "Ended"]


async def test_a_server_that_stays_busy_is_busy(server: ScriptedServer, model: OpenAIModel) -> None:
    page = Script(502, {"content-type": "text/html"}, (b"<html><h1>Bad gateway</h1></html>",))
    server.enqueue(page, page)
    with pytest.raises(ModelBusy) as caught:
        await events_of(model)
    assert "<" not in str(caught.value)
    assert len(server.chats) == 2


async def test_a_fault_of_the_model_list_is_tried_again_too(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/v1/models"] = refusal(503, "starting")
    with pytest.raises(ModelBusy, match="It says: starting"):
        await events_of(model)
    assert server.asked("/v1/models") == 2


@pytest.mark.parametrize(
    ("asked", "waited"), [("0.25", 0.25), ("7200", 10.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.01), ("-1", 0.01)]
)
async def test_retry_after_is_respected_up_to_ten_seconds(
    server: ScriptedServer, model: OpenAIModel, monkeypatch: pytest.MonkeyPatch, asked: str, waited: float
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    server.enqueue(refusal(429, "slow down", retry_after=asked), said())
    monkeypatch.setattr("rag.generation.openai_model.asyncio.sleep", sleep)
    await events_of(model)
    assert pauses == [waited]


async def test_different_failures_are_mended_one_after_another(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(
        refusal(503, "starting"),
        refusal(404, "unknown"),
        refusal(400, "no stream_options here"),
        refusal(400, OVERFULL["openai"]),
        said(),
    )
    assert names(await events_of(model)) == [*["Requested"] * 4, "Trimmed", "Requested", "Opened", "TextDelta", "Ended"]


@pytest.mark.parametrize(
    "failure", [refusal(404, "unknown"), refusal(400, "no stream_options here")], ids=["id", "400"]
)
async def test_streams_that_fail_together_are_mended_together(
    server: ScriptedServer, model: OpenAIModel, failure: Script
) -> None:
    all_here = asyncio.Event()
    server.enqueue(*[replace(failure, before=(all_here,))] * 8)
    reading = asyncio.gather(*(events_of(model) for _ in range(8)))
    await server.settled(chats=8)
    server.enqueue(*[said()] * 8)
    all_here.set()
    assert [text_of(events) for events in await reading] == ["Hello."] * 8


@pytest.mark.parametrize(
    ("script", "kind", "sentence"),
    [
        (refusal(401, f"Incorrect API key provided: {KEY}"), ModelRefused, "key"),
        (refusal(403, "Forbidden"), ModelRefused, "key"),
        (refusal(400, f"temperature {KEY}\n  must be 1"), ModelRefused, "It says: temperature … must be 1"),
        (reply(400, {"detail": "no such parameter"}), ModelRefused, "no such parameter"),
        (reply(400, {"error": "plain words"}), ModelRefused, "plain words"),
        (Script(400, {}, (b"",)), ModelRefused, "refused the request"),
        (refusal(400, "Model not loaded: Model 'x' must be loaded before inference"), ModelNotReady, "Load it there"),
        (reply(302, {}, location="https://elsewhere.example.org/v1"), ModelUnavailable, "another address"),
        (sse(data({"error": {"message": f"out of memory {KEY}"}})), ModelError, "It says: out of memory …"),
        (sse(data({"error": "out of memory"})), ModelError, "It says: out of memory"),
        (sse(data({"error": True})), ModelError, "stopped with an error. Ask again."),
        (sse(chunk("So"), b"data: {not json\n\n"), ModelError, "not an answer"),
        (sse(chunk("So"), b"data: \xff\xfe\n\n"), ModelError, "not an answer"),
        (Script(200, {"content-type": "text/html"}, (b"<html>\nWelcome\n</html>",)), ModelError, "not an answer"),
        (reply(200, {"choices": [{"message": {"content": "Hi"}}]}), EmptyAnswer, "without a word"),
        (sse(chunk("So far"), CUT), ModelUnavailable, "broke off"),
        (sse(chunk(None, reasoning_content="Hm"), CUT), ModelUnavailable, "broke off"),
        (sse(before=(CUT,)), ModelUnavailable, "No model server answers"),
        (sse(before=(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CUT)), ModelUnavailable, "No model server answers"),
        (Script(400, {}, (b"{", CUT)), ModelUnavailable, "No model server answers"),
    ],
)
async def test_other_failures_are_told_in_plain_sentences(
    server: ScriptedServer, model: OpenAIModel, script: Script, kind: type[ModelError], sentence: str
) -> None:
    server.enqueue(script)
    with pytest.raises(ModelError) as caught:
        await events_of(model)
    told = str(caught.value)
    assert type(caught.value) is kind
    assert sentence in told
    assert KEY not in told
    assert "\n" not in told
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("script", "status"),
    [(refusal(401, "no"), 401), (refusal(404, "no"), 404), (refusal(503, "no"), 503), (sse(DONE), None)],
)
async def test_a_failure_has_fields_for_programs_also_after_pickling(
    server: ScriptedServer, model: OpenAIModel, script: Script, status: int | None
) -> None:
    server.routes[CHAT] = script
    with pytest.raises(ModelError) as caught:
        await events_of(model)
    error = caught.value
    for copy in (error, pickle.loads(pickle.dumps(error))):
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert (copy.model, copy.address, copy.status, copy.limit) == ("phi-4-mini", server.url, status, None)


async def test_a_long_refusal_is_shortened(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(refusal(400, "blah " * 500))
    with pytest.raises(ModelRefused) as caught:
        await events_of(model)
    quoted = str(caught.value).partition("It says: ")[2]
    assert len(quoted) == 200
    assert quoted.endswith("…")


async def test_a_server_that_sends_no_headers_has_stalled(server: ScriptedServer, hasty: OpenAIModel) -> None:
    server.enqueue(sse(before=(STALL,)))
    with pytest.raises(ModelStalled, match="phi-4-mini") as caught:
        await events_of(hasty)
    assert caught.value.limit == 0.3
    await server.settled(left=1)


async def test_a_server_that_stops_in_the_middle_has_stalled(server: ScriptedServer, hasty: OpenAIModel) -> None:
    server.enqueue(sse(chunk("So far"), STALL))
    stream = hasty.stream(prompt(), LIMITS)
    async with asyncio.timeout(30):
        assert [await anext(stream) for _ in range(3)] == [Requested(), Opened(), TextDelta("So far")]
        with pytest.raises(ModelStalled):
            await anext(stream)
    await server.settled(left=1)


async def test_a_slow_stream_has_not_stalled(server: ScriptedServer) -> None:
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini", idle_timeout_s=1.0)
    server.enqueue(sse(*(step for _ in range(6) for step in (0.25, chunk("a"))), DONE))
    assert text_of(await events_of(model)) == "a" * 6
    await model.close()


async def test_a_slow_reader_has_not_stalled_the_server(server: ScriptedServer, hasty: OpenAIModel) -> None:
    server.enqueue(sse(chunk("a"), chunk("b"), DONE))
    seen: list[ModelEvent] = []
    async for event in hasty.stream(prompt(), LIMITS):
        await asyncio.sleep(0.35)
        seen.append(event)
    assert text_of(seen) == "ab"


async def test_a_refused_connection_names_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can get the port meanwhile
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        model = OpenAIModel(base_url=f"http://user:{KEY}@{address}", alias="phi-4-mini")
        with pytest.raises(ModelUnavailable) as caught:
            await events_of(model)
        await model.close()
    assert f"http://{address}/v1" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.usefixtures("no_proxy")
async def test_a_name_that_is_unknown_is_told_as_such() -> None:
    model = OpenAIModel(base_url="http://no-such-host.invalid", alias="phi-4-mini")
    with pytest.raises(ModelUnavailable, match=r"name in http://no-such-host\.invalid/v1 cannot be found"):
        await events_of(model)
    await model.close()


async def test_a_failed_tls_handshake_is_told_as_such() -> None:
    async def answer_in_plain_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer_in_plain_http, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        model = OpenAIModel(base_url=f"https://127.0.0.1:{port}", alias="phi-4-mini")
        with pytest.raises(ModelUnavailable, match="No secure connection"):
            await events_of(model)
        await model.close()


# Ends, keys, networks


async def test_closing_the_stream_closes_the_connection(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(sse(chunk("So far"), STALL))
    stream = model.stream(prompt(), LIMITS)
    async for event in stream:
        if isinstance(event, TextDelta):
            break
    await stream.aclose()
    await server.settled(left=1, connections=0)


@pytest.mark.parametrize("script", [sse(chunk("So far"), STALL), sse(before=(STALL,))], ids=["body", "headers"])
async def test_cancelling_the_reader_closes_the_connection(
    server: ScriptedServer, model: OpenAIModel, script: Script
) -> None:
    server.enqueue(script)
    reading = asyncio.create_task(events_of(model))
    await server.settled(chats=1)
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await server.settled(left=1, connections=0)


async def test_connections_are_reused_and_closed_at_the_end(server: ScriptedServer, model: OpenAIModel) -> None:
    server.enqueue(*[said()] * 5)
    for _ in range(5):
        await events_of(model)
    assert server.connections == 1
    await model.close()
    await server.settled(connections=0)
    assert server.left == 0


async def test_an_abandoned_lookup_does_not_block_the_next(server: ScriptedServer, model: OpenAIModel) -> None:
    server.routes["/models/loaded"] = Script(200, {}, (), before=(STALL,))
    reading = asyncio.create_task(model.check())
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    server.routes["/models/loaded"] = reply(200, [PHI])
    assert await model.check() == PHI


@pytest.mark.parametrize("key", ["“quoted”", "two\nlines", "a\tb"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        OpenAIModel(base_url="http://127.0.0.1:1", alias="phi-4-mini", api_key=key)
    assert key not in str(caught.value)


async def test_white_space_around_a_key_is_dropped(server: ScriptedServer) -> None:
    model = OpenAIModel(base_url=server.url, alias="phi-4-mini", api_key=f" {KEY}\n")
    await model.check()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    await model.close()


async def test_credentials_in_the_address_are_used_but_never_shown(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.enqueue(said())
    model = OpenAIModel(base_url=server.url.replace("//", f"//user:{KEY}@"), alias="phi-4-mini")
    await events_of(model)
    await model.close()
    assert {request.headers["authorization"][:6] for request in server.requests} == {"Basic "}
    assert KEY not in caplog.text


def test_the_key_is_not_in_the_repr() -> None:
    model = OpenAIModel(base_url=f"http://user:{KEY}@127.0.0.1:5273", alias="phi-4-mini", api_key=KEY)
    assert repr(model) == "OpenAIModel('phi-4-mini' at 'http://127.0.0.1:5273/v1')"
    assert KEY not in repr(vars(model))


async def test_no_proxy_stands_before_this_machine(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, no_proxy: None
) -> None:
    async with ScriptedServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.root)
        monkeypatch.setenv("ALL_PROXY", proxy.root)
        monkeypatch.setenv("NO_PROXY", "")
        server.enqueue(said())
        model = OpenAIModel(base_url=server.url, alias="phi-4-mini")
        assert text_of(await events_of(model)) == "Hello."
        await model.close()
        assert proxy.requests == []


async def test_a_proxy_of_the_environment_serves_other_machines(
    monkeypatch: pytest.MonkeyPatch, no_proxy: None
) -> None:
    async with ScriptedServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.root)
        monkeypatch.setenv("NO_PROXY", "")
        proxy.routes[f"http://models.example.org{CHAT}"] = said("By proxy.")
        model = OpenAIModel(base_url="http://models.example.org", alias="phi-4-mini")
        assert text_of(await events_of(model)) == "By proxy."
        await model.close()


async def test_a_redirect_takes_neither_question_nor_key_elsewhere(server: ScriptedServer) -> None:
    async with ScriptedServer() as elsewhere:
        server.enqueue(reply(307, {}, location=elsewhere.url + "/chat/completions"))
        server.routes["/models/loaded"] = reply(307, {}, location=elsewhere.root + "/models/loaded")
        model = OpenAIModel(base_url=server.url, alias="phi-4-mini", api_key=KEY)
        with pytest.raises(ModelUnavailable, match="another address"):
            await events_of(model)
        await model.close()
        assert elsewhere.requests == []


# Channels

MARKS = ["<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|return|>", "<|im_end|>", "<think>", "</think>"]
WORDS = ["analysis", "final", "assistant", "<", "|", ">", "\n", " ", "x", "a <b> c", "<|x", "é" * 50]
MARKED = st.lists(st.sampled_from([*MARKS, *WORDS]), max_size=14).map("".join)


def filtered(fragments: list[str]) -> list[TextDelta | ReasoningDelta]:
    channels = ChannelFilter()
    return [event for piece in fragments for event in channels.feed(piece)] + list(channels.flush())


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(edges)]


@settings(max_examples=500)
@given(MARKED, st.lists(st.integers(min_value=0), max_size=12))
@example("<|channel|>analysis<|message|>hm<|end|>\n<think>x</think>y", list(range(60)))
@example("in a line <think>x</think>", list(range(60)))
@example("<|start|></think><|x</think><\n", list(range(60)))
@example("<|start|></think><|x</think><\n", [21])
def test_chunk_borders_change_nothing(text: str, places: list[int]) -> None:
    whole, fragments = filtered([text]), filtered(cut(text, places))
    assert (text_of(fragments), thoughts_of(fragments)) == (text_of(whole), thoughts_of(whole))


@given(st.text(alphabet="ab <>|/\n_thinké", max_size=60), st.lists(st.integers(min_value=0), max_size=12))
def test_text_without_marks_stays_as_it_is(text: str, places: list[int]) -> None:
    assume("think>" not in text and not re.search(r"<\|\w+\|>", text))
    assert text_of(filtered(cut(text, places))) == text


@pytest.mark.parametrize(
    "text", ["if a < b", "a <b", "List<int>", "</p>", "x <t", "<|> is an operator", "<3", "<thin "]
)
def test_text_that_cannot_become_a_mark_is_passed_on_at_once(text: str) -> None:
    assert text_of(list(ChannelFilter().feed(text))) == text


@pytest.mark.parametrize(
    ("raw", "answer", "thoughts"),
    [
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>",
            "Yes.",
            "Hm.",
        ),
        ("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "", "{}"),
        ("<|start|>assistant<|message|>Yes.<|end|>", "Yes.", ""),
        ("<think>Hm.</think>\n\nYes.", "\n\nYes.", "Hm."),
        ("  <think>\nHm.\n</think>Yes.\n<think>More.</think>", "  Yes.\n", "\nHm.\nMore."),
        ("thoughts whose mark was in the prompt\n</think>\nYes.", "thoughts whose mark was in the prompt\n\nYes.", ""),
        (
            "The marks `<think>` and `</think>` set thoughts apart.",
            "The marks `<think>` and `</think>` set thoughts apart.",
            "",
        ),
        ("Yes.<|end|><|im_end|>", "Yes.", ""),
        ("<|channel|>analysis<|message|>Hm.<|channel|>final\nYes.", "final\nYes.", "Hm."),
        ("<|start|>" + "An answer whose marks went wrong. " * 4, "An answer whose marks went wrong. " * 4, ""),
    ],
)
def test_each_dialect_is_told_apart(raw: str, answer: str, thoughts: str) -> None:
    events = filtered([raw])
    assert (text_of(events), thoughts_of(events)) == (answer, thoughts)


async def test_it_is_idle_once_it_has_answered_and_while_nobody_asks(server: ScriptedServer, model: OpenAIModel):
    server.enqueue(said(), said())
    assert not model.idle
    await events_of(model)
    assert model.idle
    async for _ in model.stream(prompt(), LIMITS):
        assert not model.idle
    assert model.idle
