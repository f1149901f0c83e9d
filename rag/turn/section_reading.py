"""A model reading a document section by section: what it writes of each, from the store where it is known."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from rag.errors import ModelError
from rag.events import Delta, Notice, Stage
from rag.generation.chat_model import ChatModel, Ended, GenerationLimits, Loading, TextDelta
from rag.generation.context import estimate_tokens
from rag.generation.prompt import Prompt
from rag.generation.whole_prompts import section_prompt
from rag.grounding.citations import without_marks
from rag.turn.section_store import SectionStore
from rag.turn.state import TurnContext
from rag.types import BROKEN, Generation, Passage, Usage, WholeRequest

NOTES_TOKENS = 150
"""The most that a model writes of a section: three sentences."""
TRANSLATION = 2.0
"""The most tokens of a translation over those of its source."""


class SectionReading:
    """Reads sections in order; afterwards `notes` has one text for each, as far as the model came."""

    def __init__(
        self, turn: TurnContext, model: ChatModel, request: WholeRequest, store: SectionStore, *, escalated: bool
    ) -> None:
        self.notes: list[str] = []
        self.failure: ModelError | None = None
        self._turn, self._model, self._request, self._store = turn, model, request, store
        self._escalated = escalated
        self._began = turn.clock.now
        self._usage = Usage()

    async def read(self, sections: Sequence[Passage]) -> None:
        """Writes the notes, each of which is stored when it is whole; emits a stage for each section.

        A failure of the model ends it, with a `Notice`. A translation is emitted as it is written.
        """
        for n, section in enumerate(sections, 1):
            part = n, len(sections)
            prompt = section_prompt(self._request, section, part)
            await self._enter(part)
            known = self._store.get(self._model.alias, prompt)
            try:
                notes = known or without_marks(await self._ask(prompt, self._limits(section))).strip()
            except ModelError as failure:
                self.failure = failure
                await self._turn.emit(Notice(str(failure)))
                return
            if notes:
                self._store.put(self._model.alias, prompt, section.document.id, notes)
            await self._show(f"{known} [{n}]\n\n" if known else f" [{n}]\n\n")
            self.notes.append(notes)

    def generation(self, text: str) -> Generation:
        """The notes put together as `text`, with what they have cost."""
        reason = BROKEN if self.failure else "stop"
        return Generation(
            self._model.alias, text, usage=self._usage, finish_reason=reason, seconds=self._turn.clock.now - self._began
        )

    def with_cost(self, generation: Generation) -> Generation:
        """A generation from the notes, with the tokens and the time of these added to its own."""
        usage = _sum(self._usage, generation.usage) if generation.usage else None
        return replace(generation, usage=usage, seconds=self._turn.clock.now - self._began)

    async def _ask(self, prompt: Prompt, limits: GenerationLimits) -> str:
        text = ""
        async with aclosing(self._model.stream(prompt, limits)) as events:
            async for event in events:
                if isinstance(event, Loading):
                    await self._turn.enter("load", model=self._model.alias)
                elif isinstance(event, TextDelta):
                    text += event.text
                    await self._show(event.text)
                elif isinstance(event, Ended):
                    self._usage = _sum(self._usage, event.usage or Usage())
        return text

    async def _enter(self, part: tuple[int, int]) -> None:
        self._turn.clock.enter("read")
        await self._turn.emit(Stage("read", self._model.alias, 1, part))

    async def _show(self, text: str) -> None:
        if self._request.task == "translate":
            await self._turn.emit(Delta(text, self._escalated))

    def _limits(self, section: Passage) -> GenerationLimits:
        budget = self._turn.budget
        translated = int(TRANSLATION * estimate_tokens(section.text)) + NOTES_TOKENS
        tokens = translated if self._request.task == "translate" else NOTES_TOKENS
        return GenerationLimits(tokens, budget.temperature, budget.seed)


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(one.prompt + other.prompt, one.completion + other.completion, one.reasoning + other.reasoning)
