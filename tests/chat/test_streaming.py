"""Tokens reach the browser at once, then in batches, and all of them."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chat.streaming import Throttle, TokenStream


async def test_the_first_piece_goes_out_at_once_and_the_next_ones_together():
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)

    stream = TokenStream(send, interval_s=0.05)
    await stream.push("a")
    assert sent == ["a"]
    for letter in "bcd":
        await stream.push(letter)
    assert sent == ["a"]
    await asyncio.sleep(0.2)
    assert sent == ["a", "bcd"]


async def test_nothing_waits_for_the_next_token():
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)

    stream = TokenStream(send, interval_s=0.02)
    await stream.push("a")
    await stream.push("b")
    await asyncio.sleep(0.2)
    assert sent == ["a", "b"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=5), max_size=30))
def test_no_text_is_lost_or_reordered(pieces: list[str]):
    async def run() -> str:
        sent: list[str] = []

        async def send(text: str) -> None:
            sent.append(text)

        stream = TokenStream(send, interval_s=0.001)
        for n, piece in enumerate(pieces):
            await stream.push(piece)
            if n % 7 == 0:
                await asyncio.sleep(0)
        await stream.close()
        return "".join(sent)

    assert asyncio.run(run()) == "".join(pieces)


class Action:
    """Counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1


async def test_a_throttle_runs_at_once_and_then_once_for_many_requests():
    action = Action()
    throttle = Throttle(action, interval_s=0.05)
    await throttle.request()
    assert action.runs == 1
    for _ in range(100):
        await throttle.request()
    assert action.runs == 1
    await asyncio.sleep(0.2)
    assert action.runs == 2


async def test_a_throttle_without_requests_does_nothing():
    action = Action()
    throttle = Throttle(action, interval_s=0.001)
    await asyncio.sleep(0.02)
    await throttle.close()
    assert action.runs == 0


async def test_after_a_quiet_interval_a_request_runs_at_once_again():
    action = Action()
    throttle = Throttle(action, interval_s=0.01)
    await throttle.request()
    await asyncio.sleep(0.1)
    await throttle.request()
    assert action.runs == 2


async def test_closing_runs_what_was_waited_for_once():
    action = Action()
    throttle = Throttle(action, interval_s=0.03)
    await throttle.request()
    await throttle.request()
    await throttle.close()
    assert action.runs == 2
    await asyncio.sleep(0.1)
    assert action.runs == 2


async def test_closing_without_a_run_drops_what_was_waited_for():
    action = Action()
    throttle = Throttle(action, interval_s=0.03)
    await throttle.request()
    await throttle.request()
    await throttle.close(run=False)
    await asyncio.sleep(0.1)
    assert action.runs == 1


async def test_closing_with_nothing_waiting_does_not_run_again():
    action = Action()
    throttle = Throttle(action, interval_s=0.03)
    await throttle.request()
    await throttle.close()
    await throttle.close()
    assert action.runs == 1


async def test_an_action_that_fails_at_once_is_the_callers_and_the_next_request_runs():
    failures = [OSError("The connection is gone.")]
    runs: list[int] = []

    async def action() -> None:
        if failures:
            raise failures.pop()
        runs.append(1)

    throttle = Throttle(action, interval_s=0.01)
    with pytest.raises(OSError, match="gone"):
        await throttle.request()
    await asyncio.sleep(0.05)
    await throttle.request()
    assert runs == [1]


async def test_text_keeps_its_order_when_one_send_is_slow():
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.3 if text == "b" else 0)
        sent.append(text)

    stream = TokenStream(send, interval_s=0.02)
    await stream.push("a")
    await stream.push("b")
    await asyncio.sleep(0.1)
    await stream.push("c")
    await stream.close()
    await asyncio.sleep(0.4)
    assert sent == ["a", "b", "c"]


async def test_after_closing_everything_has_been_sent_also_over_a_slow_connection():
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.1)
        sent.append(text)

    stream = TokenStream(send, interval_s=0.15)
    await stream.push("a")
    await stream.push("b")
    await asyncio.sleep(0.1)
    await stream.close()
    assert sent == ["a", "b"]
