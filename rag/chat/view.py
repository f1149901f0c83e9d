"""A turn as a person sees it: status line, streamed answer, collapsed draft and reasoning, sources, panel."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import chainlit as cl
from chainlit.utils import utc_now

from rag.chat.markdown import page_markdown, plain
from rag.chat.panel import LivePanel, turn_props
from rag.chat.session import AskedTurn, Chat, is_narrow
from rag.chat.source_list import source_props
from rag.chat.streaming import Throttle, TokenStream
from rag.types import Decided, Delta, Generation, Reasoning, Stage, Turn, TurnEvent

_NO_FILE = "/public/elements/"
"""A custom element without a URL is written to disk at every update."""

STATUS_EVERY_S = 1.0


class TurnView:
    """Shows one turn's events in the chat."""

    def __init__(self, chat: Chat, asked: AskedTurn) -> None:
        self._chat, self._asked = chat, asked
        self._message: cl.Message | None = None
        self._speaking = False
        """Whether the message holds the model's words rather than a status line."""
        self._words = TokenStream(self._send_words)
        self._thoughts: cl.Step | None = None
        self._thinking = TokenStream(self._send_thoughts)
        self._live = LivePanel()
        self._panel = Throttle(self._send_live_panel, interval_s=0.1)
        self._ticker: asyncio.Task[None] | None = None
        self._model = ""
        """Whom the turn waits for, or listens to."""

    async def show(self, event: TurnEvent) -> None:
        """Makes one event visible."""
        if isinstance(event, Stage):
            self._model = event.model or self._model
            if not self._speaking and self._model != "quoting":
                self._tick(status_line(event))
        elif isinstance(event, Reasoning):
            await self._think(event.text)
        elif isinstance(event, Delta):
            await self._speak(event.text)
        elif isinstance(event, Decided) and event.decision.action == "escalate":
            await self._set_draft_aside(event.draft)
        if self._live.take(event) and self._chat.preferences.panel and not is_narrow():
            await self._panel.request()

    def wait(self, line: str) -> None:
        """Says what the turn waits for before it begins, if the wait is long enough to read."""
        self._tick(line, after_s=0.3)

    async def finish(self, turn: Turn, actions: Sequence[cl.Action], note: str = "") -> None:
        """The finished answer with its sources, buttons and panel."""
        await self._quiet()
        message = self._message or cl.Message("")
        message.content = page_markdown(turn.answer) or abstention(turn)
        elements: list[Any] = [
            cl.CustomElement(name="Sources", props=source_props(turn, note), display="inline", url=_NO_FILE),
            *(
                cl.Text(name=f"[{c.number}]", content=f"{c.hit.passage.place}\n\n{c.hit.passage.shown}", display="page")
                for c in turn.citations
                if c.cited
            ),
        ]
        message.elements = elements
        message.actions = list(actions)
        await message.send()
        self._asked.sent.append(message)
        if self._chat.preferences.panel and not is_narrow():
            await show_panel(self._chat, turn)

    async def stopped(self) -> None:
        """The partial answer, marked as stopped; a turn that had not begun to speak leaves one line."""
        await self._quiet()
        message = self._message or cl.Message("")
        message.content = f"{page_markdown(message.content).rstrip()}\n\n*Stopped.*" if self._speaking else "*Stopped.*"
        await message.send()
        self._asked.sent.append(message)

    async def failed(self) -> None:
        """Takes away the status line; words that were already there stay."""
        await self._quiet()
        if self._message and self._speaking:
            self._message.content = page_markdown(self._message.content)
            await self._message.send()
            self._asked.sent.append(self._message)
        elif self._message:
            await self._message.remove()

    async def _speak(self, text: str) -> None:
        if not self._chat.preferences.streaming:
            return
        if not self._speaking:
            await self._end_thoughts()
            self._stop_ticker()
            self._speaking = True
            self._message = self._message or cl.Message("")
            self._message.content = ""
        await self._words.push(text)

    async def _send_words(self, text: str) -> None:
        message = self._message
        if message is None:
            return
        fresh = not message.content
        await message.stream_token(message.content + text if fresh else text, is_sequence=fresh)

    async def _think(self, text: str) -> None:
        if not self._thoughts:
            await self._drop_status()
            self._thoughts = cl.Step(
                name=f"Reasoning of {self._model}", type="tool", parent_id=self._asked.run_id, show_input=False
            )
            self._thoughts.start = utc_now()
            await self._thoughts.send()
        await self._thinking.push(text)

    async def _send_thoughts(self, text: str) -> None:
        if self._thoughts:
            await self._thoughts.stream_token(text)

    async def _end_thoughts(self) -> None:
        await self._thinking.close()
        if self._thoughts:
            self._thoughts.end = utc_now()
            await self._thoughts.update()
            self._thoughts = None

    async def _set_draft_aside(self, draft: Generation | None) -> None:
        """The draft moves into a collapsed step, so that the larger model's answer takes its place."""
        await self._words.close()
        await self._end_thoughts()
        await self._drop_status(also_words=True)
        if draft:
            took = f"{draft.seconds:.1f} s" if draft.seconds >= 1 else f"{draft.seconds * 1000:.0f} ms"
            name = f"Draft by {draft.model} · {took}"
            step = cl.Step(name=name, type="tool", parent_id=self._asked.run_id, show_input=False)
            step.start = step.end = utc_now()
            step.output = draft.text
            await step.send()

    async def _drop_status(self, *, also_words: bool = False) -> None:
        self._stop_ticker()
        if self._message and (also_words or not self._speaking):
            await self._message.remove()
            self._message, self._speaking = None, False

    async def _quiet(self) -> None:
        """Nothing is on its way any more."""
        self._stop_ticker()
        await self._words.close()
        await self._end_thoughts()
        await self._panel.close(run=False)

    def _tick(self, line: str, after_s: float = 0.0) -> None:
        """Shows a status line that counts its seconds, until the next one or the first word."""
        self._stop_ticker()
        self._ticker = asyncio.create_task(self._status(line, after_s))

    def _stop_ticker(self) -> None:
        if self._ticker:
            self._ticker.cancel()
            self._ticker = None

    async def _status(self, line: str, after_s: float) -> None:
        began = time.monotonic()
        await asyncio.sleep(after_s)
        while True:
            waited = round(time.monotonic() - began)
            self._message = self._message or cl.Message("")
            await self._message.stream_token(f"*{line}{f' · {waited} s' if waited else ' …'}*", is_sequence=True)
            await asyncio.sleep(STATUS_EVERY_S)

    async def _send_live_panel(self) -> None:
        await _send_panel(self._chat, self._live.props())


