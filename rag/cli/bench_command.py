"""The `rag bench` command: how fast models are on this machine, or on a server."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.benchmark.export import (
    HISTORY,
    append_run,
    as_csv,
    as_markdown,
    as_text,
    comparison_as_text,
    read_run,
    to_json,
)
from rag.benchmark.html_report import as_html
from rag.benchmark.plan import BenchPlan, devices, given_prompts, numbers, specs, words
from rag.benchmark.records import BenchRun
from rag.benchmark.speed_regression import compare
from rag.cli.exit import INTERRUPTED, ending
from rag.cli.progress import ProgressBar
from rag.errors import StorageError
from rag.generation.model_facts import ModelEntry, chosen, known_models, read_models
from rag.machine import this_machine, today
from rag.settings import Settings, find_file, read_settings
from rag.storage import check_ending, check_output, write_report

if TYPE_CHECKING:
    from rag.benchmark.runner import BenchProgress, Runner
    from rag.generation.foundry.runtime import FoundryRuntime


_MODELS = Path("models.json")
"""In the working directory it is taken without being named."""
_SERVER_CHOOSES = "--cpu and --gpu choose among the models of this machine's own runtime; a server chooses by itself."


def bench(
    models: Annotated[str, typer.Option(envvar="BENCH_MODELS", help="Aliases, comma-separated.")] = "",
    prompt: Annotated[str, typer.Option(envvar="BENCH_PROMPT", help="A prompt in place of the file's.")] = "",
    models_file: Annotated[
        Path | None, typer.Option(help="A models.json; else the one here, else this app's two models.")
    ] = None,
    prompts_file: Annotated[
        Path | None, typer.Option(help="A prompts.json; else the one here, else the four that ship.")
    ] = None,
    rounds: Annotated[int, typer.Option(envvar="BENCH_ROUNDS", help="Answers to each prompt.")] = 5,
    warm_up: Annotated[int, typer.Option(help="Answers before them, which are kept apart.")] = 1,
    concurrency: Annotated[str, typer.Option(help="How many ask at once, such as 1,2,4,8.")] = "1",
    prompt_tokens: Annotated[str, typer.Option(help="Lengths of further prompts, such as 100,500,1000.")] = "",
    max_tokens: Annotated[int, typer.Option(envvar="BENCH_MAX_TOKENS", help="The longest answer.")] = 256,
    temperature: Annotated[float, typer.Option(envvar="BENCH_TEMPERATURE", help="0 repeats itself.")] = 0.0,
    stream: Annotated[
        bool,
        typer.Option("--stream/--no-stream", envvar="BENCH_STREAM", help="Without a stream: the whole time only."),
    ] = True,
    endpoint: Annotated[str, typer.Option(help="An OpenAI-compatible server; else FOUNDRY_LOCAL_ENDPOINT.")] = "",
    cpu: Annotated[bool, typer.Option("--cpu", help="The variants for the processor.")] = False,
    gpu: Annotated[bool, typer.Option("--gpu", help="Those for the graphics card; with --cpu side by side.")] = False,
    out: Annotated[
        list[Path] | None, typer.Option(help="A report: .json, .csv, .md or .html; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    compare_: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", metavar="OLD NEW", help="Show what got slower or faster.")
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="With --compare: how much slower is no fault.")] = 0.1,
) -> None:
    """Measures how fast models answer: load, first token, tokens a second, memory, cost. Exits 1 when one fails."""
    with ending():
        if compare_:
            sys.exit(_compare(*compare_, tolerance))
        settings = read_settings()
        plan = BenchPlan(
            specs=specs(
                _models(models_file, words(models), settings),
                endpoint=endpoint or settings.foundry_local_endpoint,
                endpoints={} if endpoint else {settings.llm_alias: settings.llm_endpoint},
                prices={settings.llm_alias: settings.llm_price, settings.slm_alias: settings.slm_price},
            ),
            prompts=given_prompts(prompt, prompts_file),
            rounds=rounds,
            warm_up=warm_up,
            concurrency=numbers(concurrency, "--concurrency"),
            prompt_tokens=numbers(prompt_tokens, "--prompt-tokens"),
            max_tokens=max_tokens,
            temperature=temperature,
            stream=stream,
            devices=devices(cpu=cpu, gpu=gpu),
        )
        for path in out or []:
            check_ending(path.suffix)
            check_output(path, force=force)
        _complain(_unavailable(plan))
        runner, stopped = _measure(plan, settings)
        sys.exit(_report(runner, stopped, settings.data_folder / HISTORY, out or [], as_json))


def _compare(old: Path, new: Path, tolerance: float) -> int:
    found = compare(read_run(old), read_run(new), tolerance)
    typer.echo(comparison_as_text(found))
    return int(found.worse)


def _models(file: Path | None, aliases: tuple[str, ...], settings: Settings) -> Mapping[str, ModelEntry]:
    """The models that are named, with what a file knows of them; without names all of the file, or the app's two."""
    here = find_file(_MODELS)
    if file or here.exists():
        known = read_models(file or here)
        return chosen(known, aliases) if aliases else known
    return chosen(known_models(), aliases or (settings.slm_alias, settings.llm_alias))


