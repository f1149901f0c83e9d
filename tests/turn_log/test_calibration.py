"""Calibrating: what is learned from labels, how little a few of them may do, and the file with its way back."""

import json
import logging
import math
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli.report_text import proposal as proposal_text
from rag.errors import GroundworkError, StorageError
from rag.escalation.weights import Logistic
from rag.turn_log.calibration import (
    CURRENT,
    PREVIOUS,
    Calibration,
    load_calibration,
    read_calibration,
    save_calibration,
    undo_calibration,
)
from rag.turn_log.calibration_fit import MANY, TARGET, Proposal, choose_threshold, propose, read_labels
from rag.turn_log.record import LoggedDecision, LoggedGeneration, LoggedText, LoggedTurn
from tests.logged_parts import NOON, WEIGHTS, divergence, escalated, judged, logged

SHIPPED = WEIGHTS.confidence
IN_USE = Calibration(WEIGHTS, 0.5)
TOO_TRUSTING = Logistic(-6.0, SHIPPED.coefficients)
"""What drafts are really like where the shipped confidence is too high."""
OTHER_SIGNAL = Logistic(-4.0, {"answerable": 0.0, "supported": 8.0})
"""Where one of the signals says nothing."""


def proposed(
    turns: list[LoggedTurn], annotations: dict[str, bool] | None = None, in_use: Calibration = IN_USE
) -> Proposal:
    return propose(turns, annotations or {}, shipped=WEIGHTS, in_use=in_use, minimum=30, at=NOON + timedelta(days=30))


def head(found: Proposal) -> Logistic:
    return found.calibration.weights.confidence


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labels", [60, 400])
def test_a_confidence_that_is_too_high_comes_down(labels: int, seed: int) -> None:
    turns = judged(labels, TOO_TRUSTING, seed)
    found = proposed(turns)
    assert found.labels == labels
    assert found.right == sum(turn.thumb == "up" for turn in turns)
    assert found.after.ece < found.before.ece
    assert divergence(TOO_TRUSTING, head(found), turns) < 0.4 * divergence(TOO_TRUSTING, SHIPPED, turns)


def test_many_labels_find_the_signal_that_says_nothing() -> None:
    turns = judged(600, OTHER_SIGNAL)
    found = proposed(turns)
    assert found.every_coefficient
    assert found.after.auroc > found.before.auroc + 0.03
    assert abs(head(found).coefficients["answerable"]) < 1.5
    assert head(found).coefficients["supported"] > 6


@pytest.mark.parametrize("seed", range(6))
def test_few_labels_do_not_throw_the_weights_about(seed: int) -> None:
    """Where the shipped weights are right, thirty labels leave them nearly as good as they were."""
    turns = judged(30, SHIPPED, seed)
    found = proposed(turns)
    assert divergence(SHIPPED, head(found), turns) < 0.05
    ratio = head(found).coefficients["answerable"] / SHIPPED.coefficients["answerable"]
    assert 0.4 < ratio < 2.5
    assert ratio == pytest.approx(head(found).coefficients["supported"] / SHIPPED.coefficients["supported"])


@pytest.mark.parametrize("labels", [40, MANY])
def test_labels_that_agree_perfectly_leave_finite_weights(labels: int) -> None:
    turns = [replace(turn, thumb="up" if SHIPPED(turn.signals) > 0.5 else "down") for turn in judged(labels, SHIPPED)]
    found = proposed(turns)
    assert found.after.auroc > 0.97
    assert all(0 < weight < 60 for weight in head(found).coefficients.values())


def test_other_heads_and_their_names_stay() -> None:
    weights = proposed(judged(150, TOO_TRUSTING)).calibration.weights
    assert (weights.answerable, weights.supported) == (WEIGHTS.answerable, WEIGHTS.supported)
    assert set(weights.confidence.coefficients) == set(SHIPPED.coefficients)


def test_it_says_where_it_comes_from() -> None:
    found = proposed(judged(60, TOO_TRUSTING))
    fit = found.calibration.fit
    assert (fit["date"], fit["labels"], fit["right"], fit["fitted"]) == (
        *("2026-12-02", 60),
        *(found.right, "level and slope"),
    )
    assert fit["ece_before"] == pytest.approx(found.before.ece, abs=1e-4)
    assert fit["auroc_after"] == pytest.approx(found.after.auroc, abs=1e-4)


# Labels


