"""What models wrote about sections of documents, kept for the next time."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Collection

from rag.generation.prompt import Prompt

MOST_SECTIONS = 2000
"""A section's notes are a kilobyte or so, so this is a few megabytes."""


class SectionStore:
    """Notes in memory, the least recently used dropped first; one for a process, on one event loop.

    A stopped or failed reading goes on where it ended. The key is all that the notes depend on, the model and every
    word of its prompt, so a chat only gets what it would have had written from its own text: a file of the same name
    with other text has notes of its own. Notes of a chat's files go with them: `discard`.
    """

    def __init__(self, most: int = MOST_SECTIONS) -> None:
        self._most = most
        self._notes: OrderedDict[str, tuple[str, str]] = OrderedDict()

    @property
    def size(self) -> int:
        """How many sections it has notes of."""
        return len(self._notes)

    def get(self, model: str, prompt: Prompt) -> str:
        """What that model wrote for that prompt; "" when it is not known."""
        key = _key(model, prompt)
        if key not in self._notes:
            return ""
        self._notes.move_to_end(key)
        return self._notes[key][1]

    def put(self, model: str, prompt: Prompt, document: str, notes: str) -> None:
        """Keeps what that model wrote for that prompt, about a document by its id."""
        self._notes[_key(model, prompt)] = document, notes
        self._notes.move_to_end(_key(model, prompt))
        while len(self._notes) > self._most:
            self._notes.popitem(last=False)

    def discard(self, documents: Collection[str]) -> None:
        """Drops all notes about these documents, by their ids."""
        for key in [key for key, (document, _) in self._notes.items() if document in documents]:
            del self._notes[key]


def _key(model: str, prompt: Prompt) -> str:
    text = json.dumps([model, *([each["role"], each["content"]] for each in prompt.messages)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
