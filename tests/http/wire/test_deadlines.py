"""Clients that are slow to send a request disturb nobody, however many they are."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from structlog.typing import EventDict

from leadnator_auth.entrypoints.http.middleware.lingering import MAX_DRAINED_BYTES
from leadnator_auth.entrypoints.server.wire import guard
from leadnator_auth.entrypoints.server.wire.guard import ConnectionGuard
from tests.http.wire.hostile import GET, POST
from tests.http.wire.serving import DEADLINE_SECONDS, Served, answers_in, echo, everything, next_answer, serving

SOON = 0.3
FAR = 3600.0
CROWD = 500


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the deadline for a head short."""
    monkeypatch.setattr(ConnectionGuard, "head_seconds", SOON)


def trickle(connection: socket.socket, byte: bytes) -> bytes:
    """Sends bytes one by one, ever quicker than any deadline, and returns what comes until the connection is closed."""
    connection.settimeout(SOON / 20)
    received = b""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        try:
            chunk = connection.recv(65536)
        except TimeoutError:
            connection.sendall(byte)
        else:
            if not chunk:
                return received
            received += chunk
    raise AssertionError("the server never closed the connection")


def assert_timeout(received: bytes) -> None:
    (answer,) = answers_in(received)
    assert answer.status == 408
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json["code"] == "request_timeout"


def test_a_head_has_ten_seconds() -> None:
    assert ConnectionGuard.head_seconds == guard.HEAD_SECONDS == 10.0


@pytest.mark.usefixtures("soon")
def test_a_silent_connection_is_closed_without_a_word(echoing: Served, logs: list[EventDict]) -> None:
    assert echoing.last_words() == b""
    assert logs == []


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("start", [b"G", GET, GET + b"\r"])
def test_half_a_head_is_refused(echoing: Served, logs: list[EventDict], start: bytes) -> None:
    assert_timeout(echoing.last_words(start))
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("request_refused", "timeout")]


@pytest.mark.usefixtures("soon")
def test_a_trickle_does_not_put_the_deadline_off(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(GET + b"X-A: ")
        assert_timeout(trickle(connection, b"a"))


@pytest.mark.usefixtures("soon")
def test_a_trickle_on_a_kept_connection_does_not_either(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert next_answer(connection).status == 200
        connection.sendall(GET + b"X-A: ")
        assert_timeout(trickle(connection, b"a"))


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 100000\r\n\r\naaaa", b"Transfer-Encoding: chunked\r\n\r\nffff\r\naaaa"]
)
def test_the_rest_of_a_body_that_was_answered_early_is_not_waited_for(echoing: Served, framing: bytes) -> None:
    with echoing.connect() as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\n" + framing)
        assert next_answer(connection).status == 200
        assert trickle(connection, b"a") == b""


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("framing", [b"Content-Length: 10\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_body_that_never_comes_is_not_answered_again(echoing: Served, framing: bytes) -> None:
    (answer,) = answers_in(echoing.last_words(b"POST /early HTTP/1.1\r\nHost: a\r\n" + framing))
    assert answer.status == 200


@pytest.mark.usefixtures("soon")
def test_a_connection_that_idles_after_such_a_body_is_closed(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert next_answer(connection).status == 200
        connection.sendall(b"hello")
        assert everything(connection) == b""


@pytest.mark.usefixtures("soon")
def test_a_request_that_is_being_answered_has_no_such_deadline(echoing: Served) -> None:
    """The application has one of its own for bodies; half a head on another connection measures the time."""
    with echoing.connect() as slow:
        slow.sendall(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 100 ")
        assert_timeout(echoing.last_words(b"G"))
        slow.sendall(b"hello")
        assert next_answer(slow).json["body"] == "hello"


@pytest.mark.usefixtures("soon")
def test_a_client_that_hangs_up_in_the_middle_of_a_head_is_forgotten(echoing: Served, logs: list[EventDict]) -> None:
    """A silent connection, made later, measures the time."""
    with echoing.connect() as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b""
    assert echoing.last_words() == b""
    assert logs == []


def test_an_idle_connection_has_the_keep_alive_timeout(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConnectionGuard, "head_seconds", FAR)
    with serving(echo, parser, timeout_keep_alive=SOON) as served, served.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert next_answer(connection).status == 200
        assert everything(connection) == b""


def test_that_timeout_cuts_no_head_short(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConnectionGuard, "head_seconds", 3 * SOON)
    with serving(echo, parser, timeout_keep_alive=SOON) as served, served.connect() as connection:
        connection.sendall(GET + b"\r\n" + GET)
        assert next_answer(connection).status == 200
        assert_timeout(everything(connection))


def test_that_timeout_cuts_no_request_short(parser: str) -> None:
    """An idle connection measures the time."""
    with (
        serving(echo, parser, timeout_keep_alive=SOON) as served,
        served.connect() as busy,
        served.connect() as idle,
    ):
        busy.sendall(GET + b"\r\n")
        assert next_answer(busy).status == 200
        busy.sendall(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert busy.recv(100).startswith(b"HTTP/1.1 100 ")
        idle.sendall(GET + b"\r\n")
        assert next_answer(idle).status == 200
        assert everything(idle) == b""
        busy.sendall(b"hello")
        assert next_answer(busy).json["body"] == "hello"


def test_a_refused_client_that_sends_on_is_put_out(echoing: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConnectionGuard, "linger_seconds", FAR)
    with echoing.connect() as connection:
        connection.sendall(b"\0")
        assert len(answers_in(everything(connection))) == 1
        with pytest.raises(OSError):
            connection.sendall(b"a" * 16 * MAX_DRAINED_BYTES)


def test_a_refused_client_that_stays_is_put_out(echoing: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConnectionGuard, "linger_seconds", SOON)
    with echoing.connect() as connection:
        connection.sendall(b"\0")
        assert len(answers_in(everything(connection))) == 1
        with pytest.raises(OSError):
            trickle_until_reset(connection)


def trickle_until_reset(connection: socket.socket) -> None:
    """Sends on after the end of what the server says, until that is an error."""
    connection.settimeout(DEADLINE_SECONDS)
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        connection.sendall(b"a")


@pytest.fixture
def crowd(echoing: Served) -> Iterator[Callable[[bytes], None]]:
    """Opens many connections that each send the same and then nothing."""
    with ExitStack() as connections:

        def gather(start: bytes) -> None:
            for _ in range(CROWD // 2):
                connection = connections.enter_context(echoing.connect())
                connection.sendall(start)

        yield gather


def test_five_hundred_slow_connections_keep_nobody_waiting(echoing: Served, crowd: Callable[[bytes], None]) -> None:
    crowd(b"")
    crowd(GET)
    echoing.assert_serves()
