"""What the page shows of a turn, as plain data: the panel, live from events, then from the record; the sources."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from rag.events import Decided, Finished, Retrieved, Stage, TurnEvent, Understood
from rag.grounding.attribution import reason
from rag.grounding.citations import without_marks
from rag.turn.state import UNSUPPORTED
from rag.types import (
    Attachments,
    Citation,
    Decision,
    EscalationReport,
    Generation,
    Hit,
    Intent,
    StageName,
    Timings,
    Turn,
    UnsupportedSentence,
    WholeTask,
)

Props = dict[str, Any]
"""JSON for `Turn.jsx` and `Sources.jsx` in `public/elements/`; all times in milliseconds."""

LABELS: dict[StageName, str] = {
    "intent": "Intent",
    "rewrite": "Other words",
    "search": "Search",
    "read": "Read",
    "prompt": "Prompt",
    "load": "Load model",
    "request": "Request",
    "first_token": "First token",
    "generate": "Generate",
    "check": "Check",
    "escalation_load": "Load larger model",
    "escalation_request": "Request",
    "escalation_first_token": "First token",
    "escalation_generate": "Generate",
    "escalation_check": "Check",
}
_ADDRESS = re.compile(r"\]\([^()\s]*\)")
"""Of a link, which the page does not show."""
_TITLES = {
    "answered": "Draft kept",
    "escalated": "Larger model",
    "kept_draft": "Draft kept after all",
    "abstained": "Not in your documents",
    "quoted": "Quotes",
    "replied": "Reply",
}


_TASKS: dict[WholeTask, str] = {
    "summary": "summary",
    "key_points": "key points",
    "about": "what it is about",
    "outline": "outline",
    "translate": "translation",
    "question": "a question to all of it",
}
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MOST_NAMES, _MOST_PAGES = 3, 5
"""In a line of the panel."""


class LivePanel:
    """The panel of a turn that still runs."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._stages: list[tuple[StageName, float]] = []
        self._decision: Decision | None = None
        self._retrieved: tuple[int, int] | None = None
        self._intent: Intent | None = None

    def update(self, event: TurnEvent) -> bool:
        """Whether the panel looks different after this event."""
        if isinstance(event, Stage):
            if not self._stages:
                self._began = self._clock()  # the turn's own clock starts here, not while the library is read
            if not self._stages or self._stages[-1][0] != event.name:  # the parts of a document are one bar
                self._stages.append((event.name, self._clock() - self._began))
        elif isinstance(event, Understood):
            self._intent = event.intent
        elif isinstance(event, Retrieved):
            self._retrieved = (event.search.searched, len(event.search.hits))
        elif isinstance(event, Decided):
            self._decision = event.decision
        return isinstance(event, Stage | Understood | Retrieved | Decided | Finished)

    def props(self) -> Props:
        """The panel as of now; the last stage still runs, and the page counts on by itself."""
        now = self._clock() - self._began
        ends = [start for _, start in self._stages[1:]] + [now]
        return {
            "running": True,
            "title": "Working",
            "stages": [_bar(name, start, end - start) for (name, start), end in zip(self._stages, ends, strict=False)],
            "total_ms": _ms(now),
            "searched": self._retrieved and {"passages": self._retrieved[0], "hits": self._retrieved[1]},
            "intent": intent_line(self._intent) if self._intent else "",
            "decision": self._decision and _decision(self._decision),
            "models": [],
            "notices": [],
        }


def turn_props(turn: Turn, earlier: Sequence[Turn] = ()) -> Props:
    """The panel of a finished turn; `earlier` are the chat's turns up to and with it, for the running averages."""
    return {
        "running": False,
        "title": _TITLES[turn.outcome],
        "outcome": turn.outcome,
        "stages": [_bar(stage.name, stage.start, stage.seconds) for stage in turn.timings.stages],
        "total_ms": _ms(turn.timings.total),
        "searched": {"passages": turn.search.searched, "hits": len(turn.search.hits)},
        "searched_for": turn.search.question,
        "intent": intent_line(turn.intent),
        "decision": _decision(turn.decision),
        "models": [
            _model(generation, role)
            for generation, role in ((turn.draft, "draft"), (turn.escalated, "larger"))
            if generation
        ],
        "combined_ms": _combined_ms(turn),
        "receipt": turn.escalation_report and _report(turn.escalation_report),
        "averages": _averages(earlier or (turn,)),
        "notices": _notices(turn),
        "corrected_marks": turn.corrected_marks,
    }


