"""Which documents a question is about: named, numbered, pointed at, or attached to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rag.intent.wording import Wording
from rag.text.analysis import analyse, fold
from rag.types import Attachments, Document, Exchange

_SEPARATORS = re.compile(r"[-_ ]+")
_LEAST_NAME = 4
"""Characters of a name without its ending that counts as written out; "a" and "doc" stand in any question."""
_TITLE_SHARE = 0.6
"""Of the words of a chat file's title, in the question, from which on it is named."""


@dataclass(frozen=True, slots=True)
class Target:
    """The documents that a question is about, and how that is known."""

    documents: tuple[Document, ...] = ()
    reason: str = ""
    """For a person, after "about NAME, ": "because it was attached to this question"."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where their names stand in the folded question."""
    pointed_at: bool = False
    """Whether the question itself says so, rather than the moment of it."""


def find_target(
    wording: Wording, attachments: Attachments, history: Sequence[Exchange], named: Sequence[Document] = ()
) -> Target:
    """The documents that a question is about; an empty `Target` where it could be any.

    `named` are those of the library whose names the question holds, best first.
    """
    before = history[-1].documents if history else ()
    return (
        _by_name(wording, attachments.documents)
        or _by_name(wording, named, exact=False)
        or _by_position(wording, attachments.documents, before)
        or _by_pointing(wording, attachments, before)
        or Target()
    )


def _by_name(wording: Wording, documents: Iterable[Document], *, exact: bool = True) -> Target | None:
    """Those whose file name, or enough of whose title, stands in the question."""
    found = [(document, span) for document in documents if (span := _named_at(wording, document, exact=exact))]
    if not found:
        return None
    several = "their names are" if len(found) > 1 else "its name is"
    return Target(
        tuple(document for document, _ in found),
        f"because {several} in the question",
        tuple(span for _, span in found),
        pointed_at=True,
    )


def _named_at(wording: Wording, document: Document, *, exact: bool) -> tuple[int, int] | None:
    """Where the question writes its file name, with or without the ending and the folder."""
    path = PurePath(fold(document.name))
    for name in (str(path), path.name, path.stem):
        spelled = "[-_ ]+".join(map(re.escape, _SEPARATORS.split(name)))
        match = re.search(rf"(?<!\w){spelled}(?!\w)", wording.folded)
        if match and (name != path.stem or _is_no_plain_word(name) or wording.task):
            return match.span()
    return (0, 0) if not exact or _holds_title(wording, document) else None


def _is_no_plain_word(stem: str) -> bool:
    """Whether a file's name without its ending is what nobody writes but to name it: "lease-2024", not "walrus"."""
    return len(stem) >= _LEAST_NAME and (bool(_SEPARATORS.search(stem)) or any(map(str.isdigit, stem)))


def _holds_title(wording: Wording, document: Document) -> bool:
    title = set(analyse(document.title).words)
    asked = set(analyse(wording.folded).words)
    return len(title) >= 2 and len(title & asked) >= _TITLE_SHARE * len(title)


def _by_position(wording: Wording, files: Sequence[Document], before: Sequence[Document]) -> Target | None:
    """ "the second file", "the other one"."""
    if wording.other and len(files) > 1:
        others = tuple(file for file in files if file not in before)
        if others and len(others) < len(files):
            return Target(others, "because the question before was about the other", pointed_at=True)
    position = wording.ordinal
    if position is None or position >= len(files) or len(files) < 2:
        return None
    which = "last" if position == -1 else f"{position + 1}."
    return Target((files[position],), f"because it is the {which} file of this chat", pointed_at=True)


def _by_pointing(wording: Wording, attachments: Attachments, before: Sequence[Document]) -> Target | None:
    """ "this", "the report": what came with the question, else what was spoken of, else the chat's files."""
    files = attachments.documents
    new = tuple(file for file in files if file.id in attachments.new)
    if new:
        return Target(new, f"because {_it_was(new)} attached to this question", pointed_at=wording.points)
    if not wording.points:
        return None
    if wording.points_at_several and len(files) > 1:
        return Target(tuple(files), "because they are the files of this chat", pointed_at=True)
    if before:
        return Target(tuple(before), f"because the answer before was about {_it(before)}", pointed_at=True)
    if files:
        return Target(tuple(files), f"because {_it_was(files)} attached to this chat", pointed_at=True)
    return None


def _it_was(documents: Sequence[Document]) -> str:
    return "they were" if len(documents) > 1 else "it was"


def _it(documents: Sequence[Document]) -> str:
    return "them" if len(documents) > 1 else "it"
