"""A body that is too long: its sender gets to read the refusal, and cannot keep us reading for ever."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Message

from leadnator_auth.entrypoints.http.middleware import lingering
from leadnator_auth.entrypoints.http.middleware.lingering import MAX_DRAINED_BYTES, LingeringResponse
from tests.e2e.server import DEADLINE_SECONDS

CHUNK: Message = {"type": "http.request", "body": b" " * 0x10000, "more_body": True}
LAST: Message = {"type": "http.request", "body": b" ", "more_body": False}
HANGS_UP: Message = {"type": "http.disconnect"}
Answer = tuple[list[Message], int]


async def answer_to(next_message: Callable[[int], Message | None]) -> Answer:
    """Returns what is sent to a client that sends these messages, none for silence, and how many were read."""
    sent: list[Message] = []
    received = 0

    async def receive() -> Message:
        nonlocal received
        assert sent, "it was made to wait for its answer"
        message = next_message(received)
        received += 1
        if message is None:
            await asyncio.Event().wait()
            return HANGS_UP
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(DEADLINE_SECONDS):
        await LingeringResponse("too long", 413)({"type": "http"}, receive, send)
    return sent, received


def assert_whole(sent: list[Message]) -> None:
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]
    assert sent[0]["status"] == 413
    assert sent[1]["body"] + sent[2]["body"] == b"too long"
    assert [message.get("more_body", False) for message in sent[1:]] == [True, False]


@pytest.mark.parametrize("end", [LAST, HANGS_UP, {"type": "http.request"}], ids=["end", "hung up", "nothing"])
async def test_what_is_still_sent_is_read_to_its_end(end: Message) -> None:
    sent, received = await answer_to(lambda number: CHUNK if number < 20 else end)
    assert_whole(sent)
    assert received == 21


async def test_an_endless_body_is_not_read_for_ever() -> None:
    sent, received = await answer_to(lambda _: CHUNK)
    assert_whole(sent)
    assert received == MAX_DRAINED_BYTES // 0x10000


async def test_a_silent_client_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "DRAIN_SECONDS", 0.001)
    sent, received = await answer_to(lambda _: None)
    assert_whole(sent)
    assert received == 1
