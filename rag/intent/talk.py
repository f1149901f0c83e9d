"""Greetings, thanks and questions about the assistant, set apart from questions for the documents."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from rag.intent.talk_model import TalkModel, hashed, shipped_talk_model, tokens
from rag.text.language import language_of

TalkKind = Literal["greeting", "thanks", "goodbye", "identity", "capabilities", "wellbeing", "acknowledgement"]
"""What is talked of; "identity" is all that asks about the assistant itself, jokes and pets among it."""

THRESHOLD = 0.5
"""Of the probability that a question is talk: out of fold, at most .2 % of what CLINC150 asks of other services is
above it (benchmarks/talk)."""

_MOST_CHARACTERS, _MOST_WORDS = 300, 30
"""Whoever writes more than this asks for something; the longest talk of CLINC150 has 27 words."""
_LEAST_REST = 3
"""Words after a greeting that are judged without it: "hello my friend" is one, "hi, who signed it?" is none."""
_LEAST_WITH_NAME = 4
"""Words of a text in which a name counts: "Thanks Anna" is talk, "Where does Anna come from?" is half as probable."""
_OTHER_SCRIPT = re.compile("[^\\W\\d_a-zа-яё\u00aa-\u024f\u02b0-\u02ff\u1e00-\u1eff]", re.IGNORECASE)

_OPENINGS = frozenset(
    tuple(tokens(phrase))
    for phrase in (
        *("hi", "hello", "hey", "hi there", "hello there", "good morning", "good afternoon", "good evening", "hi all"),
        *("thanks", "thank you", "thx", "ok", "okay", "great", "cool", "sorry", "yes", "no", "and", "so", "please"),
        *("hola", "buenos días", "buenas tardes", "buenas noches", "buenas", "gracias", "muchas gracias", "vale"),
        *("perdón", "perfecto", "sí", "por favor", "oi", "olá", "bom dia", "boa tarde", "boa noite", "obrigado"),
        *("obrigada", "certo", "desculpe", "sim", "привет", "здравствуйте", "добрый день", "доброе утро", "извините"),
        *("добрый вечер", "спасибо", "хорошо", "да", "пожалуйста", "živjo", "zdravo", "dober dan", "dobro jutro"),
        *("dober večer", "pozdravljeni", "hej", "hvala", "v redu", "oprostite", "prosim", "hallo", "guten tag", "ja"),
        *("guten morgen", "guten abend", "danke", "vielen dank", "entschuldigung", "bitte", "bonjour", "bonsoir"),
        *("salut", "merci", "d'accord", "pardon", "oui", "moin", "super", "prima"),
    )
)
"""What people write before a question, and a question is none the less."""
_LONGEST_OPENING = max(map(len, _OPENINGS))


@dataclass(frozen=True, slots=True)
class Talk:
    """What a person wrote, when it is no question for the documents."""

    kind: TalkKind
    language: str
    """ISO 639-1 code of one of `rag.text.language.LANGUAGES`, "" where nothing decides."""
    probability: float
    """(0, 1): that it is talk; at least `THRESHOLD`."""


def classify_talk(question: str) -> Talk | None:
    """The talk that a question is, or None for a question that the documents may answer.

    Words of greeting or thanks before a question change nothing: with three words and more after them, what comes
    after must be talk too. Knows English, Spanish, Portuguese, Russian, Slovenian, German and French; a text with
    letters of other alphabets, or of more than 30 words, is None. Takes about 0.3 ms, and some 30 ms the first time.
    """
    if len(question) > _MOST_CHARACTERS or _OTHER_SCRIPT.search(question):
        return None
    if not 0 < len(tokens(question)) <= _MOST_WORDS:
        return None
    kind, probability = judge(question, shipped_talk_model())
    return Talk(kind, language_of(question), probability) if probability >= THRESHOLD else None


def judge(question: str, model: TalkModel) -> tuple[TalkKind, float]:
    """The most probable kind of talk, and the probability that a text with words is talk at all."""
    words = tokens(question)
    kind, probability = _talk(words, model)
    if len(words) >= _LEAST_WITH_NAME and _names_something(question, model):
        probability /= 2
    rest = _without_openings(words)
    if len(rest) < _LEAST_REST or len(rest) == len(words):
        return kind, probability
    kind, of_rest = _talk(rest, model)
    return kind, min(probability, of_rest)


def _talk(words: list[str], model: TalkModel) -> tuple[TalkKind, float]:
    probabilities = model(words)
    none = probabilities.pop("")
    return cast(TalkKind, max(probabilities, key=probabilities.__getitem__)), 1 - none


def _names_something(question: str, model: TalkModel) -> bool:
    """Whether a word with a capital, not the first and not of talk, is there; German writes all nouns so."""
    later = (each.lstrip("\"'“„«»(¿¡") for each in question.split()[1:])
    capitalised = [word for each in later if each[:1].isupper() for word in tokens(each)]
    return not all(model.known[hashed(word)] for word in capitalised) and language_of(question) != "de"


def _without_openings(words: list[str]) -> list[str]:
    """What is left behind words of greeting, thanks and consent."""
    for length in range(_LONGEST_OPENING, 0, -1):
        if tuple(words[:length]) in _OPENINGS:
            return _without_openings(words[length:])
    return words
