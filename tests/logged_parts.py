"""Turns for the log, and logs of turns that people judged."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rag.escalation.weights import Logistic, Weights
from rag.turn_log.record import LoggedDecision, LoggedEscalation, LoggedGeneration, LoggedTurn
from rag.types import (
    Citation,
    Decision,
    Document,
    EscalationReport,
    Generation,
    Hit,
    Passage,
    SearchResult,
    SentenceChange,
    Signal,
    StageTime,
    Timings,
    Turn,
    Usage,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)

WEIGHTS = Weights(
    answerable=Logistic(-1.0, {"strength": 2.0}),
    supported=Logistic(-1.0, {"support": 2.0}),
    confidence=Logistic(-4.0, {"answerable": 4.0, "supported": 4.0}),
)


def a_turn(words: str = "word") -> Turn:
    """A turn that escalated; every text field in which a document, a person or a model may speak holds the words."""
    document = Document(words, words, collection=words, language=words)
    passage = Passage(document, 0, words, headings=(words, words), page=3, header=words)
    hit = Hit(passage, 4.2, 0.8)
    draft = Generation("phi-4-mini", words, words, Usage(700, 80), words, 2.5, 31.9)
    return Turn(
        question=words,
        answer=words,
        outcome="escalated",
        citations=(Citation(1, hit, cited=True, quote=(0, 1)), Citation(2, hit, cited=False)),
        search=SearchResult((hit,), {words: 1.0}, 100, 0.9, words),
        decision=Decision(
            action="escalate",
            reason=words,
            confidence=0.41,
            threshold=0.5,
            trigger="low_confidence",
            way="answer",
            signals=(Signal("answerable", 0.8, words), Signal("supported", 0.123456, words)),
            match=0.8,
            match_threshold=0.35,
        ),
        timings=Timings(
            (
                StageTime("search", 0.0, 0.01),
                StageTime("first_token", 0.01, 0.5),
                StageTime("generate", 0.51, 2.0),
                StageTime("escalation_first_token", 2.51, 1.0),
                StageTime("escalation_generate", 3.51, 4.0),
            ),
            7.51,
        ),
        draft=draft,
        escalated=replace(draft, model="gpt-oss-20b", usage=Usage(720, 300, 120), seconds=5.0),
        escalation_report=EscalationReport(
            5.1, 300, 0.4, 0.9, (SentenceChange("kept", words, words), SentenceChange("added", "", words))
        ),
        notices=(words,),
    )


def logged(turn_id: str = "1", **changes: object) -> LoggedTurn:
    """A logged turn whose draft was shown, with some fields changed."""
    turn = LoggedTurn(
        id=turn_id,
        at=NOON,
        mode="auto",
        outcome="answered",
        decision=LoggedDecision("keep", 0.8, 0.5, 0.9, 0.35),
        total=3.0,
        first_token=0.5,
        draft=LoggedGeneration("phi-4-mini", 2.5, read=1000, written=100, reasoning=0, tokens_per_second=40.0),
    )
    return replace(turn, **changes)  # type: ignore[arg-type]


def escalated(turn_id: str = "1", **changes: object) -> LoggedTurn:
    """A logged turn that the larger model took over because of low confidence, with some fields changed."""
    return logged(
        turn_id,
        **{
            "outcome": "escalated",
            "decision": LoggedDecision("escalate", 0.3, 0.5, 0.9, 0.35, trigger="low_confidence", way="answer"),
            "total": 10.0,
            "escalated": LoggedGeneration(
                "gpt-oss-20b", 6.0, read=1100, written=300, reasoning=100, tokens_per_second=50.0
            ),
            "escalation_report": LoggedEscalation(7.0, 0.4, 0.9, tokens=300, kept=1, added=1),
        }
        | changes,
    )


def judged(count: int, truth: Logistic, seed: int = 1) -> list[LoggedTurn]:
    """Turns with drafts of all kinds, each with a thumb that is up as probably as the truth says."""
    chance = random.Random(seed)
    turns = list[LoggedTurn]()
    for number in range(count):
        signals = {name: round(chance.betavariate(3, 2), 4) for name in ("answerable", "supported")}
        confidence = WEIGHTS.confidence(signals)
        turns.append(
            logged(
                f"turn-{number}",
                at=NOON + timedelta(minutes=number),
                signals=signals | {"numbers": 1.0},
                decision=LoggedDecision("keep", confidence, 0.5, 0.9, 0.35),
                thumb="up" if chance.random() < truth(signals) else "down",
            )
        )
    return turns


def divergence(truth: Logistic, guess: Logistic, turns: list[LoggedTurn]) -> float:
    """Mean Kullback-Leibler divergence of the guessed probabilities from the true ones, in nats."""

    def one(p: float, q: float) -> float:
        return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

    return sum(one(truth(turn.signals), guess(turn.signals)) for turn in turns) / len(turns)
