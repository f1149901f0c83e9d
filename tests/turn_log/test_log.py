"""The turn log: what a line holds and what it never holds, many writers, rotation, damage, full disks."""

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import StorageError
from rag.turn_log import log as turn_log
from rag.turn_log.log import TurnLog, read_turns
from rag.types import EARLY, EscalationReport, StageTime, Timings
from tests import REPOSITORY
from tests.logged_parts import NOON, a_turn

WRITER = """
import sys
from pathlib import Path
from rag.turn_log.log import TurnLog
from tests.logged_parts import NOON, a_turn
log = TurnLog(Path(sys.argv[1]), text=False, max_bytes=20_000, keep=50)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    log.record(f"{sys.argv[2]}-{number}", a_turn(), mode="auto", at=NOON)
    log.feedback(f"{sys.argv[2]}-{number}", "up", NOON)
"""


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "turns.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_turn_comes_back_with_its_numbers(tmp_path: Path) -> None:
    here = timezone(timedelta(hours=-5))
    TurnLog(tmp_path, text=False).record("a", a_turn(), mode="auto", at=NOON.astimezone(here))
    (turn,) = read_turns(tmp_path).turns
    assert (turn.id, turn.at, turn.at.tzinfo, turn.mode, turn.outcome) == ("a", NOON, UTC, "auto", "escalated")
    decision = turn.decision
    assert (decision.action, decision.trigger, decision.way, decision.blocked_by) == (
        *("escalate", "low_confidence", "answer"),
        None,
    )
    assert (decision.confidence, decision.threshold, decision.match, decision.match_threshold) == (0.41, 0.5, 0.8, 0.35)
    assert turn.signals == {"answerable": 0.8, "supported": 0.1235}
    assert turn.stages["escalation_generate"] == 4.0
    assert (turn.total, turn.first_token) == (7.51, 0.51)
    assert turn.draft
    assert turn.escalated
    assert (turn.draft.model, turn.draft.read, turn.draft.written, turn.draft.early) == ("phi-4-mini", 700, 80, False)
    assert (turn.escalated.reasoning, turn.escalated.tokens_per_second) == (120, 31.9)
    report = turn.escalation_report
    assert report
    assert (report.seconds, report.tokens, report.kept, report.added) == (5.1, 300, 1, 1)
    assert report.changed
    assert (turn.passages, turn.cited, turn.notices) == (2, 1, 1)
    assert (turn.text, turn.thumb, turn.asked) == (None, None, False)


OLD_LINE = """
{"v":1,"kind":"turn","id":"a","at":"2026-11-02T12:00:00Z","mode":"auto","outcome":"kept_draft","decision":{
"action":"keep","confidence":0.41,"threshold":0.5,"match":0.8,"match_threshold":0.35,"trigger":"low_confidence",
"held":"share"},"total":7.51,"first_token":0.51,"signals":{"answerable":0.8},"stages":{"search":0.01},"draft":{
"model":"phi-4-mini","seconds":2.5,"generated":true,"early":false,"read":700,"written":80,"reasoning":0,
"tokens_per_second":31.9},"receipt":{"seconds":5.1,"support_before":0.4,"support_after":0.9,"tokens":300,"kept":1,
"reworded":0,"added":1,"removed":0},"passages":2,"cited":1,"notices":1}
"""


def test_the_keys_of_a_line_are_those_of_the_first_version(tmp_path: Path) -> None:
    old = json.loads(OLD_LINE)
    (tmp_path / "turns.jsonl").write_text(json.dumps(old) + "\n", encoding="utf-8")
    (turn,) = read_turns(tmp_path).turns
    assert turn.decision.blocked_by == "share"
    assert turn.escalation_report
    assert turn.escalation_report.tokens == 300
    decision = replace(a_turn().decision, trigger="low_confidence", blocked_by="share")
    TurnLog(tmp_path, text=False).record("b", replace(a_turn(), decision=decision), mode="auto", at=NOON)
    new = lines(tmp_path)[1]
    assert old.keys() <= new.keys()
    for part in ("decision", "draft", "receipt"):
        assert old[part].keys() <= new[part].keys()  # type: ignore[attr-defined]


def test_a_turn_without_a_model_comes_back_too(tmp_path: Path) -> None:
    bare = replace(a_turn(), outcome="abstained", draft=None, escalated=None, escalation_report=None, timings=Timings())
    TurnLog(tmp_path, text=True).record("a", bare, mode="local", at=NOON)
    (turn,) = read_turns(tmp_path).turns
    assert (turn.draft, turn.escalated, turn.escalation_report, turn.first_token) == (None, None, None, None)


