"""Small documents of every kind, whole and broken, written by hand so that the tests own each byte of them."""

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

Line = str | tuple[int, str]
"""A line of a page, with its font size where it is not 11."""

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument"


def text_of(words: int, topic: str = "holiday") -> str:
    """So many words in sentences of ten."""
    sentences: list[str] = []
    for number in range(0, words, 10):
        length = min(10, words - number)
        sentences.append(" ".join([f"The{number}", *[f"{topic}{number + i}" for i in range(1, length)]])[:-1] + "x.")
    return " ".join(sentences)


# PDF


Page = Sequence[Line] | bytes
"""The lines of a page, or the PNG that a scanner made of it."""


def pdf(pages: Sequence[Page], *, title: str = "", password: str = "", stamp: str = "") -> bytes:
    """A PDF of text lines in Helvetica; with a password, locked with the 40-bit standard security handler.

    The stamp stands as text at the foot of each page, as scanner apps write it.
    """
    kids = " ".join(f"{4 + 3 * index} 0 R" for index in range(len(pages)))
    objects: list[tuple[bytes, bytes | None]] = [
        (b"<< /Type /Catalog /Pages 2 0 R >>", None),
        (f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(), None),
        (b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", None),
    ]
    for index, content in enumerate(pages):
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 3 * index} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> /XObject << /Scan {6 + 3 * index} 0 R >> >> >>"
        )
        objects.append((page.encode(), None))
        foot = b" BT /F1 8 Tf 1 0 0 1 60 20 Tm (" + _pdf_string(stamp) + b") Tj ET" if stamp else b""
        if isinstance(content, bytes):
            objects += [(b"", b"q 595 0 0 842 0 0 cm /Scan Do Q" + foot), _picture(content)]
        else:
            objects += [(b"", _page_content(content) + foot), (b"null", None)]
    info = len(objects) + 1
    objects.append((b"<< /Title (" + (b"" if password else _pdf_string(title)) + b") >>", None))
    return _pdf_file(objects, info, password)


def scanned_pdf(pages: int = 1) -> bytes:
    """A PDF whose pages only show grey rectangles, as a scan without text does."""
    return pdf([[]] * pages)


def _picture(png: bytes) -> tuple[bytes, bytes]:
    """A PNG of 8-bit colours as an object of a PDF, which can hold its compressed rows as they are."""
    width, height = struct.unpack(">II", png[16:24])
    rows, position = b"", 8
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        if png[position + 4 : position + 8] == b"IDAT":
            rows += png[position + 8 : position + 8 + length]
        position += length + 12
    return (
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        f"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 3 /Columns {width} >>".encode(),
        rows,
    )


def _page_content(lines: Sequence[Line]) -> bytes:
    content, height = [b"0.8 g 50 40 20 20 re f 0 g BT"], 790
    for line in lines:
        size, text = (11, line) if isinstance(line, str) else line
        content.append(f"/F1 {size} Tf 1 0 0 1 60 {height} Tm (".encode() + _pdf_string(text) + b") Tj")
        height -= size + 5
    return b"\n".join([*content, b"ET"])


