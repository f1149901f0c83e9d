"""A chat session of Chainlit in this process, and all that its browser would have been sent."""

import os
import tempfile
import uuid
import warnings
from typing import Any

with warnings.catch_warnings(), tempfile.TemporaryDirectory() as root:
    warnings.simplefilter("ignore")  # of the libraries that Chainlit imports
    os.environ["CHAINLIT_APP_ROOT"] = root  # where its import writes a configuration and translations
    from chainlit.context import init_ws_context
    from chainlit.session import WebsocketSession

    del os.environ["CHAINLIT_APP_ROOT"]


class Browser:
    """What arrived, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.session = WebsocketSession(
            id=str(uuid.uuid4()),
            socket_id="sid",
            emit=self._emit,
            emit_call=self._call,
            user_env={},
            client_type="webapp",
        )
        init_ws_context(self.session)

    def of(self, name: str) -> list[Any]:
        return [data for event, data in self.events if event == name]

    async def _emit(self, event: str, data: Any) -> None:
        self.events.append((event, data))

    async def _call(self, *_: Any) -> None:
        return None
