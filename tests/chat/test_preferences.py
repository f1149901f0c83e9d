"""What a person set for one chat, over what the app goes by."""

from dataclasses import replace

from rag.chat.session import Chat, Preferences
from rag.escalation.policy import Policy
from rag.turn.state import Budget

OPENED = Policy(confidence_threshold=0.5, grounding_threshold=0.41)
GROWN = replace(OPENED, grounding_threshold=0.47)
"""The app's policy after its library has grown."""
UNTOUCHED = {"confidence_threshold": 0.5, "grounding_threshold": 0.41, "passages": 5}
"""All that comes back from the settings when only the passages were changed."""


def test_what_nobody_touched_follows_the_app():
    chat = Chat(Preferences(Budget(), OPENED))
    chat.prefer(UNTOUCHED)
    assert chat.preferences.budget.passages == 5
    assert chat.preferences.applied_to(GROWN) == GROWN


def test_what_a_person_chose_stays():
    chat = Chat(Preferences(Budget(), OPENED))
    chat.prefer(UNTOUCHED | {"grounding_threshold": 0.2})
    chat.prefer(UNTOUCHED | {"grounding_threshold": 0.2, "confidence_threshold": 0.7})
    assert chat.preferences.applied_to(GROWN) == replace(GROWN, grounding_threshold=0.2, confidence_threshold=0.7)


def test_a_value_that_is_chosen_back_is_still_chosen():
    chat = Chat(Preferences(Budget(), OPENED))
    chat.prefer({"grounding_threshold": 0.2})
    chat.prefer({"grounding_threshold": 0.41})
    assert chat.preferences.applied_to(GROWN).grounding_threshold == 0.41
