"""The passages that a question is answered from: in the documents that it is about, or wherever they are."""

import asyncio
import re
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest

from rag.escalation import policy as policies
from rag.escalation.attached import ATTACHED_THRESHOLD, holds_answer, with_typed_answers
from rag.escalation.confidence import Answerability, assess_search
from rag.escalation.front_matter import front_matter
from rag.generation.context import estimate_tokens
from rag.generation.query_rewriting import rewrite
from rag.retrieval.search import Searcher
from rag.text.analysis import fold
from rag.text.language import language_of
from rag.turn.state import Evidence, TurnContext
from rag.types import Decision, Document, Hit, Intent, SearchResult

REWRITE_BELOW = 0.4
"""The normalised score below which a foreign question is put into other words: of xquad's questions to English passages
96 to 98 % in Russian and Chinese have less, 69 to 76 % in German and Spanish, none in English (benchmarks/bridge)."""

_LATIN = re.compile("[a-z]")
_MOST_WHOLE = 60
"""Passages of files that may be read whole; more cannot fit any budget for them."""


async def retrieve(turn: TurnContext, searcher: Searcher, intent: Intent) -> Evidence:
    """The evidence for a question, and whether it is enough to answer from.

    The documents that it points at are searched alone; else the chat's files are, and the library joins where they do
    not hold the answer. A model is asked about files whatever the gate says, because "it does not say" is an answer.
    """
    scope = _files_in_question(turn, intent)
    if not scope:
        return await _retrieve_anywhere(turn, searcher, intent)
    in_files = await _search_files(turn, searcher, intent, scope)
    if not in_files.abstention or intent.pointed_at or turn.attachments.choice == "files":
        return in_files if in_files.abstention is None or not turn.generates else replace(in_files, abstention=None)
    anywhere = await _retrieve_anywhere(turn, searcher, intent)
    if not anywhere.abstention:
        return replace(anywhere, whole=in_files.whole)
    return replace(in_files, abstention=None) if turn.generates else in_files


def _files_in_question(turn: TurnContext, intent: Intent) -> tuple[Document, ...]:
    """The documents to search first; none where the question is for all there is."""
    if intent.documents and not (intent.in_library and not intent.pointed_at):
        return intent.documents
    if intent.in_library:
        return ()
    return turn.attachments.documents if turn.attachments.choice in ("auto", "files") else ()


async def _search_files(
    turn: TurnContext, searcher: Searcher, intent: Intent, documents: Sequence[Document]
) -> Evidence:
    """What these documents hold; all of them where they are short, on the pages that are asked about."""
    within = frozenset(document.id for document in documents)
    whole = await asyncio.to_thread(_whole, searcher, documents, turn.budget.passage_tokens) if turn.generates else ()
    found = await _search(turn, searcher, intent, within)
    languages = _languages_of(documents)
    if intent.kind == "lookup" and not whole and _is_foreign(turn, found, languages):
        found = await _search_rewritten(turn, searcher, found, languages, within)
    opening = await asyncio.to_thread(searcher.opening, within, limit=turn.budget.candidates)
    search = replace(found.search, hits=_hits_on_pages(found.search.hits, intent.pages))
    answerable = await asyncio.to_thread(holds_answer, search, turn.question, searcher.synonyms, opening)
    search = await asyncio.to_thread(with_typed_answers, search, turn.question, searcher.synonyms, opening)
    if front_matter(turn.question) or not search.hits:
        search = replace(search, hits=tuple(opening[:1]) or search.hits)
    return Evidence(search, answerable, _gate(turn, answerable), _hits_on_pages(whole, intent.pages))


async def _retrieve_anywhere(turn: TurnContext, searcher: Searcher, intent: Intent) -> Evidence:
    """A search of all there is; in other words too for a question in a language that the library hardly has, and for a
    follow-up that would end at the gate."""
    found = await _search(turn, searcher, intent)
    abstention = policies.gate(turn.policy, found.answerability)
    follows = bool(turn.history and abstention)
    if intent.kind == "lookup" and (follows or found.search.normalised_score < REWRITE_BELOW):
        languages = [*await asyncio.to_thread(turn.languages), *_languages_of(turn.attachments.documents)]
        if follows or _is_foreign(turn, found, languages):
            found = await _search_rewritten(turn, searcher, found, languages)
            abstention = policies.gate(turn.policy, found.answerability)
    return replace(found, abstention=abstention)


