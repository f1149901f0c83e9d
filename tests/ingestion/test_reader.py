"""Files to passages: every kind, every encoding, every way in which a file can be bad, and what bad files cost."""

import asyncio
import os
import subprocess
import sys
import time
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import errors
from rag.ingestion.cleaning import clean_markdown
from rag.ingestion.file_names import safe_name, shown_name
from rag.ingestion.html import html_to_markdown, xml_to_markdown
from rag.ingestion.reader import ReadDocument, Reader
from tests import REPOSITORY
from tests import make_files as make

Read = Callable[..., Awaitable[ReadDocument]]


def new_reader(**changes: float) -> Reader:
    limits = {"workers": 1, "timeout_s": 30, "max_bytes": 5_000_000, "max_pages": 50, "max_chars": 500_000}
    return Reader(**(limits | {"ocr": False} | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = new_reader()
    yield reader
    asyncio.run(reader.close())


@pytest.fixture
def read(reader: Reader, tmp_path: Path) -> Read:
    """Reads these bytes under this name."""

    async def read_bytes(name: str, data: bytes, *, by: Reader = reader) -> ReadDocument:
        path = tmp_path / "incoming"
        path.write_bytes(data)
        return await by.read(path, name=name, origin="upload")

    return read_bytes


# Kinds


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    passages: list[tuple[tuple[str, ...], int | None, str]]
    """Headings, page and text of each passage."""
    title: str = ""
    pages: int = 0


HARD = "R&D costs < 5 & > 3, \"quoted\", 'single', A\\B, *star*, snake_case, #5, [x], 50%"
"""What parsers like to drop, and Markdown writers like to escape."""
TABLE = "| Item | Price |\n| --- | --- |\n| Tea & co | 3 |\n| Milk | 2.5 |"

CASES = [
    Case(
        "three.pdf",
        make.pdf([[(24, "Travel policy"), HARD], ["On the second page (of three)."], ["Third."]]),
        [
            (("Travel policy",), 1, HARD),
            (("Travel policy",), 2, "On the second page (of three)."),
            (("Travel policy",), 3, "Third."),
        ],
        title="Travel policy",
        pages=3,
    ),
    Case(
        "form.pdf",
        make.pdf([["# 1 of 2", "Total 12.50", "--------", "Paid"]], title="Receipt 7"),
        [((), 1, "# 1 of 2\nTotal 12.50\n\nPaid")],
        title="Receipt 7",
        pages=1,
    ),
    Case(
        "policy.docx",
        make.docx(["# Leave & absence", HARD, "## Sick leave", "Call by nine.", "&lt; as it stands"], title="A & B"),
        [
            (("Leave & absence",), None, HARD),
            (("Leave & absence", "Sick leave"), None, "Call by nine.\n\n&lt; as it stands"),
        ],
        title="Leave & absence",
    ),
    Case("untitled.docx", make.docx(["Only text."], title="R&D plan"), [((), None, "Only text.")], title="R&D plan"),
    Case(
        "show.pptx",
        make.pptx([("First slide", HARD), ("Only a title", ""), ("Third slide", "Text three.")]),
        [(("First slide",), 1, HARD), ((), 2, "Only a title"), (("Third slide",), 3, "Text three.")],
        title="Show",
        pages=3,
    ),
    Case(
        "prices.xlsx",
        make.xlsx({"Tea & more": [["Item", "Price"], ["Tea & co", 3], ["Milk", 2.5]], "Empty": []}),
        [(("Tea & more",), None, TABLE)],
        title="Prices",
    ),
    Case("letter.odt", make.odt(["# Dear all", HARD]), [(("Dear all",), None, HARD)], title="Dear all"),
    Case(
        "prices.ods",
        make.ods("Tea & more", [["Item", "Price"], ["Tea & co", "3"], ["Milk", "2.5"]]),
        [(("Tea & more",), None, TABLE)],
    ),
    Case(
        "book.epub",
        make.epub({"Chapter 1": HARD, "Chapter 2": "The end."}),
        [(("Chapter 1",), None, HARD), (("Chapter 2",), None, "The end.")],
        title="Chapter 1",
    ),
    Case("guide.doc", make.doc(["Guide", "Intro text.", HARD]), [((), None, f"Guide\n\nIntro text.\n\n{HARD}")]),
    Case("note.rtf", make.rtf(["One & two.", "Größe."]), [((), None, "One & two.\n\nGröße.")], title="Note"),
    Case(
        "mail.eml",
        make.eml("Key hand-over", "# not a heading\r\nBring the key.\r\n\r\n> yes"),
        [
            (
                ("Key hand-over",),
                None,
                "From: Ann <ann@example.org>\nTo: Ben <ben@example.org>\nDate: Mon, 01 Jan 2024 10:00:00 +0000\n\n"
                "    # not a heading\nBring the key.\n\n> yes",
            )
        ],
        title="Key hand-over",
    ),
    Case(
        "notes.ipynb",
        make.ipynb("# Model\n\nHow it was trained.", "x = 1  # no heading"),
        [(("Model",), None, "How it was trained.\n\n```\nx = 1  # no heading\n```\n\nprinted 42")],
        title="Model",
    ),
    Case("prices.csv", b"Item;Price\r\nTea & co;3\r\nMilk;2.5\r\n", [((), None, TABLE)], title="Prices"),
    Case("prices.tsv", b"Item\tPrice\nTea & co\t3\nMilk\t2.5\n", [((), None, TABLE)], title="Prices"),
    Case(
        "guide.md",
        b"---\ntitle: 'The guide'\ntags: [a]\n---\n\nIntro &amp; more.\n\n---\n\nSetup\n-----\n\n![](a.png) Run it.\n",
        [(("The guide",), None, "Intro & more."), (("The guide", "Setup"), None, "Run it.")],
        title="The guide",
    ),
    Case("notes.txt", b"RULES\n=====\n\nNo *running*.\n", [(("RULES",), None, "No *running*.")], title="RULES"),
    Case("deploy.sh", b"#!/bin/sh\n# Deploys it.\nrun\n", [((), None, "#!/bin/sh\n    # Deploys it.\nrun")]),
    Case("data.json", b'{"days":30,"who":"\\u00c4nne"}', [((), None, '{\n "days": 30,\n "who": "Änne"\n}')]),
    Case("broken.json", b'{"days": 30,', [((), None, '{"days": 30,')], title="Broken"),
    Case(
        "feed.xml",
        b"<?xml version='1.0'?><feed><item><title>News</title><days>30</days>"
        b"<body><![CDATA[<p>Hello <b>all</b>.</p>]]></body></item></feed>",
        [((), None, "title: News\ndays: 30\n\nHello all.")],
        title="Feed",
    ),
    Case(
        "page.html",
        b"<html><head><title>Intranet</title><style>p{}</style></head><body><script>alert('EVIL')</script>"
        b"<h1>Leave</h1><p>30 days.</p><!-- hidden --></body></html>",
        [(("Leave",), None, "30 days.")],
        title="Leave",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_kind(case: Case, read: Read) -> None:
    found = await read(case.name, case.data)

    assert [(p.headings, p.page, p.text) for p in found.passages] == case.passages
    assert all(found.text[p.start : p.end] == p.text and p.document == found.document for p in found.passages)
    assert found.document.name == case.name
    assert found.document.origin == "upload"
    assert found.document.pages == case.pages
    assert found.document.characters == len(found.text)
    if case.title:
        assert found.document.title == case.title


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Jede Person hat dreißig Tage Urlaub im Jahr und muss ihn rechtzeitig beantragen.", "de"),
        ("Каждый сотрудник имеет тридцать дней отпуска в году.", "ru"),
        ("年次有給休暇は一年に二十日を限度として与えられるものとする。", "ja"),
        ("12 34 56", ""),
    ],
)
async def test_language(text: str, language: str, read: Read) -> None:
    assert (await read("text.txt", text.encode())).document.language == language


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("report.pdf", b"<!DOCTYPE html><html><body><p>Really a page.</p></body></html>", "Really a page."),
        ("export.xls", b"<table><tr><td>Day</td><td>Mon</td></tr></table>", "| Day | Mon |\n| --- | --- |"),
        ("letter.doc", make.rtf(["Really RTF."]), "Really RTF."),
        ("old.doc", make.docx(["Really new."]), "Really new."),
        ("noname", make.pdf([["Really a PDF."]]), "Really a PDF."),
        ("page.txt", b"From: a@example.org\nTo: b@example.org\nSubject: Hi\n\nText.", "Text."),
    ],
)
async def test_content_decides_not_the_name(name: str, data: bytes, text: str, read: Read) -> None:
    assert (await read(name, data)).passages[-1].text.endswith(text)