def intent_line(intent: Intent) -> str:
    """What the question was taken for: "Whole document: summary · about a.pdf, because it was attached"."""
    match intent.kind:
        case "talk":
            kind = "Small talk"
        case "catalogue":
            kind = "Which documents there are"
        case "whole_document":
            kind = f"Whole document: {_TASKS[intent.request.task] if intent.request else ''}".rstrip(": ")
        case "comparison":
            several = any(part.endswith("?") for part in intent.parts)
            kind = f"{'Several questions' if several else 'Comparison'}: {' · '.join(intent.parts)}"
        case "lookup":
            kind = "" if intent.documents else f"Lookup{' in the library' if intent.in_library else ''}"
    return " · ".join(filter(None, [kind, _about(intent, capital=not kind)]))


def _about(intent: Intent, *, capital: bool) -> str:
    """ "about a.pdf and 3 more, p. 2, because it was attached to this question"."""
    if not intent.documents:
        return ""
    if intent.folder:
        return f"{'About' if capital else 'about'} the folder {intent.folder}, {intent.reason}"
    names = ", ".join(document.name for document in intent.documents[:_MOST_NAMES])
    more = f" and {len(intent.documents) - _MOST_NAMES} more" if len(intent.documents) > _MOST_NAMES else ""
    pages = f"p. {', '.join(map(str, intent.pages[:_MOST_PAGES]))}" if intent.pages else ""
    return ", ".join(filter(None, [f"{'About' if capital else 'about'} {names}{more}", pages, intent.reason]))


def first_token_ms(timings: Timings) -> float | None:
    """Milliseconds from the question to the first token of any model; None when no model wrote."""
    starts = [stage.start for stage in timings.stages if stage.name in ("generate", "escalation_generate")]
    return _ms(min(starts)) if starts else None


def _bar(name: StageName, start: float, seconds: float) -> Props:
    return {
        "name": name,
        "label": LABELS[name],
        "start_ms": _ms(start),
        "ms": _ms(seconds),
        "larger": name.startswith("escalation"),
    }


def _decision(decision: Decision) -> Props:
    return {
        "action": decision.action,
        "trigger": decision.trigger,
        "way": decision.way,
        "reason": decision.reason,
        "confidence": round(decision.confidence, 3),
        "threshold": round(decision.threshold, 3),
        "match": round(decision.match, 3),
        "match_threshold": round(decision.match_threshold, 3),
        "held": decision.blocked_by,
        "signals": [
            {"name": s.name, "value": round(s.value, 3), "meaning": s.meaning, "threshold": s.threshold}
            for s in decision.signals
        ],
    }


def _report(escalation_report: EscalationReport) -> Props:
    return {
        "added_ms": _ms(escalation_report.seconds),
        "tokens": escalation_report.tokens,
        "support_before": round(escalation_report.support_before, 3),
        "support_after": round(escalation_report.support_after, 3),
        "changes": [{"kind": c.kind, "before": c.before, "after": c.after} for c in escalation_report.changes],
    }


def _model(generation: Generation, role: str) -> Props:
    usage = generation.usage
    return {
        "role": role,
        "alias": generation.model,
        "ms": _ms(generation.seconds),
        "tokens_in": usage.prompt if usage else None,
        "tokens_out": usage.completion if usage else None,
        "tokens_reasoning": usage.reasoning if usage else None,
        "tokens_per_second": _rounded(generation.tokens_per_second),
        "finish_reason": generation.finish_reason,
        "generated": generation.generated,
    }


def _combined_ms(turn: Turn) -> float | None:
    """Milliseconds of draft and larger model together; None when only one of them wrote."""
    return _ms(turn.draft.seconds + turn.escalated.seconds) if turn.draft and turn.escalated else None


