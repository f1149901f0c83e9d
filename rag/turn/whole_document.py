"""Answers about whole documents: read at once if they fit, else section by section, or quoted where no model is.

Long documents are read as map and reduce: notes on each section, then the answer from the notes (as LangChain's
`map_reduce` and many before it). What a model has written of a section is kept, so a stop loses nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.errors import ModelError
from rag.escalation import policy as policies
from rag.escalation.confidence import Answerability, DraftAssessment, assess_draft
from rag.events import Decided, Delta, Notice, Retrieved
from rag.generation.chat_model import ChatModel
from rag.generation.context import estimate_tokens
from rag.generation.document_sections import representative, sections_of
from rag.generation.extractive_summary import outline, summarise
from rag.generation.prompt import Prompt
from rag.generation.summary_text import MOST_EXTRACTS, bullet, coverage_sentence, extractive_answer
from rag.generation.whole_prompts import NOTHING, notes_prompt, whole_prompt
from rag.grounding.attribution import attribute
from rag.grounding.citations import Checked, check
from rag.grounding.support import support_signals
from rag.turn.generate import GenerationRun
from rag.turn.section_reading import SectionReading
from rag.turn.section_store import SectionStore
from rag.turn.state import AssessedAnswer, Evidence, TurnContext, TurnResult
from rag.types import Decision, Generation, Hit, Passage, SearchResult, Signal, WholeRequest

MOST_SECTIONS = 16
"""That a model reads for one answer: at 10 tokens a second written and 100 read, about five minutes. The answer says
how many there are."""
SECTION_TOKENS, TRANSLATED_TOKENS = 1000, 400
"""Of a section that is noted, and of one that is translated, whose translation is as long."""
QUOTED_REST = "The rest is quoted from the document, because no model could read it."
NO_LARGER = "The larger model is not on this machine, so this answer comes without it."
NO_TEXT = "There is no text to read in what you asked about."
SENTENCE_TOKENS = 60
"""The most that a sentence of an answer takes."""
_FACTS = ("numbers",)
"""The signals that hold across languages."""
_QUOTED = Signal("supported", 1.0, "All of it is quoted word for word")
_KNOWN = Answerability(1.0, 1.0)
"""The passages hold the answer: they are what was asked about."""

Documents = Sequence[Sequence[Passage]]


@dataclass(frozen=True, slots=True)
class _Written:
    """An answer as it was written, before its marks are checked."""

    generation: Generation
    hits: tuple[Hit, ...]
    coverage: str = ""
    """A sentence about how much was read; "" when it was all."""


async def answer_whole_documents(
    turn: TurnContext, request: WholeRequest, documents: Documents, store: SectionStore
) -> tuple[Evidence, TurnResult]:
    """The answer about all passages of the documents, each document's in order, and the passages that it stands on.

    Emits what any turn does; the caller records it and ends the turn. Where the model fails, what it has written is
    kept and quotes take the place of the rest. Without any text it abstains.

    Raises:
        ModelError: the model wrote nothing, and there is no fallback.
    """
    documents = [each for each in documents if each]
    request = replace(request, most_sentences=max(1, min(request.most_sentences, MOST_EXTRACTS)))
    passages = [passage for document in documents for passage in document]
    await turn.enter("read", passages=len(passages))
    if not passages:
        return await _abstain(turn)
    written = await _read(turn, request, documents, store) or await _quote(turn, request, documents)
    search = SearchResult(written.hits, searched=len(passages), coverage=1.0)
    await turn.emit(Retrieved(search))
    await turn.enter("check")
    shown = await asyncio.to_thread(_assess, turn, request, written)
    return Evidence(search, _KNOWN), await _finish(turn, documents, shown)


async def _read(turn: TurnContext, request: WholeRequest, documents: Documents, store: SectionStore) -> _Written | None:
    """What the first model writes that can; None where quotes take its place."""
    failure = None
    for model in await _models(turn, request, documents):
        reading = _DocumentReading(turn, model, request, documents, store)
        if written := await reading.answer():
            if written.coverage:
                await turn.emit(Delta(f"\n\n{written.coverage}", model is turn.models.large))
            return written
        failure = reading.failure
    if failure and not turn.models.fallback:
        raise failure
    return None


class _DocumentReading:
    """A model reading documents for one request."""

    def __init__(
        self, turn: TurnContext, model: ChatModel, request: WholeRequest, documents: Documents, store: SectionStore
    ) -> None:
        self._turn, self._model, self._request, self._documents = turn, model, request, documents
        self._escalated = model is turn.models.large
        self._sections = SectionReading(turn, model, request, store, escalated=self._escalated)
        self._run_failure: ModelError | None = None

    @property
    def failure(self) -> ModelError | None:
        """Why there is no answer."""
        return self._sections.failure or self._run_failure

    async def answer(self) -> _Written | None:
        """The model's answer; None when it wrote nothing."""
        tokens = sum(estimate_tokens(passage.shown) for document in self._documents for passage in document)
        if self._request.task == "translate":
            return await self._translate()
        if tokens <= self._turn.budget.whole_tokens:
            return await self._read_at_once()
        return await self._read_sections()

    async def _read_at_once(self) -> _Written | None:
        """All passages in one prompt."""
        hits = _hits([passage for document in self._documents for passage in document])
        run = await self._run(whole_prompt(self._request, hits))
        if not run.generation:
            return None
        return _Written(
            run.generation, run.hits, coverage_sentence("sections", len(run.hits), len(hits), self._request.language)
        )

    async def _read_sections(self) -> _Written | None:
        """Notes on each section, then the answer from the notes; the notes themselves where that fails."""
        tokens = min(SECTION_TOKENS, self._turn.budget.whole_tokens)
        sections, coverage = await asyncio.to_thread(_chosen, self._request, self._documents, tokens)
        await self._sections.read(sections)
        notes, hits = self._sections.notes, _hits(sections)
        if not any(notes):
            return None
        if self._sections.failure:
            return await self._complete(sections, coverage)
        telling = [n for n, note in enumerate(notes) if note and not note.startswith(NOTHING)] or range(len(notes))
        noted = [hits[n] for n in telling]
        run = await self._run(notes_prompt(self._request, noted, [notes[n] for n in telling]))
        if not run.generation:
            return await self._complete(sections, coverage)
        return _Written(self._sections.with_cost(run.generation), tuple(noted[: len(run.hits)]), coverage)

    async def _translate(self) -> _Written | None:
        """The sections translated one by one, from the beginning; they are the answer as they come."""
        sections, coverage = await asyncio.to_thread(_chosen, self._request, self._documents, TRANSLATED_TOKENS)
        await self._sections.read(sections)
        notes = self._sections.notes
        if not any(notes):
            return None
        if self._sections.failure:
            coverage = coverage_sentence("sections", len(notes), len(sections), self._request.language)
        text = "\n\n".join(f"{note} [{n}]" for n, note in enumerate(notes, 1) if note)
        return _Written(self._sections.generation(text), _hits(sections)[: len(notes)], coverage)

    async def _run(self, prompt: Prompt) -> GenerationRun:
        limits = self._turn.budget.escalated if self._escalated else self._turn.budget.draft
        limits = replace(limits, max_tokens=max(limits.max_tokens, SENTENCE_TOKENS * self._request.most_sentences))
        run = GenerationRun(self._model, prompt, limits, self._turn.clock, escalated=self._escalated)
        await run.stream(self._turn.emit)
        self._run_failure = run.failure
        return run

    async def _complete(self, sections: Sequence[Passage], coverage: str) -> _Written:
        """The notes as a list, with the central sentence of each section that has none."""
        notes = self._sections.notes
        rest = sections[len(notes) :]
        quotes = await asyncio.to_thread(lambda: [summarise([section], 1).extracts for section in rest])
        texts = [*notes, *(each[0].text if each else "" for each in quotes)]
        lines = [bullet(text, f"[{n}]") for n, text in enumerate(texts, 1) if text and not text.startswith(NOTHING)]
        if rest:
            await self._turn.emit(Notice(QUOTED_REST))
        text = "\n".join(lines)
        await self._turn.enter("generate", model=self._model.alias)
        await self._turn.emit(Delta(text, self._escalated))
        return _Written(self._sections.generation(text), _hits(sections), coverage)


