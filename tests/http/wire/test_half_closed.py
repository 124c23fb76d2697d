"""Whoever has sent a whole request may close that half of the connection: the answer comes nevertheless."""

import socket

import pytest
from structlog.typing import EventDict

from tests.http.wire.hostile import GET, POST
from tests.http.wire.serving import Served, Waiting, answers_in, everything, serving
from tests.http.wire.test_ending import Waits

COUNTED = POST + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
WHOLE = {
    "GET": GET + b"\r\n",
    "POST": COUNTED,
    "POST in chunks": CHUNKED,
    "the last of a connection": GET + b"Connection: close\r\n\r\n",
    "HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "an empty line after the body": COUNTED + b"\r\n",
}
CUT_SHORT = {
    "before the body": POST + b"Content-Length: 5\r\n\r\n",
    "in the body": POST + b"Content-Length: 5\r\n\r\nhel",
    "in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "before the last chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "before it was asked for the body": POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
}


def half_closed(served: Served, sent: bytes) -> bytes:
    """Sends all there is and closes that half at once; returns what comes until the server closes the other."""
    with served.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return everything(connection)


@pytest.mark.parametrize("sent", WHOLE.values(), ids=WHOLE)
def test_a_whole_request_is_answered(echoing: Served, sent: bytes) -> None:
    (answer,) = answers_in(half_closed(echoing, sent))
    assert answer.status == 200
    assert answer.json["body"] == ("hello" if b"hello" in sent else "")


def test_so_is_each_of_several(echoing: Served) -> None:
    answers = answers_in(half_closed(echoing, COUNTED + GET + b"\r\n" + CHUNKED))
    assert [answer.json["body"] for answer in answers] == ["hello", "", "hello"]


def test_an_answer_that_takes_time_is_waited_for(parser: str) -> None:
    with serving(Waiting(), parser) as served, served.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        served.release()
        assert [answer.status for answer in answers_in(everything(connection))] == [200]


def test_whoever_asked_to_wait_is_answered_at_once(parser: str) -> None:
    """Most that close one half are gone: nothing need be held for them."""
    with serving(Waits(), parser) as served:
        (answer,) = answers_in(half_closed(served, GET + b"\r\n"))
    assert answer.content == b"over"


@pytest.mark.parametrize("sent", CUT_SHORT.values(), ids=CUT_SHORT)
def test_a_part_of_a_body_is_refused(echoing: Served, logs: list[EventDict], sent: bytes) -> None:
    answers = answers_in(half_closed(echoing, sent).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))
    assert [(answer.status, answer.json["code"]) for answer in answers] == [(400, "invalid_request")]
    assert [entry["reason"] for entry in logs] == ["cut_short"]


@pytest.mark.parametrize("part", CUT_SHORT.values(), ids=CUT_SHORT)
def test_after_a_whole_one_it_is_refused_once_that_is_answered(echoing: Served, part: bytes) -> None:
    answers = answers_in(half_closed(echoing, COUNTED + part).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))
    assert [answer.status for answer in answers] == [200, 400]


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GE", GET + b"X-A: b"])
def test_whoever_sent_no_whole_head_gets_nothing(echoing: Served, logs: list[EventDict], sent: bytes) -> None:
    assert half_closed(echoing, sent) == b""
    assert logs == []


def test_an_idle_connection_is_closed_at_once(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65536)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b""


def test_whoever_is_gone_before_the_answer_disturbs_nobody(echoing: Served) -> None:
    for _ in range(50):
        with echoing.connect() as connection:
            connection.sendall(COUNTED)
    echoing.assert_serves()
