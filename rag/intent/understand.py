"""What kind of question it is, and about which documents: decided before the search, without a model."""

from collections.abc import Sequence, Set
from dataclasses import replace

from rag.intent.contents import NamedFolder
from rag.intent.parts import several_questions, sides
from rag.intent.scope import Target, find_target
from rag.intent.talk import classify_talk
from rag.intent.word_sets import COMPARE, COUNTING, DOCUMENTS, HOLDING, HOW_MANY
from rag.intent.wording import Wording
from rag.text.analysis import analyse
from rag.text.language import language_of
from rag.types import Attachments, Document, Exchange, Intent, WholeRequest, WholeTask

_SURE = 0.8
_LEAST_SENTENCES = 5
"""Of a summary, unless more or fewer are asked for."""


def understand(
    question: str,
    attachments: Attachments | None = None,
    history: Sequence[Exchange] = (),
    named: Sequence[Document] = (),
    called_alike: Sequence[Document] = (),
    folder: NamedFolder | None = None,
) -> Intent:
    """The intent of a question, in any of the languages of `word_sets`; well under a millisecond.

    `attachments` are the chat's files, `history` its earlier exchanges, oldest first, `named` the documents of the
    library whose names stand in the question, best first, `called_alike` those of whose names it has the words, which
    count where it asks for a whole document and for nothing else, `folder` the one that it names.
    """
    attached, wording = attachments or Attachments(), Wording(question)
    if not wording.is_a_letter and _is_talk(question, attached):
        return Intent("talk")
    before = history[-1] if history else None
    target = find_target(wording, attached, history, named)
    if folder and target.spans and _ids(target.documents) <= _ids(folder.documents):
        target = replace(target, spans=(*target.spans, *folder.spans))
    elif folder:
        return _in_folder(wording, question, folder, attached, before)
    if wording.asks_for_folders or _asks_for_catalogue(wording, before, target):
        return _catalogue(before if wording.counts_on and not wording.has(DOCUMENTS) else None)
    if not _topic(wording, target) and (intent := _whole_documents(wording, question, target, attached, before)):
        return intent
    alike = Target(tuple(called_alike[:1]), "because its name is in the question", pointed_at=True)
    if called_alike and wording.task and not target.documents and not _topic(wording, alike):
        return _whole_documents(wording, question, alike, attached, before) or Intent()
    about = target if target.spans or wording.says_which or attached.new else Target()  # "it" may be anything
    found = Intent(
        "lookup",
        about.documents,
        about.reason,
        about.pointed_at,
        pages=wording.pages.numbers,
        in_library=wording.names_library,
    )
    parts = sides(question) or several_questions(question)
    return replace(found, kind="comparison", parts=parts) if parts else found


def _ids(documents: Sequence[Document]) -> Set[str]:
    """A manifest knows less of a document than the index, so that two of them may differ in the rest."""
    return {document.id for document in documents}


def _is_talk(question: str, attached: Attachments) -> bool:
    """Whether it is small talk; beside files that it could be about, only where that is sure."""
    talk = classify_talk(question)
    return talk is not None and (talk.probability >= _SURE or not attached.documents)


def _in_folder(
    wording: Wording, question: str, folder: NamedFolder, attached: Attachments, before: Exchange | None
) -> Intent:
    """The intent of a question about a folder: a list of its documents, an answer about all of them, or a lookup."""
    target = Target(folder.documents, "because its name is in the question", folder.spans, pointed_at=True)
    whole = None
    if not [word for word in wording.topic(folder.spans) if word not in COUNTING]:
        lists = wording.has(HOLDING, HOW_MANY) or not wording.task
        whole = None if lists else _whole_documents(wording, question, target, attached, before)
        if not whole and not wording.has(COMPARE):
            return Intent("catalogue", target.documents, target.reason, pointed_at=True, folder=folder.name)
    return replace(whole or Intent("lookup", target.documents, target.reason, pointed_at=True), folder=folder.name)


def _catalogue(before: Exchange | None) -> Intent:
    """How many are there: in the folder that was spoken of, or in all."""
    if not before or not before.intent.folder:
        return Intent("catalogue")
    return replace(before.intent, kind="catalogue", request=None, reason="because the answer before was about it")


def _asks_for_catalogue(wording: Wording, before: Exchange | None, target: Target) -> bool:
    if target.pointed_at or not wording.words:
        return False
    goes_on = before is not None and before.intent.kind == "catalogue" and wording.counts_on
    return wording.asks_what_there_is or goes_on


def _whole_documents(
    wording: Wording, question: str, target: Target, attached: Attachments, before: Exchange | None
) -> Intent | None:
    """The intent of a question that has no topic but documents; None where it is an ordinary one."""
    task = _task(wording, target, before)
    if not task:
        return None
    if not target.documents:
        target = _spoken_of(attached, before)
    if not target.documents and (task in ("about", "question") or not _asks_alone(wording)):
        return None
    request = WholeRequest(
        task,
        question,
        (task == "translate" and wording.language) or language_of(question),
        wording.most_sentences or _LEAST_SENTENCES,
        wording.pages.numbers,
    )
    return Intent("whole_document", target.documents, target.reason, True, pages=wording.pages.numbers, request=request)


def _task(wording: Wording, target: Target, before: Exchange | None) -> WholeTask | None:
    """What is asked of the documents; None where the words may mean something else."""
    if not wording.words:
        return None
    if wording.has(COMPARE):
        return "question" if len(target.documents) > 1 else None
    if wording.task:
        return wording.task
    if target.spans and before and before.intent.request:  # "and uploads.md?"
        return before.intent.request.task
    says_which = bool(target.spans) or wording.says_which or bool(wording.pages.numbers)
    return "about" if target.documents and says_which else None


def _spoken_of(attached: Attachments, before: Exchange | None) -> Target:
    """What "tl;dr" is about where it says nothing: what the last answer was about, else the chat's files."""
    if before and before.intent.kind == "whole_document" and before.documents:
        return Target(before.documents, "because the answer before was about it")
    if attached.documents and attached.choice != "library":
        return Target(attached.documents, "because it was attached to this chat")
    return Target()


def _asks_alone(wording: Wording) -> bool:
    """Whether it is a request and nothing else, such as "summarise", so that it can be asked back: which document?"""
    return wording.task in ("summary", "key_points", "outline", "translate")


def _topic(wording: Wording, target: Target) -> list[str]:
    """The question's topic beside the names of its documents."""
    names = _name_words(target.documents) if target.pointed_at else frozenset[str]()
    return [word for word in wording.topic(target.spans) if not names >= set(analyse(word).words)]


def _name_words(documents: Sequence[Document]) -> Set[str]:
    return {word for document in documents for word in analyse(f"{document.name} {document.title}").words}
