"""The language of a short text, by its script, its function words and its letters."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from rag.text.analysis import fold
from rag.text.function_words import REQUESTS, WRITTEN

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

_CONVERSATION = {
    "en": """
        name hello hi hey thanks thank bye goodbye morning evening good help sorry great got get
        make 's 're 've 'll 'm 't 'd going back hiya howdy greetings cheers lets day night nice
        happy new time see later using use work works think like talk
        """,
    "es": """
        después antes hola gracias adiós buenos buenas días tardes noches puedes eres ayuda bien
        vale claro perdón siento quiero necesito ayer hoy vos ti buen día tarde saludos encantado
        encantada gusto vamos voy quieres gusta jaja luego mañana muchas mucho holi cuéntame háblame
        preséntate puedas descanses cuídate feliz agradecido llama genial perfecto bueno ahí allí
        llamas sabes hablas nada mejor tiempo chao chau tal
        """,
    "pt": """
        depois antes oi olá obrigado obrigada tchau bom boa dia tarde noite podes és ajuda tudo bem
        certo desculpa desculpe quero preciso ti vai vou estás fala tá perfeito ótimo legal beleza
        muita obrigadinho valeu agradeço prazer alguém diz vale alô opa oii adeus xau boas grato
        grata viva começar chama cancelar modelo fui logo então nada melhor abraço parabéns entendi
        serve olha será
        """,
    "sl": """
        le zdaj danes živjo zdravo hvala adijo nasvidenje dober dobro dobra jutro večer lepa
        pozdravljeni oprosti prav mogoče znaš rabim pomoč dan živijo čao hej pozdrav pozdravljen lep
        lepo imaš noč odlično super razumem ja tu tam gre greš sedaj vem pomagaš pomagati pomagate
        predstavi zahvaljujem grem ej oj adio veš najlepša lepe nas jutri vidimo srečno stran strani
        čem znaša velja prosil
        """,
    "de": """
        hallo danke tschüss guten gute gut tag morgen abend hilfe geht alles klar entschuldigung
        heißt jetzt wieder 's willkommen grüß gott servus moin vielen dank schön schöne schönen leid
        jemand wozu worum hast kannst könnt sprichst frage fragen gehts läuft sehen tschau ade wobei
        wofür worüber womit wogegen zusammen da hier bald später immer denn doch mal ganz du's
        """,
    "fr": """
        l' d' qu' c' j' n' s' avant après comme bonjour bonsoir salut merci revoir bonne journée
        soirée aide bien va désolé là coucou enchanté bientôt demain beaucoup parfait d'accord super
        génial voilà rien même adieu allo bienvenue jour pars discuter quelqu'un allez parle sais
        sait dit m' t' bon
        """,
    "ru": "privet zdravstvuyte spasibo poka dobryj svidaniya kak dela kto chto gde kogda pochemu bolshoe",
}
"""What people say in a chat, beside the function words; Russian in Latin letters."""
_WORDS = {
    language: words if language == "ru" else f"{WRITTEN[language]} {REQUESTS[language]} {words}"
    for language, words in _CONVERSATION.items()
}
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
