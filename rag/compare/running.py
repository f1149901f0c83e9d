"""Plays all prompts in all ways, round by round; one failure costs one answer."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from rag.bench.measuring import Plain, undisturbed
from rag.compare.answering import Contest, answered
from rag.compare.records import WAYS, Answer
from rag.errors import ModelError
from rag.generation.model import GenerationLimits


async def play(
    contest: Contest, prompts: Mapping[str, str], rounds: int, ways: Sequence[str] = tuple(WAYS)
) -> AsyncGenerator[Answer]:
    """The answers as they come, after one answer of each model that warms it up and is not counted.

    In each round all ways answer a prompt before the next prompt's turn comes, so that what slows the machine for a
    while slows them all.
    """
    await _warm_up(contest)
    for number in range(1, rounds + 1):
        for name, question in prompts.items():
            for way in ways:
                told = Answer(f"{name}/{way}/{number}", name, way, "", None, 0.0)
                try:
                    with undisturbed():
                        told = await answered(contest, told.id, name, question, way)
                except ModelError as error:
                    told = replace(told, failure=str(error))
                yield told


async def _warm_up(contest: Contest) -> None:
    for model in filter(None, (contest.bench.small, contest.bench.large)):
        try:
            async for _ in model.stream(Plain("Say hello."), GenerationLimits(16, 0.0)):
                pass
        except ModelError:
            continue  # told by the answers themselves, each with its reason
