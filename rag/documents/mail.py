"""E-mails to Markdown, and web pages that were saved as one file (MHTML), which have the same form."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from rag.documents.decoding import Guess, decode
from rag.documents.headings import protect
from rag.documents.markup import html_to_markdown

_HEADERS = ("From", "To", "Cc", "Date")


def mail_to_markdown(data: bytes, guess: Guess) -> str:
    """The subject as a heading, who wrote to whom and when, the text, and the names of what is attached.

    Attachments are not read. `guess` as for `decode`, for a text that does not name its encoding.

    Raises:
        ValueError: it is no e-mail.
    """
    message = message_from_bytes(data, EmailMessage, policy=policy.default)
    try:
        headers = "\n".join(f"{name}: {message[name]}" for name in _HEADERS if message[name])
        attached = ", ".join(part.get_filename() or "a message" for part in message.iter_attachments())
        parts = [f"# {message['Subject']}" if message["Subject"] else "", headers, _body(message, guess)]
    except (LookupError, AttributeError, TypeError, IndexError) as error:  # the standard parser's ways to give up
        raise ValueError("not a well-formed e-mail") from error
    return "\n\n".join([*filter(None, parts), f"Attached: {attached}" if attached else ""])


def _body(message: EmailMessage, guess: Guess) -> str:
    part = message.get_body(("plain", "html"))
    content = part.get_payload(decode=True) if part else b""
    if not part or not isinstance(content, bytes):
        return ""
    text = decode(content, guess, part.get_content_charset(""))
    return html_to_markdown(text)[1] if part.get_content_subtype() == "html" else protect(text)
