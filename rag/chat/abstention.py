"""What a person reads where the documents hold no answer: where was searched, what comes near, what would help."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.chat.panel import searched_for
from rag.text.markdown import plain
from rag.types import Attachments, Document, Hit, Turn

NEAR = 0.35
"""The normalised score from which on a passage is offered as near. Of ten questions that the shipped library does not
answer, such as "who won the world cup", the best passages had 0.09 to 0.32 in nine, and 0.53 in one; those of four that
it touches on had 0.35 to 0.71."""
_MOST_SUGGESTIONS = 3
_MOST_NAMES = 3
_MOST_CHARACTERS = 50
"""Of a title or a heading on a button."""


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The sentences of one language."""

    nowhere: str
    files_and_library: str
    files: str
    library: str
    nearest: str
    searched_for: str
    reading: str
    gone: str
    empty: str
    more: str
    say: str
    """On a button: what does this {place} say?"""
    say_about: str
    """What does the document {name} say about {heading}?"""
    say_on_page: str
    """What does page {page} of {name} say?"""
    about: str
    """What is {name} about?"""


_LANGUAGES = {
    "en": _Phrases(
        "I could not find an answer to this in your documents.",
        "I could not find this in {files}, nor in the library.",
        "I could not find this in {files}.",
        "I could not find this in the library; this chat's files were left out.",
        "The nearest that they have: {titles}.",
        "I searched for {words}.",
        "So far {done} of {total} documents have been read; ask again in a while.",
        "{files} is no longer in this chat.",
        "There is no document to search. Drop a file into the chat, or set LIBRARY_DIRS to folders that have some.",
        "{n} more",
        "What does {place} say?",
        "What does {name} say about {heading}?",
        "What does page {page} of {name} say?",
        "What is {name} about?",
    ),
    "es": _Phrases(
        "No he encontrado una respuesta a esto en sus documentos.",
        "No he encontrado esto en {files} ni en la biblioteca.",
        "No he encontrado esto en {files}.",
        "No he encontrado esto en la biblioteca; los archivos de este chat se dejaron fuera.",
        "Lo más cercano que contienen: {titles}.",
        "He buscado {words}.",
        "Hasta ahora se han leído {done} de {total} documentos; vuelva a preguntar dentro de un rato.",
        "{files} ya no está en este chat.",
        "No hay ningún documento en el que buscar. Suelte un archivo en el chat o indique carpetas en LIBRARY_DIRS.",
        "{n} más",
        "¿Qué dice {place}?",
        "¿Qué dice {name} sobre {heading}?",
        "¿Qué dice la página {page} de {name}?",
        "¿De qué trata {name}?",
    ),
    "pt": _Phrases(
        "Não encontrei uma resposta a isto nos seus documentos.",
        "Não encontrei isto em {files} nem na biblioteca.",
        "Não encontrei isto em {files}.",
        "Não encontrei isto na biblioteca; os arquivos desta conversa ficaram de fora.",
        "O mais próximo que contêm: {titles}.",
        "Procurei {words}.",
        "Até agora foram lidos {done} de {total} documentos; pergunte de novo daqui a pouco.",
        "{files} já não está nesta conversa.",
        "Não há documentos em que procurar. Solte um arquivo na conversa ou indique pastas em LIBRARY_DIRS.",
        "mais {n}",
        "O que diz {place}?",
        "O que diz {name} sobre {heading}?",
        "O que diz a página {page} de {name}?",
        "De que trata {name}?",
    ),
    "ru": _Phrases(
        "Я не нашёл ответа на это в ваших документах.",
        "Я не нашёл этого ни в {files}, ни в библиотеке.",
        "Я не нашёл этого в {files}.",
        "Я не нашёл этого в библиотеке; файлы этого чата не просматривались.",
        "Ближе всего к этому: {titles}.",
        "Я искал: {words}.",
        "Пока прочитано документов: {done} из {total}; спросите ещё раз немного позже.",
        "{files}: этого файла в чате больше нет.",
        "Искать пока негде. Перетащите файл в чат или укажите папки с документами в LIBRARY_DIRS.",
        "ещё {n}",
        "Что написано в {place}?",
        "Что написано в {name} о {heading}?",
        "Что написано на странице {page} в {name}?",
        "О чём {name}?",
    ),
    "sl": _Phrases(
        "Odgovora na to nisem našel v vaših dokumentih.",
        "Tega nisem našel ne v {files} ne v knjižnici.",
        "Tega nisem našel v {files}.",
        "Tega nisem našel v knjižnici; datoteke tega klepeta so bile izpuščene.",
        "Najbližje temu: {titles}.",
        "Iskal sem: {words}.",
        "Prebranih dokumentov doslej: {done} od {total}; čez nekaj časa vprašajte znova.",
        "{files}: te datoteke ni več v klepetu.",
        "Ni dokumentov, po katerih bi iskal. Povlecite datoteko v klepet ali navedite mape v LIBRARY_DIRS.",
        "še {n}",
        "Kaj piše v {place}?",
        "Kaj piše v {name} o {heading}?",
        "Kaj piše na strani {page} v {name}?",
        "O čem govori {name}?",
    ),
    "de": _Phrases(
        "Ich habe dazu in Ihren Dokumenten keine Antwort gefunden.",
        "Ich habe das weder in {files} noch in der Bibliothek gefunden.",
        "Ich habe das in {files} nicht gefunden.",
        "Ich habe das in der Bibliothek nicht gefunden; die Dateien dieses Chats blieben außen vor.",
        "Am nächsten kommen: {titles}.",
        "Gesucht habe ich: {words}.",
        "Bisher sind {done} von {total} Dokumenten gelesen; fragen Sie in einer Weile noch einmal.",
        "{files} ist nicht mehr in diesem Chat.",
        "Es gibt kein Dokument zu durchsuchen. Ziehen Sie eine Datei herein oder nennen Sie Ordner in LIBRARY_DIRS.",
        "{n} weitere",
        "Was steht in {place}?",
        "Was steht in {name} über {heading}?",
        "Was steht auf Seite {page} von {name}?",
        "Worum geht es in {name}?",
    ),
    "fr": _Phrases(
        "Je n'ai pas trouvé de réponse à cela dans vos documents.",
        "Je n'ai trouvé cela ni dans {files} ni dans la bibliothèque.",
        "Je n'ai pas trouvé cela dans {files}.",
        "Je n'ai pas trouvé cela dans la bibliothèque ; les fichiers de ce chat ont été laissés de côté.",
        "Ce qui s'en approche le plus : {titles}.",
        "J'ai cherché {words}.",
        "Pour l'instant, {done} documents sur {total} ont été lus ; redemandez dans un moment.",
        "{files} n'est plus dans ce chat.",
        "Il n'y a aucun document à consulter. Déposez un fichier ici ou indiquez des dossiers dans LIBRARY_DIRS.",
        "{n} de plus",
        "Que dit {place} ?",
        "Que dit {name} sur {heading} ?",
        "Que dit la page {page} de {name} ?",
        "De quoi parle {name} ?",
    ),
}
_NO_FILES = Attachments()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a turn's record does not say: where it searched, and how far the library is."""

    attachments: Attachments = _NO_FILES
    """As they were when the question was asked."""
    gone: tuple[Document, ...] = ()
    """Those of them that have been removed since."""
    reading: tuple[int, int] | None = None
    """How many documents of how many have been read; None when all have."""


