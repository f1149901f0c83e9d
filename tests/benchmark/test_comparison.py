"""One question in every way: what each way calls, what it costs, and how it is told."""

import asyncio
import csv
import io
import json
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.benchmark.comparison_report import as_csv, as_json, as_markdown, rendered, run_of_json
from rag.benchmark.comparison_summary import (
    ESCALATE,
    LARGE,
    REFINE,
    SMALL,
    STRATEGIES,
    Answer,
    CompareRun,
    ModelShare,
    PairPrices,
    blends,
    called_share,
    speed_up,
    strategy_summaries,
)
from rag.benchmark.small_vs_large import StrategyRunner, answered, play
from rag.cli.main import app
from rag.errors import BrokenFile, ModelCrashed, ModelUnavailable
from rag.escalation.policy import Policy
from rag.evaluation.results import Rubric
from rag.generation.chat_model import GenerationLimits, ModelEvent, ModelSet
from rag.generation.prompt import Prompt
from rag.machine import Machine
from rag.retrieval.search import Searcher
from rag.turn.state import Budget
from tests.fakes import FakeModel, Reply, index_of
from tests.runtime.tiny_models import write_cache
from tests.serving import LARGE as LARGE_TINY
from tests.serving import SMALL as SMALL_TINY
from tests.shipped_library import copy_shipped_library

FACT = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason."
QUESTION = "What is the largest file that may be uploaded?"
GOOD = "The largest file that may be uploaded is 25 MB [1]."
BETTER = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason [1]."
MARKED = "The largest file that may be uploaded is 25 MB [1]. Larger files are refused with a reason [1]."
"""The same with the mark that its first sentence lacks."""


def strategies(
    small: FakeModel, large: FakeModel | None = None, *, documents: bool = False, **policy: object
) -> StrategyRunner:
    rules = replace(Policy(), **policy)  # type: ignore[arg-type]
    searcher = Searcher(index_of(FACT, "Documents never leave the machine.")) if documents else None
    return StrategyRunner(ModelSet(small, large), rules, Budget(temperature=0.0, seed=1), time.perf_counter, searcher)


def models(draft: Reply | str = GOOD, second: Reply | str = BETTER) -> tuple[FakeModel, FakeModel]:
    return FakeModel().enqueue(draft), FakeModel("gpt-oss-20b").enqueue(second)


async def asked(way: str, small: FakeModel, large: FakeModel | None, **arguments: object) -> Answer:
    return await answered(strategies(small, large, **arguments), f"p/{way}/1", "p", QUESTION, way)  # type: ignore[arg-type]


# What each way calls


@pytest.mark.parametrize("documents", [False, True], ids=["alone", "through the documents"])
@pytest.mark.parametrize(
    ("way", "text", "called"),
    [
        (SMALL, GOOD, ["phi-4-mini"]),
        (LARGE, BETTER, ["gpt-oss-20b"]),
        (REFINE, BETTER, ["phi-4-mini", "gpt-oss-20b"]),
        (ESCALATE, GOOD, ["phi-4-mini"]),
    ],
)
async def test_each_way_calls_its_models(way: str, text: str, called: list[str], documents: bool):
    small, large = models()
    found = await asked(way, small, large, documents=documents)
    text = MARKED if documents and text == BETTER else text
    assert (found.text, [share.model for share in found.shares], found.failure) == (text, called, "")
    assert found.called_larger == ("gpt-oss-20b" in called)
    assert [share.larger for share in found.shares] == [model == "gpt-oss-20b" for model in called]
    assert len(small.prompts) + len(large.prompts) == len(called)
    assert found.first_word_s is not None
    assert 0 < found.first_word_s <= found.total_s
    assert all(share.read == 100 and share.written for share in found.shares)


async def test_temperature_nought_and_a_seed_for_all():
    small, large = models()
    await asked(REFINE, small, large)
    assert {(limits.temperature, limits.seed) for limits in (*small.limits, *large.limits)} == {(0.0, 1)}