def _pdf_string(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf_file(objects: Sequence[tuple[bytes, bytes | None]], info: int, password: str) -> bytes:
    lock = _Lock(password) if password else None
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, (dictionary, stream) in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n".encode())
        if stream is None:
            out.write(dictionary)
        else:
            data = lock.encrypt(number, stream) if lock else stream
            out.write(b"<< " + dictionary + f" /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")
        out.write(b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.writelines(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    trailer = f"/Size {len(objects) + 1} /Root 1 0 R /Info {info} 0 R".encode() + (lock.trailer() if lock else b"")
    out.write(b"trailer\n<< " + trailer + f" >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


class _Lock:
    """The standard security handler, revision 2 (PDF 1.7, section 7.6.3)."""

    PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    ID = bytes(range(16))
    PERMISSIONS = -4

    def __init__(self, password: str) -> None:
        padded = (password.encode() + self.PADDING)[:32]
        self.owner = _rc4(_md5(padded)[:5], padded)
        permissions = self.PERMISSIONS.to_bytes(4, "little", signed=True)
        self.key = _md5(padded + self.owner + permissions + self.ID)[:5]
        self.user = _rc4(self.key, self.PADDING)

    def encrypt(self, number: int, data: bytes) -> bytes:
        return _rc4(_md5(self.key + number.to_bytes(3, "little") + b"\0\0")[:10], data)

    def trailer(self) -> bytes:
        return (
            f" /ID [<{self.ID.hex()}> <{self.ID.hex()}>] /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 "
            f"/O <{self.owner.hex()}> /U <{self.user.hex()}> /P {self.PERMISSIONS} >>"
        ).encode()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


# Office files: zip archives of XML


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _content_types(overrides: Mapping[str, str]) -> str:
    parts = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return (
        f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{R}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def docx(paragraphs: Sequence[str], *, title: str = "") -> bytes:
    """A Word document; a paragraph that starts with "# " or "## " is a heading of that level."""
    body = ""
    for paragraph in paragraphs:
        marks, _, rest = paragraph.partition(" ")
        level = len(marks) if marks in ("#", "##", "###") else 0
        style = f'<w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>' if level else ""
        body += f"<w:p>{style}<w:r><w:t>{escape(rest if level else paragraph)}</w:t></w:r></w:p>"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/>'
        f'<w:pPr><w:outlineLvl w:val="{n - 1}"/></w:pPr></w:style>'
        for n in (1, 2, 3)
    )
    return zipped(
        {
            "[Content_Types].xml": _content_types(
                {
                    "/word/document.xml": f"{OFFICE}.wordprocessingml.document.main+xml",
                    "/word/styles.xml": f"{OFFICE}.wordprocessingml.styles+xml",
                    "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
                }
            ),
            "_rels/.rels": _relations([("officeDocument", "word/document.xml")]).replace(
                "</Relationships>",
                f'<Relationship Id="rId9" Type="{PACKAGE}/relationships/metadata/core-properties" '
                'Target="docProps/core.xml"/></Relationships>',
            ),
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></cp:coreProperties>',
            "word/_rels/document.xml.rels": _relations([("styles", "styles.xml")]),
            "word/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        }
    )


def docx_bomb(megabytes: int = 300) -> bytes:
    """A Word document of a few hundred kilobytes that unpacks to so many megabytes of blanks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            _content_types({"/word/document.xml": f"{OFFICE}.wordprocessingml.document.main+xml"}),
        )
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            member.write(f'<w:document xmlns:w="{W}"><w:body>'.encode())
            for _ in range(megabytes):
                member.write(b" " * 1_000_000)
            member.write(b"</w:body></w:document>")
    return out.getvalue()


def xlsx(
    sheets: Mapping[str, Sequence[Sequence[str | int | float]]],
    *,
    hidden: Sequence[str] = (),
    first_row: int = 1,
    stray: Mapping[str, int] | None = None,
) -> bytes:
    """An Excel workbook of sheets by name, each a list of rows, of which an empty one is not written at all.

    `stray` are rows of the sheets far below that hold one cell.
    """
    state = {True: "hidden", False: "visible"}
    members = {
        "[Content_Types].xml": _content_types(
            {"/xl/workbook.xml": f"{OFFICE}.spreadsheetml.sheet.main+xml"}
            | {
                f"/xl/worksheets/sheet{n}.xml": f"{OFFICE}.spreadsheetml.worksheet+xml"
                for n in range(1, len(sheets) + 1)
            }
        ),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _relations(
            ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)
        ),
        "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" state="{state[name in hidden]}" r:id="rId{n}"/>'
            for n, name in enumerate(sheets, 1)
        )
        + "</sheets></workbook>",
    }
    for number, (name, rows) in enumerate(sheets.items(), 1):
        written = {first_row + index: row for index, row in enumerate(rows) if row}
        written |= {stray[name]: ["stray"]} if stray and name in stray else {}
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{S}"><dimension ref="A1:Z{max(written, default=1)}"/><sheetData>'
            + "".join(_row(index, row) for index, row in written.items())
            + "</sheetData></worksheet>"
        )
    return zipped(members)


def _row(number: int, cells: Sequence[str | int | float]) -> str:
    names = [f"{chr(64 + column // 26) if column > 25 else ''}{chr(65 + column % 26)}" for column in range(len(cells))]
    written = "".join(
        f'<c r="{name}{number}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
        if isinstance(cell, str)
        else f'<c r="{name}{number}"><v>{cell}</v></c>'
        for name, cell in zip(names, cells, strict=True)
        if cell != ""
    )
    return f'<row r="{number}">{written}</row>'


def pptx(slides: Sequence[tuple[str, str]], *, files: Sequence[int] = ()) -> bytes:
    """A PowerPoint show of slides, each a title and a text; `files` are the numbers in the names of their files."""
    numbers = files or range(1, len(slides) + 1)
    members = {
        "[Content_Types].xml": _content_types(
            {"/ppt/presentation.xml": f"{OFFICE}.presentationml.presentation.main+xml"}
            | {f"/ppt/slides/slide{n}.xml": f"{OFFICE}.presentationml.slide+xml" for n in numbers}
        ),
        "_rels/.rels": _relations([("officeDocument", "ppt/presentation.xml")]),
        "ppt/_rels/presentation.xml.rels": _relations(("slide", f"slides/slide{n}.xml") for n in numbers),
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>'
        + "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
        + "</p:sldIdLst></p:presentation>",
    }
    for number, (title, text) in zip(numbers, slides, strict=True):
        members[f"ppt/slides/slide{number}.xml"] = (
            f'<p:sld xmlns:p="{P}" xmlns:a="{A}"><p:cSld><p:spTree>{_shape("title", title)}{_shape("body", text)}'
            "</p:spTree></p:cSld></p:sld>"
        )
    return zipped(members)


def _shape(kind: str, text: str) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
        f"<p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def odt(paragraphs: Sequence[str]) -> bytes:
    """An OpenDocument text; a paragraph that starts with "# " is a heading."""
    body = "".join(
        f'<text:h text:outline-level="1">{escape(text[2:])}</text:h>'
        if text.startswith("# ")
        else f"<text:p>{escape(text)}</text:p>"
        for text in paragraphs
    )
    return open_document("text", f"<office:text>{body}</office:text>")


def ods(sheet: str, rows: Sequence[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet of one sheet."""
    table = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    return open_document(
        "spreadsheet",
        f'<office:spreadsheet><table:table table:name="{escape(sheet)}">{table}</table:table></office:spreadsheet>',
    )


def open_document(kind: str, body: str) -> bytes:
    """An OpenDocument file of a kind ("text", "spreadsheet", "presentation") with this body."""
    names = " ".join(f'xmlns:{name}="{OPEN}:{name}:1.0"' for name in ("office", "text", "table"))
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{OPEN}:manifest:1.0"/>',
            "content.xml": f"<office:document-content {names}><office:body>{body}</office:body>"
            "</office:document-content>",
        }
    )


def epub(chapters: Mapping[str, str], *, title: str = "A book") -> bytes:
    """An e-book of chapters by heading, each one paragraph."""
    numbers = range(1, len(chapters) + 1)
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    references = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>",
        "book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></metadata>'
        f"<manifest>{items}</manifest><spine>{references}</spine></package>",
    }
    for number, (heading, text) in enumerate(chapters.items(), 1):
        members[f"c{number}.xhtml"] = (
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
            f"<body><h1>{escape(heading)}</h1><p>{escape(text)}</p></body></html>"
        )
    return zipped(members)


# Text of several kinds


def rtf(paragraphs: Sequence[str]) -> bytes:
    """A rich text file."""
    text = r"\par ".join(paragraphs).encode("cp1252")
    escaped = "".join(chr(byte) if byte < 0x80 else f"\\'{byte:02x}" for byte in text)
    return (r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}" + escaped + r"\par}").encode()


def eml(subject: str, text: str, *, html: str = "") -> bytes:
    """An e-mail as text, or as HTML when that is given."""
    kind, body = ("html", html) if html else ("plain", text)
    return (
        f"From: Ann <ann@example.org>\r\nTo: Ben <ben@example.org>\r\nSubject: {subject}\r\n"
        "Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    ).encode()


def ipynb(markdown: str, code: str) -> bytes:
    """A notebook of a text cell and a code cell that drew a picture."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["printed 42\n"]},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" * 50}},
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [markdown]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": [code], "outputs": outputs},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def doc(paragraphs: Sequence[str]) -> bytes:
    """A Word 97 document of Western text: a file information block, the text, and a table of its one part."""
    text, start = "".join(f"{paragraph}\r" for paragraph in paragraphs).encode("cp1252"), 0x800
    block = bytearray(start)
    struct.pack_into("<HH", block, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", block, 0x0A, 0x0200)  # the table is in the stream 1Table
    struct.pack_into("<II", block, 0x18, start, start + len(text))
    struct.pack_into("<HxxH", block, 0x20, 14, 0)
    struct.pack_into("<H", block, 0x3E, 22)
    struct.pack_into("<I", block, 0x4C, len(text))
    struct.pack_into("<H", block, 0x98, 0x5D)
    table = struct.pack("<BIIIHIH", 2, 16, 0, len(text), 0, start * 2 | 0x40000000, 0)  # of one byte a character
    struct.pack_into("<II", block, 0x1A2, 0, len(table))
    return _ole({"1Table": table, "WordDocument": bytes(block) + text})


def _ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams, each in sectors of its own."""
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    bodies = [data.ljust(max(4096, -(-len(data) // 512) * 512), b"\0") for data in streams.values()]
    table: list[int] = []
    entries = _ole_entry("Root Entry", 5, child=1, start=end)
    for index, (name, body) in enumerate(zip(streams, bodies, strict=True), 1):
        right = index + 1 if index < len(bodies) else none
        entries += _ole_entry(name, 2, right=right, start=len(table), size=len(body))
        table += [*range(len(table) + 1, len(table) + len(body) // 512), end]
    directory = len(table)
    table += [end, 0xFFFFFFFD]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0")
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<10I", 0, 1, directory, 0, 4096, end, 0, end, 0, directory + 1)
    allocation = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
    return b"".join([header.ljust(512, b"\xff"), *bodies, entries.ljust(512, b"\0"), allocation])


def _ole_entry(name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, start: int, size: int = 0):
    label = name.encode("utf-16-le") + b"\0\0"
    numbers = struct.pack("<HBBIII16xIQQIQ", len(label), kind, 1, 0xFFFFFFFF, right, child, 0, 0, 0, start, size)
    return label.ljust(64, b"\0") + numbers


def protected_office_file() -> bytes:
    """The start of what Office saves with a password: an OLE file that holds the locked document as a stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)


def executable() -> bytes:
    """The first bytes of a Windows program."""
    return b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)) * 4