def test_a_thumb_counts_where_the_draft_was_the_answer() -> None:
    sample = judged(1, SHIPPED)[0]
    turns = judged(40, SHIPPED)

    def labels(turn: LoggedTurn, **annotations: bool) -> int:
        return proposed([*turns, replace(turn, id="x")], annotations).labels - len(turns)

    kept = replace(escalated(), signals=sample.signals, outcome="kept_draft", thumb="up")
    shown = replace(kept, outcome="escalated")
    assert labels(kept) == 1
    assert labels(shown) == 0
    assert labels(shown, x=False) == 1
    assert labels(replace(sample, thumb=None)) == 0
    quote, early = (
        LoggedGeneration("quoting", 0.1, generated=False),
        LoggedGeneration("phi-4-mini", 0.1, early=True),
    )
    for unjudged in (
        replace(sample, draft=None),
        replace(sample, draft=quote),
        replace(sample, draft=early),
        replace(sample, signals={"answerable": 0.5}),
        replace(sample, decision=LoggedDecision("keep", 0.0, 0.5, 0.9, 0.3)),  # a draft that refuses
    ):
        assert labels(unjudged, x=True) == 0
    assert proposed(turns, {"x": True, "turn-0": True}).unknown == 1


def test_an_annotation_outweighs_a_thumb() -> None:
    turns = judged(40, SHIPPED)
    flipped = {turn.id: turn.thumb == "down" for turn in turns[:10]}
    found = proposed(turns, flipped)
    assert found.labels == 40
    assert found.right == sum(turn.thumb == "up" for turn in turns[10:]) + sum(flipped.values())


def test_a_question_that_was_asked_three_times_is_judged_by_one_fit_that_has_not_seen_it() -> None:
    """So its copies get one probability, and lie in one bin of the curve."""
    copies = [
        replace(turn, id=f"{turn.id}-{n}", text=LoggedText(question=turn.id, answer=""))
        for turn in judged(150, TOO_TRUSTING)
        for n in range(3)
    ]
    assert all(point.count % 3 == 0 for point in proposed(copies).after.curve)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"id": "a", "label": 1}\n\n{"id": "b", "label": 0, "who": "x"}\n', {"a": True, "b": False}),
        ('{"id": "a", "label": true}\r\n{"id": "a", "label": false}', {"a": False}),
        ("", {}),
    ],
)
def test_labels_are_read(text: str, labels: dict[str, bool]) -> None:
    assert read_labels(text) == labels


@pytest.mark.parametrize("line", ["nonsense", "[1]", "7", '{"id": 7, "label": 1}', '{"id": "a", "label": "up"}', "{}"])
def test_a_line_that_is_no_label_is_named(line: str) -> None:
    with pytest.raises(GroundworkError, match=r"^Line 2 of the labels"):
        read_labels(f'{{"id": "a", "label": 1}}\n{line}\n')


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(GroundworkError, match=r"^There are 29 labelled drafts, and calibrating needs 30"):
        proposed(judged(29, SHIPPED))
    with pytest.raises(GroundworkError, match=r"^There are 0 labelled drafts"):
        proposed([logged()])


def test_labels_that_are_all_the_same_are_refused() -> None:
    with pytest.raises(GroundworkError, match=r"^All 40 labelled drafts are right"):
        proposed([replace(turn, thumb="up") for turn in judged(40, SHIPPED)])


def test_labels_that_contradict_the_confidence_are_refused() -> None:
    turns = [replace(turn, thumb="down" if SHIPPED(turn.signals) > 0.5 else "up") for turn in judged(80, SHIPPED)]
    with pytest.raises(GroundworkError, match="contradict"):
        proposed(turns)


# The threshold

Drafts = list[tuple[float, bool]]


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=60))
def test_a_threshold_keeps_good_drafts_or_parts_them_best(drafts: Drafts) -> None:
    drafts = [(math.floor(p * 1000) / 1000, label) for p, label in drafts]
    good, bad = sum(label for _, label in drafts), sum(not label for _, label in drafts)

    def kept(value: float) -> list[bool]:
        return [label for p, label in drafts if p >= value]

    def youden(value: float) -> float:
        return kept(value).count(True) / max(1, good) - kept(value).count(False) / max(1, bad)

    value = choose_threshold([p for p, _ in drafts], [label for _, label in drafts])
    possible = [p for p, _ in drafts]
    reached = [p for p in possible if len(k := kept(p)) >= min(10, len(drafts)) and sum(k) / len(k) >= TARGET]
    assert value in possible
    assert value == min(reached) if reached else youden(value) == max(map(youden, possible))


def test_the_threshold_keeps_the_target_and_tells_what_it_changes() -> None:
    turns = judged(400, Logistic(-12.0, {"answerable": 10.0, "supported": 10.0}))
    unlabelled = [replace(turn, id=f"{turn.id}-", thumb=None) for turn in turns[:100]]
    found = proposed([*turns, *unlabelled])
    assert found.threshold_after.right >= TARGET > found.threshold_before.right
    assert found.threshold_after.value == found.calibration.confidence_threshold
    assert found.drafts == 500
    below = sum(head(found)(turn.signals) < found.threshold_after.value for turn in [*turns, *unlabelled])
    assert found.threshold_after.escalated == below / 500 > found.threshold_before.escalated


# What is shown


