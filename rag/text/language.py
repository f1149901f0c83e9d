"""The language of a short text, by its script, its function words and its letters."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from rag.text.analysis import fold

LANGUAGES = ("en", "es", "pt", "ru", "sl", "de", "fr")
"""ISO 639-1 codes of the languages that can be named."""

_MOST_CHARACTERS = 4_000
"""More of a text would not change the result."""
_NEIGHBOUR_WEIGHT = 0.7
"""Of a language that cannot be named: who asks in Slovenian shares half of the words with Croatian."""
_LEAST_MARGIN = 0.01
"""A tie decides nothing."""
_WORD = re.compile(r"\b(?:[cdjlmnst]|qu)'(?=\w{2})|'(?:d|ll|m|re|s|t|ve)\b|[^\W\d_]+")
"""French elisions ("l'") and English contractions ("'s") are words of their own."""
_CYRILLIC = re.compile("[\u0400-\u052f]")
_NOT_RUSSIAN = re.compile("[іїєґјљњћђџѓќўәғқңөұүһ]", re.IGNORECASE)
_LATIN = re.compile("[a-z\u00c0-\u024f]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")

_WORDS = {
    "en": """
        the of and to in is are was were do does did what which who whom whose where when why how many much
        it its that this these those with for from by on at as be been being have has had not can could will
        would should may might i you your he she we they their there an or but if about into than then any
        some please my me us our out up after before between during each most other such only also name
        hello hi hey thanks thank bye goodbye morning evening good help yes sorry great got tell give show
        find get make 's 're 've 'll 'm 't 'd let going am back hiya howdy greetings cheers lets dont day
        night nice happy more new time here see later using use work works need want know think like talk
        """,
    "es": """
        el la los las un una unos unas de del y que qué en es son era fue fueron cuál cuáles quién quiénes
        cómo cuándo dónde cuánto cuántos cuánta cuántas por para con sin se su sus lo le les al a o pero
        como más muy no sí este esta estos estas ese esa eso esto hay ser está están tiene tienen había hizo
        puede pueden entre sobre hasta desde después antes también mi tu yo usted hola gracias adiós buenos
        buenas días tardes noches puedo puedes eres soy favor ayuda bien vale claro perdón siento hace hacer
        quiero necesito dime nos ha han ayer hoy me te tú vos ti buen día tarde saludos encantado encantada
        gusto vamos tengo voy quieres gusta jaja luego mañana muchas mucho holi cuéntame háblame preséntate
        puedas descanses cuídate feliz agradecido llama genial perfecto bueno ahí allí llamas sabes hablas
        nada mejor tiempo todo todos chao chau tal
        """,
    "pt": """
        o a os as um uma uns umas de do da dos das no na nos nas e que em é são era foi foram qual quais
        quem como quando onde quanto quantos quanta quantas por para com sem se seu sua seus suas ao aos à
        às ou mas mais muito não sim este esta estes estas esse essa isso isto há ser está estão tem têm
        havia fez pode podem entre sobre até desde depois antes também meu minha eu você vocês ele ela oi
        olá obrigado obrigada tchau bom boa dia tarde noite posso podes és sou ajuda tudo bem certo desculpa
        desculpe fazer faz quero preciso pelo pela num numa me te ti vai vou estás fala tá perfeito ótimo
        legal beleza muita obrigadinho valeu agradeço prazer alguém diz vale alô opa oii adeus xau boas
        grato grata viva começar chama cancelar modelo estou fui logo então nada melhor todo todos abraço
        parabéns entendi serve olha nem será
        """,
    "sl": """
        in je so se v na za po z s iz od do pri da ne ni kaj kdo kdaj kje kam kako zakaj kateri katera
        katero katere katerih koliko kakšen kakšna kakšno čigav ki ko če ali ter pa tudi še že le bi bil
        bila bilo bili bile biti sem si smo ste sta ima imajo lahko mora to ta te ti tega tem tej teh moj
        moja moje svoj njegov njen med pred pod nad brez kot zelo več manj zdaj danes jaz mi vi oni ona ono
        živjo zdravo hvala prosim adijo nasvidenje dober dobro dobra jutro večer lepa pozdravljeni oprosti
        prav mogoče kakšne moram imam znaš rabim pomoč povej me dan živijo čao hej pozdrav pozdravljen lep
        lepo imaš noč odlično super razumem ja tu tam gre greš sedaj vem pomagaš pomagati pomagate predstavi
        zahvaljujem grem ej oj adio veš najlepša lepe vam nam vas nas mene tebe jutri vidimo srečno stran
        strani koga čemu čem znaša velja prosil
        """,
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber in im ist sind war waren wird
        werden wurde wurden was wer wen wem wie wo wann warum welche welcher welches welchen welchem wieviel
        viele viel von vom zu zum zur mit für auf aus bei nach über unter vor zwischen durch gegen ohne um
        als auch nicht kein keine nur noch schon sehr mehr es er sie wir ihr ich du mein meine dein deine
        sein seine ihre hat haben hatte kann können soll muss gibt hallo danke tschüss guten gute gut tag
        morgen abend bitte hilfe ja nein bist bin geht mir dir dich mich sich alles klar entschuldigung
        heißt machen macht dass wenn weil diese dieser dieses jetzt wieder 's willkommen grüß gott servus
        moin vielen dank schön schöne schönen leid jemand habe wohin woher wozu worum hast kannst könnt
        sprichst frage fragen gehts läuft sag sehen tschau ade wobei wofür worüber womit wogegen weshalb
        zusammen an so da hier bis bald später immer denn doch mal ganz du's
        """,
    "fr": """
        le la les l' un une des du de d' et ou mais est sont était étaient fut quel quelle quels quelles qui
        que qu' quoi quand où comment pourquoi combien en dans sur sous avec sans pour par au aux ce cet
        cette ces c' il elle ils elles on nous vous je j' tu ne pas n' plus très se s' son sa ses leur leurs
        mon ma mes ton ta tes y a à été être avoir ont avait fait peut peuvent entre depuis avant après
        aussi comme si bonjour bonsoir salut merci revoir bonne journée soirée oui non aide bien ça va es
        suis peux puis toi moi désolé faire quelque avez êtes te me là coucou enchanté bientôt demain
        beaucoup parfait d'accord super génial voilà tout toute tous rien même dois adieu allo bienvenue
        jour pars discuter quelqu'un allez fais dis parle sais sait dit m' t' chez dont bon
        """,
}
_WORDS["ru"] = "privet zdravstvuyte spasibo poka dobryj svidaniya kak dela kto chto gde kogda pochemu bolshoe"
_OTHERS = {
    "it": """
        il lo gli di che è sono della dello dei degli delle nel nella con perché quando dove chi quale quali
        quanto come una più non del anche questo questa grazie buongiorno sei cosa puoi può hai ho
        """,
    "nl": """
        de het een en van is zijn was wat wie waar wanneer waarom hoe welke welk hoeveel met voor op aan bij
        naar niet geen ook maar dit dat deze ik jij je u hij zij wij kan heeft hebben wordt werd goedemorgen
        dankjewel
        """,
    "pl": """
        jest są być był była było co kto gdzie kiedy dlaczego jak który która które ile czy nie tak i w z na
        do od po przez się dla oraz ale ten ta to tego cześć dziękuję dzień dobry mi mogę możesz
        """,
    "hr": """
        je su se u i na za po iz od do da ne nije što šta tko ko gdje gde kada kad kako zašto koji koja koje
        koliko sa li bio bila bilo ili ali ima imaju može mogu ovo ova taj bok molim dobar sam si smo ste
        """,
    "sv": "och att det som är var vad vem när varför hur vilken för med på av till inte ett en den har kan tack",
    "cs": "je jsou byl byla co kdo kde kdy proč jak který která které kolik a v na do od že se pro ale ahoj děkuji",
    "tr": "ve bir bu ne kim nerede nasıl neden hangi kaç için ile mi mı mu mü değil var yok merhaba teşekkürler",
    "ro": "și este sunt ce cine unde când cum de care cât pentru cu din la nu un o în bună mulțumesc",
}
"""Neighbours, so that their texts are not taken for one of ours."""

