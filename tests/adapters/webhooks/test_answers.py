"""What a target may do to whoever sends to it: nothing that takes more than 15 seconds or a few kilobytes."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpcore2
import pytest

from leadnator_auth.adapters.webhooks import GuardedNetwork, HttpWebhookSender
from leadnator_auth.adapters.webhooks.sender import ANSWER_SECONDS, LEFTOVER_SECONDS, MAX_ANSWER_BYTES
from leadnator_auth.domain import UnavailableError
from leadnator_auth.testing.contract.webhook_sender import a_message
from tests.adapters.webhooks.fake_network import (
    NO_TLS,
    FakeNetwork,
    FakeStream,
    answering,
    at_once,
    in_virtual_time,
    names,
    never,
)
from tests.adapters.webhooks.target import listening, sending

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
PUBLIC = "93.184.215.14"
URL = "https://hooks.example.com/hook"


def over(network: FakeNetwork, *addresses: str) -> HttpWebhookSender:
    """Returns a sender to whom the only name has these addresses."""
    return HttpWebhookSender(
        GuardedNetwork(network=network, resolve=names(hooks=addresses or [PUBLIC])), ssl_context=NO_TLS
    )


async def one_byte_a_second(data: bytes) -> AsyncIterator[bytes]:
    for byte in data:
        await asyncio.sleep(1)
        yield bytes([byte])


async def endless(piece: bytes, seconds: float = 0.0) -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(seconds)
        yield piece


async def then(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def silence() -> AsyncIterator[bytes]:
    await never()
    yield b""


def reading(reads: Callable[[], AsyncIterator[bytes]]) -> FakeNetwork:
    return FakeNetwork(lambda: FakeStream(reads()))


SLOW = {
    "says nothing": reading(silence),
    "says one byte a second": reading(lambda: one_byte_a_second(OK)),
    "says for ever that it goes on": reading(lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1)),
    "takes nothing": FakeNetwork(lambda: FakeStream(at_once(OK), takes=never)),
    "does not shake hands": FakeNetwork(lambda: FakeStream(at_once(OK), shakes_hands=never)),
    "does not let connect": FakeNetwork(lambda: FakeStream(at_once(OK)), before=lambda address: never()),
}


@pytest.mark.parametrize("network", SLOW.values(), ids=SLOW)
def test_who_is_slow_has_fifteen_seconds_in_all(network: FakeNetwork) -> None:
    outcome, seconds = in_virtual_time(over(network).post(a_message(URL)))
    assert isinstance(outcome, UnavailableError)
    assert str(outcome) == "no answer within 15 seconds"
    assert seconds == pytest.approx(ANSWER_SECONDS)
    assert all(stream.is_closed for stream in network.streams)


def test_a_name_server_that_is_slow_has_no_more() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await never()
        return []

    sender = HttpWebhookSender(GuardedNetwork(network=answering(OK), resolve=resolve), ssl_context=NO_TLS)
    outcome, seconds = in_virtual_time(sender.post(a_message(URL)))
    assert isinstance(outcome, UnavailableError)
    assert seconds == pytest.approx(ANSWER_SECONDS)


def test_of_several_addresses_a_dead_one_leaves_time_for_the_others() -> None:
    async def connect(address: str) -> None:
        if address == PUBLIC:
            await never()

    network = FakeNetwork(lambda: FakeStream(at_once(OK)), before=connect)
    outcome, seconds = in_virtual_time(over(network, PUBLIC, "8.8.8.8").post(a_message(URL)))
    assert (outcome, network.connected) == (200, [PUBLIC, "8.8.8.8"])
    assert seconds < ANSWER_SECONDS / 2


@pytest.mark.parametrize("rest", [silence, lambda: endless(b"x", 1.0)], ids=["never comes", "trickles"])
def test_a_body_that_is_slow_changes_no_status_and_is_not_waited_for(rest: Callable[[], AsyncIterator[bytes]]) -> None:
    head = b"HTTP/1.1 202 Accepted\r\ncontent-length: 1000000\r\n\r\n"
    network = reading(lambda: then(head, rest()))
    outcome, seconds = in_virtual_time(over(network).post(a_message(URL)))
    assert (outcome, seconds) == (202, LEFTOVER_SECONDS)
    assert network.streams[0].is_closed


@pytest.mark.parametrize(
    "head",
    [b"content-length: 104857600\r\n\r\n", b"connection: close\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n"],
    ids=["declared", "to the end", "chunked"],
)
def test_of_a_hundred_megabytes_a_few_kilobytes_are_read(head: bytes) -> None:
    chunk = b"x" * 65_536
    piece = b"10000\r\n" + chunk + b"\r\n" if b"chunked" in head else chunk
    network = reading(lambda: then(b"HTTP/1.1 200 OK\r\n" + head, endless(piece)))
    outcome, seconds = in_virtual_time(over(network).post(a_message(URL)))
    assert (outcome, seconds) == (200, 0.0)
    (stream,) = network.streams
    assert stream.is_closed
    assert stream.read_bytes < MAX_ANSWER_BYTES + 3 * len(piece)


def test_a_head_without_end_is_no_answer() -> None:
    network = reading(lambda: then(b"HTTP/1.1 200 OK\r\n", endless(b"x: " + b"y" * 65_536 + b"\r\n")))
    outcome, seconds = in_virtual_time(over(network).post(a_message(URL)))
    assert isinstance(outcome, UnavailableError)
    assert seconds == 0.0
    assert network.streams[0].read_bytes < 1_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_bomb_is_not_unpacked(encoding: str) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    assert len(bomb) < MAX_ANSWER_BYTES
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {len(bomb)}\r\n\r\n".encode()
    sender, message = over(answering(head + bomb)), a_message(URL)
    tracemalloc.start()
    try:
        assert await sender.post(message) == 200
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


NO_ANSWERS = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-",
    "not HTTP": b"SSH-2.0-OpenSSH_9.9 geheim\r\n\r\n",
    "our own words": b"POST /geheim HTTP/1.1\r\nwebhook-signature: v1,geheim\r\n\r\n",
    "no status": b"HTTP/1.1 geheim OK\r\n\r\n",
    "a contradiction": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    "a field without name": b"HTTP/1.1 200 OK\r\n: geheim\r\n\r\n",
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_is_no_answer_is_told_in_words_of_our_own(answer: bytes) -> None:
    with pytest.raises(UnavailableError) as error:
        await over(answering(answer)).post(a_message(URL))
    assert str(error.value) == "there was no answer, or none in HTTP"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpcore2.ReadError("geheim"), "the connection broke"),
        (httpcore2.WriteError("geheim"), "the connection broke"),
        (OSError("geheim"), "the connection broke"),
        (httpcore2.ConnectError("geheim"), "no connection came about"),
    ],
    ids=repr,
)
async def test_what_breaks_is_told_in_words_of_our_own(failure: Exception, words: str) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        if failure:
            raise failure
        yield b""

    with pytest.raises(UnavailableError) as error:
        await over(reading(breaking)).post(a_message(URL))
    assert str(error.value) == words


async def test_a_connection_that_broke_within_the_body_changes_no_status() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx"
        raise httpcore2.ReadError

    assert await over(reading(breaking)).post(a_message(URL)) == 200


async def test_nothing_is_kept_of_an_answer_but_its_connection() -> None:
    async with listening() as target, sending() as sender:
        target.answer = (
            b"HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\nstrict-transport-security: max-age=9\r\n"
            b"alt-svc: h3=':443'\r\ncontent-length: 2\r\n\r\n{}"
        )
        for number in range(3):
            assert await sender.post(a_message(target.url, number)) == 200
        assert target.connections == 1
        assert all("cookie" not in got.headers for got in target.requests)


async def test_an_answer_too_long_costs_its_connection() -> None:
    async with listening() as target, sending() as sender:
        size = 4 * MAX_ANSWER_BYTES
        target.answer = f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size
        for number in range(2):
            assert await sender.post(a_message(target.url, number)) == 200
        assert target.connections == 2


async def test_nothing_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither proxies nor passwords: who may set the one for other programs must not see what this one sends."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login geheim password geheim\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with listening() as proxy, listening() as target, sending() as sender:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await sender.post(a_message(target.url)) == 200
        (got,) = target.requests
        assert proxy.connections == 0
        assert "authorization" not in got.headers


async def test_the_request_is_what_the_specification_says_and_no_more() -> None:
    async with listening() as target, sending() as sender:
        message = a_message(target.url)
        await sender.post(message)
        (got,) = target.requests
    assert got.headers.keys() == {
        "host",
        "content-length",
        "content-type",
        "accept",
        "accept-encoding",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    assert got.headers["accept-encoding"] == "identity"
    assert got.headers["content-length"] == str(len(message.body.encode()))
    assert got.headers["user-agent"] == "leadnator-auth"
