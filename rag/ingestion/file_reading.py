"""One file to its document and passages, in this process: what a worker runs."""

from rag.errors import BrokenFile, EmptyFile
from rag.ingestion.chunking import chunk
from rag.ingestion.content import Content
from rag.ingestion.convert import document_to_content, picture_to_content
from rag.ingestion.file_names import shown_name
from rag.ingestion.file_types import kind_of
from rag.ingestion.headings import document_title
from rag.ingestion.ocr import find_tesseract
from rag.ingestion.parser import detect_language, two_letters
from rag.ingestion.pdf import pdf_to_content
from rag.ingestion.reader import ReadDocument, Request
from rag.types import Document

_PICTURE_SHARE = 0.9
"""Of the time for a file, for recognising a picture's text; the rest is for what comes after."""


def read_file(request: Request) -> ReadDocument:
    """The document in the file and its passages.

    Raises:
        DocumentError: as for `Reader.read`.
    """
    name, limits = request.name, request.limits
    content = _content(request, _load(request))
    limits.check_pages(name, len(content.page_starts))
    limits.check_text(name, content.text)
    document = Document(
        name=name,
        title=document_title(content.text, content.title, name),
        origin=request.origin,
        language=two_letters(detect_language(content.text)),
        pages=len(content.page_starts),
        characters=len(content.text),
    )
    passages = tuple(chunk(content, document))
    if not any(character.isalnum() for passage in passages for character in passage.text):
        reason = " ".join(content.notes) or "Check that it is the right file."
        raise EmptyFile(f"{shown_name(name)} holds no text. {reason}")
    return ReadDocument(document, content.text, passages, content.notes)


def _load(request: Request) -> bytes:
    try:
        request.limits.check_bytes(request.name, request.path.stat().st_size)
        return request.path.read_bytes()
    except OSError as error:
        raise BrokenFile(
            f"{shown_name(request.name)} cannot be opened. Check that it is still there and that it may be read."
        ) from error


def _content(request: Request, data: bytes) -> Content:
    name, limits = request.name, request.limits
    kind = kind_of(data, name, max_bytes=limits.max_bytes)
    if kind not in ("pdf", "picture"):
        return document_to_content(data, kind, name)
    tesseract = find_tesseract() if request.ocr else None
    if kind == "picture":
        return picture_to_content(data, name, limits.timeout_s * _PICTURE_SHARE, tesseract)
    return pdf_to_content(data, request.path, name, limits, tesseract)
