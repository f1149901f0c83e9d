"""Results, comparisons and routing as Markdown for people. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from rag.errors import StorageError
from rag.evaluation.quality_regression import QualityComparison
from rag.evaluation.results import CRITERIA, Results, Row
from rag.evaluation.routing import Routing
from rag.evaluation.summary import escalations, means, refusals, stage_times, tokens
from rag.reports.table import markdown_table
from rag.storage import check_output, read_text, write_whole
from rag.text.language_names import LANGUAGE_NAMES

_BY_LANGUAGE = ("quality", "hit@1", "facts found", "refusal correctness")


def report(results: Results) -> str:
    """A run as a page: what was measured with what, the scores, each question, the times."""
    parts = (_head(results), _scores(results), _languages(results), _refusals(results), _questions(results))
    return "\n".join(line for part in (*parts, _spent(results), _notes(results)) for line in part)


def comparison(found: QualityComparison) -> str:
    """What changed, the verdict first."""
    lines = [_verdict(found), ""]
    lines += markdown_table(
        ("score", "before", "after", "change", "95 % interval", "questions", ""),
        (
            (
                *(d.name, _n(d.before), _n(d.after), f"{d.change:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}"),
                *(str(d.count), "worse" if d.worse else ""),
            )
            for d in found.differences
        ),
    )
    if found.flips:
        lines += ["", "Questions with another quality:", ""]
        lines += markdown_table(
            ("id", "question", "before", "after", "outcome"),
            ((f.id, f.question, _n(f.before), _n(f.after), " → ".join(dict.fromkeys(f.outcomes))) for f in found.flips),
        )
    if found.times:
        lines += ["", "Times, in ms (not judged):", ""]
        rows = ((a.name, f"{a.mean:.1f}", f"{b.mean:.1f}", f"{a.p95:.1f}", f"{b.p95:.1f}") for a, b in found.times)
        lines += markdown_table(("stage", "mean before", "after", "p95 before", "after"), rows)
    return "\n".join([*lines, ""])


def routing(found: Routing) -> str:
    """Routing quality as a table, and the curve at each tenth of the questions."""
    lines = [f"{found.questions} questions: quality {_n(found.small)} small, {_n(found.large)} large.", ""]
    lines += markdown_table(("measure", "value", "means"), _routing_rows(found), 3)
    if found.apgr is None:
        return "\n".join([*lines, "", "The larger model is not better here, so there is no gap to recover.", ""])
    step = max(1, len(found.curve) // 10)
    shown = [*found.curve[:-1:step], found.curve[-1]]
    lines += ["", "Sent on, the least confident first:", ""]
    lines += markdown_table(("calls", "quality", "PGR"), ((_p(p.calls), _n(p.quality), _n(p.recovered)) for p in shown))
    return "\n".join([*lines, ""])


def _head(results: Results) -> Iterator[str]:
    run = results.run
    yield f"# Evaluation of {' and '.join(run.models)}"
    yield ""
    yield (
        f"{len(results.rows)} of {run.asked} questions of {run.questions} on {run.date[:10]}, mode {run.mode}, "
        f"{run.passages:,} passages in the library, temperature {run.settings.get('temperature')}, "
        f"seed {run.settings.get('seed')}."
    )
    if run.stopped:
        yield ""
        yield f"**This run is not whole.** {run.stopped}"
    yield ""
    yield "Machine: " + ", ".join(f"{name} {value}" for name, value in run.machine.items()) + "."
    yield "Versions: " + ", ".join(f"{name} {value}" for name, value in run.versions.items()) + "."
    yield ""


def _scores(results: Results) -> Iterator[str]:
    yield "## Scores"
    yield ""
    yield "Means from 0 to 1 with their 95 % bootstrap intervals, over the questions that each applies to."
    yield ""
    header = ("score", "mean", "95 % interval", "questions")
    yield from markdown_table(
        header, ((m.name, _n(m.value), _range(m.low, m.high), str(m.count)) for m in means(results.rows))
    )
    yield ""
    if rubrics := [row.rubric for row in results.rows if row.rubric]:
        points = (f"{name} {fmean(getattr(each, name) for each in rubrics):.1f}" for name in CRITERIA)
        by = ", ".join(sorted({each.by for each in rubrics}))
        yield f"Points from 1 to 5 (answers judged: {len(rubrics)}, by: {by}): {', '.join(points)}."
        yield ""


def _languages(results: Results) -> Iterator[str]:
    languages = dict.fromkeys(row.language for row in results.rows)
    if len(languages) < 2:
        return
    yield "## By language of the question"
    yield ""
    yield from markdown_table(
        ("language", "questions", *_BY_LANGUAGE), (_of_language(results.rows, each) for each in languages)
    )
    yield ""


def _of_language(rows: Sequence[Row], language: str) -> tuple[str, ...]:
    own = [row for row in rows if row.language == language]
    found = {mean.name: mean.value for mean in means(own)}
    return LANGUAGE_NAMES.get(language, language), str(len(own)), *(_n(found.get(name)) for name in _BY_LANGUAGE)


def _refusals(results: Results) -> Iterator[str]:
    refused = refusals(results.rows)
    yield "## Answers and refusals"
    yield ""
    header = ("the documents", "answered", "refused")
    rows = ((True, "hold the answer"), (False, "do not hold it"))
    yield from markdown_table(header, ((name, str(refused[key, False]), str(refused[key, True])) for key, name in rows))
    yield ""
    if counts := escalations(results.rows):
        yield "Escalation of drafts: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + "."
        yield ""


def _questions(results: Results) -> Iterator[str]:
    yield "## Questions"
    yield ""
    header = ("id", "question", "outcome", "quality", "document at", "precision", "recall", "support", "confidence")
    yield from markdown_table(header, map(_of_question, results.rows), 3)
    yield ""
    if lacking := [row for row in results.rows if row.missing]:
        yield "Facts that are missing:"
        yield ""
        yield from (f"- {row.id}: {', '.join(row.missing)}" for row in lacking)
        yield ""


def _of_question(row: Row) -> tuple[str, ...]:
    s = row.scores
    rank = str(row.rank or "not found") if row.answerable else ""
    cited = (_n(s.citation_precision), _n(s.citation_recall), _n(s.support))
    return row.id, row.question, row.outcome, _n(s.quality), rank, *cited, _n(row.confidence)


def _spent(results: Results) -> Iterator[str]:
    yield "## Times, tokens, cost"
    yield ""
    header = ("stage", "turns", "mean ms", "p95 ms")
    rows = ((s.name, str(s.count), f"{s.mean:.1f}", f"{s.p95:.1f}") for s in stage_times(results))
    yield from markdown_table(header, rows)
    yield ""
    for model in tokens(results.rows):
        counted = f"{model.read:,} tokens read, {model.written:,} written ({model.reasoning:,} of them reasoning)"
        gap = f"; {model.uncounted} without a count" if model.uncounted else ""
        yield f"- {model.model}: {model.answers} answers, {counted}{gap}."
    yield f"- Cost at the prices of the settings: {sum(row.cost for row in results.rows):.4f}."
    yield ""


def _notes(results: Results) -> Iterator[str]:
    failures = [row for row in results.rows if row.failure]
    if failures:
        yield "## Failures"
        yield ""
        yield from (f"- {row.id}: {row.failure}" for row in failures)
        yield ""


def _verdict(found: QualityComparison) -> str:
    worse = [f"{d.name} fell by {-d.change:.3f}" for d in found.worse]
    worse += [f"the second run lacks {', '.join(found.missing)}"] if found.missing else []
    worse += [f"another question stands under {', '.join(found.reworded)}"] if found.reworded else []
    added = f" New: {', '.join(found.added)}." if found.added else ""
    if worse:
        return f"Worse (tolerance {found.tolerance:g}): {'; '.join(worse)}.{added}"
    return f"Nothing is worse by more than {found.tolerance:g}.{added}"


def _routing_rows(found: Routing) -> Iterator[tuple[str, str, str]]:
    yield "APGR", _n(found.apgr), "area under the share of the gap recovered; 0.5 is chance"
    for level, calls in found.thresholds:
        yield f"CPT({level:.0%})", _p(calls), f"calls that recover {level:.0%} of the gap"
    interval = f" ({_range(*found.auroc_interval)})" if found.auroc_interval else ""
    yield "AUROC", _n(found.auroc) + interval, f'confidence against "the draft was right", {found.drafts} drafts'
    yield "larger model worse", _p(found.would_harm), "questions that it answers worse than the small one"
    if hybrid := found.hybrid:
        yield "hybrid: calls", _p(hybrid.point.calls), f"quality {_n(hybrid.point.quality)}"
        yield "hybrid: PGR", _n(hybrid.point.recovered), "share of the gap that the run with escalation recovered"
        effect = f"{hybrid.harmed} of {hybrid.escalated} escalated turns got worse, {hybrid.helped} better"
        yield "hybrid: harm rate", _p(hybrid.harm_rate), effect


def _n(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _range(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}"


def read_results(path: Path) -> Results:
    """The results in a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it holds something else.
    """
    return Results.of_json(read_text(path), str(path))


def check_results_path(path: Path, *, force: bool) -> None:
    """Comes back when results and their report can be written there, so that nobody measures for an hour in vain.

    Raises:
        StorageError: a file is there already and `force` is not given, its folder cannot be written, or its name is
            the report's.
    """
    if path.suffix == ".md":
        raise StorageError(f"{path} is where the report would go. Give --out a name that ends in .json.")
    for file in (path, path.with_suffix(".md")):
        check_output(file, force=force)


def write_results(path: Path, results: Results) -> None:
    """The results as JSON, and beside them the same name with .md as a page; each file whole or not at all.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    for file, text in ((path, results.to_json()), (path.with_suffix(".md"), report(results))):
        write_whole(file, text)
