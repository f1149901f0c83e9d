"""The answer to which documents there are."""

from datetime import UTC, datetime

import pytest

from rag.intent import catalogue as catalogues
from rag.intent.catalogue import MOST_LINES, Catalogue, CatalogueDocument, CatalogueFolder
from rag.intent.catalogue_phrases import PHRASES
from rag.types import Document

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def document(name: str, title: str, read_at: datetime | None = None) -> CatalogueDocument:
    return CatalogueDocument(Document(name, title), read_at)


def catalogue_answer(catalogue: Catalogue, question: str, language: str = "") -> str:
    return catalogues.catalogue_answer(catalogue, question, language).text


def folder(name: str, count: int, listed: int = MOST_LINES) -> CatalogueFolder:
    documents = [document(f"{name}/{n:03}.md", f"Page {n}", NOW.replace(day=n % 28 + 1)) for n in range(count)]
    newest = sorted(documents, key=lambda document: document.read_at or NOW, reverse=True)
    return CatalogueFolder(name, count, tuple(documents[:listed]), tuple(newest[:listed]))


ONE = Catalogue((folder("docs", 24),))
MANY = Catalogue((folder("docs", 124), folder("team", 2)))


def test_which_documents_names_them_all():
    answer = catalogue_answer(ONE, "Which documents do you have?")
    assert answer.startswith("The library holds 24 documents.")
    assert answer.count("\n- ") == 24
    assert "- Page 7 (docs/007.md)" in answer


def test_a_large_library_is_some_lines_and_a_number():
    answer = catalogue_answer(MANY, "Which documents do you have?")
    assert "**docs** · 124 documents" in answer
    assert "- … and 109 more" in answer
    assert "**team** · 2 documents" in answer
    assert answer.count("\n") < MOST_LINES + 15


def test_many_folders_are_counted_only():
    catalogue = Catalogue(tuple(folder(f"f{n}", 2) for n in range(40)))
    answer = catalogue_answer(catalogue, "list all documents")
    assert "80 documents" in answer
    assert answer.count("\n- ") == MOST_LINES + 1
    assert "… and 10 more" in answer


def test_how_many_is_a_number():
    assert catalogue_answer(ONE, "how many are there") == "The library holds 24 documents."
    assert catalogue_answer(MANY, "how many documents are there?").splitlines()[2:] == [
        "- **docs** · 124 documents",
        "- **team** · 2 documents",
    ]


def test_what_is_new_begins_with_the_newest():
    answer = catalogue_answer(MANY, "what documents are new?")
    first, second, *_ = [line for line in answer.splitlines() if line.startswith("- ")]
    assert first.endswith(" · 2026-03-28")
    assert first > second or second.endswith("-28")
    assert answer.count("\n- ") == 10


def test_the_chats_files_come_first():
    files = (document("receipt.pdf", "Receipt"),)
    answer = catalogue_answer(Catalogue((folder("docs", 1),), files), "which files do you have")
    assert answer.startswith("This chat holds 1 file.\n\n- Receipt (receipt.pdf)\n\nThe library holds 1 document.")
    assert "library" not in catalogue_answer(Catalogue(files=files), "which files do you have")


def test_nothing_at_all_says_how_to_begin():
    assert catalogue_answer(Catalogue(), "which documents do you have").startswith("There are no documents yet.")


def test_titles_and_names_are_no_markup():
    hostile = document("a_b[x](y).md", "# <b>![x](https://evil.example/x.png)\n\n- **b**")
    answer = catalogue_answer(Catalogue((CatalogueFolder("f", 1, (hostile,)),)), "list the documents")
    assert "![x]" not in answer
    assert "<b>" not in answer.replace("\\<b", "")
    assert answer.count("\n- ") == 1


def test_a_title_that_is_the_name_stands_once():
    same = document("notes.txt", "notes")
    assert "- notes.txt" in catalogue_answer(Catalogue((CatalogueFolder("f", 1, (same,)),)), "list the documents")


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("en", {1: "1 document.", 2: "2 documents.", 1000: "1,000 documents."}),
        ("es", {1: "1 documento.", 24: "24 documentos."}),
        ("pt", {1: "1 documento.", 24: "24 documentos."}),
        ("ru", {1: "1 документ.", 3: "3 документа.", 11: "11 документов.", 24: "24 документа.", 25: "25 документов."}),
        (
            "sl",
            {1: "je 1 dokument.", 2: "sta 2 dokumenta.", 3: "so 3 dokumenti.", 24: "je 24 dokumentov.", 102: "sta 102"},
        ),
        ("de", {1: "1 Dokument.", 24: "24 Dokumente."}),
        ("fr", {0: "0 document.", 1: "1 document.", 2: "2 documents."}),
    ],
)
def test_numbers_are_right_in_each_language(language: str, numbers: dict[int, str]):
    phrases = PHRASES[language]
    for number, expected in numbers.items():
        assert expected in phrases.counted(phrases.library, number)
    forms = {len(phrases.library), len(phrases.files), len(phrases.documents)}
    assert len(forms) == 1
    assert "24" in catalogue_answer(ONE, "how many documents are there", language)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("сколько документов есть", "В библиотеке 24 документа."),
        ("¿qué documentos nuevos hay?", "Los más recientes:"),
        ("o čem so dokumenti, katere teme so", "Njihove teme:"),
        ("welche neuen Dokumente gibt es", "Die neuesten:"),
        ("welche Themen haben die Dokumente", "Darum geht es:"),
    ],
)
def test_what_is_asked_is_understood_in_the_persons_language(question: str, part: str):
    language = {"с": "ru", "¿": "es", "o": "sl", "w": "de"}[question[0]]
    assert part in catalogue_answer(ONE, question, language)


def test_folders_are_counted_with_what_is_below_them():
    tree = CatalogueFolder("docs", 6, subfolders={"": 1, "contracts": 2, "contracts/2024": 3})
    assert Catalogue((tree, folder("team", 2))).folder_counts == {
        "docs": 6,
        "docs/contracts": 5,
        "docs/contracts/2024": 3,
        "team": 2,
    }
    lines = catalogue_answer(Catalogue((tree,)), "Which folders do you have?").splitlines()
    assert lines[2:] == [
        "- **docs** · 6 documents",
        "- **docs/contracts** · 5 documents",
        "- **docs/contracts/2024** · 3 documents",
    ]


def test_an_answer_names_what_it_lists():
    answer = catalogues.catalogue_answer(MANY, "what documents are new?")
    assert len(answer.documents) == 10
    assert all(f"({each.name})" in answer.text for each in answer.documents)
    assert catalogues.catalogue_answer(MANY, "how many documents are there?").documents == ()
