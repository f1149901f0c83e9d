"""The words by which people ask for whole documents, point at files and ask what there is, in seven languages.

English, Spanish, Portuguese, Russian, Slovenian, German and French; folded as everywhere (case, accents), an entry that
ends in "*" is the beginning of a word. A word of one language that means another thing in another one is left out.
"""

import re
from dataclasses import dataclass

from rag.text.analysis import fold
from rag.types import WholeTask

_WORD = re.compile(r"[^\W_]+")


class WordSet:
    """Words and beginnings of words."""

    def __init__(self, *lines: str) -> None:
        entries = [fold(entry) for line in lines for entry in line.split()]
        self._words = frozenset(entry for entry in entries if not entry.endswith("*"))
        self._beginnings = tuple(entry[:-1] for entry in entries if entry.endswith("*"))

    def __contains__(self, word: str) -> bool:
        return word in self._words or word.startswith(self._beginnings)


POINTING = WordSet(
    "this that these those it its they them attached uploaded",
    "este esta esto estos estas ese esa eso esos esas adjunto adjuntos adjuntado",
    "isto isso estes essas esses essa nisto nisso deste desta disto nele anexado",
    "это этот эта эту этом этого этой этому эти этих этим он она оно его её нём ней них прикреплённ*",
    "tega temu tale tole priložen* pripet*",
    "dies diese dieser dieses diesem diesen angehängt*",
    "cet cette ces ceci cela ça jointe",
)
"""What stands for something that both know of."""

DEFINITE = WordSet(
    "the my our", "el los mi", "meu minha", "мой мою", "ta to te tej tem moj moja", "der die das dem", "le ce mon"
)
"""Before the name of a kind of document, it says that both know which: "the report", "ta datoteka"."""

DOCUMENT = WordSet(
    "file document doc pdf report letter paper article book notebook picture image photo screenshot scan",
    "receipt invoice",
    "spreadsheet sheet workbook presentation slides deck text attachment contract agreement manual form",
    "email mail memo",
    "estimate statement transcript message thing content note ticket booking page",
    "archivo fichero documento informe carta artículo libro cuaderno imagen foto recibo factura hoja",
    "presentación texto",
    "contrato formulario correo nota",
    "arquivo ficheiro relatório artigo livro caderno imagem recibo fatura planilha apresentação anexo formulário",
    "файл* документ* отчёт* письм* стать* книг* блокнот* картинк* изображени* фото* чек чека чеке",
    "квитанци* счёт* таблиц*",
    "презентаци* текст* вложени* договор* заметк*",
    "datotek* dokument* poročil* pism* člank* članek knjig* zvezek slik* račun* tabel* predstavitev* besedil* prilog*",
    "pogodb* obrazec* obrazc*",
    "datei* bericht* brief briefs buch buches notizbuch bild bildes beleg belegs quittung rechnung",
    "tabelle präsentation",
    "anhang vertrag vertrags artikel",
    "fichier document rapport lettre livre carnet image reçu facture tableau présentation texte contrat",
)
"""What a single document is called, whichever it is."""

DOCUMENTS = WordSet(
    "files documents docs pdfs sources papers reports uploads library titles",
    "archivos ficheros documentos informes fuentes biblioteca",
    "arquivos ficheiros relatórios fontes",
    "файлы файлов файлах документы документов документах источники библиотек*",
    "datoteke datotek dokumenti dokumente dokumentov dokumentih viri knjižnic*",
    "dateien dokumente quellen bibliothek",
    "fichiers documents sources bibliothèque",
)
"""Several of them, or the library."""

LIBRARY = WordSet(
    "library handbook", "biblioteca", "библиотек* справочник*", "knjižnic* priročnik*",
    "bibliothek handbuch", "bibliothèque",
)  # fmt: skip
"""What the organisation's documents are called, beside those of a chat."""

FOLDER = WordSet(
    "folder folders subfolder subfolders directory directories", "carpeta carpetas directorio directorios",
    "pasta pastas diretório diretórios", "папк*", "mapa mape mapi mapo map", "ordner ordners ordnern verzeichnis*",
    "dossier dossiers répertoire répertoires",
)  # fmt: skip
"""Where documents lie."""