NOTHING_AROUND = Surroundings()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that can be asked with one press."""

    label: str
    question: str


def abstention(turn: Turn, around: Surroundings = NOTHING_AROUND, language: str = "") -> str:
    """The sentences for a question that the documents do not answer, as Markdown.

    In the language of this ISO 639-1 code, or in English.
    """
    phrases = _LANGUAGES.get(language, _LANGUAGES["en"])
    reading = _reading(around, phrases)
    if around.gone:
        return phrases.gone.format(files=_names(around.gone, phrases))
    if not turn.search.searched:
        return reading or phrases.empty
    documents = _searched_alone(turn, around.attachments)
    parts = [_where(turn, documents, around.attachments, phrases)]
    if turn.search.corrections:
        parts.append(phrases.searched_for.format(words=f"**{plain(searched_for(turn))}**"))
    parts.append(reading)
    others = (hit.passage.document for hit in turn.search.hits if hit.passage.document not in documents)
    if titles := list(dict.fromkeys(document.title for document in others))[:_MOST_NAMES]:
        parts.append(phrases.nearest.format(titles=", ".join(f"**{plain(title)}**" for title in titles)))
    return " ".join(filter(None, parts))


def suggestions(turn: Turn, language: str = "") -> list[Suggestion]:
    """What could be asked instead, about the sections that came nearest; none where the turn did not abstain.

    In the language of this ISO 639-1 code, or in English.
    """
    if turn.outcome != "abstained":
        return []
    phrases = _LANGUAGES.get(language, _LANGUAGES["en"])
    found = (_suggestion(hit, phrases) for hit in turn.search.hits if hit.normalised_score >= NEAR)
    return list({suggestion.question: suggestion for suggestion in found}.values())[:_MOST_SUGGESTIONS]


def _reading(around: Surroundings, phrases: _Phrases) -> str:
    """How far the library is; "" when all of it has been read."""
    if not around.reading:
        return ""
    done, total = around.reading
    return phrases.reading.format(done=f"{done:,}", total=f"{total:,}")


def _searched_alone(turn: Turn, attachments: Attachments) -> Sequence[Document]:
    """The documents that the question points at, else the chat's files."""
    if turn.intent.pointed_at:
        return turn.intent.documents
    return () if turn.intent.in_library else attachments.documents


def _where(turn: Turn, documents: Sequence[Document], attachments: Attachments, phrases: _Phrases) -> str:
    """Where nothing was found."""
    if not documents:
        return phrases.library if attachments.choice == "library" else phrases.nowhere
    alone = turn.intent.pointed_at or attachments.choice == "files"
    names = f"**{plain(turn.intent.folder)}**" if turn.intent.folder else _names(documents, phrases)
    return (phrases.files if alone else phrases.files_and_library).format(files=names)


def _names(documents: Sequence[Document], phrases: _Phrases) -> str:
    names = [f"**{plain(document.name)}**" for document in documents[:_MOST_NAMES]]
    if len(documents) > _MOST_NAMES:
        names.append(phrases.more.format(n=len(documents) - _MOST_NAMES))
    return ", ".join(names)


def _suggestion(hit: Hit, phrases: _Phrases) -> Suggestion:
    passage, document = hit.passage, hit.passage.document
    title, name = document.title or document.name, document.name
    headings = [heading for heading in passage.headings if heading != document.title]
    if headings:
        label = phrases.say.format(place=" › ".join(map(_short, (title, headings[-1]))))
        return Suggestion(label, phrases.say_about.format(name=name, heading=headings[-1]))
    if passage.page and passage.unit == "page":
        question = phrases.say_on_page.format(page=passage.page, name=name)
        return Suggestion(question, question)
    return Suggestion(phrases.about.format(name=_short(title)), phrases.about.format(name=name))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS].rstrip()}…"
