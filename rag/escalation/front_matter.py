"""Questions about a document's own title, authors, date or abstract: they are answered by its beginning."""

import re
from collections.abc import Iterable

from rag.text.analysis import analyse, fold
from rag.text.function_words import content_words

_FRONT = (
    # authors and senders
    "author autor auteur verfasser автор avtor writer wrote written write prepared prepare sent sender"
    " escribio escrit redact escreveu escrev geschrieb schrieb verfasst ecrit redige"
    " написа составил отправи napisa pripravi avtoric poslal remitente remetente absender"
    " expediteur отправитель posiljatelj"
    # title, date, publisher, abstract
    " title titul titel titre tytul заголов назван naslov"
    " date dated fecha data datum дат published publish publicad publicou publicat veroffentlicht erschien publie paru"
    " опубликов вышл objavljen izdan izsel issued"
    " publisher editorial editora verlag editeur издательств zaloznik zalozb"
    " abstract аннотац affiliation"
)
_DOCUMENT = (
    "paper document file report article book ebook letter post blog text email mail message pdf presentation slide deck"
    " page thesis essay story novel memo attachment name names main"
    " archivo fichero informe articulo libro carta texto correo mensaje presentacion adjunto nombre"
    " arquivo ficheiro relatorio artigo livro mensagem apresentacao anexo nome"
    " dokument datei bericht artikel buch brief nachricht anhang heisst"
    " fichier rapport livre lettre texte courriel piece nom lautet hat"
    " документ файл отчет доклад стат книг письм текст сообщен имя имен зовут"
    " datotek porocil clank clanek knjig pism besedil sporocil priponk ime imen"
)
_ENDING = r"\w{0,4}"
_FRONT_WORD, _DOCUMENT_WORD = (
    re.compile(rf"(?:{'|'.join(sorted(map(fold, words.split()), key=len, reverse=True))}){_ENDING}")
    for words in (_FRONT, _DOCUMENT)
)


def front_matter(question: str, titles: Iterable[str] = ()) -> bool:
    """Whether a question asks for the title, authors, date, publisher or abstract of a document itself, and no more.

    All words of its subject name one of these or a document ("Who wrote this paper?"), or stand in one of the `titles`,
    those of the documents that it may be about: "Who wrote Hamlet?" is such a question beside a file of that name only.
    The answer is then in the first passages, which `Searcher.opening` gives.
    """
    named = {unit for title in titles for unit in analyse(title).units}
    words = [word for word in content_words(question) if not named.issuperset(analyse(word).units)]
    asked = [word for word in words if _FRONT_WORD.fullmatch(word)]
    return bool(asked) and all(word in asked or _DOCUMENT_WORD.fullmatch(word) for word in words)
