"""What is to be done about a file, by what is known of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag.library.changes import SyncPlan, SyncRules, compare
from rag.library.manifest import FileRecord, State
from rag.library.scanner import Found, Scan

RULES = SyncRules(version=1, max_bytes=1000)
FILE = Found("a.txt", Path("a.txt"), 10, 5_000_000_000)
KNOWN = FileRecord("a.txt", 10, 5_000_000_000, b"x", "indexed", document_id="id", version=1, read_at=100.0)


def plan(*found: Found, known: tuple[FileRecord, ...] = (), rules: SyncRules = RULES, touched: str = "") -> SyncPlan:
    scan = Scan({file.name: file for file in found}, unreadable={"away"})
    return compare(scan, known, rules, {touched})


def works(made: SyncPlan) -> list[str]:
    assert not made.too_large
    assert not made.gone
    return [work.found.name for work in made.works]


def test_a_new_file_is_looked_into() -> None:
    assert works(plan(FILE)) == ["a.txt"]


def test_a_known_file_is_left_alone() -> None:
    assert works(plan(FILE, known=(KNOWN,))) == []


@pytest.mark.parametrize(
    "known",
    [
        replace(KNOWN, size=11),
        replace(KNOWN, mtime_ns=5_000_000_001),
        replace(KNOWN, version=2),
        replace(KNOWN, state="pending"),
        replace(KNOWN, state="failed", digest=b""),
        replace(KNOWN, state="skipped", digest=b""),
        replace(KNOWN, read_at=6.0),
    ],
    ids=["size", "time", "version", "pending", "never opened", "was too large", "read at once"],
)
def test_a_file_that_may_be_another_one_is_looked_into(known: FileRecord) -> None:
    assert works(plan(FILE, known=(known,))) == ["a.txt"]


def test_a_touched_file_is_looked_into_whatever_its_time_says() -> None:
    (work,) = plan(FILE, known=(KNOWN,), touched="a.txt").works
    assert not work.forced


@pytest.mark.parametrize(("state", "again"), [("indexed", False), ("failed", True), ("skipped", True)])
def test_a_retry_is_for_what_was_not_read(state: State, again: bool) -> None:
    made = plan(FILE, known=(replace(KNOWN, state=state),), rules=replace(RULES, retry=True))
    assert [work.forced for work in made.works] == [True] * again
    assert plan(FILE, known=(replace(KNOWN, state=state),)).works == []


def test_a_file_over_the_limit_is_named_once() -> None:
    large = replace(FILE, size=1001)
    (work,) = plan(large, known=(KNOWN,)).too_large
    assert work.known == KNOWN
    assert plan(large, known=(replace(KNOWN, state="skipped", size=1001, digest=b""),)) == SyncPlan()


def test_what_is_not_found_is_gone_unless_nobody_could_look() -> None:
    away = (replace(KNOWN, name="away/b.txt"), replace(KNOWN, name="away"))
    assert plan(known=(KNOWN, *away)).gone == [KNOWN]


def test_a_renamed_file_replaces_what_it_was() -> None:
    made = plan(replace(FILE, name="b.txt"), known=(KNOWN,))
    assert made.gone == []
    assert [work.replaces for work in made.works] == [KNOWN]


def test_one_file_replaces_one() -> None:
    made = plan(replace(FILE, name="b.txt"), replace(FILE, name="c.txt"), known=(KNOWN,))
    assert [work.replaces for work in made.works] == [KNOWN, None]
    made = plan(replace(FILE, name="b.txt", size=11), known=(KNOWN,))
    assert made.gone == [KNOWN]
