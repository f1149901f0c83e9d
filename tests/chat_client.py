"""A tab without a page: speaks Chainlit's websocket as its page does, and keeps what a person would see."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import socketio

PATIENCE_S = 60.0
"""For what comes next, also on a busy machine."""

Json = dict[str, Any]


async def until(is_so: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Waits until something is so."""
    try:
        async with asyncio.timeout(within_s):
            while not is_so():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"It never came about: {what}") from None


@dataclass
class ChatClient:
    """One chat."""

    url: str
    http: aiohttp.ClientSession
    id: str = field(default_factory=lambda: str(uuid4()))
    """The session's, which another tab can take over."""
    events: list[tuple[str, Any]] = field(default_factory=list)
    """All that came, in order."""
    steps: dict[str, Json] = field(default_factory=dict)
    """What stands in the chat now, by id, in order."""
    elements: dict[str, Json] = field(default_factory=dict)
    busy: bool = False
    """Whether a turn runs, as the page shows it by its stop button."""
    ended: int = 0
    """How many turns have ended."""

    async def connect(self, *, again: bool = False) -> None:
        """Opens the chat and waits for its controls, or takes up one that a tab has left."""
        self.socket = socketio.AsyncClient(reconnection=False, http_session=self.http)
        self.socket.on("*", self._on_event)
        await self.socket.connect(
            self.url,
            socketio_path="/ws/socket.io",
            transports=["websocket"],
            auth={"sessionId": self.id, "clientType": "webapp", "userEnv": "{}"},
            headers={"Origin": self.url},
        )
        await self.socket.emit("connection_successful")
        last = "clear_call_fn" if again else "chat_settings"
        await until(lambda: any(name == last for name, _ in self.events) and not self.busy, "the chat opens")

    async def disconnect(self) -> None:
        """Closes the tab."""
        await self.socket.disconnect()

    async def send(self, text: str, *, files: Sequence[str] = (), mode: str = "", message_id: str = "") -> str:
        """Sends a message, or an earlier one again with other words; gives back its id."""
        message: Json = {
            "id": message_id or str(uuid4()),
            "threadId": "",
            "name": "User",
            "type": "user_message",
            "output": text,
            "createdAt": "2026-01-01T00:00:00Z",
            "modes": {"answer": mode} if mode else None,
        }
        payload = {"message": message, "fileReferences": [{"id": file} for file in files]}
        self.steps[message["id"]] = message
        await self.socket.emit("edit_message" if message_id else "client_message", payload)
        return message["id"]

    async def ask(self, text: str, *, files: Sequence[str] = (), mode: str = "", message_id: str = "") -> Json:
        """Sends a message and waits until its turn has ended; gives back the last message that came of it."""
        ended = self.ended
        await self.send(text, files=files, mode=mode, message_id=message_id)
        await until(lambda: self.ended > ended, f"an end of {text!r}")
        return self.said[-1]

    async def upload(self, name: str, content: bytes) -> str:
        """Puts a file on the server for the next message; gives back its id there."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name)
        address = f"{self.url}/project/file?session_id={self.id}"
        async with self.http.post(address, data=form, headers={"Origin": self.url}) as response:
            return (await response.json())["id"]

    async def act(self, name: str, payload: object) -> int:
        """Presses a button; gives back the HTTP status."""
        body = {"sessionId": self.id, "action": {"name": name, "payload": payload, "id": str(uuid4())}}
        address = f"{self.url}/project/action"
        async with self.http.post(address, json=body, headers={"Origin": self.url}) as response:
            return response.status

    async def stop(self) -> None:
        """Presses the stop button."""
        await self.socket.emit("stop")

    @property
    def said(self) -> list[Json]:
        """The answers and sentences in the chat now, in order."""
        return [step for step in self.steps.values() if step["type"] == "assistant_message"]

    @property
    def asked(self) -> list[str]:
        """The questions in the chat now, in order."""
        return [step["output"] for step in self.steps.values() if step["type"] == "user_message"]

    @property
    def text(self) -> str:
        """What the last of them says."""
        return self.said[-1]["output"] if self.said else ""

    def sources(self, message: Json) -> Json:
        """What stands under an answer."""
        (found,) = [
            json.loads(element["props"]) if isinstance(element["props"], str) else element["props"]
            for element in self.elements.values()
            if element.get("name") == "Sources" and element["forId"] == message["id"]
        ]
        return found

    async def _on_event(self, name: str, data: Any = None) -> None:
        self.events.append((name, data))
        match name:
            case "new_message" | "update_message" | "stream_start":
                self.steps[data["id"]] = dict(data)
            case "delete_message":
                self.steps.pop(data["id"], None)
            case "stream_token" if step := self.steps.get(data["id"]):
                step["output"] = data["token"] if data.get("isSequence") else step["output"] + data["token"]
            case "element":
                self.elements[data["id"]] = data
            case "task_start":
                self.busy = True
            case "task_end":
                self.busy, self.ended = False, self.ended + self.busy
            case _:
                pass


@asynccontextmanager
async def open_chat(url: str, *, session_id: str = "") -> AsyncIterator[ChatClient]:
    """A new chat, or the one of that session, which another tab has left."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        chat = ChatClient(url, http, session_id or str(uuid4()))
        await chat.connect(again=bool(session_id))
        try:
            yield chat
        finally:
            await chat.disconnect()