TASKS: dict[WholeTask, WordSet] = {
    "translate": WordSet(
        "translat*", "traduc* traduz*", "перевед* перевест* перевод*", "preved* prevod*", "übersetz*", "tradui*"
    ),
    "summary": WordSet(
        "summar* tldr tl dr gist recap condense* shorten abridge* digest nutshell synopsis",
        "resum* resúm* síntesis sintetiz*",
        "resuma síntese",
        "резюм* вкратце пересказ* перескаж* суммир* обобщ* сжат* краткое кратко",
        "povzem* povzet* povzam* obnov* skrajš*",
        "zusammenfass* zusammen kurzfassung fasse fass",
        "synthès* synthét*",
    ),
    "key_points": WordSet(
        "key points point highlights takeaways takeaway bullet bullets essentials essence",
        "puntos clave claves principales",
        "pontos chave principais",
        "ключев* основн* главн* тезис* моменты пункты мысли",
        "ključn* glavn* točk* bistv*",
        "wichtigst* kernpunkte hauptpunkte kernaussagen punkte stichpunkte",
        "clés clé principaux essentiel*",
    ),
    "outline": WordSet(
        "outline overview structure toc contents sections chapters",
        "esquema índice estructura visión general capítulos",
        "esboço estrutura visão geral",
        "структур* содержание обзор оглавлени* план главы",
        "pregled struktur* kazal* vsebin* poglavj*",
        "gliederung überblick übersicht inhaltsverzeichnis kapitel",
        "plan aperçu sommaire chapitres",
    ),
    "about": WordSet(
        "about describe* contain* cover covers inside topic subject purpose",
        "trata contiene describ* tema sobre",
        "contém fala descrev*",
        "чём содержит* опиши тема речь",
        "čem govori vsebuje opiše opisuje opiši",
        "geht handelt enthält beschreib* worum wovon inhalt thema drin",
        "parle contient décri* sujet agit",
    ),
}
"""What is asked for, first match first; the words of each task."""

HOLDING = WordSet(
    "contain* inside", "contiene contienen", "contém contêm", "содержит* лежит", "vsebuje vsebujejo",
    "enthält drin liegt", "contient",
)  # fmt: skip
"""Of a folder, it asks which documents there are."""

SAYING = WordSet(
    "say says said tell tells explain* mean means",
    "dice cuenta explica*",
    "diz conta",
    "чем говорит* говорится написано",
    "расскажи объясни идёт", "piše razloži gre pove", "steht sagt erklär*", "dit expliqu*",
)  # fmt: skip
"""Asks what a document is about where the question names a kind of document; else what a statement means."""

COMPARE = WordSet(
    "compare comparison differ* versus",
    "compar* diferenc*",
    "сравн* разниц* отлич*",
    "primerj* razlik*",
    "vergleich* unterschied*",
)
"""What sets several documents side by side."""

FUNCTION = WordSet(
    "a an the of in on at to for from by with and or as is are was were be been am do does did can could would will",
    "what whats which who how where when why i me my you your we us our there so then please pls just quick quickly",
    "short shortly brief briefly give show provide write make create get need want let like some any all whole entire",
    "full complete general main most important concise very really exactly actually basically one ones thats sentence",
    "sentences word words paragraph paragraphs line lines bullet list up down out into s t m re ll ok okay now than",
    "el la los las un una unos unas de del en por para con y o que qué cuál cuales cuáles es son ser hay",
    "me mi su sus lo",
    "al se nos dame dime haz hazme muéstrame puedes podrías quiero favor breve brevemente corto todo toda frases frase",
    "você vocês o os as um uma uns do da dos das no na nos nas em e ou qual quais são ser há meu seu sua ao à se",
    "pode poderia faça",
    "faz dê mostre quero favor breve curto tudo toda frases",
    "в во на о об про и или из по с со к для что какой какая какие какое кто как где когда ли мне мой дай дайте сделай",
    "сделайте напиши покажи пожалуйста можешь можно коротко весь всё этого предложени* слов",
    "v na o za in ali iz po s z k kaj kateri katera katero kje kdaj kako je so bi mi moj prosim daj",
    "naredi napiši pokaži",
    "lahko na kratko ves vse cel celo celoten stavk* stavek",
    "der die das den dem des ein eine einen einem im in an auf von vom zu zum zur mit und oder was",
    "welche welcher wer wie",
    "wo wann ist sind es mir mich mein bitte kannst können gib zeig mach schreib kurz knapp ganz ganze alle sätze satz",
    "le la les l un une des du de d en dans sur pour par avec et ou que quoi quel quelle quels quelles",
    "qui est sont y moi",
    "mon ma donne fais montre écris peux pouvez s il te vous plaît plait court bref tout toute phrases qu c j",
)
"""What carries no topic of its own."""

