"""The seed of a run that can be repeated: sent when there is one, and taken by the real runtime."""

from contextlib import aclosing

import pytest

from rag.generation.chat_model import Ended, GenerationLimits
from rag.generation.foundry.model import FoundryModel
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.generation.prompt import plain_prompt
from tests.scripted_server import ScriptedServer, said


async def ended(model: OpenAIModel | FoundryModel, limits: GenerationLimits) -> bool:
    async with aclosing(model.stream(plain_prompt("How many days?"), limits)) as events:
        return any([isinstance(event, Ended) async for event in events])


async def test_a_seed_is_sent_when_there_is_one():
    async with ScriptedServer() as server:
        model = OpenAIModel(base_url=server.url, alias="phi-4-mini")
        server.enqueue(said(), said(), said())
        for limits in (GenerationLimits(8), GenerationLimits(8, 0, seed=0), GenerationLimits(8, 0, seed=7)):
            assert await ended(model, limits)
        assert [chat.get("seed", "none") for chat in server.chats] == ["none", 0, 7]
        await model.close()


@pytest.mark.runtime
async def test_the_real_runtime_takes_a_seed(runtime: FoundryRuntime):
    model = FoundryModel(runtime, "phi-4-mini")
    assert await ended(model, GenerationLimits(50, 0, seed=1))
    await model.close()