def _unavailable(plan: BenchPlan) -> Iterator[str]:
    """What was asked for and cannot be had."""
    if plan.devices and any(spec.endpoint for spec in plan.specs):
        yield _SERVER_CHOOSES


def _measure(plan: BenchPlan, settings: Settings) -> tuple["Runner", str]:
    """The runner with all that it measured, and why it was stopped; "" for a run that came to its end."""
    machine = asyncio.run(this_machine())

    from rag.benchmark.runner import BY_HAND, Runner
    from rag.benchmark.targets import Targets  # the openai client takes half a second to import
    from rag.generation.openai_model import normalise

    runtime = _runtime(settings)
    secrets = {
        settings.llm_endpoint: settings.llm_api_key.get_secret_value(),
        settings.foundry_local_endpoint: settings.foundry_local_api_key.get_secret_value(),
    }
    keys = {normalise(address): key for address, key in secrets.items() if address}
    targets = Targets(runtime, keys=keys, idle_timeout_s=settings.idle_timeout_s, clock=time.perf_counter)
    bar = ProgressBar()
    runner = Runner(
        plan, targets, machine=machine, at=today(), clock=time.perf_counter, on_progress=partial(_show, bar)
    )

    async def run() -> None:
        try:
            await runner.run()
        finally:
            if runtime:
                await runtime.close()

    try:
        with bar:
            asyncio.run(run())
    except KeyboardInterrupt:
        return runner, BY_HAND
    return runner, ""


def _runtime(settings: Settings) -> "FoundryRuntime | None":
    from rag.generation.registry import own_runtime

    if settings.runtime == "off":
        return None
    return own_runtime(settings.data_folder, cache_dir=settings.model_cache_dir, catalogue=settings.catalogue)


def _report(runner: "Runner", stopped: str, history: Path, out: Sequence[Path], as_json: bool) -> int:
    """Shows and saves what was measured; the exit code.

    It is shown first, so that a full disk costs nobody an hour of measuring.
    """
    code = INTERRUPTED if stopped else int(bool(runner.failures))
    if not runner.measured:
        _complain([stopped] if stopped else runner.failures)
        return code
    run = runner.result(stopped)
    typer.echo(to_json(run, indent=1) if as_json else as_text(run))
    if as_json:
        _complain([*runner.failures, *filter(None, [stopped])])
    for save in (partial(append_run, history, run), *(partial(_write, path, run) for path in out)):
        try:
            save()
        except StorageError as error:
            _complain([str(error)])
            code = code or 1
    return code


def _write(path: Path, run: BenchRun) -> None:
    """The report that the file's ending asks for; whether it may be written was looked at before the run."""
    forms: Mapping[str, Callable[[BenchRun], str]] = {".csv": as_csv, ".md": as_markdown, ".html": as_html}
    form = forms.get(path.suffix.lower())
    write_report(path, form(run) if form else to_json(run, indent=1) + "\n", force=True)


def _complain(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(sentence, err=True)


def _show(bar: ProgressBar, progress: "BenchProgress") -> None:
    at_once = f", {progress.concurrency} at once" if progress.concurrency > 1 else ""
    now = " · ".join(filter(None, (progress.model, f"{progress.prompt}{at_once}")))
    bar.update(progress.done, progress.of, f"{progress.done}/{progress.of}  {now}")