COUNTING = WordSet(
    "how many have has list show all there are do you know new newest recent recently added latest loaded indexed hold",
    "search answer see access available topics subjects everything contain contains",
    "cuántos cuántas tienes hay lista listar muestra todos nuevos nuevo recientes temas sabes conoces disponibles",
    "quantos quantas tem tens há listar lista mostra todos novos novo recentes temas conhece sabe disponíveis",
    "сколько есть список покажи все новые новое новых тебя вас темы знаешь имеются доступны у",
    "koliko imaš imate je seznam pokaži vse vsi novi novega nova teme poznaš so",
    "wie viele wieviele hast habt haben gibt liste zeige alle neue neu neues neuesten themen kennst verfügbar du",
    "combien as avez a liste montre tous nouveaux nouveau récents thèmes connais disponibles tu",
)
"""Beside `DOCUMENTS`, what a question has that asks what there is."""

LANGUAGES: dict[str, WordSet] = {
    "en": WordSet("english inglés inglês английск* anglešč* angleški* englisch* anglais*"),
    "es": WordSet("spanish español* castellano espanhol испанск* španšč* špansk* spanisch* espagnol*"),
    "pt": WordSet("portuguese portugu* португальск* portugalšč* portugalsk*"),
    "ru": WordSet("russian ruso russo русск* rušč* rusk* russisch* russe*"),
    "sl": WordSet("slovenian slovene eslovenio esloveno словенск* slovenšč* slovensk* slowenisch* slovène"),
    "de": WordSet("german alemán alemão немецк* nemšč* nemšk* deutsch* allemand*"),
    "fr": WordSet("french francés francês французск* francošč* francosk* französisch* français*"),
}
"""What a translation is asked for in."""

SEVERAL = WordSet(
    "these those both two three all each",
    "estos estas ambos ambas todos todas dos tres",
    "estes ambos todos dois três",
    "эти этих оба обе все всех два три",
    "ti te oba obe vse vseh dva tri",
    "diese diesen beide beiden alle allen zwei drei",
    "ces deux tous toutes trois",
)  # fmt: skip
ONE = WordSet("one ones", "uno una", "um uma", "один одна одно", "eden ena eno", "eine einer eines", "un une")
HOW_MANY = WordSet(
    "many count number", "cuántos cuántas", "quantos quantas", "сколько", "koliko", "viele wieviele", "combien"
)
WHICH = WordSet(
    "which what list show",
    "qué cuáles lista listar",
    "quais lista",
    "какие список покажи",
    "kateri katere katera seznam",
    "welche liste zeige", "quels quelles liste montre",
)  # fmt: skip
OTHER = WordSet(
    "other another remaining rest otro otra otros outro outra outros друг* drug* andere anderen anderer autre autres"
)
ORDINALS: tuple[WordSet, ...] = (
    WordSet("first 1st primer primero primera primeiro primeira перв* prv* erste* premier première"),
    WordSet("second 2nd segundo segunda втор* drugi druga drugo zweite* deuxième seconde"),
    WordSet("third 3rd tercer tercero tercera terceiro terceira трет* tretj* dritte* troisième"),
    WordSet("fourth 4th cuarto cuarta quarto quarta четверт* četrt* vierte* quatrième"),
    WordSet("fifth 5th quinto quinta пят* pet* fünfte* cinquième"),
)
LAST = WordSet("last latest newest último última послед* zadnj* letzte* dernier dernière")

PAGE = re.compile(
    r"\b(?:pages?|pp?\.?|slides?|paginas?|diapositivas?|страниц\w*|слаид\w*|стр\.?|stran\w*|prosojnic\w*|seiten?|folien?"
    r"|diapos?)\s*(\d{1,5})(?:\s*(?:-|–|to|a|до|do|bis)\s*(\d{1,5}))?",
)
"""In folded text: "page 2", "pages 2-4", "слайд 3"."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a question, folded, and where it stands in the folded text."""

    text: str
    start: int
    end: int


def words_of(folded: str) -> list[Token]:
    """The words of a folded text, in order."""
    return [Token(match.group(), match.start(), match.end()) for match in _WORD.finditer(folded)]
