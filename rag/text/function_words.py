"""Words that carry a question and say nothing of its subject, in the seven languages that are shipped.

Articles, pronouns, prepositions, question words and auxiliaries, and the verbs that people ask with.
"""

import re
from collections.abc import Sequence

from rag.text.analysis import fold

WRITTEN = {
    "en": """
        a an the this that these those it its i me my mine you your yours he him his she her hers we us our ours
        they them their theirs am is are was were be been being do does did doing done have has had having can
        could may might must shall should will would not no yes and or but if than then so as at by for from in
        into of on onto to with without about after before between during again there here what which who whom
        whose when where why how much many any all each every some more most other such only own same too very
        just also while because until dont doesnt didnt isnt cant wont im ive don doesn didn isn aren wasn weren
        hasn haven hadn couldn wouldn shouldn mustn ll ve re whats whos wheres hows thats theres whether cannot
        both either nor few less s t d m
        """,
    "es": """
        el la los las lo un una unos unas de del al a ante con contra desde en entre hacia hasta para por según
        sin sobre tras y e o u ni pero si no sí que qué quién quiénes quien cuál cuáles cual cuánto cuánta
        cuántos cuántas cuándo dónde adónde cómo como cuando donde porque yo me mi mis tú te tu tus usted
        ustedes él ella ello ellos ellas se le les nos su sus nuestro nuestra este esta esto estos estas ese esa
        eso esos esas aquel aquella es son era eran fue fueron ser soy somos está están estaba estar estoy hay
        ha han he haber tiene tienen tengo tener puede pueden puedo poder hace hacen hacer hago debe deben debo
        muy más menos también ya todo todos toda todas otro otra otros otras cada algún alguna podemos nosotros
        estaban había tenía hizo durante
        """,
    "pt": """
        o a os as um uma uns umas de do da dos das em no na nos nas ao à aos às por pelo pela pelos pelas para
        com sem sobre entre até desde e ou nem mas se não sim que quê quem qual quais quanto quanta quantos
        quantas quando onde como porque porquê eu me mim meu minha meus minhas tu te você vocês ele ela eles
        elas lhe lhes nós nosso nossa seu sua seus suas este esta isto estes estas esse essa isso esses essas
        aquele aquela aquilo é são era eram foi foram ser sou somos está estão estava estar estou há tem têm
        tenho ter pode podem posso poder faz fazem fazer faço deve devem devo muito mais menos também já todo
        todos toda todas outro outra cada algum alguma podemos deste desta desse dessa nesse nessa neste nesta
        estavam tinha havia existe existem fez num numa segundo durante
        """,
    "ru": """
        и в во на с со к ко о об от до у за из по под над при про для без через между но а или да не ни же ли бы
        если чтобы потому что чего чему чем кто кого кому кем какой какая какое какие какого каких какую каким
        сколько когда где куда откуда как почему зачем который которая которое которые которого которых чей чья
        я меня мне мной мой моя мое мои ты тебя тебе твой он его ему она ее ей оно мы нас нам наш наша вы вас
        вам ваш ваша они их им ими себя свой этот эта это эти этого этой этих тот та то те того был была было
        были быть есть будет будут можно нельзя может могут могу мочь надо нужно должен должна очень еще уже
        также только все весь вся всех так там тут эту этому каком моего моей такое такой такая такие ту тому
        нее него ней нем них каков какова каково каковы своя этом той тех чье нет более менее больше всего
        """,
    "sl": """
        in v na s z k h o ob od do pri za iz po pod nad pred med brez skozi pa a ali ampak ne ni da če ker ko
        kot kaj česa čemu čim kdo koga komu kateri katera katero katere katerih kakšen kakšna kakšno kakšne
        koliko kdaj kje kam kod kako zakaj čigav jaz mene meni me mi moj moja moje ti tebe tebi te tvoj on njega
        njemu ga mu njegov ona nje njej jo njen ono oni njih jim njihov naš naša vi vas vam vaš vaša se si svoj
        ta to tega tej teh tisti tista je so sem sva smo sta ste bil bila bilo bili biti bo bodo bi ima imajo
        imam imeti lahko moram mora morajo treba zelo bolj najbolj tudi že še samo vse vsi vsak kakšni moji tem
        ki ter one njo njena njihova nam svoja temu tisto katerega katerem čiga čigava bile imel imela niso čez
        več manj
        """,
    "de": """
        der die das den dem des ein eine einen einem einer eines kein keine und oder aber wenn weil dass ob als
        wie nicht nein ja ich mich mir mein meine du dich dir dein deine er ihn ihm sein seine sie ihr ihre es
        wir uns unser unsere ihnen sich dieser diese dieses diesen jener was wer wen wem wessen wann wo wohin
        woher warum wieso weshalb welche welcher welches welchen wieviel wieviele viel viele ist sind war waren
        bin bist wird werden wurde wurden hat haben habe hatte hatten kann können konnte muss müssen soll sollen
        darf dürfen will wollen macht machen an am auf aus bei beim bis durch für gegen in im ins mit nach ohne
        seit über um unter von vom vor zu zum zur zwischen auch noch nur schon sehr mehr so welchem gibt meinem
        meinen meiner ihren diesem jene worden sei gewesen sollte
        """,
    "fr": """
        le la les l un une des du de d au aux à dans en sur sous par pour avec sans chez vers entre depuis
        pendant et ou ni mais si ne pas non oui que qu qui quoi quel quelle quels quelles quand où comment
        pourquoi combien dont lequel laquelle je j me m moi mon ma mes tu te toi ton ta tes il elle on nous vous
        ils elles lui leur leurs se s soi son sa ses notre nos votre vos ce c cet cette ces cela ça est sont
        était étaient être suis es sommes êtes fut furent sera a ont ai as avons avez avait avoir peut peuvent
        peux pouvoir doit doivent dois faut fait font faire fais très plus moins aussi déjà tout tous toute
        toutes autre autres chaque quelque puis été y t n
        """,
}
"""By ISO code, as they are written in small letters."""