# Encodings

TEXTS = {
    "German": "Die Übergröße kostet fünf Euro – „für alle“, auch für Änne. Das Café hat geöffnet.",
    "Spanish": "El señor Peña pidió un año de vacaciones; ¿quién lo aprobará? No habrá más excepciones.",
    "Portuguese": "A organização não concederá férias à funcionária até março. São necessárias três cópias.",
    "Slovenian": "Čas čakanja na odgovor je največ šest tednov. Žiga in Špela živita v Črnomlju.",
    "Czech": "Žluťoučký kůň úpěl ďábelské ódy. Příliš žluťoučký člověk šťastně běžel.",
    "Hungarian": "A dolgozónak joga van a szabadsághoz. A döntést időben közölni kell, különösen ősszel. Fűtőtest.",
    "Polish": "Każdy pracownik ma prawo do urlopu. Wniosek należy złożyć wcześniej, kierownik podejmie decyzję.",
    "Turkish": "Her çalışanın yıllık izin hakkı vardır. Başvuru önceden yapılmalıdır, görüşünü bildirir. Şimdi İzmir.",
    "Lithuanian": "Kiekvienas darbuotojas turi teisę į atostogas. Prašymą svarsto vadovas. Ąžuolų šešėlyje žmonės.",
    "Hebrew": "כל עובד זכאי לחופשה שנתית. את הבקשה יש להגיש מראש למנהל.",
    "Arabic": "لكل موظف الحق في إجازة سنوية. يجب تقديم الطلب مسبقا إلى المدير.",
    "Russian": "Каждый сотрудник имеет тридцать дней отпуска в году. Заявление подаётся заранее.",
    "Ukrainian": "Кожен працівник має право на щорічну відпустку. Її розглядає керівник.",
    "Greek": "Καλημέρα κόσμε, αυτό είναι ένα κείμενο στα ελληνικά.",
    "Japanese": "これは日本語の文章です。休暇の規則について説明します。",
    "Chinese": "这是一个中文文档。关于休假规定的说明。",
    "Taiwanese": "這是一個中文文件。關於休假規定的說明。",
    "Korean": "이것은 한국어 문서입니다. 휴가 규정에 대한 설명입니다.",
    "Thai": "พนักงานต้องแจ้งหัวหน้างานล่วงหน้าก่อนลาหยุดเสมอ",
}
ENCODINGS = {
    "German": ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"),
    "Spanish": ("cp1252", "cp850", "mac_roman", "utf-16-be"),
    "Portuguese": ("cp1252", "latin-1"),
    "Slovenian": ("cp1250", "iso8859-2"),
    "Czech": ("cp1250", "iso8859-2"),
    "Hungarian": ("cp1250", "iso8859-2"),
    "Polish": ("cp1250", "iso8859-2"),
    "Turkish": ("cp1254",),
    "Lithuanian": ("cp1257",),
    "Hebrew": ("cp1255",),
    "Arabic": ("cp1256",),
    "Russian": ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic", "utf-16-be"),
    "Ukrainian": ("cp1251", "koi8-u"),
    "Greek": ("cp1253", "iso8859-7"),
    "Japanese": ("shift_jis", "euc_jp", "utf-16-le"),
    "Chinese": ("gb18030", "utf-16-be"),
    "Taiwanese": ("big5",),
    "Korean": ("euc_kr",),
    "Thai": ("cp874", "utf-16-le"),
}
ALL_ENCODINGS = [(language, encoding) for language, encodings in ENCODINGS.items() for encoding in encodings]
ENGLISH = "A plain sentence of English in front of it.\n" * 50