def test_the_first_token_is_that_of_the_answer_that_came(tmp_path: Path) -> None:
    log, turn = TurnLog(tmp_path, text=False), a_turn()
    stages = (StageTime("first_token", 0.0, 1.0), StageTime("first_token", 1.0, 0.25))
    stood_in = replace(turn, escalated=None, timings=Timings(stages, 2.0))
    log.record("the small model failed and the stand-in spoke", stood_in, mode="auto", at=NOON)
    log.record("the larger model alone", replace(turn, draft=None), mode="large", at=NOON)
    early = replace(turn, draft=replace(turn.draft, finish_reason=EARLY, usage=None))  # type: ignore[type-var]
    log.record("given up", early, mode="auto", at=NOON)
    turns = {each.id: each for each in read_turns(tmp_path).turns}
    assert [each.first_token for each in turns.values()] == [1.25, 3.51, 0.51]
    given_up = turns["given up"].draft
    assert given_up
    assert (given_up.early, given_up.read, given_up.written) == (True, None, None)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\\'), min_size=5).filter(str.strip))
def test_no_word_of_a_turn_is_in_its_line(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    secret = f"§{secret}§"
    folder = tmp_path_factory.mktemp("log")
    TurnLog(folder, text=False).record("id", a_turn(secret), mode="auto", at=NOON)
    (line,) = lines(folder)
    assert "§" not in json.dumps(line, ensure_ascii=False)
    assert read_turns(folder).turns[0].text is None
    TurnLog(folder, text=True).record("id", a_turn(secret), mode="auto", at=NOON)
    assert "§" in (folder / "turns.jsonl").read_text(encoding="utf-8")


def test_with_text_the_words_are_kept(tmp_path: Path) -> None:
    turn = replace(a_turn("Ü\n\u2028"), question="Wie viele?\ud800")
    TurnLog(tmp_path, text=True).record("a", turn, mode="auto", at=NOON)
    (read,) = read_turns(tmp_path).turns
    assert read.text
    assert (read.text.question, read.text.draft, read.text.escalated) == ("Wie viele??", "Ü\n\u2028", "Ü\n\u2028")
    assert turn.escalation_report
    assert read.text.changes == turn.escalation_report.changes
    assert read.text.passages == ("Ü\n\u2028 · p. 3",) * 2


def test_a_line_without_text_is_short(tmp_path: Path) -> None:
    TurnLog(tmp_path, text=False).record("a" * 32, a_turn("word " * 5000), mode="auto", at=NOON)
    assert (tmp_path / "turns.jsonl").stat().st_size < 2000


def test_the_last_thumb_counts_and_what_was_asked_stays(tmp_path: Path) -> None:
    log = TurnLog(tmp_path, text=False)
    log.feedback("b", "down", NOON)  # its turn is still being written
    for turn_id in "abcd":
        log.record(turn_id, a_turn(), mode="auto", at=NOON)
    for second, (turn_id, kind) in enumerate(
        (("a", "up"), ("a", "down"), ("c", "up"), ("c", "asked"), ("c", "none"), ("gone", "up"))
    ):
        log.feedback(turn_id, kind, NOON + timedelta(seconds=second))  # type: ignore[arg-type]
    log.feedback("d", "up", NOON + timedelta(seconds=9))
    log.feedback("d", "down", NOON + timedelta(seconds=8))  # a slower thread
    turns = read_turns(tmp_path).turns
    assert [(turn.thumb, turn.asked) for turn in turns] == [
        *(("down", False), ("down", False)),
        *((None, True), ("up", False)),
    ]


def test_a_period_begins_at_its_first_moment(tmp_path: Path) -> None:
    log = TurnLog(tmp_path, text=False)
    for minutes in (2, 0, 1):
        log.record(str(minutes), a_turn(), mode="auto", at=NOON + timedelta(minutes=minutes))
    log.feedback("1", "up", NOON + timedelta(days=1))
    assert [turn.id for turn in read_turns(tmp_path).turns] == ["0", "1", "2"]
    since = read_turns(tmp_path, NOON + timedelta(minutes=1)).turns
    assert [(turn.id, turn.thumb) for turn in since] == [("1", "up"), ("2", None)]


def test_what_cannot_be_understood_is_left_out_and_counted(tmp_path: Path) -> None:
    log, path = TurnLog(tmp_path, text=False), tmp_path / "turns.jsonl"
    log.record("a", a_turn(), mode="auto", at=NOON)
    whole = path.read_bytes()
    later = whole.replace(b'{"v":1', b'{"v":2')
    unknown = whole.replace(b'"kind":"turn"', b'"kind":"weather"')
    more = whole.replace(b'"id":"a"', b'"id":"b","colour":"red"')
    damaged = [whole[:-40] + b"\n", b"\0" * 300 + b"\n", b"{}\n", b"[1]\n", b"\xff\xfe\n", b'{"v":1,"kind":"turn"}\n']
    naive = whole.replace(b"12:00:00Z", b"12:00:00")
    path.write_bytes(whole + later + unknown + more + b"\n" + naive + b"".join(damaged) + whole[:-9])
    history = read_turns(tmp_path)
    assert [turn.id for turn in history.turns] == ["a", "b"]
    assert (history.broken, history.newer) == (len(damaged) + 2, 2)
    path.write_bytes(more.strip())
    assert [turn.id for turn in read_turns(tmp_path).turns] == ["b"]  # somebody's editor took the line break


def test_full_files_are_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    log = TurnLog(tmp_path, text=False, max_bytes=3000, keep=3)
    for number in range(30):
        log.record(str(number), a_turn(), mode="auto", at=NOON + timedelta(seconds=number))
    names = {path.name for path in tmp_path.glob("turns*.jsonl")}
    assert names == {"turns.jsonl", "turns.1.jsonl", "turns.2.jsonl", "turns.3.jsonl"}
    assert all(0 < (tmp_path / name).stat().st_size <= 3000 for name in names)
    kept = [int(turn.id) for turn in read_turns(tmp_path).turns]
    assert kept == list(range(kept[0], 30))
    assert 6 <= len(kept) < 30
    assert [int(turn.id) for turn in read_turns(tmp_path / "turns.1.jsonl").turns] == [
        number for number in kept if number < int(read_turns(tmp_path / "turns.jsonl").turns[0].id)
    ][-len(read_turns(tmp_path / "turns.1.jsonl").turns) :]


def test_a_line_that_is_larger_than_a_file_is_kept_all_the_same(tmp_path: Path) -> None:
    log = TurnLog(tmp_path, text=False, max_bytes=10, keep=2)
    for turn_id in "abcd":
        log.record(turn_id, a_turn(), mode="auto", at=NOON)
    assert {turn.id for turn in read_turns(tmp_path).turns} == set("bcd")


def test_where_rotating_fails_the_file_grows_to_twice_its_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, in_the_way = TurnLog(tmp_path, text=False, max_bytes=3000, keep=2), tmp_path / "turns.2.jsonl"
    in_the_way.mkdir()
    for number in range(20):
        log.record(str(number), a_turn(), mode="auto", at=NOON)
    assert 5000 < (tmp_path / "turns.jsonl").stat().st_size < 8000
    assert len(caplog.records) == 1
    in_the_way.rmdir()
    log.record("20", a_turn(), mode="auto", at=NOON)
    kept = {int(turn.id) for turn in read_turns(tmp_path).turns}
    assert kept == {*range(len(kept) - 1), 20}


def test_two_processes_write_through_rotations_and_lose_nothing(tmp_path: Path) -> None:
    count = 150
    writers = [python(WRITER, str(tmp_path), name, str(count)) for name in "ab"]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")
    history = read_turns(tmp_path)
    assert len(list(tmp_path.glob("turns.*.jsonl"))) > 5
    assert history.broken == 0
    assert {turn.id for turn in history.turns} == {f"{name}-{number}" for name in "ab" for number in range(count)}
    assert all(turn.thumb == "up" for turn in history.turns)


def test_threads_share_a_log_and_nothing_is_lost_while_it_is_read(tmp_path: Path) -> None:
    log = TurnLog(tmp_path, text=False, max_bytes=20_000, keep=50)
    log.record("first", a_turn(), mode="auto", at=NOON)

    def write(name: int) -> None:
        for number in range(30):
            log.record(f"{name}-{number}", a_turn(), mode="auto", at=NOON)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        history = read_turns(tmp_path)
        assert history.broken == 0
        assert len(history.turns) >= seen  # a file that moves meanwhile is not missed
        seen = len(history.turns)
    assert len(read_turns(tmp_path).turns) == 121


def test_after_a_killed_writer_the_next_line_is_whole(tmp_path: Path) -> None:
    code = 'import os, sys\nos.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), b\'{"v":1,"kind":"tu\')\n'
    log, path = TurnLog(tmp_path, text=False), tmp_path / "turns.jsonl"
    log.record("a", a_turn(), mode="auto", at=NOON)
    with python(code + "print('half', flush=True)\nsys.stdin.read()", str(path)) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "half\n"
        writer.kill()
    log.record("b", a_turn(), mode="auto", at=NOON)
    log.feedback("a", "up", NOON)
    history = read_turns(tmp_path)
    assert [(turn.id, turn.thumb) for turn in history.turns] == [("a", "up"), ("b", None)]
    assert history.broken == 1


def test_a_killed_holder_of_the_lock_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom filelock import FileLock\nlock = FileLock(sys.argv[1])\nlock.acquire()\n"
        "print('held', flush=True)\nsys.stdin.read()"
    )
    log = TurnLog(tmp_path, text=False)
    log.record("a", a_turn(), mode="auto", at=NOON)
    with python(code, str(tmp_path / "turns.lock")) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    log.record("b", a_turn(), mode="auto", at=NOON)
    assert len(read_turns(tmp_path).turns) == 2


