"""Tokens reach the browser at once, then in batches, and all of them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chat.streaming import Throttle, TokenStream
from tests.chat_client import until

LONG_S, SHORT_S = 60.0, 0.02
"""An interval that does not end during a test, and one that soon does."""


class Browser:
    """Collects what it is sent."""

    def __init__(self) -> None:
        self.received: list[str] = []

    async def send(self, text: str) -> None:
        self.received.append(text)

    @property
    def text(self) -> str:
        return "".join(self.received)


async def test_the_first_text_goes_out_at_once_and_the_next_ones_together():
    browser = Browser()
    stream = TokenStream(browser.send, interval_s=LONG_S)
    await stream.push("a")
    assert browser.received == ["a"]
    for letter in "bcd":
        await stream.push(letter)
    assert browser.received == ["a"]
    await stream.close()
    assert browser.received == ["a", "bcd"]


async def test_nothing_waits_for_the_next_token():
    browser = Browser()
    stream = TokenStream(browser.send, interval_s=SHORT_S)
    for letter in "abcd":
        await stream.push(letter)
    await until(lambda: browser.text == "abcd", "all of it")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=5), max_size=30))
def test_no_text_is_lost_or_reordered(texts: list[str]):
    async def run() -> str:
        browser = Browser()
        stream = TokenStream(browser.send, interval_s=0.001)
        for n, text in enumerate(texts):
            await stream.push(text)
            if n % 7 == 0:
                await asyncio.sleep(0)
        await stream.close()
        return browser.text

    assert asyncio.run(run()) == "".join(texts)


class Action:
    """Counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1


async def nothing_is_pending() -> None:
    """No task is left that could still run something later."""
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_throttle_runs_at_once_and_then_once_for_many_requests():
    action = Action()
    throttle = Throttle(action, interval_s=LONG_S)
    for _ in range(100):
        await throttle.request()
    assert action.runs == 1
    await throttle.close()
    assert action.runs == 2
    await nothing_is_pending()


async def test_what_a_throttle_holds_back_runs_by_itself():
    action = Action()
    throttle = Throttle(action, interval_s=SHORT_S)
    await throttle.request()
    await throttle.request()
    await until(lambda: action.runs == 2, "the second run")
    await nothing_is_pending()


async def test_a_throttle_without_requests_does_nothing():
    action = Action()
    await Throttle(action, interval_s=SHORT_S).close()
    assert action.runs == 0
    await nothing_is_pending()


async def test_after_a_quiet_interval_a_request_runs_at_once_again():
    action = Action()
    throttle = Throttle(action, interval_s=SHORT_S)
    await throttle.request()
    await asyncio.sleep(2 * SHORT_S)
    await throttle.request()
    assert action.runs == 2


async def test_closing_without_a_run_drops_what_was_waited_for():
    action = Action()
    throttle = Throttle(action, interval_s=LONG_S)
    await throttle.request()
    await throttle.request()
    await throttle.close(run=False)
    assert action.runs == 1
    await nothing_is_pending()


async def test_closing_with_nothing_waiting_does_not_run_again():
    action = Action()
    throttle = Throttle(action, interval_s=LONG_S)
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

    throttle = Throttle(action, interval_s=SHORT_S)
    with pytest.raises(OSError, match="gone"):
        await throttle.request()
    await asyncio.sleep(2 * SHORT_S)
    await throttle.request()
    assert runs == [1]


class SlowBrowser(Browser):
    """Takes its second text only once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.sending, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def send(self, text: str) -> None:
        if self.received:
            self.sending.set()
            await self.may_go_on.wait()
        await super().send(text)


@pytest.mark.parametrize("while_it_sends", [["c"], ["c", "d"], []], ids=str)
async def test_all_is_sent_in_its_order_also_over_a_slow_connection(while_it_sends: list[str]):
    browser = SlowBrowser()
    stream = TokenStream(browser.send, interval_s=SHORT_S)
    await stream.push("a")
    work = [_begun(stream.push, "b")]
    await browser.sending.wait()
    work += [_begun(stream.push, text) for text in while_it_sends]
    await asyncio.sleep(0)
    closing = asyncio.create_task(stream.close())
    await asyncio.sleep(0)
    assert not closing.done()
    browser.may_go_on.set()
    await closing
    assert browser.text == "".join(("a", "b", *while_it_sends))
    await asyncio.gather(*work)


def _begun(push: Callable[[str], Awaitable[None]], text: str) -> asyncio.Task[None]:
    """A push that may have to wait for the connection."""

    async def run() -> None:
        await push(text)

    return asyncio.create_task(run())