@pytest.mark.parametrize(("language", "encoding"), ALL_ENCODINGS)
async def test_encoding(language: str, encoding: str, read: Read) -> None:
    text = TEXTS[language]
    for name, file, end in (
        ("short.txt", f"{text}\n", text),
        ("long.txt", f"{ENGLISH}{text}\n{ENGLISH}{text}\n", text),
        ("table.csv", f"first|second\n{text}|x\n", f"| {text} | x |"),
    ):
        assert (await read(name, file.encode(encoding))).text.endswith(end)


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("Spanish", "cp1252"), ("Russian", "cp1251"), ("Chinese", "gb18030"), ("Korean", "euc_kr")],
)
async def test_three_words_are_enough(language: str, encoding: str, read: Read) -> None:
    words = " ".join(TEXTS[language].split()[:3])
    assert (await read("short.txt", words.encode(encoding))).text == words


@pytest.mark.parametrize(
    ("language", "encoding"), [("Japanese", "euc_jp"), ("Japanese", "shift_jis"), ("Chinese", "gb18030")]
)
@pytest.mark.parametrize("start", ["", "a"])
async def test_a_long_text_without_a_space(language: str, encoding: str, start: str, read: Read) -> None:
    text = start + TEXTS[language] * 100
    assert (await read("long.txt", text.encode(encoding))).text == text


