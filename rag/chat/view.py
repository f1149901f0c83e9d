"""A turn as a person sees it: status line, streamed answer, collapsed draft and reasoning, sources, panel."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import chainlit as cl
from chainlit.utils import utc_now

from rag.chat.abstention import NOTHING_AROUND, Surroundings, abstention
from rag.chat.panel import LivePanel, provenance, source_props, turn_props
from rag.chat.session import Chat, ChatTurn, is_narrow
from rag.chat.streaming import Throttle, TokenStream
from rag.events import Decided, Delta, Reasoning, Stage, TurnEvent
from rag.grounding.attribution import reason
from rag.text.language import language_of
from rag.text.markdown import FLAG, counted, flagged, numbered, page_markdown, plain
from rag.types import Generation, Passage, Turn

_ELEMENT_URL = "/public/elements/"
"""A custom element without a URL is written to disk at every update."""

STATUS_EVERY_S = 1.0


class TurnView:
    """The messages, steps and panel of one turn, updated by its events."""

    def __init__(self, chat: Chat, chat_turn: ChatTurn) -> None:
        self._chat, self._chat_turn = chat, chat_turn
        self._message: cl.Message | None = None
        self._answering = False
        """Whether the message holds the answer rather than a status line."""
        self._answer_stream = TokenStream(self._send_answer)
        self._reasoning_step: cl.Step | None = None
        self._reasoning_stream = TokenStream(self._send_reasoning)
        self._live_panel = LivePanel()
        self._panel_throttle = Throttle(self._send_live_panel, interval_s=0.1)
        self._status_task: asyncio.Task[None] | None = None
        self._model = ""
        """The alias of the model that runs now."""

    async def show(self, event: TurnEvent) -> None:
        """Makes one event visible."""
        if isinstance(event, Stage):
            self._model = event.model or self._model
            if not self._answering and self._model != "quoting":
                self._start_status(status_line(event))
        elif isinstance(event, Reasoning):
            await self._show_reasoning(event.text)
        elif isinstance(event, Delta):
            await self._show_answer(event.text)
        elif isinstance(event, Decided) and event.decision.action == "escalate":
            await self._set_draft_aside(event.draft)
        if self._live_panel.update(event) and self._chat.preferences.panel and not is_narrow():
            await self._panel_throttle.request()

    def show_waiting(self, line: str) -> None:
        """Shows what the turn waits for before it begins, if the wait is long enough to read."""
        self._start_status(line, after_s=0.3)

    async def finish(
        self, turn: Turn, actions: Sequence[cl.Action], note: str = "", around: Surroundings = NOTHING_AROUND
    ) -> None:
        """The finished answer with its sources, buttons and panel."""
        await self._end_streams()
        message = self._message or cl.Message("")
        answer = flagged(turn.answer, [(each.start, each.end) for each in turn.unsupported])
        answer = numbered(answer, [plain(each.document.name) for each in turn.listed])
        message.content = page_markdown(answer) or abstention(turn, around, language_of(turn.question))
        elements: list[Any] = [
            cl.CustomElement(
                name="Sources",
                props=source_props(turn, note, provenance(turn, around.attachments)),
                display="inline",
                url=_ELEMENT_URL,
            ),
            *(
                cl.Text(name=f"[{c.number}]", content=_shown(c.hit.passage), display="page")
                for c in turn.citations
                if c.cited
            ),
            *(cl.Text(name=f"[{n}]", content=_shown(each), display="page") for n, each in enumerate(turn.listed, 1)),
            *(cl.Text(name=FLAG, content="\n".join(_flags(turn)), display="page") for _ in turn.unsupported[:1]),
        ]
        message.elements = elements
        message.actions = list(actions)
        await message.send()
        self._chat_turn.sent.append(message)
        if self._chat.preferences.panel and not is_narrow():
            await show_panel(self._chat, turn)

    async def stopped(self) -> None:
        """The partial answer, marked as stopped; a turn without any text leaves one line."""
        await self._end_streams()
        message = self._message or cl.Message("")
        message.content = (
            f"{page_markdown(message.content).rstrip()}\n\n*Stopped.*" if self._answering else "*Stopped.*"
        )
        await message.send()
        self._chat_turn.sent.append(message)

    async def failed(self) -> None:
        """Removes the status line; text of the answer stays."""
        await self._end_streams()
        if self._message and self._answering:
            self._message.content = page_markdown(self._message.content)
            await self._message.send()
            self._chat_turn.sent.append(self._message)
        elif self._message:
            await self._message.remove()

    async def _show_answer(self, text: str) -> None:
        if not self._chat.preferences.streaming:
            return
        if not self._answering:
            await self._end_reasoning()
            self._stop_status()
            self._answering = True
            self._message = self._message or cl.Message("")
            self._message.content = ""
        await self._answer_stream.push(text)

    async def _send_answer(self, text: str) -> None:
        message = self._message
        if message is None:
            return
        fresh = not message.content
        await message.stream_token(message.content + text if fresh else text, is_sequence=fresh)

    async def _show_reasoning(self, text: str) -> None:
        if not self._reasoning_step:
            await self._remove_status()
            self._reasoning_step = cl.Step(
                name=f"Reasoning of {self._model}", type="tool", parent_id=self._chat_turn.run_id, show_input=False
            )
            self._reasoning_step.start = utc_now()
            await self._reasoning_step.send()
        await self._reasoning_stream.push(text)

    async def _send_reasoning(self, text: str) -> None:
        if self._reasoning_step:
            await self._reasoning_step.stream_token(text)

    async def _end_reasoning(self) -> None:
        await self._reasoning_stream.close()
        if self._reasoning_step:
            self._reasoning_step.end = utc_now()
            await self._reasoning_step.update()
            self._reasoning_step = None

    async def _set_draft_aside(self, draft: Generation | None) -> None:
        """The draft moves into a collapsed step, so that the larger model's answer takes its place."""
        await self._answer_stream.close()
        await self._end_reasoning()
        await self._remove_status(also_text=True)
        if draft:
            took = f"{draft.seconds:.1f} s" if draft.seconds >= 1 else f"{draft.seconds * 1000:.0f} ms"
            name = f"Draft by {draft.model} · {took}"
            step = cl.Step(name=name, type="tool", parent_id=self._chat_turn.run_id, show_input=False)
            step.start = step.end = utc_now()
            step.output = draft.text
            await step.send()

    async def _remove_status(self, *, also_text: bool = False) -> None:
        self._stop_status()
        if self._message and (also_text or not self._answering):
            await self._message.remove()
            self._message, self._answering = None, False

    async def _end_streams(self) -> None:
        """Sends what is buffered and ends the status line and the live panel."""
        self._stop_status()
        await self._answer_stream.close()
        await self._end_reasoning()
        await self._panel_throttle.close(run=False)

    def _start_status(self, line: str, after_s: float = 0.0) -> None:
        """Shows a status line that counts its seconds, until the next one or the first text."""
        self._stop_status()
        self._status_task = asyncio.create_task(self._update_status(line, after_s))

    def _stop_status(self) -> None:
        if self._status_task:
            self._status_task.cancel()
            self._status_task = None

    async def _update_status(self, line: str, after_s: float) -> None:
        began = time.monotonic()
        await asyncio.sleep(after_s)
        while True:
            waited = round(time.monotonic() - began)
            self._message = self._message or cl.Message("")
            await self._message.stream_token(f"*{line}{f' · {waited} s' if waited else ' …'}*", is_sequence=True)
            await asyncio.sleep(STATUS_EVERY_S)

    async def _send_live_panel(self) -> None:
        await _send_panel(self._chat, self._live_panel.props())