_LETTERS = {
    "es": "ñ¿¡",
    "pt": "ãõ",
    "sl": "čšž",
    "de": "ßäöü",
    "fr": "œèêëîïûùÿ",
    "it": "ìò",
    "pl": "ąęłńśźż",
    "hr": "ćđčšž",
    "sv": "åäö",
    "cs": "řěůčšž",
    "tr": "ığşöü",
    "ro": "ăâîșț",
}
_ENDINGS = {
    "en": "ing tion tions ness ship",
    "es": "ción ciones dad idad miento",
    "pt": "ção ções dade agem mento",
    "sl": "ega emu ost osti nje anje enje ija",
    "de": "ung ungen heit keit lich isch schaft",
    "fr": "tion tions ment eur eux euse ique ais",
    "it": "zione zioni ità mente",
    "pl": "ość ego ych ów",
}


def language_of(text: str) -> str:
    """The ISO 639-1 code of a text's language, one of `LANGUAGES`; "" where nothing decides.

    A text with a third of its letters in Cyrillic is "ru", unless it has letters that Russian does not. A Latin text is
    what it has most function words of; a word that languages share counts for each in part, the letters and endings of
    a language less. So "hi" is "en", and a bare name is "". Neighbours such as Italian and Dutch give "".
    """
    text = text[:_MOST_CHARACTERS]
    letters = len(_LETTER.findall(text))
    if 3 * len(_CYRILLIC.findall(text)) > letters:
        return "" if _NOT_RUSSIAN.search(text) else "ru"
    return _latin(text.casefold().replace("’", "'")) if 2 * len(_LATIN.findall(text)) > letters else ""