async def test_one_bad_byte_spoils_one_letter_only(read: Read) -> None:
    found = await read("text.txt", (TEXTS["German"] * 3).encode() + b"\xff" + b" end")
    assert TEXTS["German"] in found.text
    assert found.text.endswith("\ufffd end")


@pytest.mark.parametrize(
    ("declared", "encoding", "language"),
    [
        ("iso-8859-2", "iso-8859-2", "Czech"),
        ("windows-1250", "cp1250", "Slovenian"),
        ("iso-8859-1", "cp1252", "German"),
        ("us-ascii", "cp1252", "Spanish"),
        ("koi8-r", "koi8-r", "Russian"),
        ("x-sjis", "cp932", "Japanese"),
        ("iso-2022-jp", "iso2022_jp", "Japanese"),
        ("gb2312", "gb18030", "Chinese"),
        ("unknown-8bit", "cp1251", "Russian"),
        ("base64", "cp1252", "Spanish"),
        ("utf-8", "cp1252", "Portuguese"),
        ("iso-8859-1", "utf-8", "Portuguese"),
    ],
)
async def test_pages_and_mails_in_the_encoding_that_they_declare(
    declared: str, encoding: str, language: str, read: Read
) -> None:
    text = TEXTS[language].encode(encoding)
    page = f'<html><head><meta charset="{declared}"></head><body><p>'.encode() + text + b"</p></body></html>"
    mail = make.eml("Hello", "@@").replace(b"charset=utf-8", b"charset=" + declared.encode()).replace(b"@@", text)
    assert (await read("page.html", page)).text == TEXTS[language]
    assert (await read("mail.eml", mail)).text.endswith(TEXTS[language])


# Files that cannot be read


@dataclass(frozen=True)
class Refused:
    name: str
    data: bytes | Callable[[], bytes] = field(repr=False)
    """Or what makes it, where that takes long: all is collected in each process of a run."""
    error: type[errors.DocumentError]
    says: str