def test_a_writer_that_is_held_up_goes_on_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_log, "_LOCK_S", 0.2)
    log = TurnLog(tmp_path / "file", text=False)
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            log.record("a", a_turn(), mode="auto", at=NOON)
            log.feedback("a", "up", NOON)
        assert len(caplog.records) == 1
        assert "turns are not noted" in caplog.text
        caplog.clear()
        held, log = FileLock(tmp_path / "turns.lock"), TurnLog(tmp_path, text=False)
        with held:
            log.record("a", a_turn(), mode="auto", at=NOON)
        assert len(caplog.records) == 1
        log.record("b", a_turn(), mode="auto", at=NOON)
    assert [turn.id for turn in read_turns(tmp_path).turns] == ["b"]


def test_numbers_that_are_none_do_not_stop_a_turn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = TurnLog(tmp_path, text=False)
    strange = replace(a_turn(), escalation_report=EscalationReport(float("nan"), None, 0.0, 0.0, ()))
    with caplog.at_level(logging.WARNING):
        log.record("a", strange, mode="auto", at=NOON)
    assert len(caplog.records) == 1
    log.record("b", a_turn(), mode="auto", at=NOON)
    assert [turn.id for turn in read_turns(tmp_path).turns] == ["b"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file can be set there")
def test_on_a_full_disk_the_log_stays_whole(tmp_path: Path) -> None:
    code = """
import logging, resource, sys
from pathlib import Path
from rag.turn_log.log import TurnLog
from tests.logged_parts import NOON, a_turn
logging.basicConfig(format="%(message)s")
log = TurnLog(Path(sys.argv[1]), text=False)
log.record("0", a_turn(), mode="auto", at=NOON)
size = (Path(sys.argv[1]) / "turns.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (3 * size + 100, resource.RLIM_INFINITY))
for number in range(1, 6):
    log.record(str(number), a_turn(), mode="auto", at=NOON)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.record("6", a_turn(), mode="auto", at=NOON)
"""
    with python(code, str(tmp_path)) as writer:
        _, errors = writer.communicate(timeout=60)
    assert writer.returncode == 0
    assert errors.count("turns are not noted") == 1
    history = read_turns(tmp_path)
    assert [turn.id for turn in history.turns] == ["0", "1", "2", "6"]
    assert history.broken == 0


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such permissions")
def test_only_this_account_may_open_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    TurnLog(folder, text=True).record("a", a_turn(), mode="auto", at=NOON)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_log_that_is_held_for_long_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_log, "_LOCK_S", 0.2)
    TurnLog(tmp_path, text=False).record("a", a_turn(), mode="auto", at=NOON)
    with FileLock(tmp_path / "turns.lock"):
        assert len(read_turns(tmp_path).turns) == 1


def test_without_a_log_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"^There is no turn log in .* yet\."):
        read_turns(tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())
    (tmp_path / "turns.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"cannot be read"):
        read_turns(tmp_path)


def test_a_moment_with_a_time_of_its_own_is_kept_in_utc(tmp_path: Path) -> None:
    TurnLog(tmp_path, text=False).feedback("a", "up", datetime(2026, 11, 2, 23, tzinfo=timezone(timedelta(hours=9))))
    (line,) = lines(tmp_path)
    assert line == {"v": 1, "kind": "feedback", "id": "a", "at": "2026-11-02T14:00:00Z", "feedback": "up"}
