"""The controls of a new chat: example questions, the mode of a message, commands, settings."""

from collections.abc import Sequence
from typing import Any

import chainlit as cl
from chainlit.input_widget import InputWidget, Slider, Switch
from chainlit.mode import Mode, ModeOption

from rag.chat import file_scope
from rag.chat.session import Chat, Preference, Preferences
from rag.services import Services

_FOLDER = "folder:"
"""Before the name of a library folder, in the id of its switch."""

STARTERS = (
    ("How does an answer come about?", "What happens between my question and the cited answer?", "route"),
    ("Small or large model?", "When is a small model enough, and when does a larger one help?", "scale"),
    ("What stays on this machine?", "What data leaves my machine when I use Groundwork?", "lock"),
    ("Ask my own files", "How do I upload a document, and which files can be read?", "paperclip"),
)
"""Label, question, and the name of an icon in `public/icons`."""


def starters() -> list[cl.Starter]:
    """The example questions of an empty chat; the shipped documents answer each."""
    return [
        cl.Starter(label=label, message=question, icon=f"/public/icons/{icon}.svg")
        for label, question, icon in STARTERS
    ]


async def greet(chat: Chat, services: Services) -> None:
    """Sends the controls of a new chat."""
    emitter = cl.context.emitter
    modes = [_modes(services.settings.slm_alias, services.settings.llm_alias), file_scope.picker()]
    await emitter.set_modes(modes)
    await file_scope.show(chat)
    await emitter.set_commands(
        [
            _command("Files", "List and remove this chat's files", "files"),
            _command("Library", "What the library holds, and how its reading goes", "library"),
        ]
    )
    await cl.ChatSettings(widgets(chat.preferences, tuple(services.library_manager.libraries))).send()


def _command(name: str, description: str, icon: str) -> Any:
    return {"id": name, "description": description, "icon": icon, "button": True}


def _modes(small: str, large: str) -> Mode:
    return Mode(
        "answer",
        "Who answers",
        [
            ModeOption("auto", "Auto", f"{small} answers; {large} takes over when it helps", "sparkles", default=True),
            ModeOption("local", "Local only", f"{small} answers, whatever comes", "laptop"),
            ModeOption("large", "Large", f"{large} answers at once, and slower", "brain"),
        ],
    )


def widgets(preferences: Preferences, folders: Sequence[str] = ()) -> list[InputWidget]:
    """The settings of a chat, with a switch for each folder of the library; `accepted` understands their ids."""
    budget, policy = preferences.budget, preferences.policy
    return [
        *(
            Switch(
                id=f"{_FOLDER}{name}", label=f"Search the library folder {name}", initial=name not in preferences.closed
            )
            for name in folders
        ),
        _slider("passages", "Passages to read", budget.passages, 20, "More of them cost time.", step=1, lowest=1),
        _slider("temperature", "Temperature", budget.temperature, 1, "0 repeats itself, 1 varies.", step=0.1),
        _slider(
            "confidence_threshold",
            "Confidence threshold",
            policy.confidence_threshold,
            1,
            "A draft below it goes to the larger model.",
        ),
        _slider(
            "grounding_threshold",
            "Match threshold",
            policy.grounding_threshold,
            1,
            "A search below it means that the documents do not hold the answer.",
        ),
        Switch(id="streaming", label="Show the answer while it is written", initial=preferences.streaming),
        Switch(id="panel", label="Open the turn panel with each answer", initial=preferences.panel),
    ]


def _slider(
    name: str, label: str, initial: float, highest: float, description: str, *, step: float = 0.05, lowest: float = 0
) -> Slider:
    return Slider(id=name, label=label, initial=initial, min=lowest, max=highest, step=step, description=description)


def accepted(settings: dict[str, Any]) -> dict[str, Preference]:
    """The browser's settings as values for `Chat.prefer`, within their limits; anything else is left out."""
    limits = {
        "passages": (1, 20),
        "temperature": (0, 2),
        "confidence_threshold": (0, 1),
        "grounding_threshold": (0, 1),
    }
    values: dict[str, Preference] = {}
    if switches := [name for name in settings if name.startswith(_FOLDER)]:
        values["closed"] = frozenset(name.removeprefix(_FOLDER) for name in switches if settings[name] is False)
    for name, value in settings.items():
        if name in ("streaming", "panel") and isinstance(value, bool):
            values[name] = value
        elif name in limits and isinstance(value, int | float) and not isinstance(value, bool):
            low, high = limits[name]
            number = min(max(value, low), high)
            values[name] = round(number) if name == "passages" else number
    return values
