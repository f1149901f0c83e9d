"""What is asked back when somebody wants a summary and does not say of what."""

from collections.abc import Sequence

from rag.text.markdown import plain

_MOST_TITLES = 3
_TEXTS = {
    "en": ("Which document do you mean? Name one, or drop a file into this chat.", "For example: {titles}."),
    "es": ("¿A qué documento te refieres? Nombra uno o adjunta un archivo a este chat.", "Por ejemplo: {titles}."),
    "pt": ("A que documento se refere? Indique um ou anexe um arquivo a este chat.", "Por exemplo: {titles}."),
    "ru": ("Какой документ вы имеете в виду? Назовите его или добавьте файл в этот чат.", "Например: {titles}."),
    "sl": ("Kateri dokument imate v mislih? Imenujte ga ali dodajte datoteko v ta klepet.", "Na primer: {titles}."),
    "de": ("Welches Dokument ist gemeint? Nennen Sie eines, oder fügen Sie dem Chat eine Datei hinzu.",
           "Zum Beispiel: {titles}."),
    "fr": ("De quel document s’agit-il ? Nommez-en un ou ajoutez un fichier à ce chat.", "Par exemple : {titles}."),
}  # fmt: skip


def which_document(titles: Sequence[str], language: str = "") -> str:
    """The question back, as Markdown, with some titles of the library; in English where the language is not known."""
    asked, example = _TEXTS.get(language, _TEXTS["en"])
    named = ", ".join(f"*{plain(title)}*" for title in titles[:_MOST_TITLES])
    return f"{asked} {example.format(titles=named)}" if named else asked