def _latin(text: str) -> str:
    evidence: dict[str, float] = defaultdict(float)
    for languages, weight in _evidence(text):
        for language in languages:
            evidence[language] += weight / len(languages) * (1.0 if language in LANGUAGES else _NEIGHBOUR_WEIGHT)
    ranked = sorted(evidence, key=lambda language: -evidence[language])
    if not ranked or ranked[0] not in LANGUAGES:
        return ""
    return ranked[0] if len(ranked) == 1 or evidence[ranked[0]] > evidence[ranked[1]] + _LEAST_MARGIN else ""


def _evidence(text: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Languages and what each word, ending and letter counts for them together."""
    for word in _WORD.findall(text):
        yield _BY_WORD.get(word) or _BY_FOLDED_WORD.get(fold(word), ()), 1.0
        yield next((_BY_ENDING[word[-n:]] for n in (5, 4, 3) if len(word) > n + 1 and word[-n:] in _BY_ENDING), ()), 0.4
    for letter in text if not text.isascii() else "":
        yield _BY_LETTER.get(letter, ()), 0.5


def _inverted(items: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Word, ending or letter → the languages that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for language, several in items.items():
        for item in dict.fromkeys(several):
            found[item].append(language)
    return {item: tuple(languages) for item, languages in found.items()}


_WORD_LISTS = {language: words.split() for language, words in (_WORDS | _OTHERS).items()}
_BY_WORD = _inverted(_WORD_LISTS)
_BY_FOLDED_WORD = _inverted({language: map(fold, words) for language, words in _WORD_LISTS.items()})
_BY_ENDING = _inverted({language: endings.split() for language, endings in _ENDINGS.items()})
_BY_LETTER = _inverted(_LETTERS)
