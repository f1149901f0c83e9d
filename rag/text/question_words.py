"""Words that ask rather than name: question words, pronouns, articles, auxiliaries, verbs of requests, by language."""

import re
from collections.abc import Sequence

from rag.text.analysis import fold

_WORDS = {
    "en": """
        what whats which who whos whom whose when where wheres why how hows am is are was were be been being do does
        did doing have has had having can could may might must shall should would i im ive me my mine we us our ours
        you your yours he him his he she her hers it its they them their theirs this that these those there here
        thats theres a an the and or any some about of in on at by for from to into with between as if but so than
        able much many often need want please tell give show explain describe provide list compare summarize
        summarise one two three dont doesnt isnt cant wont
        """,
    "es": """
        que quien quienes cual cuales cuando donde adonde como cuanto cuanta cuantos cuantas es son era eran fue
        fueron ser estar esta estan estaba hay ha han he haber puede pueden puedo podemos debe deben tiene tienen el
        la los las un una unos unas lo le les se su sus mi mis tu tus me te yo nosotros ellos ellas ella este estos
        estas ese esa esos esas eso esto aquel aquella de del al a en con por para desde sobre y e o si dime dame
        explica muestra
        """,
    "pt": """
        que quem qual quais quando onde como quanto quanta quantos quantas porque e sao era foi foram ser estar esta
        estao ha pode podem posso podemos deve devem tem o a os as um uma uns umas lhe se meu minha meus minhas seu
        sua seus suas me eu ele ela eles elas nos voce este esta isto esse essa esses essas isso aquele aquela de do
        da dos das em no na nas ao aos pelo pela com por para sobre ou diga mostre explique
        """,
    "ru": """
        что чего чему чем кто кого кому кем какой какая какое какие какого каком каких какую когда где куда откуда
        почему зачем как сколько чей чья ли это этот эта эти этого этой был была было были есть быть может можно
        могу нужно надо я мы вы ты он она оно они мне мой моя мое мои моего моей наш ваш его ее их себя и а но или в
        во на с со к ко от до из по за для о об у же бы такое такой такая такие расскажи покажи объясни
        """,
    "sl": """
        kaj kdo koga komu cigav kateri katera katero katere katerih kdaj kje kam zakaj kako koliko kaksen kaksna
        kaksno kaksni ali je sta so sem si smo ste bil bila bilo bili biti ima imajo imam lahko moram mora morajo
        jaz mi vi ti on ona ono oni moj moja moje moji vas nas njegov njen njihov ta to te tega tem se in pa da ki v
        na z s za od do iz po pri o povej pokazi razlozi prosim
        """,
    "de": """
        was wer wem wen wessen welche welcher welches welchen welchem wann wo wohin woher warum wieso wie wieviel
        viel viele gibt ist sind war waren wird werden wurde wurden kann konnen darf muss mussen soll haben hat habe
        ich wir ihr sie er es mein meine meinem meinen meiner unser dein deine sein seine der die das dem den des
        ein eine einem einen einer und oder im in am an zu zum zur von vom mit fur auf bei nach uber dieser diese
        dieses bitte zeige erklare
        """,
    "fr": """
        que quoi qui quel quelle quels quelles quand ou comment pourquoi combien est sont etait etaient etre suis
        peut peuvent puis dois doit a ont avoir avez je j tu il elle nous vous ils elles mon ma mes ton ta tes notre
        votre leur leurs ce cet cette ces c qu est-ce le la les l un une d de du des au aux et en dans sur pour avec
        par se dis montre explique
        """,
}
"""Also what is a noun elsewhere ("die", "war"): only the words of a text's own language count."""

FUNCTION_WORDS = {language: frozenset(fold(words).split()) for language, words in _WORDS.items()}

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def likely_languages(words: Sequence[str]) -> list[str]:
    """The shipped languages that have most of these folded words as function words; none where no language has any."""
    counts = {language: sum(word in known for word in words) for language, known in FUNCTION_WORDS.items()}
    most = max(counts.values())
    return [language for language, count in counts.items() if count == most] if most else []


def function_words(words: Sequence[str]) -> frozenset[str]:
    """Of these folded words of one text those that ask rather than name."""
    known = frozenset[str]().union(*(FUNCTION_WORDS[language] for language in likely_languages(words)))
    return known.intersection(words)