DOCX, PDF = make.docx(["text"]), make.pdf([["text " * 50]])
REFUSED = [
    Refused("empty.pdf", b"", errors.EmptyFile, "is empty"),
    Refused("blank.txt", b" \n\t\n", errors.EmptyFile, "is empty"),
    Refused("zeros.docx", bytes(1000), errors.EmptyFile, "is empty"),
    Refused("dot.txt", b".", errors.EmptyFile, "holds no text"),
    Refused("nul.pdf", b"\x01", errors.BrokenFile, "named .pdf"),
    Refused("only-headings.md", b"# One\n\n# Two\n", errors.EmptyFile, "holds no text"),
    Refused("scan.pdf", make.scanned_pdf(2), errors.EmptyFile, "looks like a scan"),
    Refused("random.bin", bytes(range(256)) * 4, errors.UnsupportedFile, "unknown kind"),
    Refused("random.docx", bytes(range(256)) * 4, errors.BrokenFile, "its content is not"),
    Refused("cut.pdf", PDF[: len(PDF) // 2], errors.BrokenFile, "damaged"),
    Refused("start.pdf", b"%PDF-1.4\n", errors.BrokenFile, "damaged"),
    Refused("cut.docx", DOCX[: len(DOCX) // 2], errors.BrokenFile, "damaged"),
    Refused(
        "hollow.docx", make.zipped({"[Content_Types].xml": "wordprocessingml.document.main"}), errors.BrokenFile, ""
    ),
    Refused("secret.pdf", make.pdf([["Secret"]], password="pw"), errors.ProtectedFile, "password"),
    Refused("secret.docx", make.protected_office_file(), errors.ProtectedFile, "password"),
    Refused("bomb.docx", make.docx_bomb, errors.FileTooLarge, "unpacks to 300.0 MB"),
    Refused(
        "many.docx",
        lambda: make.zipped({f"word/{n}.xml": "" for n in range(20_001)}),
        errors.FileTooLarge,
        "20,001 parts",
    ),
    Refused("show.odp", make.open_document("presentation", ""), errors.UnsupportedFile, "OpenDocument presentation"),
    Refused("setup.exe", make.executable(), errors.UnsupportedFile, "it is a Windows program. "),
    Refused("invoice.pdf", make.executable(), errors.UnsupportedFile, "a Windows program, although it is named .pdf"),
    Refused(
        "photo.png",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        errors.UnsupportedFile,
        "a picture. Reading pictures needs Tesseract",
    ),
    Refused(
        "white.bmp", b"BM" + bytes(10) + b"\xff" * 3_000, errors.UnsupportedFile, "a picture. Reading pictures needs"
    ),
    Refused("photo.heic", b"\0\0\0\x18ftypheic" + bytes(range(32)), errors.UnsupportedFile, "Save it as PNG or JPEG"),
    Refused("files.zip", make.zipped({"a.txt": "hello"}), errors.UnsupportedFile, "an archive. Unpack it"),
    Refused("huge.txt", b"word " * 1_000_001, errors.FileTooLarge, "5.0 MB"),
    Refused("long.txt", b"word " * 100_001, errors.FileTooLarge, "500,004 characters of text; at most 500,000"),
    Refused("long.pdf", make.pdf([["text"]] * 51), errors.FileTooLarge, "51 pages; at most 50"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
async def test_refused_with_a_reason(case: Refused, read: Read) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        await read(case.name, case.data() if callable(case.data) else case.data)

    assert type(caught.value) is case.error
    said = str(caught.value)
    assert case.says in said
    assert case.name in said
    assert said.endswith(".")
    assert len(said) < 300


async def test_a_file_that_is_gone_is_refused(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(errors.BrokenFile, match=r"gone\.pdf cannot be opened"):
        await reader.read(tmp_path / "gone.pdf", name="gone.pdf", origin="library")


@given(data=st.binary(max_size=300), name=st.sampled_from(["a.pdf", "a.docx", "a.txt", "a.eml", "a.html", "a"]))
@example(data=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), name="a.doc")
@example(data=b"PK\x03\x04" + b"x" * 40, name="a.docx")
@example(data=b"\xff\xfe", name="a.txt")
@example(data=b"{\\rtf" * 50, name="a.rtf")
@example(data=b'["' + b"[" * 5000, name="a.json")
@example(data=b"From: a\nTo: b\nDate: c\nContent-Type: text/plain; charset=no-such\n\nx", name="a.eml")
def test_whatever_the_bytes_are_it_is_read_or_refused(data: bytes, name: str, tmp_path_factory, reader: Reader) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(data)
    try:
        said = asyncio.run(reader.read(path, name=name, origin="upload")).document.name
    except errors.DocumentError as error:
        said = str(error)
    assert name in said


# Text that a person reads, and nothing else


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<script>EVIL</script><style>EVIL</style><template>EVIL</template><p>ok", "ok"),
        ("<p>one<!-- <p>EVIL -->two", "onetwo"),
        ("<form><label>Name</label><p>in a form</p></form>", "Name\n\nin a form"),
        ("<nav>never closed <p>but read", "never closed\n\nbut read"),
        ("<nav><ul><li>menu</ul></nav><p>text", "text"),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>after", "| a | b |\n| --- | --- |\n| c | d |\n\nafter"),
        ("<table><tr><td><h2>Head</h2><p>One<p>Two</table>after", "## Head\n\nOne\n\nTwo\n\nafter"),
        ("<table><tr><td>a|b</td><td>never closed", "| a\\|b | never closed |\n| --- | --- |"),
        ("<ul><li>one<ul><li>two</ul><li>three</ul><ol><li>a<li>b</ol>", "- one\n  - two\n- three\n1. a\n2. b"),
        ("<pre>x = 1\n\n# y</pre>", "```\nx = 1\n\n# y\n```"),
        ("<p># no heading<br>2nd line", "    # no heading\n2nd line"),
        ("<h2>A <b>bold</b>\nhead</h2>text", "## A bold head\n\ntext"),
        ("<a href='https://example.org'>out</a>, <a href='/in'>in</a>", "[out](https://example.org), in"),
        ("<img src=data:image/png;base64,AA alt='A chart'><img alt='image'><img>", "A chart"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c d"),
        ("</td></ul></table></h1>stray", "stray"),
    ],
)
def test_html(markup: str, text: str) -> None:
    assert html_to_markdown(markup)[1] == text


TAGS = ["<p>", "<li>", "<ul>", "</ul>", "<h1>", "</h1>", "<pre>", "<a>", "<b>", "<table>", "<tr>", "<td>", "</table>"]


@given(st.lists(st.sampled_from(TAGS)))
def test_no_order_of_tags_loses_a_word(tags: list[str]) -> None:
    words = [f"word{number}" for number in range(len(tags))]
    text = html_to_markdown("".join(f"{tag} {word} " for tag, word in zip(tags, words, strict=True)))[1]
    assert sorted(word for word in text.replace("|", " ").split() if word.startswith("word")) == sorted(words)


def test_xml_entities_are_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "EVIL"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert "EVILEVIL" not in xml_to_markdown(bomb)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("![image](a.png)", ""),
        ("![A chart of sales](data:image/png;base64,AAAA)", "A chart of sales"),
        ("one <!-- two --> three", "one  three"),
        ("<!-- never closed", "<!-- never closed"),
        ("[page](../other.md#part) and [site](https://example.org/x)", "page and [site](https://example.org/x)"),
        ("[<img src=x>](https://example.org)", "[](https://example.org)"),
        ("[odd](javascript:alert(1))", "odd"),
        ("a<br>b<span class='x'>c</span> <placeholder>", "a bc <placeholder>"),
        ("5 \\* 3 \\[x\\] co\\-op | a \\| b", "5 * 3 [x] co-op | a \\| b"),
        ("\\# no heading", "    # no heading"),
        ("one\r\ntwo\u00a0three\u200b\x00\n\n\n\nfour  \n", "one\ntwo three\n\nfour"),
        ("```\n![kept](a.png) <!-- kept -->\n```", "```\n![kept](a.png) <!-- kept -->\n```"),
        ("one\n\n* * *\n\ntwo", "one\n\ntwo"),
        ("x " + "QUJD" * 100 + " y", "x  y"),
    ],
)
def test_markdown_is_cleaned(markdown: str, text: str) -> None:
    assert clean_markdown(markdown) == text


async def test_running_headers_and_page_numbers_stand_once(read: Read) -> None:
    pages = [["ACME handbook", make.text_of(20, f"topic{n}x"), f"Page {n} of 4"] for n in range(1, 5)]
    found = await read("book.pdf", make.pdf(pages))
    assert found.text.count("ACME handbook") == 1
    assert [p.page for p in found.passages] == [1, 2, 3, 4]
    assert all(f"topic{n}x5" in p.text for n, p in enumerate(found.passages, 1))


# Names


@given(st.text())
@example("../../etc/passwd")
@example("C:\\Users\\x\\con.txt")
@example("a\u202ecod.exe")
@example("ä" * 300 + ".pdf")
@example("e\u200d\u0301.txt")
@example("..")
@example("CON .txt")
@example("nul")
@example("a" * 199 + ".b")
@example("x." + "y" * 300)
def test_a_safe_name_is_safe(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= 200
    assert not set(safe) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in safe)
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert safe.split(".")[0].rstrip().lower() not in ("con", "prn", "aux", "nul", "com1", "lpt9")
    assert safe_name(safe) == safe
    assert len(shown_name(name)) <= 80


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../x", "x"),
        ("..\\..\\report.pdf", "report.pdf"),
        ("CON.txt", "_CON.txt"),
        ("Übersicht 2024 – 予定.pdf", "Übersicht 2024 – 予定.pdf"),
        (".bashrc", "bashrc"),
        ("a\nb\x00.txt", "ab.txt"),
        ("a:b?.txt", "a_b_.txt"),
        ("", "file"),
        ("/", "file"),
    ],
)
async def test_an_upload_is_known_by_its_safe_name(name: str, safe: str, read: Read) -> None:
    assert (await read(name, b"Some text.")).document.name == safe


async def test_a_message_shows_a_clean_short_name(read: Read) -> None:
    with pytest.raises(errors.EmptyFile) as caught:
        await read("../evil\n\u202e" + "long" * 50 + ".pdf", b"")
    said = str(caught.value)
    assert said.startswith("evillong")
    assert ".pdf is empty." in said
    assert len(said) < 200


# What a bad file costs


@asynccontextmanager
async def own_reader(**changes: float) -> AsyncIterator[Reader]:
    reader = new_reader(**changes)
    try:
        yield reader
    finally:
        await reader.close()


async def started_worker(reader: Reader, read: Read) -> psutil.Process:
    """The reader's only process, which has read a file and waits."""
    others = set(workers())
    await read("warm-up.txt", b"Some text.", by=reader)
    (worker,) = set(workers()) - others
    return worker


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
async def test_a_crash_costs_one_file_only(read: Read, tmp_path: Path) -> None:
    """A worker waits at a named pipe until somebody writes to it: that is when each of them is killed."""
    deadly = tmp_path / "deadly"
    os.mkfifo(deadly)
    async with own_reader() as reader:
        others = set(workers())

        def kill_whoever_reads_it() -> int:
            writing = os.open(deadly, os.O_WRONLY)
            killed = set(workers()) - others
            for worker in killed:
                worker.kill()
            psutil.wait_procs(killed, timeout=20)
            os.close(writing)
            return len(killed)

        reading = asyncio.create_task(reader.read(deadly, name="deadly.txt", origin="upload"))
        assert [await asyncio.to_thread(kill_whoever_reads_it) for _ in range(2)] == [1, 1]
        with pytest.raises(errors.BrokenFile, match=r"deadly\.txt could not be read"):
            await reading
        assert (await read("next.txt", b"Next.", by=reader)).text == "Next."


@pytest.mark.parametrize("busy", [False, True])
async def test_a_worker_that_dies_for_another_reason_costs_nothing(busy: bool, read: Read) -> None:
    async with own_reader() as reader:
        worker = await started_worker(reader, read)
        if busy:
            worker.suspend()
            reading = asyncio.create_task(read("file.txt", b"Read.", by=reader))
            await asyncio.sleep(0.2)
            worker.kill()
        else:
            worker.kill()
            reading = asyncio.create_task(read("file.txt", b"Read.", by=reader))
        assert (await reading).text == "Read."


async def test_a_hang_costs_one_file_only(read: Read) -> None:
    async with own_reader(timeout_s=1) as reader:
        worker = await started_worker(reader, read)
        worker.suspend()
        with pytest.raises(errors.ReadingTimedOut, match=r"slow\.txt took longer than 1 seconds"):
            await read("slow.txt", b"Slow.", by=reader)
        assert not is_alive(worker)
        assert (await read("next.txt", b"Next.", by=reader)).text == "Next."


async def test_a_cancelled_read_frees_its_worker(read: Read) -> None:
    async with own_reader() as reader:
        worker = await started_worker(reader, read)
        worker.suspend()
        running = asyncio.create_task(read("running.txt", b"Running.", by=reader))
        waiting = asyncio.create_task(read("waiting.txt", b"Waiting.", by=reader))
        await asyncio.sleep(0.2)
        for task in (waiting, running):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await read("next.txt", b"Next.", by=reader)).text == "Next."
        assert not is_alive(worker)


