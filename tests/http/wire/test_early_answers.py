"""One request, one answer, whenever and however slowly its body comes: the real application, in virtual time."""

from typing import NamedTuple

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.reading.body import BODY_TIMEOUT_SECONDS
from leadnator_auth.entrypoints.server.wire.guard import HEAD_SECONDS
from tests.http.wire.exchanging import Conversation, Exchange, exchanges

pytestmark = pytest.mark.usefixtures("logs")

NEXT = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"
EXPECT = b"Expect: 100-continue\r\n"
LENGTH = b"Content-Length: 10\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"a\r\n1234567890\r\n0\r\n\r\n"
A_MOMENT = 0.5


class Early(NamedTuple):
    """A request that is answered before its body is there."""

    head: bytes
    status: int


EARLY: dict[str, Early] = {
    "not found": Early(b"POST /nowhere HTTP/1.1\r\nHost: a\r\n", 404),
    "method not allowed": Early(b"PUT /api/auth/me HTTP/1.1\r\nHost: a\r\n", 405),
    "no token": Early(b"GET /api/auth/me HTTP/1.1\r\nHost: a\r\n", 401),
    "bad token": Early(b"POST /api/auth/logout HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a.b.c\r\n", 401),
    "two credentials": Early(b"GET /api/auth/me?token=a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer b\r\n", 400),
    "wrong type": Early(b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n", 415),
    "compressed": Early(b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n" + JSON, 415),
    "served without looking": Early(b"GET /healthz HTTP/1.1\r\nHost: a\r\n", 200),
}
FRAMINGS = {"length": (LENGTH, b"1234567890"), "chunks": (CHUNKED, CHUNKS)}

PARTS: dict[str, Conversation] = {
    "never": [],
    "a part": [b"a"],
    "a part, later": [A_MOMENT, b"a"],
    "a trickle": [2.0, b"a", 2.0, b"\r", 2.0, b"\n", 2.0, b"1", 2.0, b"2", 2.0, b"3"],
    "the start, then silence": [b"a\r\n1234"],
}
"""What comes of a body that does not come as a whole: it could be the start of either framing."""


def talk(parser: str, conversation: Conversation) -> Exchange:
    (exchange,) = exchanges(create_app(memory_ports()), parser, [conversation])
    return exchange


@pytest.fixture(params=EARLY)
def early(request: pytest.FixtureRequest) -> Early:
    """Each request that is answered at once."""
    return EARLY[request.param]


@pytest.fixture(params=FRAMINGS)
def framing(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    """Each way of sending a body."""
    return FRAMINGS[request.param]


@pytest.mark.parametrize("more", [b"", EXPECT, b"Connection: close\r\n", EXPECT + b"Connection: close\r\n"])
@pytest.mark.parametrize("parts", PARTS)
def test_a_body_that_does_not_come_gets_no_answer_of_its_own(
    parser: str, early: Early, framing: tuple[bytes, bytes], parts: str, more: bytes
) -> None:
    exchange = talk(parser, [early.head + more + framing[0] + b"\r\n", *PARTS[parts]])
    assert exchange.statuses == [early.status]
    assert exchange.times_told_to_go_on == 0
    assert exchange.seconds <= HEAD_SECONDS + 1


def test_the_part_may_come_with_the_head(parser: str, early: Early, framing: tuple[bytes, bytes]) -> None:
    exchange = talk(parser, [early.head + framing[0] + b"\r\na"])
    assert exchange.statuses == [early.status]


@pytest.mark.parametrize("pause", [0.0, A_MOMENT, HEAD_SECONDS - 1])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_the_next_request_begins_behind_the_body(
    parser: str, early: Early, framing: tuple[bytes, bytes], pause: float, size: int
) -> None:
    declared, body = framing
    rest = body + NEXT
    packets = [rest[start : start + size] for start in range(0, len(rest), size)]
    exchange = talk(parser, [early.head + declared + b"\r\n", pause, *packets])
    assert exchange.statuses == [early.status, 200]
    assert exchange.answers[1].json == {"ok": True}


def test_what_comes_behind_its_deadline_is_no_request(parser: str, early: Early, framing: tuple[bytes, bytes]) -> None:
    declared, body = framing
    exchange = talk(parser, [early.head + declared + b"\r\n", HEAD_SECONDS + 1, body + NEXT])
    assert exchange.statuses == [early.status]


def test_who_was_not_told_to_go_on_is_not_waited_for(parser: str, early: Early, framing: tuple[bytes, bytes]) -> None:
    """Whether it sends the body all the same is open: what comes next could be the next request."""
    for then in (NEXT, framing[1] + NEXT, framing[1][:4]):
        exchange = talk(parser, [early.head + EXPECT + framing[0] + b"\r\n", then])
        assert exchange.statuses == [early.status]
        assert exchange.answers[0].headers["connection"] == "close"
        assert exchange.seconds < A_MOMENT


def test_who_did_not_wait_may_go_on(parser: str, early: Early, framing: tuple[bytes, bytes]) -> None:
    declared, body = framing
    exchange = talk(parser, [early.head + EXPECT + declared + b"\r\n" + body + NEXT])
    assert exchange.statuses == [early.status, 200]


LOG_IN = b"POST /api/auth/login HTTP/1.1\r\nHost: a\r\n" + JSON


@pytest.mark.parametrize("more", [b"", EXPECT])
@pytest.mark.parametrize("parts", PARTS)
def test_a_body_that_is_waited_for_and_does_not_come_is_answered_once(
    parser: str, framing: tuple[bytes, bytes], parts: str, more: bytes
) -> None:
    exchange = talk(parser, [LOG_IN + more + framing[0] + b"\r\n", *PARTS[parts], 30.0, NEXT])
    assert exchange.statuses == [408]
    assert exchange.times_told_to_go_on == (1 if more else 0)
    assert exchange.answers[0].headers["connection"] == "close"
    assert exchange.seconds <= BODY_TIMEOUT_SECONDS + 1


def test_a_body_that_breaks_off_badly_is_answered_once(parser: str, early: Early) -> None:
    for head, status in (early, (LOG_IN, 400)):
        for more in (b"", EXPECT):
            exchange = talk(parser, [head + more + CHUNKED + b"\r\n", A_MOMENT, b"x\r\n", NEXT])
            assert exchange.statuses == [status]


def test_a_slow_body_is_read(parser: str, framing: tuple[bytes, bytes]) -> None:
    declared, body = framing
    for more in (b"", EXPECT):
        exchange = talk(parser, [LOG_IN + more + declared + b"\r\n", 4.0, body[:5], 4.0, body[5:] + NEXT])
        assert exchange.statuses == [400, 200]
        assert exchange.answers[0].json["code"] == "invalid_json"


@pytest.mark.parametrize("size", [65537, 10_000_000_000])
@pytest.mark.parametrize("more", [b"", EXPECT])
def test_a_body_that_is_too_long_is_answered_once(parser: str, size: int, more: bytes) -> None:
    exchange = talk(parser, [LOG_IN + more + b"Content-Length: %d\r\n\r\n" % size, b"a" * 1000, 1.0, b"a" * 1000, NEXT])
    assert exchange.statuses == [413]
    assert exchange.times_told_to_go_on == 0
    assert exchange.answers[0].headers["connection"] == "close"


def test_many_in_a_row_are_answered_in_a_row(parser: str, framing: tuple[bytes, bytes]) -> None:
    declared, body = framing
    whole = b"".join(early.head + declared + b"\r\n" + body for early in EARLY.values())
    for size in (1, 7, len(whole)):
        packets = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert talk(parser, packets).statuses == [early.status for early in EARLY.values()]