async def test_the_refining_model_sees_question_and_draft():
    small, large = models()
    await asked(REFINE, small, large)
    roles = [(message["role"], message["content"]) for message in large.prompts[0].messages]
    assert roles[:2] == [("user", QUESTION), ("assistant", GOOD)]
    assert roles[2][0] == "user"


@pytest.mark.parametrize(
    ("draft", "policy", "sees_draft", "reason"),
    [
        ("I do not know.", {}, False, "cannot answer"),
        (Reply("It is rather", finish_reason="length"), {}, False, "token limit"),
        (GOOD, {"long_answer_chars": 10}, True, "more than 10"),
        (GOOD, {"flagged_topics": ("uploaded",)}, True, "flagged"),
    ],
    ids=["refuses", "cut off", "long", "flagged"],
)
async def test_without_documents_wording_length_and_topic_call_the_larger_model(
    draft: Reply | str, policy: dict[str, object], sees_draft: bool, reason: str
):
    small, large = models(draft)
    found = await asked(ESCALATE, small, large, **policy)
    assert (found.text, found.called_larger) == (BETTER, True)
    assert (len(large.prompts[0].messages) == 3) == sees_draft
    assert reason in found.reason
    assert "documents" not in found.reason


async def test_without_a_larger_model_only_the_small_one_is_compared():
    small = FakeModel().enqueue(GOOD)
    assert (await asked(SMALL, small, None)).text == GOOD
    for way in (LARGE, REFINE, ESCALATE):
        with pytest.raises(ModelUnavailable, match="no larger model"):
            await asked(way, small, None)


async def test_where_the_larger_model_failed_the_small_ones_answer_is_not_told_as_its():
    small, large = FakeModel().enqueue(GOOD), FakeModel("gpt-oss-20b").enqueue(ModelCrashed("It stopped."))
    found = await asked(LARGE, small, large, documents=True)
    assert found.failure.startswith("It stopped.")


# Rounds


async def played(contest_: StrategyRunner, prompts: Mapping[str, str], rounds: int) -> list[Answer]:
    async with aclosing(play(contest_, prompts, rounds)) as answers:
        return [answer async for answer in answers]


async def test_all_ways_answer_a_prompt_before_the_next_and_the_warm_up_is_left_out():
    small = FakeModel().enqueue("Hello.", *[GOOD] * 12)
    large = FakeModel("gpt-oss-20b").enqueue("Hello.", *[BETTER] * 8)
    found = await played(strategies(small, large), {"a": "One?", "b": "Two?"}, 2)
    assert [answer.id for answer in found] == [f"{p}/{w}/{n}" for n in (1, 2) for p in ("a", "b") for w in STRATEGIES]
    assert not [answer.failure for answer in found if answer.failure]


async def test_a_failure_costs_one_answer():
    small = FakeModel().enqueue("Hello.", ModelCrashed("phi-4-mini stopped."), GOOD, GOOD)
    large = FakeModel("gpt-oss-20b").enqueue("Hello.", BETTER, BETTER)
    found = await played(strategies(small, large), {"a": "One?"}, 1)
    assert [bool(answer.failure) for answer in found] == [True, False, False, False]
    assert found[0].failure == "phi-4-mini stopped."


async def test_times_are_the_models():
    class Slow(FakeModel):
        async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
            await asyncio.sleep(0.1)
            async for event in super().stream(prompt, limits):
                yield event

    small, large = Slow().enqueue(GOOD), Slow("gpt-oss-20b").enqueue(BETTER)
    found = await asked(REFINE, small, large)
    assert found.first_word_s
    assert 0.099 < found.first_word_s < found.total_s - 0.099, "each model waits a tenth of a second"


# Numbers


def answer(way: str, total_s: float, *shares: ModelShare, prompt: str = "p", number: int = 1) -> Answer:
    return Answer(f"{prompt}/{way}/{number}", prompt, way, f"{way} says.", total_s / 4, total_s, shares)


