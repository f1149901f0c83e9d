"""Short friendly answers to talk, in the person's language, that say what can be asked here."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rag.intent.talk import Talk, TalkKind
from rag.text.markdown import plain

MOST_TITLES = 3
"""Titles or files that a reply names."""

_MOST_CHARACTERS = 80
"""Of a title; a longer one is cut."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Phrases:
    """What a reply is made of, in one language."""

    quotes: Sequence[str]
    """Before and after a title."""
    either: str
    """Stands before the last of several titles."""
    ask: str
    """With {titles} of a library that has these documents only."""
    ask_any: str
    """With the number of {documents} and {titles} of some."""
    ask_files: str
    """With the names of {files} that are attached."""
    empty: str
    """Where there is no document: how to add some."""
    written: str
    """With the name of the {model} that writes the answers."""
    quoted: str
    """In its place where no model is there."""
    opening: dict[TalkKind, str]


_LANGUAGES = {
    "en": _Phrases(
        "“”",
        "or",
        "You can ask about {titles}.",
        "You can ask about any of the {documents} documents here, for example {titles}.",
        "You can ask about what you attached: {files}.",
        "There are no documents yet: drop a file into this chat, or name a folder in LIBRARY_DIRS.",
        "{model} writes the answers.",
        "As no model is running, I quote the documents word for word.",
        {
            "greeting": "Hello! I am Groundwork, and I answer questions from your documents.",
            "thanks": "You are welcome!",
            "goodbye": "Goodbye! Come back whenever you have a question about your documents.",
            "identity": "I am Groundwork, a computer program without a life of its own: "
            "I answer questions from your documents and show the passage behind each claim.",
            "capabilities": "I answer questions from your documents and show the passage behind each claim; "
            "I can also summarise a document, compare several, or list what is here.",
            "wellbeing": "Thank you for asking! I am a program, so I am simply ready for your questions.",
            "acknowledgement": "All right!",
        },
    ),
    "es": _Phrases(
        "«»",
        "o",
        "Puede preguntar por {titles}.",
        "Puede preguntar por cualquiera de los documentos ({documents}), por ejemplo {titles}.",
        "Puede preguntar por lo que ha adjuntado: {files}.",
        "Todavía no hay documentos: suelte un archivo en este chat o indique una carpeta en LIBRARY_DIRS.",
        "Las respuestas las redacta {model}.",
        "Como no hay ningún modelo en marcha, cito los documentos palabra por palabra.",
        {
            "greeting": "¡Hola! Soy Groundwork y respondo a preguntas con sus documentos.",
            "thanks": "¡De nada!",
            "goodbye": "¡Hasta pronto! Vuelva cuando tenga una pregunta sobre sus documentos.",
            "identity": "Soy Groundwork, un programa sin vida propia: "
            "respondo a preguntas con sus documentos y muestro el pasaje en que se apoya cada afirmación.",
            "capabilities": "Respondo a preguntas con sus documentos y muestro el pasaje en que se apoya cada "
            "afirmación; también puedo resumir un documento, comparar varios o decir cuáles hay.",
            "wellbeing": "¡Gracias por preguntar! Soy un programa, así que simplemente espero sus preguntas.",
            "acknowledgement": "¡De acuerdo!",
        },
    ),
    "pt": _Phrases(
        "“”",
        "ou",
        "Pode perguntar sobre {titles}.",
        "Pode perguntar sobre qualquer um dos documentos ({documents}), por exemplo {titles}.",
        "Pode perguntar sobre o que anexou: {files}.",
        "Ainda não há documentos: solte um arquivo neste chat ou indique uma pasta em LIBRARY_DIRS.",
        "Quem escreve as respostas é {model}.",
        "Como nenhum modelo está ativo, cito os documentos palavra por palavra.",
        {
            "greeting": "Olá! Sou o Groundwork e respondo a perguntas com os seus documentos.",
            "thanks": "De nada!",
            "goodbye": "Até logo! Volte quando tiver uma pergunta sobre os seus documentos.",
            "identity": "Sou o Groundwork, um programa sem vida própria: "
            "respondo a perguntas com os seus documentos e mostro o trecho em que cada afirmação se apoia.",
            "capabilities": "Respondo a perguntas com os seus documentos e mostro o trecho em que cada afirmação se "
            "apoia; também posso resumir um documento, comparar vários ou dizer quais existem.",
            "wellbeing": "Obrigado por perguntar! Sou um programa, por isso estou simplesmente à espera de perguntas.",
            "acknowledgement": "Certo!",
        },
    ),
    "ru": _Phrases(
        "«»",
        "или",
        "Можно спросить о документах: {titles}.",
        "Можно спросить о любом из документов (всего {documents}), например: {titles}.",
        "Можно спросить о том, что вы приложили: {files}.",
        "Документов пока нет: перетащите файл в этот чат или укажите папку в LIBRARY_DIRS.",
        "Ответы пишет {model}.",
        "Модель сейчас не запущена, поэтому я привожу цитаты из документов слово в слово.",
        {
            "greeting": "Здравствуйте! Я Groundwork и отвечаю на вопросы по вашим документам.",
            "thanks": "Пожалуйста!",
            "goodbye": "До свидания! Возвращайтесь, когда появится вопрос по вашим документам.",
            "identity": "Я Groundwork, компьютерная программа без собственной жизни: "
            "отвечаю на вопросы по вашим документам и показываю отрывок, на который опирается каждое утверждение.",
            "capabilities": "Я отвечаю на вопросы по вашим документам и показываю отрывок, на который опирается каждое "
            "утверждение; ещё могу кратко изложить документ, сравнить несколько или перечислить, какие есть.",
            "wellbeing": "Спасибо, что спросили! Я программа и просто готов к вопросам.",
            "acknowledgement": "Хорошо!",
        },
    ),
    "sl": _Phrases(
        "»«",
        "ali",
        "Vprašate lahko o dokumentih: {titles}.",
        "Vprašate lahko o katerem koli dokumentu (vseh je {documents}), na primer: {titles}.",
        "Vprašate lahko o tem, kar ste priložili: {files}.",
        "Dokumentov še ni: spustite datoteko v ta pogovor ali navedite mapo v LIBRARY_DIRS.",
        "Odgovore piše {model}.",
        "Ker noben model ne teče, navajam dokumente dobesedno.",
        {
            "greeting": "Pozdravljeni! Sem Groundwork in odgovarjam na vprašanja iz vaših dokumentov.",
            "thanks": "Ni za kaj!",
            "goodbye": "Nasvidenje! Vrnite se, kadar boste imeli vprašanje o svojih dokumentih.",
            "identity": "Sem Groundwork, računalniški program brez lastnega življenja: "
            "odgovarjam na vprašanja iz vaših dokumentov in pokažem odlomek, na katerem sloni posamezna trditev.",
            "capabilities": "Odgovarjam na vprašanja iz vaših dokumentov in pokažem odlomek, na katerem sloni "
            "posamezna trditev; lahko tudi povzamem dokument, jih več primerjam ali naštejem, kateri so tu.",
            "wellbeing": "Hvala, da sprašujete! Sem program in sem preprosto pripravljen na vprašanja.",
            "acknowledgement": "V redu!",
        },
    ),
    "de": _Phrases(
        "„“",
        "oder",
        "Sie können etwas fragen zu {titles}.",
        "Sie können zu jedem der Dokumente (insgesamt {documents}) etwas fragen, zum Beispiel zu {titles}.",
        "Sie können etwas zu dem fragen, was Sie angehängt haben: {files}.",
        "Noch gibt es keine Dokumente: Ziehen Sie eine Datei in diesen Chat oder nennen Sie einen Ordner in "
        "LIBRARY_DIRS.",
        "Die Antworten schreibt {model}.",
        "Da kein Modell läuft, zitiere ich die Dokumente wörtlich.",
        {
            "greeting": "Hallo! Ich bin Groundwork und beantworte Fragen aus Ihren Dokumenten.",
            "thanks": "Gern geschehen!",
            "goodbye": "Auf Wiedersehen! Kommen Sie wieder, wenn Sie eine Frage zu Ihren Dokumenten haben.",
            "identity": "Ich bin Groundwork, ein Computerprogramm ohne eigenes Leben: "
            "Ich beantworte Fragen aus Ihren Dokumenten und zeige zu jeder Aussage die Stelle, auf der sie beruht.",
            "capabilities": "Ich beantworte Fragen aus Ihren Dokumenten und zeige zu jeder Aussage die Stelle, auf der "
            "sie beruht; ich kann auch ein Dokument zusammenfassen, mehrere vergleichen oder aufzählen, was da ist.",
            "wellbeing": "Danke der Nachfrage! Ich bin ein Programm und einfach bereit für Ihre Fragen.",
            "acknowledgement": "In Ordnung!",
        },
    ),
    "fr": _Phrases(
        ("«\u00a0", "\u00a0»"),
        "ou",
        "Vous pouvez poser une question sur {titles}.",
        "Vous pouvez poser une question sur n'importe lequel des documents ({documents}), par exemple {titles}.",
        "Vous pouvez poser une question sur ce que vous avez joint : {files}.",
        "Il n'y a pas encore de documents : déposez un fichier dans ce chat ou indiquez un dossier dans LIBRARY_DIRS.",
        "Les réponses sont rédigées par {model}.",
        "Comme aucun modèle n'est lancé, je cite les documents mot pour mot.",
        {
            "greeting": "Bonjour ! Je suis Groundwork et je réponds aux questions à partir de vos documents.",
            "thanks": "Je vous en prie !",
            "goodbye": "Au revoir ! Revenez quand vous aurez une question sur vos documents.",
            "identity": "Je suis Groundwork, un programme sans vie propre : "
            "je réponds aux questions à partir de vos documents et je montre le passage qui appuie chaque affirmation.",
            "capabilities": "Je réponds aux questions à partir de vos documents et je montre le passage qui appuie "
            "chaque affirmation ; je peux aussi résumer un document, en comparer plusieurs ou dire lesquels sont là.",
            "wellbeing": "Merci de demander ! Je suis un programme, donc simplement prêt pour vos questions.",
            "acknowledgement": "Très bien !",
        },
    ),
}


