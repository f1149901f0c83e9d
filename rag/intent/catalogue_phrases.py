"""The sentences that a list of documents is made of, in seven languages, with the plural forms of each."""

from collections.abc import Callable
from dataclasses import dataclass

Forms = tuple[str, ...]
"""A text with {n} for each plural form of the language, the singular first."""


def _two_forms(n: int) -> int:
    return int(n != 1)


def _french(n: int) -> int:
    return int(n > 1)


def _russian(n: int) -> int:
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else 2


def _slovenian(n: int) -> int:
    return {1: 0, 2: 1, 3: 2, 4: 2}.get(n % 100, 3)


@dataclass(frozen=True, slots=True)
class CataloguePhrases:
    """The texts of one language; the plural rules are those of Unicode's CLDR."""

    library: Forms
    """How many documents the library holds."""
    files: Forms
    """How many files the chat holds."""
    documents: Forms
    """The bare number, for a folder."""
    more: str
    newest: str
    topics: str
    empty: str
    """Where there is neither a document nor a file."""
    thousands: str = ","
    plural: Callable[[int], int] = _two_forms

    def counted(self, forms: Forms, n: int) -> str:
        """The text for this number."""
        return forms[min(self.plural(n), len(forms) - 1)].format(n=f"{n:,}".replace(",", self.thousands))


PHRASES = {
    "en": CataloguePhrases(
        ("The library holds {n} document.", "The library holds {n} documents."),
        ("This chat holds {n} file.", "This chat holds {n} files."),
        ("{n} document", "{n} documents"),
        "… and {n} more",
        "The newest of them:",
        "They are about:",
        "There are no documents yet. Drop a file into this chat, or set LIBRARY_DIRS to folders that have some.",
    ),
    "es": CataloguePhrases(
        ("La biblioteca contiene {n} documento.", "La biblioteca contiene {n} documentos."),
        ("Este chat contiene {n} archivo.", "Este chat contiene {n} archivos."),
        ("{n} documento", "{n} documentos"),
        "… y {n} más",
        "Los más recientes:",
        "Tratan de:",
        "Todavía no hay documentos. Suelte un archivo en este chat o indique en LIBRARY_DIRS carpetas que los tengan.",
        ".",
    ),
    "pt": CataloguePhrases(
        ("A biblioteca contém {n} documento.", "A biblioteca contém {n} documentos."),
        ("Esta conversa contém {n} arquivo.", "Esta conversa contém {n} arquivos."),
        ("{n} documento", "{n} documentos"),
        "… e mais {n}",
        "Os mais recentes:",
        "Os assuntos são:",
        "Ainda não há documentos. Solte um arquivo nesta conversa ou indique em LIBRARY_DIRS pastas que os tenham.",
        ".",
    ),
    "ru": CataloguePhrases(
        ("В библиотеке {n} документ.", "В библиотеке {n} документа.", "В библиотеке {n} документов."),
        ("В этом чате {n} файл.", "В этом чате {n} файла.", "В этом чате {n} файлов."),
        ("{n} документ", "{n} документа", "{n} документов"),
        "… и ещё {n}",
        "Самые новые:",
        "О чём они:",
        "Документов пока нет. Перетащите файл в этот чат или укажите папки с документами в LIBRARY_DIRS.",
        "\u00a0",
        _russian,
    ),
    "sl": CataloguePhrases(
        (
            "V knjižnici je {n} dokument.",
            "V knjižnici sta {n} dokumenta.",
            "V knjižnici so {n} dokumenti.",
            "V knjižnici je {n} dokumentov.",
        ),
        (
            "V tem klepetu je {n} datoteka.",
            "V tem klepetu sta {n} datoteki.",
            "V tem klepetu so {n} datoteke.",
            "V tem klepetu je {n} datotek.",
        ),
        ("{n} dokument", "{n} dokumenta", "{n} dokumenti", "{n} dokumentov"),
        "… in še {n}",
        "Najnovejši:",
        "Njihove teme:",
        "Dokumentov še ni. Povlecite datoteko v ta klepet ali v LIBRARY_DIRS navedite mape, ki jih imajo.",
        ".",
        _slovenian,
    ),
    "de": CataloguePhrases(
        ("Die Bibliothek enthält {n} Dokument.", "Die Bibliothek enthält {n} Dokumente."),
        ("Dieser Chat enthält {n} Datei.", "Dieser Chat enthält {n} Dateien."),
        ("{n} Dokument", "{n} Dokumente"),
        "… und {n} weitere",
        "Die neuesten:",
        "Darum geht es:",
        "Es gibt noch keine Dokumente. Ziehen Sie eine Datei in diesen Chat oder nennen Sie Ordner in LIBRARY_DIRS.",
        ".",
    ),
    "fr": CataloguePhrases(
        ("La bibliothèque contient {n} document.", "La bibliothèque contient {n} documents."),
        ("Ce chat contient {n} fichier.", "Ce chat contient {n} fichiers."),
        ("{n} document", "{n} documents"),
        "… et {n} de plus",
        "Les plus récents :",
        "Ils parlent de :",
        "Il n'y a pas encore de documents. Déposez un fichier dans ce chat ou indiquez des dossiers dans LIBRARY_DIRS.",
        "\u00a0",
        _french,
    ),
}
"""By ISO 639-1 code."""