def status_line(stage: Stage) -> str:
    """What the turn is waiting for, in a few words."""
    passages = f"{stage.passages:,} passage{'' if stage.passages == 1 else 's'}"
    match stage.name:
        case "search":
            return f"Searching {passages}"
        case "rewrite":
            return f"{stage.model} is putting the question into words of its own"
        case "prompt":
            return f"Choosing from {passages}"
        case "load" | "escalation_load":
            return f"{stage.model} is loading into memory"
        case "request" | "escalation_request":
            return f"Asking {stage.model}"
        case "check" | "escalation_check":
            return "Checking the citations"
        case "generate" | "escalation_generate":
            return f"{stage.model} is writing"
        case _:
            return f"{stage.model} is reading {passages}"


def abstention(turn: Turn) -> str:
    """The sentence for a question that the documents do not answer."""
    if not turn.search.searched:
        return (
            "There is no document to search. Drop a file into the chat, or set LIBRARY_DIRS to folders that have some."
        )
    names = list(dict.fromkeys(hit.passage.document.title for hit in turn.search.hits))[:3]
    nearest = f" The nearest that they have: {', '.join(f'**{plain(name)}**' for name in names)}." if names else ""
    return f"I could not find an answer to this in your documents.{nearest}"


async def show_panel(chat: Chat, turn: Turn) -> None:
    """Opens the panel with a finished turn."""
    await _send_panel(chat, turn_props(turn, chat.turns))


async def _send_panel(chat: Chat, props: dict[str, object]) -> None:
    """One element for the whole chat: the front end closes the sidebar when a side element comes or goes."""
    if chat.panel is None:
        panel_id = f"turn-{cl.context.session.id}"  # the same when the server began anew under an open page
        chat.panel = cl.CustomElement(id=panel_id, name="Turn", props=props, display="side", url=_NO_FILE)
        await chat.panel.send(for_id="")
    else:
        chat.panel.props = props
        await chat.panel.update()