def reply(talk: Talk, *, titles: Sequence[str], documents: int, small: str = "", files: Sequence[str] = ()) -> str:
    """One to three sentences of Markdown in the language of the talk, in English where it is unknown.

    Args:
        talk: what the person wrote, from `classify_talk`.
        titles: of documents of the library; the first three are named. They may be any text: markup is escaped.
        documents: how many the library has.
        small: the name of the model that writes answers, "" where none does.
        files: names of what is attached to this chat; they are named in the place of titles.
    """
    phrases = _LANGUAGES.get(talk.language, _LANGUAGES["en"])
    sentences = [phrases.opening[talk.kind]]
    if talk.kind == "identity":
        sentences.append(phrases.written.format(model=_clean(small)) if small else phrases.quoted)
    if talk.kind != "goodbye":
        sentences.append(_what_to_ask(phrases, titles, documents, files))
    return " ".join(filter(None, sentences))


def _what_to_ask(phrases: _Phrases, titles: Sequence[str], documents: int, files: Sequence[str]) -> str:
    if files:
        return phrases.ask_files.format(files=_listed(phrases, files))
    if not documents:
        return phrases.empty
    if not titles:
        return ""
    all_named = documents <= min(len(titles), MOST_TITLES)
    sentence = phrases.ask if all_named else phrases.ask_any
    return sentence.format(titles=_listed(phrases, titles), documents=documents)


def _listed(phrases: _Phrases, names: Sequence[str]) -> str:
    """“A”, “B” or “C”; of more than three, the first three."""
    opening, closing = phrases.quotes
    *others, last = (f"{opening}{_clean(name)}{closing}" for name in names[:MOST_TITLES])
    return f"{', '.join(others)} {phrases.either} {last}" if others else last


def _clean(name: str) -> str:
    """A name on one line, without control and bidirectional characters, cut where it is long, no markup."""
    shown = "".join(c for c in _SPACE.sub(" ", name) if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    shown = shown.strip()
    return plain(shown if len(shown) <= _MOST_CHARACTERS else shown[: _MOST_CHARACTERS - 1].rstrip() + "…")
