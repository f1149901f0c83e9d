"""How far a draft can be trusted, as named numbers in [0, 1]; 1 always speaks for the draft. Pure functions."""

import re
from collections.abc import Sequence

from rag.citations import Checked, without_marks
from rag.decisions import Signal
from rag.records import Generation, Hit, SearchResult
from rag.retrieval.analysis import analyse, fold
from rag.sentences import sentences

WEIGHTS = {"support": 0.45, "coverage": 0.2, "strength": 0.15, "numbers": 0.1, "citations": 0.1}
"""How much each signal counts in `confidence`. Support tells attributable answers from others best of all (AUROC .95
and .97 on BEGIN's two sets for the share of stems alone), so it weighs most."""

ORDINARY_CHARS = 600
"""A longer draft leaves the passages more often; beyond the same length, by default, it is refined."""

_REFUSALS = re.compile(
    "|".join(
        (
            # English
            r"\b(?:passage|document|context|text|source)s?\b[^.]{0,60}\b(?:do|does|did)(?: not|n't) (?:\w+ )?"
            r"(?:answer|contain|cover|give|hold|include|mention|provide|say|specify|state|tell)",
            r"\bnot (?:mentioned|specified|provided|stated|found|given) (?:in|by) (?:\w+ ){0,2}"
            r"(?:passage|document|context|text|source)",
            r"\bno (?:information|mention) (?:about|of|on|regarding|in|is (?:available|given|provided))\b",
            r"\b(?:not enough|insufficient) information|\bi (?:could not|couldn't|cannot|can't) find\b",
            r"\bi (?:do not|don't) know\b|\b(?:cannot|can't|can not|unable to) answer\b",
            # Spanish
            r"\b(?:pasaje|documento|contexto|texto|fuente)s?\b[^.]{0,60}\bno (?:contiene|menciona|proporciona|indica)",
            r"\bno hay (?:informacion|datos)|\bno se (?:menciona|indica|especifica)\b|\bno lo se\b",
            r"\bno puedo responder\b|\binformacion insuficiente",
            # Portuguese
            r"\b(?:passagem|passagens|trechos?|documentos?|contexto|textos?)\b[^.]{0,60}\bnao (?:cont|mencion|fornec)",
            r"\bnao ha (?:informac|dados)|\bnao (?:e|sao) mencionad|\bnao sei\b",
            r"\bnao posso responder\b|\binformacao insuficiente",
            # Russian
            r"\b(?:отрыв|фрагмент|документ|контекст|текст|источник)\w*[^.]{0,60}\bне (?:содерж|упомина|указ|сообща)",
            r"\bнет (?:информации|данных|сведени)|\bне упоминается\b|\bне знаю\b",
            r"\bне могу ответить\b|\bнедостаточно (?:информации|данных|сведени)",
            # Slovenian
            r"\b(?:odlom|dokument|besedil|kontekst|vir)\w*[^.]{0,60}\bne (?:vsebuje|omenja|navaja)",
            r"\bni (?:podatk|informacij)|\bni (?:naveden|omenjen)|\bne vem\b|\bne morem odgovoriti\b",
        )
    )
)
"""Of folded text: what a model says when the passages do not help it; "not" alone says nothing, as answers have it."""
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")


def measure(search: SearchResult, draft: Generation, checked: Checked) -> tuple[Signal, ...]:
    """All signals of a draft."""
    text = without_marks(checked.text)
    return (
        Signal("strength", search.strength, "How much of the question the best passage holds"),
        Signal("coverage", search.coverage, "How many of the question's words stand in the passages"),
        Signal("support", support(text, search.hits), "How much of the draft stands in the passages"),
        Signal(
            "numbers", numbers_supported(text, search.hits), "How many of the draft's numbers stand in the passages"
        ),
        Signal("citations", citation_validity(checked), "How many sentences cite a passage that is there"),
        Signal("commitment", 0.0 if refuses(text) else 1.0, "0 when the draft says that it cannot answer"),
        Signal("length", min(1.0, ORDINARY_CHARS / (len(text) or 1)), "Less than 1 for a draft over 600 characters"),
        Signal("complete", 0.0 if draft.finish_reason == "length" else 1.0, "0 when the token limit cut it off"),
    )


def confidence(signals: Sequence[Signal]) -> float:
    """[0, 1]: the weighted mean of `WEIGHTS`; 0 for a draft that refuses."""
    value = {signal.name: signal.value for signal in signals}
    if not value["commitment"]:
        return 0.0
    return sum(weight * value[name] for name, weight in WEIGHTS.items())


def grounding(search: SearchResult) -> float:
    """[0, 1]: whether the passages may hold an answer at all, before a word is written."""
    return search.strength


def support(text: str, hits: Sequence[Hit]) -> float:
    """[0, 1]: share of the text's stems (in unspaced scripts, of its grams) that the passages hold; 0 for none."""
    own = analyse(text).units
    held = _held(hits)
    return sum(term in held for term in own) / len(own) if own else 0.0


def numbers_supported(text: str, hits: Sequence[Hit]) -> float:
    """[0, 1]: share of the text's numbers that stand in the passages; 1 when it has none."""
    numbers = _NUMBER.findall(_LIST_NUMBER.sub("", text))
    held = {number for hit in hits for number in _NUMBER.findall(f"{hit.passage.place}\n{hit.passage.text}")}
    return sum(number in held for number in numbers) / len(numbers) if numbers else 1.0


def citation_validity(checked: Checked) -> float:
    """[0, 1]: share of the sentences that carry a valid mark, less for marks that pointed nowhere."""
    written = [sentence for sentence in sentences(checked.text) if len(sentence) > 20]
    marked = sum(bool(re.search(r"\[\d+\]", sentence)) for sentence in written)
    share = marked / len(written) if written else float(bool(checked.cited))
    valid = sum(sentence.count("[") for sentence in written)
    return share * (valid / (valid + checked.removed) if checked.removed else 1.0)


def refuses(text: str) -> bool:
    """Whether a short text says that the answer is not there, in one of the interface's five languages."""
    return len(text) < 400 and bool(_REFUSALS.search(fold(text).replace("’", "'")))


def _held(hits: Sequence[Hit]) -> set[str]:
    terms = [analyse("\n".join((hit.passage.document.title, *hit.passage.headings, hit.passage.text))) for hit in hits]
    return {term for each in terms for term in (*each.words, *each.grams)}
