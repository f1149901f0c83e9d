"""Files of text to Markdown, each kind by its own rules."""

import json
from typing import Literal

from rag.documents.cleaning import clean_markdown, clean_text
from rag.documents.decoding import Guess, decode
from rag.documents.headings import protect
from rag.documents.mail import mail_to_markdown
from rag.documents.markup import html_to_markdown, xml_to_markdown


def text_to_markdown(
    data: bytes, kind: Literal["html", "xml", "mail", "json", "markdown", "text", "code"], guess: Guess
) -> tuple[str, str]:
    """The text, and the title that the file gives itself outside of it, or "".

    `guess` as for `decode`. Code, which is any text of an unknown suffix, has no headings: its comments are none.

    Raises:
        ValueError: the content is not well-formed; as `code` it always is.
        RecursionError: likewise, nested too deeply.
    """
    if kind == "mail":
        return clean_text(mail_to_markdown(data, guess)), ""
    text = decode(data, guess)
    if kind == "html":
        title, text = html_to_markdown(text)
        return clean_text(text), title
    if kind == "xml":
        return clean_text(xml_to_markdown(text) or protect(text)), ""
    if kind == "json":
        return clean_text(json.dumps(json.loads(text), ensure_ascii=False, indent=1)), ""
    if kind == "markdown":
        return clean_markdown(text), ""
    return clean_text(text if kind == "text" else protect(text)), ""
