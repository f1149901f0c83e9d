"""Comparisons and several questions in one, cut into questions that can each be searched for."""

import re

from rag.intent.wording import Wording

_MOST_PARTS = 4
_MOST_CHARS = 400
"""A longer question is a text, and is searched for as a whole."""

_JOINED = (
    r"(?P<first>.+?)\s+(?:and|with|to|against|vs\.?|versus|y|con|e|com|и|с|со|in|z|s|und|mit|et|avec)\s+(?P<second>.+)"
)
_COMPARED = re.compile(
    r"\b(?:compare|contrast|comparison (?:of|between)|differences? between|compara(?:r|ción entre)?|diferencias? entre|"
    r"diferenças? entre|сравни(?:те|ть)?|(?:разниц\w*|различи\w*) между|primerjaj|razlik\w* med|vergleiche?|"
    rf"unterschiede? zwischen|comparez?|différences? entre)\s+{_JOINED}",
    re.IGNORECASE,
)
_AGAINST = re.compile(r"(?P<first>(?:\S+\s+){1,4}?)(?:vs\.?|versus)\s+(?P<second>\S+(?:\s+\S+){0,4})", re.IGNORECASE)
_CHOICE = re.compile(r"\bis\s+[^,:]{3,40}[,:]\s*(?P<first>.+?)\s+or\s+(?P<second>.+)", re.IGNORECASE)

_ASKING = (
    r"(?:what|which|who|how|when|where|why|is|are|does|do|can|qué|cuál\w*|quién|cómo|cuándo|dónde|cuánt\w*|quais?|quem|"
    r"como|quando|onde|quant\w*|que|o que|что|как\w*|кто|когда|где|сколько|почему|kaj|kater\w*|kdo|kako|kdaj|kje|"
    r"koliko|zakaj|was|welche\w*|wer|wie|wann|wo|warum|quels?|quelles?|comment|quand|où|combien)\b"
)
_NEXT_QUESTION = re.compile(
    rf"(?<=[?？])\s+(?=\w)|[,;]?\s+(?:and|y|e|и|а|pa|und|et)\s+(?={_ASKING})|,?\s+in\s+(?=(?:kaj|kdo|kako|kdaj|kje|koliko)\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(rf"[¿\s]*(?:(?:and|y|e|и|in|und|et)\s+)?{_ASKING}", re.IGNORECASE)
_LEAST_WORDS = 3
"""Of each of several questions; fewer, such as "and why?", depend on what stands before them."""


def sides(question: str) -> tuple[str, ...]:
    """The two things that a question compares; () where it compares none."""
    text = question.strip().rstrip("?.!¿¡ ")
    if len(text) > _MOST_CHARS:
        return ()
    match = _COMPARED.search(text) or _AGAINST.fullmatch(text) or _CHOICE.search(text)
    return tuple(match[side].strip(" ,;:¿¡") for side in ("first", "second")) if match else ()


def several_questions(question: str) -> tuple[str, ...]:
    """The questions of a text that asks several; () where it asks one, or a later one needs what stands before it."""
    if len(question) > _MOST_CHARS:
        return ()
    parts = [part.strip(" ,;") for part in _NEXT_QUESTION.split(question)]
    complete = all(len(part.split()) >= _LEAST_WORDS and _ASKS.match(part) for part in parts)
    alone = complete and not any(Wording(part).points for part in parts[1:])
    return tuple(parts[:_MOST_PARTS]) if alone and len(parts) > 1 else ()