def _languages_of(documents: Sequence[Document]) -> list[str]:
    return list(dict.fromkeys(document.language for document in documents if document.language))


def _is_foreign(turn: TurnContext, found: Evidence, languages: Sequence[str]) -> bool:
    """Whether the question finds little and is in none of these languages of the documents.

    One in the documents' own language keeps its words: a model that strays from them would open the gate to whatever it
    thought of.
    """
    if found.search.normalised_score >= REWRITE_BELOW:
        return False
    own = language_of(turn.question)
    return bool(languages) and (own not in languages if own else not _LATIN.search(fold(turn.question)))


async def _search_rewritten(
    turn: TurnContext,
    searcher: Searcher,
    found: Evidence,
    languages: Sequence[str],
    within: Set[str] | None = None,
) -> Evidence:
    """What the question finds in an idle model's words, if that is better than what it has found in its own."""
    idle = turn.models.idle if turn.budget.rewrite else None
    if not idle:
        return found
    await turn.enter("rewrite", model=idle.alias)
    if not (rows := await rewrite(idle, turn.question, turn.history, languages)):
        return found
    earlier = [exchange.question for exchange in turn.history]
    again = await _assess(turn, await _find(turn, searcher, turn.question, earlier, within, rows))
    return max(found, again, key=lambda each: each.answerability.value)


async def _search(turn: TurnContext, searcher: Searcher, intent: Intent, within: Set[str] | None = None) -> Evidence:
    """The question searched for, and each of its parts by itself."""
    earlier = [exchange.question for exchange in turn.history]
    found = await _assess(turn, await _find(turn, searcher, turn.question, earlier, within))
    if not intent.parts:
        return found
    each = [await _assess(turn, await _find(turn, searcher, part, earlier, within)) for part in intent.parts]
    best = max((found, *each), key=lambda evidence: evidence.answerability.value)
    return replace(best, search=_merged([one.search for one in (*each, found)], turn.budget.candidates))


async def _find(
    turn: TurnContext,
    searcher: Searcher,
    query: str,
    earlier: Sequence[str],
    within: Set[str] | None = None,
    rewritten: Sequence[str] = (),
) -> SearchResult:
    await turn.enter("search", passages=len(searcher))
    left_out = turn.attachments.left_out
    search = partial(searcher.search, limit=turn.budget.candidates, within=within, without=left_out)
    return await asyncio.to_thread(search, query, earlier, correct=turn.correct, rewritten=rewritten)


async def _assess(turn: TurnContext, search: SearchResult) -> Evidence:
    weights, threshold = turn.policy.weights, turn.policy.grounding_threshold
    return Evidence(search, await asyncio.to_thread(assess_search, search, turn.question, weights, threshold))


def _merged(searches: Sequence[SearchResult], limit: int) -> SearchResult:
    """Their hits in turn, each once, with the greatest weight of each term."""
    rows = zip_longest(*(search.hits for search in searches))
    hits = {hit.passage.id: hit for hit in reversed([hit for row in rows for hit in row if hit])}
    weights: dict[str, float] = {}
    for term, weight in chain.from_iterable(search.weights.items() for search in searches):
        weights[term] = max(weight, weights.get(term, 0.0))
    return replace(searches[-1], hits=tuple(reversed(hits.values()))[:limit], weights=weights)


def _whole(searcher: Searcher, documents: Sequence[Document], tokens: int) -> tuple[Hit, ...]:
    """All passages of these documents, in order; none where they cost more than `tokens`."""
    hits: list[Hit] = []
    for document in documents:
        for passage in searcher.passages(document.id, _MOST_WHOLE):
            hits.append(Hit(passage, 0.0, 1.0))
            tokens -= estimate_tokens(passage.shown)
        if tokens < 0 or len(hits) >= _MOST_WHOLE:
            return ()
    return tuple(hits)


def _gate(turn: TurnContext, answerable: Answerability) -> Decision | None:
    """The decision to abstain by the threshold of files; one of 0, which a person may set, lets everything through."""
    threshold = ATTACHED_THRESHOLD if turn.policy.grounding_threshold else 0.0
    return policies.gate(replace(turn.policy, grounding_threshold=threshold), answerable)


def _hits_on_pages(hits: tuple[Hit, ...], pages: Sequence[int]) -> tuple[Hit, ...]:
    """Those on the pages that are asked about; all of them where none is, or none is there."""
    there = tuple(hit for hit in hits if hit.passage.page in pages)
    return there or hits
