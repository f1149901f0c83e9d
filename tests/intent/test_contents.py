"""Folders of the library that questions name."""

from collections.abc import Sequence

import pytest

from rag.intent.catalogue import Catalogue, CatalogueFolder
from rag.intent.contents import Contents, named_folder
from rag.intent.understand import understand
from rag.types import Document, Exchange, Intent

FOLDERS = {"": 1, "contracts": 1, "contracts/2024": 2, "team notes": 1, "archive/contracts": 1}


def document(name: str) -> Document:
    return Document(name, name.removesuffix(".md"), collection="handbook")


DOCUMENTS = tuple(
    map(
        document,
        (
            *("archive/contracts/old.md", "contracts/2024/lease.md", "contracts/2024/car.md", "contracts/rules.md"),
            *("start.md", "team notes/may.md"),
        ),
    )
)


def documents_in(folder: str) -> Sequence[Document]:
    below = folder.removeprefix("handbook").strip("/")
    return [each for each in DOCUMENTS if each.name.startswith(f"{below}/" if below else "")]


CONTENTS = Contents(lambda: Catalogue((CatalogueFolder("handbook", 6, subfolders=FOLDERS),)), documents_in)


def asked(question: str, *history: Exchange) -> Intent:
    return understand(question, history=history, folder=named_folder(question, CONTENTS))


@pytest.mark.parametrize(
    ("question", "name", "count"),
    [
        ("summarise the folder contracts", "contracts", 4),
        ("Summarise the Contracts folder, please", "contracts", 4),
        ("what is in the folder contracts/2024?", "contracts/2024", 2),
        ("which documents are in the 2024 folder?", "2024", 2),
        ("overview of the folder team-notes", "team notes", 1),
        ("resume la carpeta contracts", "contracts", 4),
        ("resuma a pasta contracts", "contracts", 4),
        ("О чём документы в папке contracts?", "contracts", 4),
        ("povzemi mapo contracts", "contracts", 4),
        ("fasse den Ordner contracts zusammen", "contracts", 4),
        ("résume le dossier contracts", "contracts", 4),
        ("how many documents does the folder handbook have?", "handbook", 6),
    ],
)
def test_a_folder_is_known_by_its_name(question: str, name: str, count: int):
    folder = named_folder(question, CONTENTS)
    assert folder
    assert (folder.name, len(folder.documents)) == (name, count)


@pytest.mark.parametrize(
    "question", ["summarise the contracts", "what is in the folder secrets?", "Which folders?", "", "?"]
)
def test_without_a_word_for_it_or_a_name_there_is_none(question: str):
    assert named_folder(question, CONTENTS) is None


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("summarise the folder contracts", "summary"),
        ("give me the key points of the contracts folder", "key_points"),
        ("what is the folder contracts about?", "about"),
        ("worum geht es im Ordner contracts", "about"),
    ],
)
def test_all_of_a_folder_is_asked_about(question: str, task: str):
    intent = asked(question)
    assert intent.request
    assert (intent.kind, intent.request.task, intent.folder, len(intent.documents)) == (
        *("whole_document", task, "contracts"),
        4,
    )


@pytest.mark.parametrize(
    "question",
    [
        "what is in the folder contracts?",
        "which documents are in the contracts folder",
        "how many documents are in the folder contracts?",
        "what does the contracts folder contain",
        "list the folder contracts",
        "qué hay en la carpeta contracts",
        "что в папке contracts?",
        "kaj je v mapi contracts?",
    ],
)
def test_what_is_in_a_folder_is_a_list(question: str):
    intent = asked(question)
    assert (intent.kind, intent.folder, len(intent.documents)) == ("catalogue", "contracts", 4)


def test_a_question_of_its_own_is_looked_up_in_the_folder():
    intent = asked("What does the contracts folder say about the notice period?")
    assert (intent.kind, intent.pointed_at, len(intent.documents)) == ("lookup", True, 4)
    assert "start.md" not in [document.name for document in intent.documents]


def test_a_file_of_it_that_is_named_is_what_is_meant():
    question = "summarise lease.md in the folder contracts"
    lease = document("contracts/2024/lease.md")
    intent = understand(question, named=[lease], folder=named_folder(question, CONTENTS))
    assert (intent.kind, intent.documents, intent.folder) == ("whole_document", (lease,), "")


def test_how_many_are_there_goes_on_in_the_folder():
    first = asked("what is in the folder contracts?")
    exchange = Exchange("what is in the folder contracts?", "…", first, first.documents)
    intent = asked("how many are there?", exchange)
    assert (intent.kind, intent.folder, len(intent.documents)) == ("catalogue", "contracts", 4)
    assert asked("how many documents do you have?", exchange).folder == ""


@pytest.mark.parametrize(
    "question", ["which folders are there?", "how many folders do you have", "welche Ordner gibt es?"]
)
def test_folders_themselves_can_be_asked_for(question: str):
    assert asked(question) == Intent("catalogue")
