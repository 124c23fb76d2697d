"""Writes of one turn leave together, in order, and are not lost when the connection ends."""

import asyncio

import pytest

from leadnator_auth.entrypoints.server.wire.gathering import MAX_GATHERED_BYTES, GatheringTransport


class Recording(asyncio.Transport):
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes | str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.told.append(bytes(data))

    def write_eof(self) -> None:
        self.told.append("eof")

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.told or "abort" in self.told


@pytest.fixture
async def recording() -> Recording:
    return Recording()


def gathering(recording: Recording) -> GatheringTransport:
    return GatheringTransport(recording, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_write(recording: Recording) -> None:
    transport = gathering(recording)
    transport.write(b"head")
    transport.write(bytearray(b"body"))
    assert recording.told == []
    await asyncio.sleep(0)
    assert recording.told == [b"headbody"]
    transport.write(b"next")
    await asyncio.sleep(0)
    assert recording.told == [b"headbody", b"next"]


@pytest.mark.parametrize(("end", "last"), [("close", "close"), ("write_eof", "eof")])
async def test_what_was_written_goes_before_the_end(recording: Recording, end: str, last: str) -> None:
    transport = gathering(recording)
    transport.write(b"answer")
    getattr(transport, end)()
    await asyncio.sleep(0)
    assert recording.told == [b"answer", last]


async def test_nothing_is_sent_after_an_abort(recording: Recording) -> None:
    transport = gathering(recording)
    transport.write(b"answer")
    transport.abort()
    await asyncio.sleep(0)
    assert recording.told == ["abort"]


@pytest.mark.parametrize("end", ["close", "write_eof", "abort"])
async def test_nothing_is_sent_after_the_end(recording: Recording, end: str) -> None:
    transport = gathering(recording)
    getattr(transport, end)()
    assert transport.is_closing()
    told = list(recording.told)
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert recording.told == told


async def test_a_connection_that_ends_in_another_way_is_not_closed(recording: Recording) -> None:
    transport = GatheringTransport(recording, asyncio.get_running_loop(), lambda: True)
    transport.write(b"answer")
    transport.close()
    await asyncio.sleep(0)
    assert recording.told == [b"answer"]


async def test_much_is_not_held_back(recording: Recording) -> None:
    transport = gathering(recording)
    transport.write(b"a" * MAX_GATHERED_BYTES)
    assert recording.told == []
    transport.write(b"b")
    assert recording.told == [b"a" * MAX_GATHERED_BYTES + b"b"]
    await asyncio.sleep(0)
    assert len(recording.told) == 1
