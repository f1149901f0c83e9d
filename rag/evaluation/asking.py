"""All that a model says to one prompt, as one text."""

from contextlib import aclosing

from rag.generation.model import ChatModel, GenerationLimits, TextDelta
from rag.generation.prompt import Prompt


async def said(model: ChatModel, prompt: Prompt, limits: GenerationLimits) -> str:
    """The answer without its reasoning.

    Raises:
        ModelError: any of them, also in the middle.
    """
    text = ""
    async with aclosing(model.stream(prompt, limits)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text += event.text
    return text
