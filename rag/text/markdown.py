"""Texts for the page: answers and names as Markdown that it shows word for word, and counted nouns."""

import re
from collections.abc import Sequence

FLAG = "⚠"
"""Stands behind each sentence that no passage supports; the element of that name makes it a link."""
_CODE_OR_ADDRESS = r"```.*?(?:```|\Z)|`[^`\n]+`|https?://\S+"
_EATEN = re.compile(rf"{_CODE_OR_ADDRESS}|(?P<eaten>(?<![:\\]):(?=[^\W\d_])|(?<!\\)!(?=\[))", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|#~:!])")


def page_markdown(text: str) -> str:
    """The text, escaped where Chainlit's page would leave words out or ask for a picture; code and addresses stay.

    The page takes ":latest" in "app:latest" for a directive and shows nothing in its place.
    """
    return _EATEN.sub(lambda match: f"\\{match[0]}" if match["eaten"] else match[0], text)


def plain(text: str) -> str:
    """A name or a title, which may come from a document, without what Markdown would take for markup."""
    return page_markdown("".join(f"\\{c}" if c in "\\`*_[]<>|#~" else c for c in text))


def unescaped(text: str) -> str:
    """The text as a terminal shows it, without the escapes of `plain`."""
    return _ESCAPED.sub(r"\1", text)


def flagged(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with the flag behind each of these sentences, in a table's row inside its last cell."""
    for start, end in reversed(spans):
        sentence = text[start:end]
        words = sentence.rstrip("| ") if sentence.startswith("|") else sentence
        text = f"{text[:start]}{words} {FLAG}{sentence[len(words) :]}{text[end:]}"
    return text


def numbered(text: str, names: Sequence[str]) -> str:
    """The text with marks, [1] for the first, behind the lines of a list that hold these names, in their order."""
    lines, after = text.split("\n"), 0
    for number, name in enumerate(names, 1):
        found = (n for n in range(after, len(lines)) if lines[n].startswith("- ") and name in lines[n])
        if (at := next(found, None)) is not None:
            lines[at] += f" [{number}]"
            after = at + 1
    return "\n".join(lines)


def counted(count: int, noun: str) -> str:
    """ "1 passage", "2,000 passages"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
