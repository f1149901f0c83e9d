"""The messages between the app and its Foundry Local child."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generation.foundry.protocol import (
    Cancel,
    Describe,
    Done,
    DownloadModel,
    DownloadProgress,
    Failed,
    Load,
    ModelInfo,
    ModelsReply,
    ProtocolError,
    Ready,
    Reply,
    Request,
    Shutdown,
    Variants,
    decode_reply,
    decode_request,
    encode,
)

REQUESTS = st.one_of(*(st.builds(kind) for kind in (Describe, Variants, Load, DownloadModel, Cancel, Shutdown)))
FINITE = st.floats(0, allow_infinity=False)
MODEL_INFOS = st.builds(
    ModelInfo,
    size_mb=st.none() | FINITE,
    context_length=st.none() | st.integers(0),
    device=st.text(),
)
REPLIES = st.one_of(
    st.builds(Ready),
    st.builds(ModelsReply, models=st.lists(MODEL_INFOS).map(tuple)),
    st.builds(DownloadProgress, share=st.floats(0, 1)),
    st.builds(Done),
    st.builds(Failed),
)


@given(REQUESTS)
def test_a_request_survives_the_channel(request: Request) -> None:
    assert decode_request(encode(request)) == request


@given(REPLIES)
def test_a_reply_survives_the_channel(reply: Reply) -> None:
    assert decode_reply(encode(reply)) == reply


@given(REQUESTS | REPLIES)
def test_a_message_is_one_line(message: Request | Reply) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@given(REPLIES, st.data())
def test_a_line_that_broke_off_is_refused(reply: Reply, data: st.DataObject) -> None:
    line = encode(reply).rstrip()
    with pytest.raises(ProtocolError, match="not a message of the protocol"):
        decode_reply(line[: data.draw(st.integers(0, len(line) - 1))])


@given(st.binary())
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(noise)


@given(REPLIES)
def test_what_goes_one_way_is_not_taken_the_other_way(reply: Reply) -> None:
    with pytest.raises(ProtocolError):
        decode_request(encode(reply))


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "load", "id": "1", "alias": "phi-4-mini"}',
        b'{"type": "load", "id": 1}',
        b'{"type": "sing", "id": 1}',
        b'{"type": "load", "id": 1, "alias": null}',
        b"[warning] failed to fetch catalog",
    ],
)
def test_a_message_with_wrong_fields_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(line)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_progress_outside_of_its_range_is_refused(share: float) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(b'{"type": "progress", "id": 1, "share": %f}' % share)


def test_the_error_quotes_only_the_beginning_of_a_long_line() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_request(b"x" * 1_000_000)
    assert len(str(caught.value)) < 200
