"""Refusals and hedges in the interface's five languages, as patterns for folded text."""

import re

from rag.text.analysis import fold
from rag.text.sentences import sentences

_LONGEST_REFUSAL = 400
"""Characters; a longer draft that says so has answered something else besides."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(map(fold, patterns)))


_REFUSALS = _any_of(
    # English
    r"\b(?:passage|document|context|text|source|material|excerpt)s?\b[^.]{0,60}\b(?:do|does|did)(?: not|n't) (?:\w+ )?"
    r"(?:address|answer|contain|cover|give|hold|include|mention|provide|say|specify|state|tell)",
    r"(?:\bnot|n't) (?:mentioned|specified|provided|stated|found|given|covered|addressed) (?:in|by) (?:\w+ ){0,2}"
    r"(?:passage|document|context|text|source|material|excerpt)",
    r"\bno (?:information|mention|answer|details?) (?:about|of|on|regarding|in|to|is (?:available|given|provided))\b",
    r"\b(?:not enough|insufficient) information|\bi (?:could not|couldn't|cannot|can't|was unable to) find\b",
    r"\bi (?:do not|don't) (?:know|have (?:\w+ )?(?:information|details|data|knowledge))\b",
    r"\b(?:cannot|can't|can not|unable to|not able to) (?:answer|provide an answer)\b",
    # Spanish
    r"\b(?:pasaje|documento|contexto|texto|fuente|fragmento)s?\b[^.]{0,60}"
    r"\bno (?:contiene|menciona|proporciona|indica|especifica|responde|dice|aborda|habla|ofrece|aclara)",
    r"\bno (?:hay|dispongo de|tengo) (?:\w+ )?(?:información|datos|mención)|\bno se (?:menciona|indica|especifica)\b",
    r"\bno (?:lo sé|puedo responder|puedo contestar|es posible responder|encuentro|he encontrado|pude encontrar)\b",
    r"\b(?:información|datos) insuficiente|\bdesconozco (?:la respuesta|ese dato)",
    # Portuguese
    r"\b(?:passagem|passagens|trechos?|documentos?|contexto|textos?|fontes?|excertos?)\b[^.]{0,60}"
    r"\bnão (?:cont|mencion|fornec|indic|especific|respond|diz|abord|refer|esclarec)",
    r"\bnão (?:há|tenho|disponho de|existem?) (?:\w+ )?(?:informaç|dados|menção)",
    r"\bnão (?:é|são|está|estão|foi) (?:mencionad|indicad|especificad)|\bnão (?:sei\b|encontrei|consegui encontrar)",
    r"\bnão (?:posso|consigo|é possível) responder\b|\binformaç(?:ão|ões) insuficiente|\bdesconheço a resposta",
    # Russian
    r"\b(?:отрыв|фрагмент|документ|контекст|текст|источник|материал)\w*[^.]{0,60}"
    r"\bне (?:содерж|упомина|указ|сообща|говор|описы|отвеча|раскры|приводи)",
    r"\bнет (?:никак\w+ |достаточн\w+ )?(?:информации|данных|сведени|упоминани|ответа)",
    r"\bне (?:упоминается|знаю|нашел|нашла|нашлось|удалось найти|могу найти|могу ответить)\b",
    r"\bнедостаточно (?:информации|данных|сведени)",
    # Slovenian
    r"\b(?:odlom|dokument|besedil|kontekst|vir|gradiv)\w*[^.]{0,60}"
    r"\bne (?:vsebuje|omenja|navaja|pove|govori|odgovarja|opisuje|daje)",
    r"\b(?:ni|nimam) (?:dovolj )?(?:podatk|informacij|omembe|odgovora)|\bni (?:naveden|omenjen|opredeljen|zapisan)",
    r"\bne (?:vem|najdem|morem odgovoriti|morem najti)\b|\bnisem naš(?:el|la)\b|\bni mogoče odgovoriti\b",
    r"\bpremalo (?:podatkov|informacij)",
)
"""What a model says when the passages do not help it; "not" alone says nothing, as answers have it."""

_HEDGES = _any_of(
    # English; not "may", "can" and "could", which are rules as often as doubts
    r"\b(?:might|perhaps|maybe|probably|possibly|presumably|apparently|seemingly|supposedly|likely|unlikely|unclear)\b",
    r"\b(?:seems?|appears?) (?:to|that|like|as if)\b|\bcould be that\b|\bit is possible that\b",
    r"\bi (?:think|believe|guess|suppose|assume|suspect)\b|\bi would (?:say|think|guess|assume)\b|\bas far as i\b",
    r"(?:\bnot|n't) (?:\w+ )?(?:sure|certain|clear)\b",
    # Spanish
    r"\b(?:quizás?|tal vez|acaso|probablemente|posiblemente|seguramente|aparentemente|supuestamente|al parecer)\b",
    r"\b(?:a lo mejor|puede que|podría ser|es (?:posible|probable) que|parece que|no está claro|no queda claro)\b",
    r"\b(?:creo|pienso|supongo|imagino|me parece) que\b|\bno estoy segur[oa]\b",
    # Portuguese
    r"\b(?:talvez|quiçá|provavelmente|possivelmente|aparentemente|supostamente|ao que parece|se calhar)\b",
    r"\b(?:pode ser que|poderia ser|é (?:possível|provável) que|parece que|não está claro|não é claro)\b",
    r"\b(?:acho|creio|penso|suponho|acredito|imagino|parece-me) que\b|\bnão (?:tenho (?:a )?certeza|estou certo)\b",
    # Russian
    r"\b(?:возможно|вероятно|наверное|наверно|может быть|должно быть|видимо|по-видимому|скорее всего|кажется|похоже)\b",
    r"\b(?:предположительно|якобы|вроде бы|по всей видимости|не исключено|неясно|не ясно)\b",
    r"\b(?:думаю|полагаю|предполагаю|считаю),? что\b|\bя (?:думаю|полагаю|предполагаю)\b|\bне увер(?:ен|ена|ены)\b",
    # Slovenian; "je mogoče" says that something can be done
    r"\b(?:morda|verjetno|najbrž|menda|domnevno|nemara|bržkone|baje|očitno)\b|(?<!\bje )(?<!\bni )\bmogoče\b",
    r"\b(?:zdi se|kaže, da|možno je, da|utegne\w*|ni jasno|ni povsem jasno)\b",
    r"\b(?:mislim|menim|domnevam|predvidevam),? da\b|\bnis(?:em|mo) (?:povsem )?prepričan",
)
"""What makes a statement a guess: epistemic hedges (Hyland, 1998), each in the languages' own words."""


def refuses(text: str) -> bool:
    """Whether a text of up to 400 characters says that the answer is not there."""
    return len(text) < _LONGEST_REFUSAL and bool(_REFUSALS.search(_plain(text)))


def hedges(text: str) -> float:
    """[0, 1]: share of the sentences that say that they may be wrong, as with "might", quizás, talvez, возможно, morda.

    0 for an empty text. Its absence separates BEGIN's drafts by AUROC .546 / .543 (wow / cmu): a doubt is no invention.
    """
    written = sentences(text)
    return sum(bool(_HEDGES.search(_plain(each))) for each in written) / len(written) if written else 0.0


def _plain(text: str) -> str:
    return fold(text).replace("’", "'")
