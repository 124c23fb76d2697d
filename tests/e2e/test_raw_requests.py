"""Requests that no well-behaved client sends, over bare sockets."""

import json
import socket
import struct

import pytest

from tests.e2e.server import Answer, Server, until

pytestmark = pytest.mark.slow

POST_LOG_IN = b"POST /api/auth/login HTTP/1.1\r\nHost: auth.test\r\nContent-Type: application/json\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
TWO_MEGABYTES = 2 * 1024 * 1024


def answer_on(connection: socket.socket) -> Answer:
    """Reads one answer and checks that the server closes the connection after it."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert len(body) == int(headers["content-length"])
    return Answer(int(status_line.split()[1]), headers, body)


def assert_too_large(answer: Answer) -> None:
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    problem = json.loads(answer.content)
    assert (problem["status"], problem["code"]) == (413, "payload_too_large")


def assert_serves_the_next(server: Server) -> None:
    assert server.sign_up().status == 200
    assert server.log_in().status == 200
    assert server.stop() == 0
    assert "Traceback" not in server.log
    assert '"level": "error"' not in server.log


def test_a_declared_body_of_ten_gigabytes_is_refused_before_any_of_it_is_sent(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b"Content-Length: 10000000000\r\n\r\n")
        assert_too_large(answer_on(connection))
    assert_serves_the_next(server)


def test_two_megabytes_in_chunks_are_refused_and_the_answer_can_be_read(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(TWO_MEGABYTES // 0x10000):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert_too_large(answer_on(connection))
    assert_serves_the_next(server)


def test_two_declared_megabytes_are_refused_and_the_answer_can_be_read(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b"Content-Length: %d\r\n\r\n" % TWO_MEGABYTES + b" " * TWO_MEGABYTES)
        assert_too_large(answer_on(connection))
    assert_serves_the_next(server)


def test_a_client_that_hangs_up_in_the_middle_of_a_body_disturbs_nobody(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b'Content-Length: 100\r\n\r\n{"email":')
    until(lambda: "/api/auth/login" in server.log, "the end of the request in the log")
    assert_serves_the_next(server)


def test_a_client_that_resets_the_connection_in_the_middle_of_a_body_disturbs_nobody(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"email":\r\n')
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    until(lambda: "/api/auth/login" in server.log, "the end of the request in the log")
    assert_serves_the_next(server)


def test_a_client_that_does_not_wait_for_its_answer_disturbs_nobody(server: Server) -> None:
    body = b'{"email":"nobody@example.com","password":"whatever"}'
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    until(lambda: "/api/auth/login" in server.log, "the end of the request in the log")
    assert_serves_the_next(server)
