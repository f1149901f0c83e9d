"""Function words of the shipped languages: what joins the words that a question is about, and asks."""

from rag.text.analysis import fold


def _folded(*lines: str) -> frozenset[str]:
    return frozenset(fold(" ".join(lines)).split())


FUNCTION_WORDS_BY_LANGUAGE = {
    "en": _folded(
        "a an the this that these those it its i me my mine you your yours he him his she her hers we us our ours",
        "they them their theirs am is are was were be been being do does did doing done have has had having can",
        "could may might must shall should will would not no yes and or but if than then so as at by for from in",
        "into of on onto to with without about after before between during over under up down out off again there",
        "here what which who whom whose when where why how much many any all each every some more most other such",
        "only own same too very just also while because until dont doesnt didnt isnt cant wont im ive don doesn",
        "didn isn aren wasn weren hasn haven hadn couldn wouldn shouldn mustn ll ve re",
    ),
    "es": _folded(
        "el la los las lo un una unos unas de del al a ante con contra desde en entre hacia hasta para por según",
        "sin sobre tras y e o u ni pero si no sí que qué quién quiénes quien cuál cuáles cual cuánto cuánta",
        "cuántos cuántas cuándo dónde adónde cómo como cuando donde porque yo me mi mis tú te tu tus usted ustedes",
        "él ella ello ellos ellas se le les nos su sus nuestro nuestra este esta esto estos estas ese esa eso esos",
        "esas aquel aquella es son era eran fue fueron ser soy somos está están estaba estar estoy hay ha han he",
        "haber tiene tienen tengo tener puede pueden puedo poder hace hacen hacer hago debe deben debo muy más",
        "menos también ya todo todos toda todas otro otra otros otras cada algún alguna",
    ),
    "pt": _folded(
        "o a os as um uma uns umas de do da dos das em no na nos nas ao à aos às por pelo pela pelos pelas para",
        "com sem sobre entre até desde e ou nem mas se não sim que quê quem qual quais quanto quanta quantos",
        "quantas quando onde como porque porquê eu me mim meu minha meus minhas tu te você vocês ele ela eles elas",
        "lhe lhes nós nosso nossa seu sua seus suas este esta isto estes estas esse essa isso esses essas aquele",
        "aquela aquilo é são era eram foi foram ser sou somos está estão estava estar estou há tem têm tenho ter",
        "pode podem posso poder faz fazem fazer faço deve devem devo muito mais menos também já todo todos toda",
        "todas outro outra cada algum alguma",
    ),
    "ru": _folded(
        "и в во на с со к ко о об от до у за из по под над при про для без через между но а или да не ни же ли бы",
        "если чтобы потому что чего чему чем кто кого кому кем какой какая какое какие какого каких какую каким",
        "сколько когда где куда откуда как почему зачем который которая которое которые которого которых чей чья я",
        "меня мне мной мой моя мое мои ты тебя тебе твой он его ему она ее ей оно мы нас нам наш наша вы вас вам",
        "ваш ваша они их им ими себя свой этот эта это эти этого этой этих тот та то те того был была было были",
        "быть есть будет будут можно нельзя может могут могу мочь надо нужно должен должна очень еще уже также",
        "только все весь вся всех так там тут",
    ),
    "sl": _folded(
        "in v na s z k h o ob od do pri za iz po pod nad pred med brez skozi pa a ali ampak ne ni da če ker ko kot",
        "kaj česa čemu čim kdo koga komu kateri katera katero katere katerih kakšen kakšna kakšno kakšne koliko",
        "kdaj kje kam kod kako zakaj čigav jaz mene meni me mi moj moja moje ti tebe tebi te tvoj on njega njemu",
        "ga mu njegov ona nje njej jo njen ono oni njih jim njihov naš naša vi vas vam vaš vaša se si svoj ta to",
        "te tega tej teh tisti tista je so sem sva smo sta ste bil bila bilo bili biti bo bodo bi ima imajo imam",
        "imeti lahko moram mora morajo treba zelo bolj najbolj tudi že še samo vse vsi vsak",
    ),
    "de": _folded(
        "der die das den dem des ein eine einen einem einer eines kein keine und oder aber wenn weil dass ob als",
        "wie nicht nein ja ich mich mir mein meine du dich dir dein deine er ihn ihm sein seine sie ihr ihre es",
        "wir uns unser unsere ihnen sich dieser diese dieses diesen jener was wer wen wem wessen wann wo wohin",
        "woher warum wieso weshalb welche welcher welches welchen wieviel wieviele viel viele ist sind war waren",
        "bin bist sein wird werden wurde wurden hat haben habe hatte hatten kann können konnte muss müssen soll",
        "sollen darf dürfen will wollen macht machen an am auf aus bei beim bis durch für gegen in im ins mit nach",
        "ohne seit über um unter von vom vor zu zum zur zwischen auch noch nur schon sehr mehr so",
    ),
    "fr": _folded(
        "le la les l un une des du de d au aux à dans en sur sous par pour avec sans chez vers entre depuis",
        "pendant et ou ni mais si ne pas non oui que qu qui quoi quel quelle quels quelles quand où comment",
        "pourquoi combien dont lequel laquelle je j me m moi mon ma mes tu te toi ton ta tes il elle on nous vous",
        "ils elles lui leur leurs se s soi son sa ses notre nos votre vos ce c cet cette ces cela ça est sont",
        "était étaient être suis es sommes êtes fut furent sera a ont ai as avons avez avait avoir peut peuvent",
        "peux pouvoir doit doivent dois faut fait font faire fais très plus moins aussi déjà tout tous toute",
        "toutes autre autres chaque quelque",
    ),
}
"""By ISO code, folded as search terms are: articles, pronouns, prepositions, question words, auxiliaries."""
