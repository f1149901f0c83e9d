"""E-mails to Markdown, and web pages that were saved as one file (MHTML), which have the same form."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from rag.documents.headings import protect
from rag.documents.markup import html_to_markdown

_HEADERS = ("From", "To", "Cc", "Date")


def mail_to_markdown(data: bytes) -> str:
    """The subject as a heading, who wrote to whom and when, the text, and the names of what is attached.

    Attachments are not read.

    Raises:
        ValueError: it is no e-mail, or one in an encoding that nobody knows.
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
    content = part.get_content() if part else ""
    if not isinstance(content, str):
        return ""
    return html_to_markdown(content)[1] if part and part.get_content_subtype() == "html" else protect(content)
