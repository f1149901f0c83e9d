"""Tokens reach the browser at once, then in batches, and all of them."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chat.streaming import TokenStream


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