async def _models(turn: TurnContext, request: WholeRequest, documents: Documents) -> list[ChatModel]:
    """Who reads, the first one that can; nobody where there is no model, or an outline stands in the headings."""
    if request.task == "outline" and all(len(outline(document)) > 1 for document in documents):
        return []
    small = [turn.models.small] if turn.models.small.generates else []
    if turn.mode != "large":
        return small
    if not turn.models.large:
        await turn.emit(Notice(NO_LARGER))
        return small
    await turn.emit(Decided(policies.escalate_on_request(turn.policy, _KNOWN, turn.larger), None, turn.larger))
    return [turn.models.large, *small]


async def _quote(turn: TurnContext, request: WholeRequest, documents: Documents) -> _Written:
    """The documents' own sentences."""
    answer = await asyncio.to_thread(extractive_answer, request, documents)
    await turn.enter("generate")
    await turn.emit(Delta("\n\n".join(filter(None, (answer.text, answer.coverage)))))
    generation = Generation("quoting", answer.text, finish_reason="stop", generated=False)
    return _Written(generation, answer.hits, answer.coverage)


async def _abstain(turn: TurnContext) -> tuple[Evidence, TurnResult]:
    decision = Decision("abstain", NO_TEXT, 0.0, 0.0, match=0.0)
    search = SearchResult(())
    await turn.emit(Retrieved(search))
    await turn.emit(Decided(decision, None))
    return Evidence(search, Answerability()), TurnResult("abstained", decision, None)


