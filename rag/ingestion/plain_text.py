"""Files of text and e-mails to Markdown, each kind by its own rules."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

from rag.ingestion.cleaning import clean_markdown, clean_text
from rag.ingestion.encodings import decode
from rag.ingestion.headings import protect
from rag.ingestion.html import html_to_markdown, xml_to_markdown

_HEADERS = ("From", "To", "Cc", "Date")


def text_to_markdown(
    data: bytes, kind: Literal["html", "xml", "mail", "json", "markdown", "text", "code"]
) -> tuple[str, str]:
    """The text, and the title that the file gives itself outside of it, or "".

    Code, which is any text of an unknown suffix, has no headings: its comments are none.

    Raises:
        ValueError: the content is not well-formed; as `code` it always is.
        RecursionError: likewise, nested too deeply.
    """
    if kind == "mail":
        return clean_text(_mail_to_markdown(data)), ""
    text = decode(data)
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


def _mail_to_markdown(data: bytes) -> str:
    """The subject as a heading, who wrote to whom and when, the text, and the names of what is attached.

    Attachments are not read.

    Raises:
        ValueError: it is no e-mail.
    """
    message = message_from_bytes(data, EmailMessage, policy=policy.default)
    try:
        headers = "\n".join(f"{name}: {message[name]}" for name in _HEADERS if message[name])
        attached = ", ".join(part.get_filename() or "a message" for part in message.iter_attachments())
        parts = [f"# {message['Subject']}" if message["Subject"] else "", headers, _body(message)]
    except (LookupError, AttributeError, TypeError, IndexError) as error:  # the standard parser's ways to give up
        raise ValueError("not a well-formed e-mail") from error
    return "\n\n".join([*filter(None, parts), f"Attached: {attached}" if attached else ""])


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    content = part.get_payload(decode=True) if part else b""
    if not part or not isinstance(content, bytes):
        return ""
    text = decode(content, part.get_content_charset(""))
    return html_to_markdown(text)[1] if part.get_content_subtype() == "html" else protect(text)