DRAFT, SECOND = ModelShare("phi-4-mini", 1.0, 100, 50), ModelShare("gpt-oss-20b", 4.0, 100, 150, larger=True)
RUN = CompareRun(
    at="2026-11-20T12:00:00+00:00",
    machine=Machine("Linux", "A processor", 2, 16_000),
    settings={"rounds": 1},
    small="phi-4-mini",
    large="gpt-oss-20b",
    prompts={"p": "What?"},
    answers=(
        answer(SMALL, 1.0, DRAFT),
        answer(LARGE, 4.0, SECOND),
        answer(REFINE, 5.0, DRAFT, SECOND),
        answer(ESCALATE, 1.0, DRAFT),
        answer(ESCALATE, 5.0, DRAFT, SECOND, number=2),
    ),
)
PRICES = PairPrices((1.0, 2.0), (10.0, 20.0))


def test_each_way_has_its_spread_tokens_and_cost():
    found = {way.name: way for way in strategy_summaries(RUN, PRICES)}
    assert list(found) == list(STRATEGIES)
    assert found[ESCALATE].total_s
    assert (found[ESCALATE].total_s.median, found[ESCALATE].answers) == (3.0, 2)
    assert found[SMALL].cost == pytest.approx(1000 * (100 * 1 + 50 * 2) / 1e6)
    assert found[REFINE].cost == pytest.approx(found[SMALL].cost + 1000 * (100 * 10 + 150 * 20) / 1e6)
    assert found[REFINE].tokens
    assert found[REFINE].tokens.mean == 400
    assert {way.cost for way in strategy_summaries(RUN, PairPrices())} == {None}, "a price of nothing was never set"


def test_speed_up_and_share():
    assert speed_up(RUN, SMALL) == 4.0
    assert speed_up(RUN, LARGE) == 1.0
    assert called_share(RUN) == 0.5
    assert speed_up(replace(RUN, answers=()), SMALL) is None


def test_a_blend_is_the_draft_each_time_and_the_larger_model_in_its_share():
    found = {blend.share: blend for blend in blends(RUN, PRICES, (0.0, 0.25, 1.0))}
    assert [blend.total_s for blend in found.values()] == [1.0, 2.0, 5.0]
    assert [blend.tokens for blend in found.values()] == [150, 212.5, 400]
    assert found[1.0].cost == pytest.approx(0.2 + 4.0)


def test_what_was_not_counted_is_unknown():
    run = replace(RUN, answers=(answer(SMALL, 1.0, replace(DRAFT, read=None)), answer(LARGE, 4.0, SECOND)))
    found = {way.name: way for way in strategy_summaries(run, PRICES)}
    assert (found[SMALL].tokens, found[SMALL].cost) == (None, None)
    assert [blend.tokens for blend in blends(run, PRICES)] == [None] * 5


def test_failed_answers_count_for_nothing():
    failed = replace(answer(SMALL, 0.001), failure="It stopped.")
    run = replace(RUN, answers=(*RUN.answers, failed))
    assert strategy_summaries(run, PRICES) == strategy_summaries(RUN, PRICES)
    assert "It stopped." in as_markdown(replace(RUN, answers=(failed,)), PRICES)


# Reports


def test_the_report_has_all_ways_their_answers_and_points():
    text = as_markdown(replace(RUN, rubrics={"p/large/1": Rubric(5, 4, 3, "hand")}), PRICES)
    for way in STRATEGIES:
        assert f"### {way}: " in text
        assert f"{way} says." in text
    assert "called in 50%" in text
    assert re.search(r"\| large +\| +5\.0 \| +4\.0 \| +3\.0 \| +1 \| +hand \|", text)


def test_json_comes_back_as_it_was():
    assert run_of_json(as_json(RUN), "x.json") == RUN
    first = json.loads(as_json(RUN))["answers"][0]
    assert list(first) == ["id", "prompt", "way", "text", "first_word_s", "total_s", "shares", "reason", "failure"]
    with pytest.raises(BrokenFile, match=r"x\.json"):
        run_of_json('{"schema": 1, "at": 3}', "x.json")