REQUESTS = {
    "en": """
        often need want please tell give show explain describe provide list compare summarize summarise find say
        says mention mentioned mentions according let know knows exactly actually one ones two three made least
        """,
    "es": "dime dame diga explica muestra muéstrame favor",
    "pt": "diga mostre explique favor",
    "ru": "расскажи покажи объясни скажи скажите покажите назови пожалуйста",
    "sl": "povej pokaži razloži prosim",
    "de": "bitte zeige zeig sag nenne erkläre",
    "fr": "dis donne montre explique plaît",
}
"""How people ask, and what else no question is about."""

FUNCTION_WORDS = {language: frozenset(fold(words).split()) for language, words in WRITTEN.items()}
"""Folded as search terms are. Also what is a noun elsewhere ("die", "war"): only those of a text's own language count.
"""
_QUALIFIERS = {
    "en": """
        without after before during again all each every more most other such only own same no not both few less
        least until while because also too very just
        """,
    "es": "sin entre durante tras más menos muy ya todo todos toda todas otro otra otros otras cada",
    "pt": "sem até muito mais já todo todos toda todas outro outra cada não durante",
    "ru": "без через между под над при только все всего всех весь вся более менее больше не ни нет уже еще очень",
    "sl": "brez med čez skozi več manj zelo samo vse vsi vsak že še ne ni niso bolj najbolj",
    "de": "ohne durch gegen zwischen unter vor nur noch schon sehr mehr nicht kein keine",
    "fr": "sans pendant depuis plus moins très déjà tout tous toute toutes autre autres chaque ne pas non",
}
"""Those of them that say which one: a passage about what was "before 1066" has to say so."""
_ASKING = {language: words.union(fold(REQUESTS[language]).split()) for language, words in FUNCTION_WORDS.items()}
_EMPTY = {language: words.difference(fold(_QUALIFIERS[language]).split()) for language, words in _ASKING.items()}
_ALSO_SUBJECTS = frozenset(
    ("war", "hat", "die", "man", "son", "sin", "mit", "ser", "pod", "sobre", "real", "on", "bin", "gift", "once")
)
"""What means something of its own in another of these languages, or in a name."""
IN_ANY_LANGUAGE = frozenset[str]().union(*_ASKING.values()) - _ALSO_SUBJECTS

_UNSPACED = re.compile("[\u3041-\u309f的是在了和有为被吗呢吧么什谁哪怎几多少何]")
"""Hiragana, which carries the grammar of Japanese, and the characters of Chinese question words and particles."""
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+(?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])*")


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def likely_languages(words: Sequence[str]) -> list[str]:
    """The shipped languages that most of these folded words join or ask in; none where no language has any."""
    counts = {language: sum(word in known for word in words) for language, known in _ASKING.items()}
    most = max(counts.values())
    return [language for language, count in counts.items() if count == most] if most else []


def function_words(words: Sequence[str]) -> frozenset[str]:
    """Of these folded words of one text those that say nothing of its subject, in its language, nor which one it is."""
    known = frozenset[str]().union(*(_EMPTY[language] for language in likely_languages(words)))
    return known.intersection(words)


def content_words(text: str) -> list[str]:
    """The folded words of a text that may be its subject in any language, in order."""
    return [word for word in _TOKEN.findall(fold(text)) if word not in IN_ANY_LANGUAGE]


def is_function_gram(gram: str) -> bool:
    """Whether one or two characters of a script without spaces carry grammar, or ask."""
    return _UNSPACED.search(gram) is not None
