"""The library and a chat's uploads as one ranking, with one normalised score."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, zip_longest
from typing import TypeVar

from rag.retrieval.dedup import deduplicate, group_neighbours, merge_neighbours
from rag.retrieval.document_names import asked_names, names_of
from rag.retrieval.fields import searched_text
from rag.retrieval.index import PassageIndex, Statistics
from rag.retrieval.named_documents import LEAST_SCORE, NamedDocument, NameStatistics, named_documents, words_asked
from rag.retrieval.query import Query, build_query
from rag.retrieval.scoring import QueryScorer, history_weight
from rag.retrieval.spelling import apply_corrections, find_corrections
from rag.retrieval.synonyms import Synonyms, shipped_synonyms
from rag.text.analysis import fold
from rag.text.definitions import defining_passage
from rag.types import Document, Hit, Passage, SearchResult

MOST_TERMS = 128
"""A question of thousands of words, or the rest of a long talk, is searched for by the terms of the greatest mass; a
usual question has about 50, and what is left out changes no measure (benchmarks/retrieval)."""

DEFINES = 3.0
"""What a passage that defines the term counts beside another one that holds it."""

OTHER_LANGUAGE = 0.75
"""What a passage of a document in another language than the question's counts, where both languages are known: such
words as they share are rare there. xquad en, es, de and ru in one index: hit@1 .928 → .931, hit@5 .981 → .984."""

_WIDER = 6
"""How many times as many hits are looked at for one that defines what was asked for: a definition says a word once."""

_MOST_FOUND = 500
"""Hits; a ranking full of near-duplicates is followed no further than this."""

MOST_NAMED = 50
"""Documents; a question that names more of them alike names none of these."""

_NAMED_TOGETHER, _MOST_TOGETHER = 0.5, 8
"""Up to so many documents whose score is at least this share of the best one's are ranked by how common words are in
them, not in all; page@5 of reports .21 → .27."""

_PRIOR_PASSAGES = 1_000
"""Of all documents, beside those of the named ones, in that: the counts of a short document say little. At 200 as well;
at 0 squad loses .02 nDCG@10."""

_T = TypeVar("_T")


class Searcher:
    """Searches several indexes as if they were one; its calls block: run them in a worker thread."""

    def __init__(self, *indexes: PassageIndex, synonyms: Synonyms | None = None) -> None:
        """`synonyms` are the shipped ones by default; `Synonyms()` is for none."""
        self.indexes = indexes
        self.synonyms = synonyms or shipped_synonyms()

    def __len__(self) -> int:
        return sum(len(index) for index in self.indexes)

    def search(
        self,
        question: str,
        earlier: Sequence[str] = (),
        *,
        limit: int,
        within: Set[str] | None = None,
        without: Set[str] = frozenset(),
        correct: bool = True,
        rewritten: Sequence[str] = (),
    ) -> SearchResult:
        """The best passages for a question; `earlier` are the chat's questions before it, oldest first.

        `within` are the ids of the only documents to be found, None for all; how common a word is, is counted in all.
        The documents `without` are passed over, but for how common they make words. Of near-duplicates only the first
        is given; two neighbours in a document are one hit. Without `correct` misspelt words are searched for as they
        were typed. `rewritten` are other words for the question, such as its translation: what any of them finds is
        found, and scores are those of the way to ask of which most was found, which is the result's `question`.
        """
        corrections = find_corrections(question, self.indexes) if correct else {}
        query = build_query(apply_corrections(question, corrections), earlier, self.synonyms, typed=corrections)
        others = [build_query(text) for text in rewritten]
        terms = query.together(others).terms
        statistics = query.blended(sum((index.statistics(terms) for index in self.indexes), Statistics()))
        query = query.with_history_weight(history_weight(query, statistics))
        named = self._named(question, within, without)
        found = self._groups(query.together(others), statistics, limit, within, without, named)
        ways = [_scored(each, statistics, found) for each in (query, *others)]
        best = max(range(len(ways)), key=lambda n: _best_score(ways[n][1]))
        scorer, groups = ways[best]
        hits = sorted(map(merge_neighbours, groups), key=_by_score)
        return SearchResult(
            tuple(hits),
            scorer.weights,
            len(self),
            scorer.coverage(hits),
            ("", *rewritten)[best],
            corrections=corrections,
            replaced=scorer.replaced,
        )

    def opening(self, documents: Set[str], *, limit: int) -> list[Hit]:
        """The first passages of these documents, all first ones, then all second ones, each with a full score.

        That is where a document has its title, authors, date and abstract; see `rag.escalation.front_matter`.
        """
        each = [index.passages(document, limit=limit) for index in self.indexes for document in sorted(documents)]
        return [Hit(passage, 0.0, 1.0) for passage in _in_turn(*each)][:limit]

    def passages(self, document_id: str, limit: int) -> list[Passage]:
        """The first passages of a document, in order; none where no index has it."""
        return list(chain.from_iterable(index.passages(document_id, limit=limit) for index in self.indexes))

    def documents_named(self, question: str) -> list[NamedDocument]:
        """The documents that a question names, by file, folder or title, the surest first; at most `MOST_NAMED`.

        Those that are written out ("privacy.md", "informe anual 2019") are `exact`; the others have a name of which the
        question holds enough, made of words that stand for them here ("3M's report of 2018", "the AutoGen paper"), or
        nearly all of it ("What is privacy?").
        """
        asked = asked_names(question)
        candidates = self._candidates(asked.forms)
        if not candidates:
            return []
        units = {unit for each in candidates for name in names_of(each.name, each.title) for unit in name.units}
        counts = sum((index.name_counts(units | asked.forms) for index in self.indexes), Statistics())
        words = words_asked(asked, candidates)
        passages = sum((index.statistics(words) for index in self.indexes), Statistics())
        own = sum((index.own_name_counts(words) for index in self.indexes), Statistics())
        return named_documents(asked, candidates, NameStatistics(counts, passages, own))

    def _named(self, question: str, within: Set[str] | None, without: Set[str]) -> dict[str, float]:
        """The scores of the documents that a question names; none where it names no one surely."""
        found = {
            each.document_id: each.score
            for each in self.documents_named(question)
            if each.document_id not in without and (within is None or each.document_id in within)
        }
        return found if max(found.values(), default=0.0) >= LEAST_SCORE else {}

    def named(self, question: str) -> tuple[list[Document], list[Document]]:
        """The documents whose names are written out in a question, as files or as titles of several words, and those of
        whose names it has the words; the surest first."""
        found = self.documents_named(question)
        exact, alike = ([each for each in found if each.exact == written] for written in (True, False))
        return self._documents(exact), self._documents(alike)

    def _documents(self, named: Sequence[NamedDocument]) -> list[Document]:
        return [passage.document for each in named for passage in self.passages(each.document_id, 1)]

    def _candidates(self, forms: Set[str]) -> list[Document]:
        """Up to `MOST_NAMED` documents with the greatest idf of these forms in their names; of more alike, none."""
        counts = sum((index.name_counts(forms) for index in self.indexes), Statistics())
        weights = {form: counts.idf(form) for form, n in counts.containing.items() if n}
        found = [each for index in self.indexes for each in index.documents_called(weights, MOST_NAMED + 1)]
        found.sort(key=lambda each: (-each[1], each[0].id))
        too_low = found[MOST_NAMED][1] if len(found) > MOST_NAMED else 0.0
        return [document for document, mass in found if mass > too_low]

    def _groups(
        self,
        query: Query,
        statistics: Statistics,
        limit: int,
        within: Set[str] | None,
        without: Set[str],
        named: Mapping[str, float],
    ) -> list[tuple[Hit, ...]]:
        """The best `limit` groups of hits; a ranking full of near-duplicates is followed further down."""
        terms, count = _heaviest_terms(query.terms, statistics), 3 * limit * (_WIDER if query.term else 1)
        statistics, bonuses = self._of_named(terms, statistics, named)
        says = defining_passage(query.term) if query.term else None
        while True:
            rows = [index.search(terms, count, statistics, within, bonuses) for index in self.indexes]
            wanted = (hit for row in rows for hit in row if hit.passage.document.id not in without)
            ranked = sorted((_weighed(hit, says, query.language) for hit in wanted), key=_by_score)
            groups = group_neighbours(deduplicate(ranked), limit)
            if len(groups) == limit or count >= _MOST_FOUND or all(len(row) < count for row in rows):
                return groups
            count *= 4

    def _of_named(
        self, terms: Mapping[str, float], statistics: Statistics, named: Mapping[str, float]
    ) -> tuple[Statistics, Mapping[str, float]]:
        """Statistics and bonuses for a question that names documents: a passage of one whose name is sure to be meant
        ranks before all others, and among its own the words count that are rare there."""
        if not named:
            return statistics, {}
        together = {
            each for each in list(named)[:_MOST_TOGETHER] if named[each] >= _NAMED_TOGETHER * max(named.values())
        }
        of_named = sum((index.statistics(terms, together) for index in self.indexes), Statistics())
        statistics = of_named.smoothed(statistics, _PRIOR_PASSAGES)
        best = max((hit.score for index in self.indexes for hit in index.search(terms, 1, statistics)), default=0.0)
        return statistics, {document_id: round(score, 2) * best for document_id, score in named.items()}


def _heaviest_terms(terms: Mapping[str, float], statistics: Statistics) -> Mapping[str, float]:
    """Of the terms that are in any passage those with the greatest weight times idf."""
    known = (term for term in terms if statistics.containing.get(term))
    ranked = sorted(known, key=lambda term: -terms[term] * statistics.idf(term))
    return {term: terms[term] for term in ranked[:MOST_TERMS]}


def _weighed(hit: Hit, says: re.Pattern[str] | None, language: str) -> Hit:
    written = hit.passage.document.language
    factor = OTHER_LANGUAGE if language and written and written != language else 1.0
    if says and says.search(fold(searched_text(hit.passage))):
        factor *= DEFINES
    return hit if factor == 1.0 else replace(hit, score=hit.score * factor)


def _scored(
    query: Query, statistics: Statistics, groups: Sequence[tuple[Hit, ...]]
) -> tuple[QueryScorer, list[tuple[Hit, ...]]]:
    """The hits with the scores that they have as an answer to this query."""
    scorer = QueryScorer(query, statistics, list(chain.from_iterable(groups)))
    return scorer, [tuple(map(scorer.with_normalised_score, group)) for group in groups]


def _best_score(groups: Sequence[tuple[Hit, ...]]) -> float:
    return max((hit.normalised_score for group in groups for hit in group), default=0.0)


def _by_score(hit: Hit) -> float:
    return -hit.score


def _in_turn(*rows: Sequence[_T]) -> list[_T]:
    """The first of each, then the second of each …"""
    return [each for column in zip_longest(*rows) for each in column if each is not None]