def test_the_curve_is_shown_before_and_after() -> None:
    found = proposed(judged(300, TOO_TRUSTING))
    lines = list(proposal_text(found, "as it came with the app"))
    assert lines[0].startswith("300 labelled drafts, ")
    assert "every coefficient is fitted" in lines[0]
    curves = [line for line in lines if line.startswith("    ")]
    assert len(curves) == len(found.before.curve) + len(found.after.curve)
    for line, point in zip(curves, (*found.before.curve, *found.after.curve), strict=True):
        confidence, bar, share, count = line.split()
        assert (confidence, share, count) == (f"{point.predicted:.2f}", f"{point.observed:.0%}", str(point.count))
        assert bar.count("|") == 1
        assert len(bar) == 21
    assert max(map(len, lines)) <= 120
    assert any(line.startswith("| calibration error") for line in lines)


def test_doubts_are_told() -> None:
    kept = [turn for turn in judged(400, SHIPPED) if SHIPPED(turn.signals) >= 0.5][:60]
    said = "\n".join(proposal_text(proposed(kept), ""))
    assert "No labelled draft lies below the threshold in use" in said
    assert "order of drafts stays" in said
    poor = Logistic(-9.0, SHIPPED.coefficients)
    assert "No threshold keeps drafts of which 90%" in "\n".join(proposal_text(proposed(judged(200, poor)), ""))
    good = proposed(judged(200, TOO_TRUSTING))
    again = proposed(judged(200, TOO_TRUSTING), in_use=Calibration(replace(WEIGHTS, confidence=TOO_TRUSTING), 0.5))
    assert "no better" not in "\n".join(proposal_text(good, ""))
    worse = replace(again, after=replace(again.before, ece=again.before.ece + 0.01))
    assert "no better" in "\n".join(proposal_text(worse, ""))


# The file

FIRST = Calibration(replace(WEIGHTS, confidence=TOO_TRUSTING), 0.625, {"date": "2026-11-01", "labels": 40})
SECOND = replace(FIRST, confidence_threshold=0.75)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert read_calibration(folder, WEIGHTS) is None
    save_calibration(folder, FIRST)
    assert read_calibration(folder, WEIGHTS) == FIRST
    values = json.loads((folder / CURRENT).read_text(encoding="utf-8"))
    assert set(values) == {"weights", "confidence_threshold", "fit"}


def test_each_undo_goes_one_step_back(tmp_path: Path) -> None:
    save_calibration(tmp_path, FIRST)
    save_calibration(tmp_path, SECOND)
    assert read_calibration(tmp_path, WEIGHTS) == SECOND
    assert undo_calibration(tmp_path) is True
    assert read_calibration(tmp_path, WEIGHTS) == FIRST
    assert undo_calibration(tmp_path) is False
    assert read_calibration(tmp_path, WEIGHTS) is None
    with pytest.raises(StorageError, match="no calibration to undo"):
        undo_calibration(tmp_path)


def test_an_undo_does_not_reach_behind_the_shipped_weights(tmp_path: Path) -> None:
    save_calibration(tmp_path, FIRST)
    save_calibration(tmp_path, SECOND)
    (tmp_path / CURRENT).unlink()  # somebody went back by hand
    save_calibration(tmp_path, SECOND)
    assert undo_calibration(tmp_path) is False
    assert read_calibration(tmp_path, WEIGHTS) is None


GOOD = json.loads(FIRST.to_json())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        FIRST.to_json().encode()[:-20],
        json.dumps(GOOD | {"weights": "none"}).encode(),
        json.dumps(GOOD | {"confidence_threshold": 1.5}).encode(),
        json.dumps(GOOD | {"confidence_threshold": None}).encode(),
        json.dumps(GOOD | {"fit": 7}).encode(),
        FIRST.to_json().replace("-6.0", "NaN").encode(),
    ],
)
def test_a_damaged_file_is_not_used_and_the_log_says_so(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / CURRENT).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert read_calibration(tmp_path, WEIGHTS) is None
    assert "is damaged, so the weights that come with the app are used" in caplog.text


def test_one_for_other_signals_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_calibration(tmp_path, FIRST)
    newer = replace(WEIGHTS, confidence=Logistic(0.0, {"answerable": 1.0, "supported": 1.0, "tone": 1.0}))
    with caplog.at_level(logging.WARNING):
        assert read_calibration(tmp_path, newer) is None
    assert "another version" in caplog.text
    with pytest.raises(StorageError, match="another version"):
        load_calibration(tmp_path, newer)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="cannot be written"):
        save_calibration(tmp_path / "file", FIRST)
    save_calibration(tmp_path, FIRST)
    (tmp_path / PREVIOUS).mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        save_calibration(tmp_path, SECOND)
    assert read_calibration(tmp_path, WEIGHTS) == FIRST
    os.rmdir(tmp_path / PREVIOUS)
    save_calibration(tmp_path, SECOND)
    assert Calibration.of_json((tmp_path / PREVIOUS).read_bytes()) == FIRST
