"""Connections that must go on working: kept alive, pipelined, with Expect, and with a polite end."""

import socket
import threading

import pytest

from tests.http.wire.hostile import GET, POST
from tests.http.wire.serving import Served, Waiting, answers_in, echo, everything, next_answer, serving

FAR_MORE_THAN_SOCKETS_BUFFER = 2_000_000


def test_a_connection_serves_one_request_after_the_other(echoing: Served) -> None:
    with echoing.connect() as connection:
        for number in range(5):
            connection.sendall(POST + b"Content-Length: 1\r\n\r\n%d" % number)
            assert next_answer(connection).json["body"] == str(number)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_pipelined_requests_are_answered_in_order(echoing: Served, size: int) -> None:
    requests = b"".join(
        b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number
        + POST
        + b"Content-Length: 2\r\n\r\n%02d" % number
        + POST
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n%02d\r\n0\r\n\r\n" % number
        for number in range(10)
    )
    last = GET + b"Connection: close\r\n\r\n"
    sent = requests + last
    answers = answers_in(echoing.last_words(*(sent[start : start + size] for start in range(0, len(sent), size))))
    assert len(answers) == 31
    assert [answer.json["path"] for answer in answers[0:30:3]] == [f"/{number}" for number in range(10)]
    assert [answer.json["body"] for answer in answers[1:30:3]] == [f"{number:02}" for number in range(10)]
    assert [answer.json["body"] for answer in answers[2:30:3]] == [f"{number:02}" for number in range(10)]


def test_a_thousand_pipelined_requests_are_all_answered(echoing: Served) -> None:
    with echoing.connect() as connection:
        requests = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000 + GET + b"Connection: close\r\n\r\n"
        sender = threading.Thread(target=connection.sendall, args=(requests,))
        sender.start()
        answers = answers_in(everything(connection))
        sender.join()
    assert len(answers) == 1001


def test_who_pipelines_without_end_has_to_wait(parser: str) -> None:
    with serving(Waiting(), parser) as served, served.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.sendall((GET + b"\r\n") * FAR_MORE_THAN_SOCKETS_BUFFER)
        served.release()


def test_nothing_is_served_after_a_request_that_closes(echoing: Served) -> None:
    (answer,) = answers_in(echoing.last_words(GET + b"Connection: close\r\n\r\n" + GET + b"\r\n"))
    assert answer.status == 200


def test_old_clients_are_served_and_the_connection_closed(echoing: Served) -> None:
    (answer,) = answers_in(echoing.last_words(b"GET /old HTTP/1.0\r\n\r\n"))
    assert answer.json["path"] == "/old"


def test_an_empty_line_before_a_request_is_skipped(echoing: Served) -> None:
    with echoing.connect() as connection:
        for _ in range(2):
            connection.sendall(b"\r\n" + GET + b"\r\n")
            assert next_answer(connection).status == 200


def test_who_expects_to_be_told_to_go_on_is_told(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        told = b""
        while b"\r\n\r\n" not in told:
            told += connection.recv(1)
        assert told.startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"hello")
        assert next_answer(connection).json["body"] == "hello"


def test_a_request_after_a_body_that_was_answered_early_is_served(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
        assert next_answer(connection).json["path"] == "/early"
        connection.sendall(b"a" * 200_000 + GET + b"\r\n")
        assert next_answer(connection).json["path"] == "/"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 3000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n"]
)
@pytest.mark.parametrize("more", [b"Connection: close\r\n", b"Expect: 100-continue\r\n"])
def test_who_still_sends_a_body_gets_to_read_the_last_answer(echoing: Served, framing: bytes, more: bytes) -> None:
    with echoing.connect() as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\n" + more + framing)
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        for _ in range(30):
            connection.sendall(b"a" * 100_000)
        (answer,) = answers_in(everything(connection))
    assert (answer.json["path"], answer.headers["connection"]) == ("/early", "close")


def test_a_body_of_many_packets_is_read(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(POST + b"Content-Length: 1000000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"a" * 10_000)
        assert next_answer(connection).json["body"] == "a" * 1_000_000


def test_a_running_request_ends_before_the_server_does_and_idle_connections_close(parser: str) -> None:
    with (
        serving(echo, parser) as served,
        served.connect() as running,
        served.connect() as idle,
        served.connect() as silent,
        served.connect() as halfway,
    ):
        running.sendall(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert running.recv(100).startswith(b"HTTP/1.1 100 ")
        idle.sendall(GET + b"\r\n")
        assert next_answer(idle).status == 200
        halfway.sendall(GET)
        served.assert_serves()
        served.begin_to_stop()
        assert [everything(connection) for connection in (idle, silent, halfway)] == [b"", b"", b""]
        running.sendall(b"hello")
        (answer,) = answers_in(everything(running))
        assert answer.json["body"] == "hello"