async def test_forty_files_at_once(tmp_path: Path) -> None:
    others = set(workers())
    async with own_reader(workers=2) as reader:

        async def read_one(number: int) -> str:
            path = tmp_path / str(number)
            path.write_bytes(make.pdf([[f"File number {number}."]]) if number % 4 else b"%PDF-1.4 broken")
            try:
                return (await reader.read(path, name=f"{number}.pdf", origin="upload")).text
            except errors.BrokenFile as error:
                return str(error).split(" ")[0]

        texts = await asyncio.gather(*map(read_one, range(40)))
        assert len(set(workers()) - others) == 2
    assert texts == [f"File number {n}." if n % 4 else f"{n}.pdf" for n in range(40)]


def test_many_event_loops_share_a_reader(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("Some text.")

    def read_in_a_loop_of_its_own(number: int) -> str:
        return asyncio.run(reader.read(path, name=f"{number}.txt", origin="library")).document.name

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read_in_a_loop_of_its_own, range(16))) == [f"{number}.txt" for number in range(16)]


async def test_the_event_loop_goes_on_meanwhile(read: Read) -> None:
    longest_pause = 0.0

    async def tick() -> None:
        nonlocal longest_pause
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            longest_pause = max(longest_pause, time.perf_counter() - before)

    lines = [f"Line {number} of a long page of a long document." for number in range(40)]
    ticking = asyncio.create_task(tick())
    async with own_reader(max_pages=1000, max_chars=10_000_000) as reader:
        started = time.perf_counter()
        await read("long.pdf", make.pdf([lines] * 200), by=reader)
        assert longest_pause < (time.perf_counter() - started) / 2
    ticking.cancel()


