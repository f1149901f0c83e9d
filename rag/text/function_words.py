"""Words that carry a question and say nothing of its subject, in the seven languages that are shipped.

Question words, pronouns, articles, auxiliaries, prepositions, and how people ask ("tell me", "please"). A word that
means something in another of these languages is in none: "war" is German for "was", and a subject in English.
"""

import re

from rag.text.analysis import fold

_ENGLISH = """
a an the this that these those it its i me my mine we us our you your he him his she her they them their one ones who
whom whose which what when where why how whether whats whos wheres hows is are was were be been being am isn aren wasn
weren do does did done doing don doesn didn has have had having haven hasn can could may might must shall should will
would cannot couldn wouldn shouldn made and or but if then than so as at by for from in into of off on onto out over
to up with without about between during there here any some each every all both either no not nor only also too very
just much many more most few less least please tell show give find list say says mention mentioned mentions according
let know knows does exactly actually s t re ll ve d m
"""
_SPANISH = """
el la los las un una unos unas lo le les se su sus mi mis tu tus nos este esta esto estos estas ese esa eso esos esas
aquel aquella yo ella ellos ellas usted ustedes quien quienes cual cuales cuando donde adonde como cuanto cuanta
cuantos cuantas que es era eran fue fueron ser esta estan estaba estaban ha han habia hay haber tiene tienen tenia
hace hacen hizo puede pueden de del al por para con desde hasta hacia sobre entre segun durante y e o u ni pero si muy
mas menos tambien ya dime dame diga muestra muestrame favor
"""
_PORTUGUESE = """
os um uma uns umas lhe lhes seu sua seus suas meu minha meus minhas nosso nossa isto isso aquilo esse essa deste desta
desse dessa nesse nessa neste nesta ele ela eles elas voce voces eu quem qual quais quando onde como quanto quanta
quantos quantas que sao era eram foi foram ser estao estava estavam ha tem tinha havia existe existem faz fazem fez
pode podem do da dos das ao aos pelo pela pelos pelas em na nos nas num numa para por com desde ate sobre entre
segundo durante ou mas se muito mais menos tambem ja diga mostre favor
"""
_GERMAN = """
der das den dem des ein eine einen einem einer eines ich du er sie wir ihr mein meine dein deine ihre ihren unser
dieser diese dieses diesem diesen jener jene wer wen wem wessen was welche welcher welches welchem welchen wann wo
wohin woher wie warum wieso weshalb wieviel wieviele ist sind waren wird werden wurde wurden worden sei gewesen hat
haben hatte hatten kann koennen konnte muss darf soll sollte und oder aber wenn dass als auch nur noch schon sehr viel
viele mehr von vom zu zum zur bei beim mit aus nach fur uber unter ohne durch gegen bis nicht kein keine es gibt bitte
zeig zeige sag nenne
"""
_FRENCH = """
le les une des du au aux ce cet cette ces cela ca il elle ils elles nous vous je moi mon ma mes ton ta tes notre votre
leur leurs qui que quoi quel quelle quels quelles quand ou comment combien pourquoi lequel laquelle est sont etait
etaient fut etre ete a ont avait avoir fait peut peuvent dans par pour avec sans sous sur entre vers chez et mais si
ne pas plus moins tres aussi deja y en l d c qu s t n j dis donne montre plait
"""
_RUSSIAN = """
я ты он она оно эту этому ту тому нее него ней нем них каков какова каково каковы мы вы они меня мне тебя тебе его ему
ее ей нас нам вас вам их им мой моя мое мои твой ваш ваша наш наша свой своя свои этот эта это эти этом этой этого
этих тот та те того той тех кто кого кому кем что чего чему чем какой какая какое какие какого какой каких каком какую
когда где куда откуда как почему зачем сколько чей чья чье ли был была было были быть есть будет будут может могут
можно и или но если то же бы не ни да нет в во на с со к ко у о об от до из за по под над при про для без через между
также еще уже очень только более менее больше всего все всех скажи скажите покажи покажите назови пожалуйста
"""
_SLOVENIAN = """
jaz ti on ona ono mi vi oni one mene meni tebe tebi njega njemu njo njen njena njihov njihova nas nam vas vam moj moja
moje tvoj vas nas svoj svoja ta te to tega temu tem teh tej tista tisti tisto kdo koga komu kaj cesa cemu kateri
katera katero katere katerega katerem kateri kdaj kje kam kod kako zakaj koliko ciga cigav cigava kaksen kaksna kaksno
kaksne je sta so sem si smo ste bil bila bilo bili bile biti bo bodo bi ima imajo imel imela lahko mora morajo in ali
pa ter ce ker da ne ni niso v na z s k h o ob od do iz za po pri brez med cez skozi tudi se ze zelo samo vec manj
povej pokazi prosim
"""
_ALSO_SUBJECTS = frozenset(
    ("war", "hat", "die", "man", "son", "sin", "mit", "ser", "pod", "sobre", "real", "on", "bin", "gift", "once")
)
"""What means something of its own in another of these languages, or in a name."""

FUNCTION_WORDS = (
    frozenset(
        fold(word)
        for text in (_ENGLISH, _SPANISH, _PORTUGUESE, _GERMAN, _FRENCH, _RUSSIAN, _SLOVENIAN)
        for word in text.split()
    )
    - _ALSO_SUBJECTS
)
"""Folded, as `rag.text.analysis.fold` does it."""

_UNSPACED = re.compile("[\u3041-\u309f的是在了和有为被吗呢吧么什谁哪怎几多少何]")
"""Hiragana, which carries the grammar of Japanese, and the characters of Chinese question words and particles."""
_TOKEN = re.compile(r"[^\W_]+(?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])*")


def content_words(text: str) -> list[str]:
    """The folded words of a text that are no function words, in order."""
    return [word for word in _TOKEN.findall(fold(text)) if word not in FUNCTION_WORDS]


def is_function_pair(pair: str) -> bool:
    """Whether two characters of a script without spaces carry grammar, or ask."""
    return _UNSPACED.search(pair) is not None