def _shown(passage: Passage) -> str:
    """A passage under the place where it stands."""
    return f"{passage.place}\n\n{passage.shown}"


def _flags(turn: Turn) -> Iterator[str]:
    """A line for each sentence that no passage supports, for a page that does not run the sources' script."""
    for each in turn.unsupported:
        yield f"- {plain(turn.answer[each.start : each.end])} ({reason(each)})"


def status_line(stage: Stage) -> str:
    """What the turn is waiting for, in a few words."""
    passages = counted(stage.passages, "passage")
    match stage.name:
        case "search":
            return f"Searching {passages}"
        case "read":
            part = f"part {stage.part[0]} of {stage.part[1]}" if stage.part else passages
            return f"{stage.model} is reading {part}" if stage.model else f"Reading {passages}"
        case "rewrite":
            return f"{stage.model} is putting the question into the words of your documents"
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


async def show_panel(chat: Chat, turn: Turn) -> None:
    """Opens the panel with a finished turn."""
    await _send_panel(chat, turn_props(turn, chat.finished_turns))


async def _send_panel(chat: Chat, props: dict[str, object]) -> None:
    """One element for the whole chat: the front end closes the sidebar when a side element comes or goes."""
    if chat.panel is None:
        panel_id = f"turn-{cl.context.session.id}"  # the same when the server began anew under an open page
        chat.panel = cl.CustomElement(id=panel_id, name="Turn", props=props, display="side", url=_ELEMENT_URL)
        await chat.panel.send(for_id="")
    else:
        chat.panel.props = props
        await chat.panel.update()
