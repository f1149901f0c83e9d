"""Results as a file and as a page: what is read back, and what a person is told."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import BrokenFile, StorageError
from rag.evaluation.report import check_results_path, read_results, report, write_results
from rag.evaluation.results import Attempt, Results, Rubric
from rag.evaluation.summary import means, refusals, stage_times, tokens
from rag.storage import read_text
from tests.evaluation_parts import results, row, scores

WHOLE = results(
    row("a", scores=scores(support=0.8, citation_precision=1.0), rubric=Rubric(5, 3, 1, "hand"), escalation="right"),
    row(
        "b",
        0.0,
        missing=("25 MB", "20 files"),
        answerable=False,
        language="sl",
        rank=None,
        refusal_right=False,
        question="What | is?\nx",
    ),
    row("c", 1.0, scores=scores(refused=True, facts=None), answerable=False, rank=None, outcome="abstained"),
    row("d", 0.0, outcome="failed", failure="The model crashed.", rank=7, scores=scores(0.0)),
)


def test_means_are_over_the_questions_that_they_apply_to():
    found = {mean.name: (mean.value, mean.count) for mean in means(WHOLE.rows)}
    assert found["quality"] == (0.5, 4)
    assert found["hit@1"] == (0.5, 2)
    assert found["hit@5"] == (0.5, 2)
    assert found["retrieval hit"] == (1.0, 2)
    assert found["support"] == (0.8, 1)
    assert (found["coherence"], found["factuality"], found["brevity"]) == ((1.0, 1), (0.5, 1), (0.0, 1))
    assert found["escalation correctness"] == (1.0, 1)
    assert found["turns without failure"] == (0.75, 4)
    assert "citation recall" not in found
    assert all(mean.low <= mean.value <= mean.high for mean in means(WHOLE.rows))


def test_refusals_are_a_table_of_two_by_two_without_failures():
    assert refusals(WHOLE.rows) == {(True, False): 1, (True, True): 0, (False, False): 1, (False, True): 1}


def test_stage_times_and_tokens():
    made = replace(WHOLE, times={str(n): {"search": float(n), "total": 2.0 * n} for n in range(1, 101)})
    search, total = stage_times(made)
    assert (search.name, search.mean, search.p95, search.count) == ("search", 50.5, 95.05, 100)
    assert total.mean == 101
    assert stage_times(results()) == []
    counted = Attempt("gpt-oss-20b", "…", scores(), "stop", 100, 20, 5)
    uncounted = replace(counted, prompt_tokens=None, completion_tokens=None, reasoning_tokens=None)
    (small, large) = tokens([row("a", large=counted), row("b", large=uncounted)])
    assert (small.model, small.answers, small.uncounted) == ("phi-4-mini", 2, 2)
    assert (large.read, large.written, large.reasoning, large.answers, large.uncounted) == (100, 20, 5, 2, 1)


def test_the_page_tells_all_of_it():
    page = report(
        replace(WHOLE, run=replace(WHOLE.run, stopped="Not asked of the question set: 3. It was interrupted."))
    )
    for told in (
        "# Evaluation of phi-4-mini",
        "4 of 4 questions of questions.jsonl on 2026-01-02",
        "**This run is not whole.** Not asked of the question set: 3.",
        "| quality | 0.500 |",
        "| Slovenian | 1 |",
        "Points from 1 to 5 (answers judged: 1, by: hand): coherence 5.0, factuality 3.0, brevity 1.0.",
        "- b: 25 MB, 20 files",
        "| hold the answer | 1 | 0 |",
        "Escalation of drafts: 1 right, 0 wasted, 0 missed.",
        r"What \| is? x",
        "| generate | 4 | 10.0 | 10.0 |",
        "- d: The model crashed.",
    ):
        assert told in page
    assert "nan" not in page


def test_an_empty_run_has_a_page_too():
    assert "# Evaluation" in report(results())


# Files


def test_results_are_written_and_read(tmp_path: Path):
    file = tmp_path / "new folder" / "r.json"
    check_results_path(file, force=False)
    write_results(file, WHOLE)
    assert read_results(file) == WHOLE
    assert file.with_suffix(".md").read_text(encoding="utf-8") == report(WHOLE)
    assert sorted(each.name for each in file.parent.iterdir()) == ["r.json", "r.md"]


def test_the_file_is_strict_json_with_a_line_of_times_for_each_question():
    text = WHOLE.to_json()
    values = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert list(values) == ["schema", "run", "rows", "times"]
    assert {"trigger", "held", "escalation"} <= values["rows"][0].keys()
    assert sum('"total"' in line for line in text.splitlines()) == 4
    assert json.loads(results().to_json())["times"] == {}


def test_what_is_there_is_not_replaced_unless_forced(tmp_path: Path):
    file = tmp_path / "r.json"
    file.with_suffix(".md").write_text("mine")
    with pytest.raises(StorageError, match=r"r\.md is there already.*--force"):
        check_results_path(file, force=False)
    check_results_path(file, force=True)
    assert file.with_suffix(".md").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_known_before_anything_is_asked(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        check_results_path(tmp_path / "file" / "r.json", force=False)
    with pytest.raises(StorageError, match=r"ends in \.json"):
        check_results_path(tmp_path / "r.md", force=True)
    with pytest.raises(StorageError, match="cannot be written: it is a folder"):
        check_results_path(tmp_path, force=True)
    with pytest.raises(StorageError, match="cannot be written"):
        write_results(tmp_path / "file" / "r.json", WHOLE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no JSON"),
        ("{}", 'the key "run" is missing'),
        (json.dumps({**json.loads(WHOLE.to_json()), "schema": 99}), "written by another version"),
        (WHOLE.to_json().replace('"confidence": 0.9', '"confidence": "high"', 1), '"rows.0.confidence"'),
        (WHOLE.to_json()[:-200], "is no JSON"),
    ],
)
def test_a_file_that_holds_no_results_is_named(text: str, told: str):
    with pytest.raises(BrokenFile, match=rf"old\.json.*{told}"):
        Results.of_json(text, "old.json")


def test_files_that_cannot_be_read_are_one_sentence(tmp_path: Path):
    with pytest.raises(StorageError, match=r"no\.jsonl cannot be read: no such file"):
        read_text(tmp_path / "no.jsonl")
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(BrokenFile, match="is not UTF-8 text"):
        read_text(tmp_path / "latin")
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbfx")
    assert read_text(tmp_path / "bom") == "x"


def test_no_interval_is_infinite():
    assert all(math.isfinite(mean.low) and math.isfinite(mean.high) for mean in means(WHOLE.rows))
