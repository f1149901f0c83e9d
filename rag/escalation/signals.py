"""How far a draft can be trusted, as named numbers in [0, 1]; 1 always speaks for the draft. Pure functions."""

import re
from collections.abc import Sequence

from rag.citations import Checked, without_marks
from rag.records import Generation, Hit, SearchResult, Signal
from rag.retrieval.analysis import analyse, fold
from rag.sentences import sentences

WEIGHTS = {"support": 0.45, "coverage": 0.2, "strength": 0.15, "numbers": 0.1, "citations": 0.1}
"""How much each signal counts in `confidence`. Support tells attributable answers from others best of all (AUROC .95
and .97 on BEGIN's two sets for the share of stems alone), so it weighs most."""

_REFUSALS = tuple(
    fold(phrase)
    for phrase in (
        # English
        *("do not contain", "does not contain", "don't contain", "doesn't contain", "do not hold", "do not provide"),
        *(
            "does not provide",
            "do not mention",
            "does not mention",
            "not mentioned in",
            "no information",
            "i don't know",
        ),
        *("i do not know", "cannot answer", "can't answer", "not enough information", "insufficient"),
        *("unable to answer", "is not specified", "are not specified"),
        # Spanish
        *("no contienen", "no contiene", "no mencionan", "no hay información", "no se menciona", "no lo sé"),
        *("no puedo responder", "información insuficiente", "no proporcionan", "no aparece"),
        # Portuguese
        *("não contêm", "não contém", "não mencionam", "não há informaç", "não é mencionad", "não sei"),
        *("não posso responder", "informação insuficiente", "não fornecem"),
        # Russian
        *("не содерж", "нет информации", "не упомина", "не указан", "не знаю", "не могу ответить", "недостаточно"),
        # Slovenian
        *("ne vsebuje", "ni podatk", "ni informacij", "ni naveden", "ne omenja", "ne vem", "ne morem odgovoriti"),
    )
)
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
    numbers = _NUMBER.findall(text)
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
    folded = fold(text).replace("’", "'")
    return len(text) < 400 and any(phrase in folded for phrase in _REFUSALS)


def _held(hits: Sequence[Hit]) -> set[str]:
    terms = [analyse("\n".join((hit.passage.document.title, *hit.passage.headings, hit.passage.text))) for hit in hits]
    return {term for each in terms for term in (*each.words, *each.grams)}
