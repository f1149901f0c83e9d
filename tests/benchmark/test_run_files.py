"""Runs as JSON, and a history that survives damage, a newer version and a full disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.export import append_run, read_run, run_of_json, to_json
from rag.benchmark.records import BenchRun, Model, Round, Series
from rag.errors import BrokenFile, StorageError
from rag.machine import Machine
from rag.storage import check_output
from tests import REPOSITORY
from tests.bench_run import history

SECONDS = st.floats(0, 1e6)
TEXT = st.text(st.characters(codec="utf-8"))
ROUNDS = st.builds(
    Round,
    headers_s=SECONDS,
    first_token_s=st.none() | SECONDS,
    first_visible_s=st.none() | SECONDS,
    total_s=SECONDS,
    gaps_s=st.lists(SECONDS, max_size=3).map(tuple),
    prompt_tokens=st.none() | st.integers(0),
    finish_reason=TEXT,
)
MODELS = st.builds(
    Model,
    alias=TEXT,
    where=st.sampled_from(["runtime", "endpoint"]),
    capabilities=st.lists(TEXT, max_size=2).map(tuple),
    load_s=st.none() | SECONDS,
    price=st.none() | st.tuples(SECONDS, SECONDS),
    failure=TEXT,
)
SERIES = st.builds(
    Series,
    model=TEXT,
    prompt=TEXT,
    warm_up=st.lists(ROUNDS, max_size=1).map(tuple),
    rounds=st.lists(ROUNDS, max_size=2).map(tuple),
    wall_s=st.none() | SECONDS,
    watts=st.none() | SECONDS,
)
MACHINES = st.builds(
    Machine,
    system=TEXT,
    processor=TEXT,
    cores=st.integers(0),
    memory_mb=SECONDS,
    versions=st.dictionaries(TEXT, TEXT, max_size=2),
)
RUNS = st.builds(
    BenchRun,
    at=TEXT,
    machine=MACHINES,
    settings=st.dictionaries(TEXT, TEXT | st.integers() | SECONDS | st.booleans(), max_size=3),
    models=st.lists(MODELS, max_size=2).map(tuple),
    series=st.lists(SERIES, max_size=2).map(tuple),
    prompts=st.dictionaries(TEXT, TEXT, max_size=2),
    stopped=TEXT,
    own_s=st.none() | SECONDS,
)


def a_run(at: str = "2026-11-20T12:00:00+00:00", prompt: str = "Hello?") -> BenchRun:
    series = Series("a", "p", rounds=(Round(0.1, 0.2, 0.2, 0.3, (0.05, 0.05), 10, 3),))
    return BenchRun(at, Machine("Linux", "CPU", 2, 8000), {"rounds": 1}, (Model("a"),), (series,), {"p": prompt})


@given(RUNS)
def test_a_run_survives_its_file(run: BenchRun):
    assert run_of_json(to_json(run), "r.json") == run
    assert run_of_json(to_json(run, indent=1), "r.json") == run
    assert "\n" not in to_json(run)


def test_runs_are_added_and_read_in_their_order(tmp_path: Path):
    path = tmp_path / "data" / "bench" / "history.jsonl"
    runs = (a_run("1"), a_run("2", prompt="zwei\u2028Zeilen\x85"))
    for run in runs:
        append_run(path, run)
    assert history(path) == runs


def test_a_line_that_was_cut_does_not_take_the_next_one_with_it(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    append_run(path, a_run("1"))
    with path.open("ab") as file:
        file.write(to_json(a_run("8")).encode()[:100])
    append_run(path, a_run("2"))
    first, cut, last = path.read_text(encoding="utf-8").splitlines()
    assert [run_of_json(line, "history").at for line in (first, last)] == ["1", "2"]
    with pytest.raises(BrokenFile):
        run_of_json(cut, "history")


def test_fields_of_a_later_version_do_no_harm():
    later = json.loads(to_json(a_run())) | {"weather": "fine"}
    later["series"][0]["weather"] = "fine"
    assert run_of_json(json.dumps(later), "r.json") == a_run()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("{}", '"schema" is missing'),
        ('{"schema": 1}', '"at" is missing'),
        ('{"schema": 2}', "newer version"),
    ],
)
def test_a_file_that_is_no_run_is_told(tmp_path: Path, text: str, told: str):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(BrokenFile, match=told):
        read_run(path)


def test_a_file_that_is_there_is_not_replaced_by_accident(tmp_path: Path):
    path = tmp_path / "new" / "r.json"
    check_output(path, force=False)
    assert list(path.parent.iterdir()) == []
    path.write_text("precious")
    with pytest.raises(StorageError, match="--force"):
        check_output(path, force=False)
    check_output(path, force=True)
    assert path.read_text() == "precious"


def test_a_place_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        check_output(tmp_path / "file" / "r.json", force=False)
    with pytest.raises(StorageError, match="is a folder"):
        check_output(tmp_path, force=True)
    with pytest.raises(StorageError, match="cannot be written"):
        append_run(tmp_path / "file" / "history.jsonl", a_run())


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file can be set there")
def test_on_a_full_disk_the_history_stays_whole(tmp_path: Path):
    code = """
import resource, sys
from pathlib import Path
from rag.benchmark.export import append_run
from rag.errors import StorageError
from tests.benchmark.test_run_files import a_run
path = Path(sys.argv[1])
append_run(path, a_run("1"))
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, resource.RLIM_INFINITY))
try:
    append_run(path, a_run("2"))
except StorageError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
append_run(path, a_run("3"))
"""
    path = tmp_path / "history.jsonl"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be written" in done.stdout
    assert [run.at for run in history(path)] == ["1", "3"]