def test_csv_has_a_row_for_each_answer_and_no_formula():
    evil = replace(RUN, answers=(replace(RUN.answers[0], prompt="=cmd()", failure="@x"),))
    (head, row) = csv.reader(io.StringIO(as_csv(evil)))
    told = dict(zip(head, row, strict=True))
    assert (told["prompt"], told["failure"], told["total_s"]) == ("'=cmd()", "'@x", "1.000000")


def test_the_page_has_the_answers_side_by_side_with_their_points():
    page = rendered(replace(RUN, rubrics={"p/large/1": Rubric(5, 4, 3, "hand")}), ".html", PRICES)
    assert "<h1>phi-4-mini and gpt-oss-20b</h1>" in page
    for way, said in STRATEGIES.items():
        assert f"<h4>{said.capitalize()}</h4>" in page
        assert f"{way} says." in page
    assert "Coherence 5, factuality 4, brevity 3" in page


def test_the_page_escapes_what_models_say():
    evil = "<script>alert(1)</script>"
    answers = (replace(RUN.answers[0], prompt=evil, text=evil, reason=evil),)
    page = rendered(replace(RUN, prompts={evil: "<img onerror=x>"}, answers=answers, small=evil), ".html", PRICES)
    assert "<script>alert" not in page
    assert "<img onerror" not in page


# The command, with the real runtime


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cache = tmp_path_factory.mktemp("models")
    write_cache(cache, (SMALL_TINY, LARGE_TINY))
    data = tmp_path_factory.mktemp("data")
    copy_shipped_library(data)
    return {"MODEL_CACHE_DIR": str(cache), "CATALOGUE": "disk", "DATA_DIR": str(data), "COLUMNS": "200"}


@pytest.mark.runtime
def test_the_command_compares_the_real_runtimes_models(environment: dict[str, str], tmp_path: Path):
    reports = [tmp_path / f"found{ending}" for ending in (".json", ".csv", ".md", ".html")]
    flags = [flag for path in reports for flag in ("--out", str(path))]
    asked = ["compare", "--prompt", "What stays on this machine?", "--rag", *flags]
    done = CliRunner().invoke(app, asked, env=environment)
    assert done.exit_code == 0, done.output
    run = run_of_json(reports[0].read_text(encoding="utf-8"), "found.json")
    assert [answer.strategy for answer in run.answers] == list(STRATEGIES)
    assert all(answer.total_s > 0 and answer.text for answer in run.answers)
    assert "# phi-4-mini and gpt-oss-20b" in done.stdout
    assert all(path.stat().st_size for path in reports)

    again = CliRunner().invoke(app, ["compare", *flags], env=environment)
    assert (again.exit_code, "--force" in again.stderr) == (1, True)

    points = tmp_path / "points.jsonl"
    given = {"id": run.answers[1].id, "coherence": 5, "factuality": 4, "brevity": 3}
    points.write_text(json.dumps(given), encoding="utf-8")
    noted = CliRunner().invoke(app, ["compare", "--annotations", str(points), *flags], env=environment)
    assert noted.exit_code == 0, noted.output
    assert "Points from 1 to 5" in reports[2].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--out", "found.txt"], ".json, .csv, .md, .html"),
        (["--share", "2"], "from 0 to 1"),
        (["--share", "many"], "from 0 to 1"),
        (["--prompts-file", "none.json"], "none.json"),
        (["--annotations", "none.jsonl"], "--out FILE.json"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_one_sentence(flags: list[str], said: str, tmp_path: Path):
    settings = {"RUNTIME": "off", "DATA_DIR": str(tmp_path)}
    done = CliRunner().invoke(app, ["compare", *flags], env=settings)
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_a_small_model_there_is_nothing_to_compare(tmp_path: Path):
    done = CliRunner().invoke(app, ["compare"], env={"RUNTIME": "off", "DATA_DIR": str(tmp_path)})
    assert done.exit_code == 1
    assert "There is no small model to compare with." in done.stderr
