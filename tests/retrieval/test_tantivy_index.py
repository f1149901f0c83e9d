"""The index on disk: what stays after a close, a kill, a full disk, a damaged file, another version of the app."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import StorageError
from rag.retrieval import fields, index_files
from rag.retrieval.index_files import read_metadata
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.query import build_query
from rag.retrieval.search import Searcher
from rag.retrieval.tantivy_index import TantivyIndex
from rag.types import Document, Hit, Passage
from tests.fakes import passages

GUIDE = Document("guides/start.md", "Start", collection="handbook", language="en", pages=3, characters=99)
RULES = Document("rules.md", "Rules", collection="handbook")
TEXTS = ("Uploads may have 25 MB.", "The larger model needs 16 GB of memory.", "文件最大为25 MB。")


def texts(index: TantivyIndex, question: str) -> list[str]:
    return [hit.passage.text for hit in found(index, question)]


def found(index: TantivyIndex | MemoryIndex, question: str) -> list[Hit]:
    return index.search(build_query(question).terms, 10)


def files_below(folder: Path, pattern: str = "*") -> Iterator[Path]:
    current = read_metadata(folder)
    assert current
    return (folder / current.directory).glob(pattern)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    index = TantivyIndex(tmp_path / "index")
    index.apply([(GUIDE, passages(GUIDE, TEXTS)), (RULES, passages(RULES, ("Be kind.",)))])
    index.close()
    return tmp_path / "index"


def test_what_was_put_is_there_after_it_was_opened_again(filled: Path):
    index = TantivyIndex(filled)
    assert len(index) == 4
    assert texts(index, "How much memory?") == [TEXTS[1]]
    assert index.passages(GUIDE.id, limit=9) == passages(GUIDE, TEXTS)


def test_every_field_of_a_passage_comes_back(tmp_path: Path):
    passage = Passage(GUIDE, 7, "a | 1\n\ud800", ("Set-up", "Prices"), 3, "slide", (2, 40), "name | price", 120, 130)
    TantivyIndex(tmp_path).put(GUIDE, [passage])
    assert TantivyIndex(tmp_path).passages(GUIDE.id, 7) == [passage]


def test_looking_into_a_folder_makes_nothing_there(tmp_path: Path):
    index = TantivyIndex(tmp_path / "absent")
    assert (len(index), index.identity, found(index, "uploads")) == (0, "", [])
    assert not (tmp_path / "absent").exists()


def test_changes_are_one_commit(tmp_path: Path):
    index = TantivyIndex(tmp_path)
    index.put(RULES, passages(RULES, ("Be kind.",)))
    other = TantivyIndex(tmp_path)
    index.apply([(GUIDE, passages(GUIDE, TEXTS))], [RULES.id])
    other.refresh()
    assert len(other) == 3
    assert found(other, "kind") == []


def test_another_process_sees_what_was_written_when_it_looks_again(filled: Path):
    reader, writer = TantivyIndex(filled), TantivyIndex(filled)
    writer.remove(RULES.id)
    assert len(reader) == 4
    reader.refresh()
    assert len(reader) == 3


def test_one_that_waits_for_the_first_writing_sees_it(tmp_path: Path):
    reader = TantivyIndex(tmp_path)
    TantivyIndex(tmp_path).put(GUIDE, passages(GUIDE, TEXTS))
    reader.refresh()
    assert len(reader) == 3


def test_both_engines_rank_alike(tmp_path: Path):
    """To the last digit while tantivy keeps the exact length of a field, which is up to 40 terms."""
    disk, memory, draw = TantivyIndex(tmp_path), MemoryIndex(), random.Random(5)
    words = [
        "upload",
        "model",
        "memory",
        "paper",
        "größe",
        "文件",
        "上传",
        "быстро",
        "answer",
        "cite",
        "limit",
        "small",
        "large",
    ]
    for n in range(60):
        document = Document(f"{n}.md", f"Page {n}")
        own = passages(document, [" ".join(draw.choices(words, k=draw.randint(3, 9))) for _ in range(3)])
        disk.put(document, own)
        memory.put(document, own)
    for question in ("How large may uploads be?", "上传文件", "small model memory", "быстрый ответ"):
        terms = build_query(question).terms
        on_disk, in_memory = ({hit.passage.id: hit.score for hit in i.search(terms, 999)} for i in (disk, memory))
        assert on_disk == pytest.approx(in_memory, rel=1e-5)
        assert len(on_disk) > 20


def test_with_a_chats_uploads_it_is_one_ranking(filled: Path):
    uploads = MemoryIndex()
    note = Document("note.txt", "Note", "upload")
    uploads.put(note, passages(note, ("Uploads may have 25 MB, says this note.",)))
    result = Searcher(TantivyIndex(filled), uploads).search("How many MB may uploads have?", limit=5)
    assert {hit.passage.document for hit in result.hits} == {GUIDE, note}


# Another version of the app


@pytest.mark.parametrize("what", ["schema", "analysis", "fields"])
def test_an_index_of_another_version_answers_until_it_is_made_anew(filled: Path, what: str):
    current = read_metadata(filled)
    assert current
    changed = {"schema": {"schema": 0}, "analysis": {"analysis": 0}, "fields": {"fields": ("words", "grams")}}[what]
    index_files.write_metadata(filled, index_files.IndexMetadata(**{**metadata_values(current), **changed}))
    index = TantivyIndex(filled)
    assert index.outdated
    assert texts(index, "How much memory?") == [TEXTS[1]]
    heard: list[tuple[int, int]] = []

    def answers_meanwhile(done: int, total: int) -> None:
        heard.append((done, total))
        assert texts(index, "How much memory?") == [TEXTS[1]]

    index.prepare(answers_meanwhile)
    assert heard == [(0, 4)]
    assert not index.outdated
    assert [each.exact for each in Searcher(index).documents_named(f"Summarize {GUIDE.name}")] == [True]
    assert index.identity == current.identity
    assert texts(index, "How much memory?") == [TEXTS[1]]
    assert TantivyIndex(filled).passages(GUIDE.id, limit=9) == passages(GUIDE, TEXTS)
    assert [folder.name for folder in filled.glob("index-*")] == [read_metadata(filled).directory]  # type: ignore[union-attr]


def metadata_values(current: index_files.IndexMetadata) -> dict[str, object]:
    return {name: getattr(current, name) for name in ("directory", "identity", "schema", "analysis", "fields")}


def test_making_it_anew_can_be_broken_off(filled: Path):
    current = read_metadata(filled)
    assert current
    index_files.write_metadata(filled, index_files.IndexMetadata(**{**metadata_values(current), "analysis": 0}))
    index = TantivyIndex(filled)

    def enough(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(StorageError):
        index.prepare(enough)
    assert texts(index, "How much memory?") == [TEXTS[1]]
    index.prepare()
    assert len(list(filled.glob("index-*"))) == 1
    assert len(TantivyIndex(filled)) == 4


def test_todays_label_is_the_one_of_todays_fields():
    assert index_files.IndexMetadata().fields == tuple(field.name for field in fields.FIELDS)
    assert not index_files.IndexMetadata().outdated


# What can happen to a disk


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"place": "../elsewhere"}', b"\xff\xfe"])
def test_a_label_that_says_nothing_is_as_none(filled: Path, content: bytes):
    (filled / "index.json").write_bytes(content)
    index = TantivyIndex(filled)
    assert (len(index), index.identity) == (0, "")
    index.put(RULES, passages(RULES, ("Be kind.",)))
    assert texts(TantivyIndex(filled), "kind") == ["Be kind."]


def test_a_label_cannot_lead_out_of_its_folder(filled: Path):
    current = read_metadata(filled)
    assert current
    index_files.write_metadata(
        filled, index_files.IndexMetadata(**{**metadata_values(current), "directory": f"../index/{current.directory}"})
    )
    assert read_metadata(filled) is None


@pytest.mark.parametrize("pattern", ["*.idx", "*.term", "*.store", "*.fast", "meta.json"])
@pytest.mark.parametrize("damage", ["zeroes", "cut", "gone"])
def test_an_index_that_does_not_open_is_made_anew_with_another_identity(filled: Path, pattern: str, damage: str):
    metadata_before = read_metadata(filled)
    for file in files_below(filled, pattern):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"\0" * len(content))
        if damage == "gone":
            file.unlink()
    index = TantivyIndex(filled)
    try:
        index.prepare()
    except StorageError:
        pytest.fail("it was not made anew")
    index.put(RULES, passages(RULES, ("Be kind.",)))
    assert texts(index, "kind") == ["Be kind."]
    assert metadata_before
    assert index.identity not in ("", metadata_before.identity)
    assert len(TantivyIndex(filled)) == 1


def test_damage_that_only_a_search_meets_is_told_and_mended(tmp_path: Path):
    index = TantivyIndex(tmp_path)
    index.put(GUIDE, passages(GUIDE, [f"Uploads of {n} may have {n * n} MB of memory." for n in range(400)]))
    before = index.identity
    index.close()
    for file in files_below(tmp_path, "*.store"):
        content = bytearray(file.read_bytes())
        content[: len(content) // 2] = random.Random(1).randbytes(len(content) // 2)
        file.write_bytes(content)
    index = TantivyIndex(tmp_path)
    assert len(index) == 400
    with pytest.raises(StorageError, match="made anew"):
        found(index, "uploads of 7")
    assert (len(index), index.identity) == (0, "")
    assert found(index, "uploads of 7") == []
    index.prepare()
    assert index.identity not in ("", before)
    index.put(GUIDE, passages(GUIDE, TEXTS))
    assert len(TantivyIndex(tmp_path)) == 3


def test_two_writers_at_once_get_a_sentence(filled: Path):
    first, second = TantivyIndex(filled), TantivyIndex(filled)
    first.put(RULES, passages(RULES, ("Be kind.",)))
    with pytest.raises(StorageError, match="Another program is writing"):
        second.put(RULES, passages(RULES, ("Be rude.",)))
    first.close()
    second.put(RULES, passages(RULES, ("Be kind again.",)))
    assert texts(TantivyIndex(filled), "kind") == ["Be kind again."]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_changes_nothing_and_is_survived(filled: Path):
    import resource

    index = TantivyIndex(filled)
    large = Document("large.md", "Large", collection="handbook")
    many = passages(large, [f"{random.Random(n).randbytes(400).hex()} {n}" for n in range(400)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    failures: list[StorageError] = []
    try:
        for _ in range(2):
            with pytest.raises(StorageError, match="disk is not full") as failure:
                index.put(large, many)
            failures.append(failure.value)  # kept, as a log would
        assert len(index) == 4
        assert texts(index, "How much memory?") == [TEXTS[1]]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(TantivyIndex(filled)) == 4
    index.put(large, many)
    assert len(TantivyIndex(filled)) == 404


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path):
    (tmp_path / "taken").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        TantivyIndex(tmp_path / "taken" / "index").put(RULES, passages(RULES, ("Be kind.",)))


def test_a_folder_that_is_there_for_reading_only_can_be_searched(filled: Path):
    for path in (*filled.rglob("*"), filled):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        index = TantivyIndex(filled)
        assert texts(index, "How much memory?") == [TEXTS[1]]
        if os.name == "posix" and os.geteuid():  # root may write everywhere
            with pytest.raises(StorageError, match="cannot be written"):
                index.put(RULES, passages(RULES, ("Be rude.",)))
    finally:
        for path in (filled, *filled.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


# kill -9

WRITER = """
import sys
from pathlib import Path
from rag.types import Document, Passage
from rag.retrieval.tantivy_index import TantivyIndex
index = TantivyIndex(Path(sys.argv[1]))
for n in range(int(sys.argv[2]), 100_000):
    document = Document(f"{n % 40}.md", f"Edition {n}")
    index.apply([(document, [Passage(document, i, f"Edition {n} of page {i}") for i in range(7)])])
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_committed(tmp_path: Path):
    committed = 0
    editions: dict[str, int] = {}
    for kill in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(committed)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            lines: list[str] = []
            listening = threading.Thread(target=lambda p=process, to=lines: to.extend(p.stdout or ()))
            listening.start()
            while not lines and process.poll() is None:
                time.sleep(0.005)
            time.sleep(random.Random(kill).uniform(0, 0.25))
            os.kill(process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            listening.join()
        for line in lines:
            committed = int(line)
            editions[f"{committed % 40}.md"] = committed
        index = TantivyIndex(tmp_path)
        for name, edition in editions.items():
            there = index.passages(Document(name, "").id, limit=9)
            now = {passage.document.title for passage in there}
            # the edition that was told, or the one whose telling the kill prevented
            assert now in ({f"Edition {edition}"}, {f"Edition {committed + 1}"}), name
            assert [passage.ordinal for passage in there] == list(range(7))
        committed += 1
    assert len(index) <= 7 * 40
    index.close()


def test_a_kill_while_it_is_made_anew_leaves_the_old_one(filled: Path):
    current = read_metadata(filled)
    assert current
    index_files.write_metadata(filled, index_files.IndexMetadata(**{**metadata_values(current), "analysis": 0}))
    program = """
import os, sys
from pathlib import Path
from rag.retrieval.tantivy_index import TantivyIndex
TantivyIndex(Path(sys.argv[1])).prepare(lambda done, total: os._exit(9))
"""
    assert subprocess.run([sys.executable, "-c", program, str(filled)], check=False).returncode == 9
    assert len(list(filled.glob("index-*"))) == 2
    index = TantivyIndex(filled)
    assert index.outdated
    assert texts(index, "How much memory?") == [TEXTS[1]]
    index.prepare()
    assert len(index) == 4
    assert len(list(filled.glob("index-*"))) == 1


def test_it_can_be_moved(filled: Path, tmp_path: Path):
    shutil.move(filled, tmp_path / "elsewhere")
    assert texts(TantivyIndex(tmp_path / "elsewhere"), "How much memory?") == [TEXTS[1]]
