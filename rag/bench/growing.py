"""Prompts of a wanted length, to see how the wait for the first token grows with it."""

CHARACTERS_PER_TOKEN = 4.0
"""Of English text in a vocabulary of 100,000 entries and more, about; a server that counts corrects it."""

_TASK = "\n\nWhat is this text about? Answer in one sentence."
_SENTENCES = (
    "The market opens at seven in the morning and closes when the last stall is empty.",
    "A narrow road leads from the harbour past the old mill to the upper village.",
    "In spring the river carries more water than the two bridges were built for.",
    "The library keeps its maps in a long room with windows to the north.",
    "Bread is baked twice a day, before sunrise and again in the early afternoon.",
    "Most of the houses have a small garden with beans, herbs and a bench.",
    "On the first Sunday of the month the band plays under the lime trees.",
    "The ferry takes forty minutes to the island and carries up to twelve cars.",
    "Snow seldom falls before January, and rarely stays for longer than a week.",
    "The school was moved to the hill when the valley became too noisy.",
    "A painter from the coast has rented the empty workshop behind the station.",
    "Two clocks hang in the town hall, and they have never shown the same time.",
)


def grown(characters: int, nth: int) -> str:
    """A neutral text of so many characters, to the word, with a task at its end.

    Each `nth` one begins with a number of its own and another sentence, so that no server can take it from a cache of
    the prompts before.
    """
    room = characters - len(_TASK)
    start = nth % len(_SENTENCES)
    round_trip = " ".join((*_SENTENCES[start:], *_SENTENCES[:start]))
    text = f"Text {nth + 1}. " + f"{round_trip} " * (room // len(round_trip) + 1)
    return text[: text.rfind(" ", 0, max(room, len("Text")) + 1)] + _TASK