def _averages(turns: Sequence[Turn]) -> Props:
    rates = [g.tokens_per_second for t in turns for g in (t.draft, t.escalated) if g and g.tokens_per_second]
    firsts = [first for turn in turns if (first := first_token_ms(turn.timings)) is not None]
    return {
        "turns": len(turns),
        "total_ms": _mean([_ms(turn.timings.total) for turn in turns]),
        "first_token_ms": _mean(firsts),
        "tokens_per_second": _mean(rates),
        "escalated_share": _mean([float(turn.escalated is not None) for turn in turns]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def source_props(turn: Turn, note: str = "", origin: str = "") -> Props:
    """Cited passages with their supporting sentence, the others apart, who wrote the answer and why, and a note.

    `origin` is a sentence about where the answer comes from, which stands before who wrote it.
    """
    return {
        "cited": [_source(citation) for citation in turn.citations if citation.cited],
        "listed": [{"number": n, **_passage(Hit(each, 0.0))} for n, each in enumerate(turn.listed, 1)],
        "others": [_source(citation) for citation in turn.citations if not citation.cited],
        "nearest": [_passage(hit) for hit in turn.search.hits[:3]] if turn.outcome == "abstained" else [],
        "byline": " ".join(filter(None, [origin, byline(turn)])),
        "unsupported": [_unsupported(turn.answer, each) for each in turn.unsupported],
        "notices": [*_corrected(turn), *_notices(turn), *([note] if note and turn.outcome == "quoted" else [])],
        "offer_upload": turn.outcome == "abstained",
    }


def provenance(turn: Turn, attachments: Attachments) -> str:
    """A sentence where the chat's files were searched first and the library answered; "" otherwise."""
    cited = [citation.hit.passage.document.origin for citation in turn.citations if citation.cited]
    first = attachments.documents and attachments.choice == "auto"
    if not first or turn.intent.pointed_at or turn.intent.in_library or not cited:
        return ""
    return "" if "upload" in cited else "Not in this chat's files; this is from the library."


def searched_for(turn: Turn) -> str:
    """The question with the words that were searched for in place of misspelt ones."""
    by_word = {typed.casefold(): searched for typed, searched in turn.search.corrections.items()}
    return _WORD.sub(lambda match: by_word.get(match[0].casefold(), match[0]), turn.question)


def _corrected(turn: Turn) -> list[str]:
    """A line that says so where words were corrected; an abstention says so itself."""
    is_shown = turn.search.corrections and turn.outcome != "abstained"
    return [f"Searched for “{searched_for(turn)}”."] if is_shown else []


def byline(turn: Turn) -> str:
    """One line: which model wrote the answer, and why that one."""
    if turn.outcome in ("abstained", "replied"):
        return ""
    if turn.outcome == "quoted":
        return "Quoted word for word; no model wrote this."
    if turn.outcome == "escalated":
        return f"Written by {turn.model}. {turn.decision.reason}"
    if turn.outcome == "kept_draft" and turn.escalated:
        return f"Written by {turn.model}; {turn.escalated.model} answered too, but less of it stood in your documents."
    if turn.decision.trigger:
        return f"Written by {turn.model}. {turn.decision.reason}"
    return f"Written by {turn.model}."


def _notices(turn: Turn) -> list[str]:
    """Those of the turn; where sentences are flagged in their places, no notice says so once more."""
    return [notice for notice in turn.notices if notice != UNSUPPORTED or not turn.unsupported]


def _unsupported(answer: str, sentence: UnsupportedSentence) -> Props:
    """The sentence without its marks, what is wrong with it, and how many letters and digits the page shows of it."""
    written = answer[sentence.start : sentence.end]
    letters = sum(character.isalnum() for character in _ADDRESS.sub("]", written))
    words = " · ".join(filter(None, map(str.strip, without_marks(written).strip(" *_#>-").split("|"))))
    return {"text": words, "reason": reason(sentence), "letters": letters}


def _source(citation: Citation) -> Props:
    return {"number": citation.number, **_passage(citation.hit, citation.quote)}


def _passage(hit: Hit, quote: tuple[int, int] | None = None) -> Props:
    passage, document = hit.passage, hit.passage.document
    start, end = quote or (0, 0)
    return {
        "place": passage.place,
        "document": document.name,
        "title": document.title,
        "headings": list(passage.headings),
        "where": passage.where,
        "origin": document.origin,
        "collection": document.collection,
        "table_header": passage.header,
        "parts": [passage.text[:start], passage.text[start:end], passage.text[end:]],
        "strength": round(hit.normalised_score, 2),
    }
