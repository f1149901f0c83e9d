"""Scans and pictures: read where Tesseract is installed, named where it is not, and never longer than allowed."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import kreuzberg
import psutil
import pytest

from rag import errors
from rag.ingestion import ocr
from rag.ingestion.content import Content, FileLimits
from rag.ingestion.ocr import NotReadable, Tesseract, find_tesseract
from rag.ingestion.pdf import named_pages, pages_without_text, pdf_to_content
from rag.ingestion.reader import ReadDocument, Reader
from tests import make_files as make

needs_tesseract = pytest.mark.skipif(
    find_tesseract() is None and os.environ.get("REQUIRE_TESSERACT") != "1",
    reason="Tesseract is not installed on this machine",
)

LEAVE = [
    "Annual leave policy",
    "",
    "Every employee has thirty days of",
    "annual leave. Requests go to the man-",
    "ager.",
]
TRAVEL = ["Travel policy", "", "Train tickets are second class.", "Hotels cost at most 120 euros a night."]


def new_reader(*, ocr: bool = True) -> Reader:
    return Reader(workers=1, timeout_s=60, max_bytes=10**7, max_pages=50, max_chars=10**6, ocr=ocr)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = new_reader()
    yield reader
    asyncio.run(reader.close())


@pytest.fixture
def read(reader: Reader, tmp_path: Path):
    async def read_bytes(name: str, data: bytes, *, by: Reader = reader) -> ReadDocument:
        (tmp_path / "file").write_bytes(data)
        return await by.read(tmp_path / "file", name=name, origin="upload")

    return read_bytes


@pytest.fixture
async def without_ocr() -> AsyncIterator[Reader]:
    reader = new_reader(ocr=False)
    yield reader
    await reader.close()


@pytest.fixture
def draw(tmp_path: Path):
    """Makes a picture of a page with these lines, as a scanner would."""

    def draw_page(lines: Sequence[make.Line], dpi: int = 150) -> bytes:
        (tmp_path / "page.pdf").write_bytes(make.pdf([lines]))
        return kreuzberg.render_pdf_page(tmp_path / "page.pdf", 0, dpi=dpi)

    return draw_page


def large(lines: Sequence[str]) -> list[make.Line]:
    return [(22, line) for line in lines]


# With Tesseract


@needs_tesseract
async def test_scanned_pages_are_read_and_the_others_kept(draw, read):
    pages = [["This page has text: zebra_17."], draw(large(LEAVE)), [], draw(large(TRAVEL))]
    found = await read("mixed.pdf", make.pdf(pages))
    by_page = {passage.page: passage.text for passage in found.passages}
    assert by_page[1] == "This page has text: zebra_17."
    assert "thirty days of\nannual leave. Requests go to the manager." in by_page[2]
    assert "second class" in by_page[4]
    assert sorted(by_page) == [1, 2, 4]
    assert found.document.pages == 4
    assert found.notes == ()


@needs_tesseract
async def test_a_page_with_nothing_but_a_stamp_is_a_scan(draw, read):
    pages = [draw(large(lines)) for lines in (LEAVE, TRAVEL, LEAVE)]
    found = await read("stamped.pdf", make.pdf(pages, stamp="Scanned by PaperApp"))
    assert "second class" in found.passages[1].text


@needs_tesseract
@pytest.mark.parametrize("name", ["photo.png", "scan.pdf"])
async def test_a_picture_and_a_scan_are_read(name: str, draw, read):
    picture = draw(large(LEAVE))
    found = await read(name, picture if name.endswith("png") else make.pdf([picture]))
    assert "Every employee has thirty days" in found.text
    assert "\n\n" in found.text
    assert found.document.language == "en"
    assert found.document.pages == (0 if name.endswith("png") else 1)


@needs_tesseract
@pytest.mark.parametrize("name", ["photo.png", "scan.pdf"])
async def test_a_picture_without_text_says_so(name: str, draw, read):
    blank = draw([])
    with pytest.raises(errors.EmptyFile, match="no text that can be recognised"):
        await read(name, blank if name.endswith("png") else make.pdf([blank]))


@needs_tesseract
async def test_a_broken_picture_is_refused(draw, read):
    with pytest.raises(errors.BrokenFile, match=r"cut\.png cannot be opened as a picture"):
        await read("cut.png", draw(LEAVE)[:200])


@needs_tesseract
@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups: Tesseract ends with its page")
async def test_a_reading_that_is_not_wanted_any_more_ends_tesseract_too(draw, read):
    full = draw([f"Line {number} of a page that is full of words." for number in range(45)])
    task = asyncio.create_task(read("long.pdf", make.pdf([full] * 8)))
    while not (running := recognising()):
        assert not task.done()
        await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.wait_procs(running, timeout=20)[1]


def recognising() -> list[psutil.Process]:
    """The Tesseract processes that the workers of this test have started."""
    with contextlib.suppress(psutil.Error):  # one ended meanwhile
        return [child for child in psutil.Process().children(recursive=True) if "tesseract" in child.name()]
    return []


@needs_tesseract
def test_too_little_time_is_an_error_of_its_own(draw):
    tesseract = find_tesseract()
    assert tesseract
    with pytest.raises(TimeoutError):
        tesseract.read(draw(large(LEAVE)), 0)
    with pytest.raises(NotReadable):
        tesseract.read(b"no picture at all", 20)


# Without it


@pytest.fixture
def no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(ocr, "_INSTALLED_AT", ())
    find_tesseract.cache_clear()
    yield
    find_tesseract.cache_clear()


def test_a_machine_without_tesseract_has_none(no_tesseract):
    assert find_tesseract() is None


def test_a_program_that_is_no_tesseract_is_none(no_tesseract, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ocr, "_INSTALLED_AT", (sys.executable,))
    assert find_tesseract() is None


async def test_without_it_scans_and_pictures_say_what_they_need(draw, read, without_ocr: Reader):
    with pytest.raises(errors.EmptyFile, match=r"scan\.pdf looks like a scan.*needs Tesseract"):
        await read("scan.pdf", make.pdf([draw(LEAVE)]), by=without_ocr)
    with pytest.raises(errors.UnsupportedFile, match=r"photo\.png cannot be read: it is a picture\..*needs Tesseract"):
        await read("photo.png", draw(LEAVE), by=without_ocr)


async def test_without_it_the_text_pages_are_read_and_the_others_named(draw, read, without_ocr: Reader):
    pages = [["One."], draw(LEAVE), ["Three."], draw(LEAVE), draw(LEAVE)]
    found = await read("mixed.pdf", make.pdf(pages), by=without_ocr)
    assert [passage.page for passage in found.passages] == [1, 3]
    assert found.notes == ("Pages 2 and 4–5 have no text. Reading scans needs Tesseract on this machine (OCR=auto).",)


# When time runs out


@dataclass(frozen=True, slots=True)
class SlowTesseract(Tesseract):
    """Reads as many pages as it has texts for, then none in time."""

    pages: list[str] = field(default_factory=list)

    def read(self, picture: bytes, timeout_s: float) -> list[str]:
        if not self.pages:
            raise TimeoutError
        return [self.pages.pop(0)]


UNDRAWABLE = b"/MediaBox [0 0 60000 42000]"
"""Of a page that is too large to be drawn."""


@pytest.fixture
def read_pdf(tmp_path: Path):
    """The content of a PDF whose pages have these texts, of which the empty ones are recognised so."""

    def read(pages: list[str], recognised: list[str], *, first_page: bytes = b"", timeout_s: float = 30) -> Content:
        data, path = make.pdf([[text] if text else [] for text in pages]), tmp_path / "file.pdf"
        path.write_bytes(data.replace(b"/MediaBox [0 0 595 842]", first_page, 1) if first_page else data)
        slow = SlowTesseract("", ("eng",), False, recognised)
        limits = FileLimits(timeout_s, max_bytes=10**7, max_pages=50, max_chars=10**6)
        return pdf_to_content(path.read_bytes(), path, "file.pdf", limits, slow)

    return read


def test_pages_that_were_not_read_in_time_are_named(read_pdf):
    content = read_pdf(["", "Own text.", "", "", ""], ["Page one."])
    assert content.text == "Page one.\n\nOwn text."
    assert content.notes == ("Pages 3–5 are scans that could not be read.",)
    late = read_pdf(["", "Own text."], [], timeout_s=0)
    assert late.notes == ("Page 1 is a scan that could not be read in time. Split the file to have all of it read.",)


def test_a_scan_of_which_nothing_was_read_is_an_error(read_pdf):
    with pytest.raises(errors.ReadingTimedOut, match=r"file\.pdf is a scan, and none of its text .* within 0 seconds"):
        read_pdf(["", ""], [], timeout_s=0)
    with pytest.raises(errors.BrokenFile, match=r"file\.pdf is a scan whose pages cannot be drawn"):
        read_pdf(["", ""], [])


def test_a_page_that_cannot_be_drawn_costs_that_page_only(read_pdf):
    content = read_pdf(["", "", ""], ["Two.", "Three."], first_page=UNDRAWABLE)
    assert sorted(content.text.split()) == ["Three.", "Two."]
    assert content.notes == ("Page 1 is a scan that could not be read.",)


def test_pages_beyond_the_limit_are_not_even_tried(read_pdf):
    with pytest.raises(errors.FileTooLarge, match="51 pages"):
        read_pdf([""] * 51, ["x"] * 51)


def test_a_blank_page_is_no_loss(read_pdf):
    assert read_pdf(["", "Text."], [""]).notes == ()


# Parts


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ([2], "Page 3"),
        ([0, 1], "Pages 1–2"),
        ([1, 4, 5, 6, 8], "Pages 2, 5–7 and 9"),
        ([0, 2], "Pages 1 and 3"),
    ],
)
def test_pages_in_words(pages: list[int], words: str):
    assert named_pages(pages) == words


def test_pages_with_words_of_their_own_are_no_scans():
    app = "Scanned by PaperApp"
    assert pages_without_text(["", " \n", "7", "Page 3 of 9", "- - -", "A title"]) == [0, 1, 2, 3, 4]
    assert pages_without_text([f"{app}\n1", f"{app}\n2", f"{app}\n3", f"Text.\n{app}"]) == [0, 1, 2]
    assert pages_without_text(["Same header\nOne", "Same header\nTwo", "Same header\nThree"]) == []
    assert pages_without_text(["Same", "Same"]) == []


def test_later_pages_are_read_in_the_languages_of_the_first():
    every = Tesseract("tesseract", ("eng", "spa", "por", "rus", "slv", "deu"), True)
    spanish, russian = (
        "El señor pidió un año de vacaciones. " * 10,
        "Каждый сотрудник имеет тридцать дней отпуска. " * 10,
    )
    assert every.suited(spanish, "spa").languages == ("spa", "eng")
    assert every.suited(russian, "rus").languages == ("rus", "eng")
    assert every.suited(spanish + russian, "spa").languages == ("spa", "eng", "rus")
    assert every.suited(spanish, "ita") == every
    assert every.suited("El señor", "spa") == every


TABLE = "\n".join(
    [
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
        "1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t",
        *(
            f"5\t1\t{block}\t1\t{line}\t1\t0\t0\t9\t9\t{conf}\t{word}"
            for block, line, conf, word in [
                (1, 1, "96.1", "Every"),
                (1, 1, "91", "em-"),
                (1, 2, "90", "ployee"),
                (2, 1, "95", " "),
                (2, 1, "12", "~;|"),
                (3, 1, "70", "has"),
            ]
        ),
        "1\t2\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t",
        "1\t3\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t",
        "5\t3\t1\t1\t1\t1\t0\t0\t9\t9\t88\tLast",
        "",
    ]
)


def test_lines_are_joined_to_paragraphs_and_noise_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ocr, "_run", lambda *_: TABLE)
    assert Tesseract("tesseract", ("eng",), True).read(b"", 1) == ["Every employee\n\nhas", "", "Last"]