def _chosen(request: WholeRequest, documents: Documents, tokens: int) -> tuple[list[Passage], str]:
    """The sections that are read, and the sentence that says how many they are; a translation begins at the top."""
    every = [sections_of(document, tokens) for document in documents]
    each = max(1, MOST_SECTIONS // len(every))
    rows = [row[:each] if request.task == "translate" else representative(row, each) for row in every[:MOST_SECTIONS]]
    chosen = [section for row in rows for section in row]
    return chosen, coverage_sentence("sections", len(chosen), sum(map(len, every)), request.language)


def _hits(passages: Sequence[Passage]) -> tuple[Hit, ...]:
    """With the full score: the person chose them."""
    return tuple(Hit(passage, 0.0, 1.0) for passage in passages)


def _assess(turn: TurnContext, request: WholeRequest, written: _Written) -> AssessedAnswer:
    """The answer with checked marks; the sentence about its coverage is no claim, and comes after the check."""
    compares = written.generation.generated and not _is_foreign(request, written.hits)
    checked = (attribute if compares else check)(written.generation.text, written.hits)
    assessment = _assessment(turn, request, written, checked)
    text = "\n\n".join(filter(None, (checked.text, written.coverage)))
    return AssessedAnswer(written.generation, replace(checked, text=text), assessment)


def _assessment(turn: TurnContext, request: WholeRequest, written: _Written, checked: Checked) -> DraftAssessment:
    """Quotes are supported as they stand; of a text in another language than its passages only facts are compared."""
    if not written.generation.generated:
        return DraftAssessment(1.0, 1.0, 1.0, refuses=False, signals=(_QUOTED,))
    if not _is_foreign(request, written.hits):
        return assess_draft(_KNOWN, written.generation, checked, turn.policy.weights)
    facts = tuple(each for each in support_signals(checked.text, written.hits) if each.name in _FACTS)
    value = min((each.value for each in facts), default=1.0)
    return DraftAssessment(value, 1.0, value, refuses=False, signals=facts)


def _is_foreign(request: WholeRequest, hits: Sequence[Hit]) -> bool:
    """Whether the answer is in another language than its passages, so that their words cannot be compared."""
    languages = {hit.passage.document.language for hit in hits}
    return request.task == "translate" or bool(request.language and languages - {request.language, ""})


async def _finish(turn: TurnContext, documents: Documents, shown: AssessedAnswer) -> TurnResult:
    generation, assessment = shown.generation, shown.assessment
    if generation.generated and turn.models.large and generation.model == turn.larger and turn.mode == "large":
        decision = policies.escalate_on_request(turn.policy, _KNOWN, turn.larger)
        return TurnResult("escalated", decision, shown, escalated=generation)
    what = documents[0][0].document.name if len(documents) == 1 else f"{len(documents)} documents"
    decision = Decision(
        action="keep",
        reason=f"You asked about all of {what}.",
        confidence=assessment.confidence,
        threshold=turn.policy.confidence_threshold,
        signals=assessment.signals,
    )
    await turn.emit(Decided(decision, generation))
    return TurnResult("answered" if generation.generated else "quoted", decision, shown, draft=generation)