async def test_closing_ends_the_processes(read: Read) -> None:
    async with own_reader() as reader:
        worker = await started_worker(reader, read)
        worker.suspend()
        reading = asyncio.create_task(read("never.txt", b"Never.", by=reader))
        await asyncio.sleep(0.2)
    assert not is_alive(worker)
    with pytest.raises(errors.BrokenFile):
        await reading


async def test_memory_is_limited_where_the_system_can(read: Read) -> None:
    async with own_reader() as reader:
        worker = await started_worker(reader, read)
        if sys.platform == "linux":
            assert worker.rlimit(psutil.RLIMIT_AS)[0] <= 4 * 2**30
        assert worker.memory_info().rss < 500_000_000


def test_a_killed_app_leaves_no_worker(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("Some text.")
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(tmp_path / "file.txt")],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )
    with app:
        assert app.stdout
        assert app.stdout.readline().strip() == b"read"
        (worker,) = psutil.Process(app.pid).children()
        app.kill()
    deadline = time.monotonic() + 20
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(worker)


APP = """
import asyncio, pathlib, sys
from rag.ingestion.reader import Reader

async def main():
    reader = Reader(workers=1, timeout_s=30, max_bytes=10**6, max_pages=10, max_chars=10**6)
    await reader.read(pathlib.Path(sys.argv[1]), name="file.txt", origin="library")
    print("read", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def workers() -> list[psutil.Process]:
    """The living worker processes of these tests."""
    return [child for child in psutil.Process().children() if is_alive(child) and _is_worker(child)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "rag.ingestion.worker" in process.cmdline()
    except psutil.Error:
        return False
