"""Hostile connections to the real process; the rules themselves are tested in tests/http/wire."""

import json
from contextlib import closing

import psutil
import pytest

from tests.e2e.server import Server, until
from tests.e2e.test_raw_requests import POST_LOG_IN, TWO_MEGABYTES, answer_on

PATIENCE = 16 * 1024 * 1024
"""What an allocator may hold on to; the bodies together are four times as much."""


def test_what_two_readers_could_read_in_two_ways_is_refused(server: Server) -> None:
    with server.socket() as connection:
        connection.sendall(POST_LOG_IN + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        answer = answer_on(connection)
    assert (answer.status, json.loads(answer.content)["code"]) == (400, "invalid_request")
    assert answer.headers["x-request-id"]
    until(lambda: '"reason": "length_and_transfer_encoding"' in server.log, "the reason in the log")


def test_no_answer_tells_what_serves_it(server: Server) -> None:
    with closing(server.connection()) as connection:
        for method, path in (("GET", "/healthz"), ("GET", "/nowhere"), ("PUT", "/api/auth/me"), ("GET", "/docs")):
            connection.request(method, path)
            response = connection.getresponse()
            response.read()
            assert {"server", "x-powered-by"} & {name.lower() for name, _ in response.getheaders()} == set()


@pytest.mark.slow
def test_bodies_that_are_refused_leave_no_trace_in_memory(server: Server) -> None:
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    assert server.sign_up().status == 200
    before = process.memory_info().rss
    for _ in range(3):
        with server.socket() as connection:
            connection.sendall(POST_LOG_IN + b"Content-Length: 10000000000\r\n\r\n" + b" " * TWO_MEGABYTES)
            assert answer_on(connection).status == 413
    for _ in range(30):
        with server.socket() as connection:
            connection.sendall(POST_LOG_IN + b"Transfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            for _ in range(TWO_MEGABYTES // 0x10000):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
            assert answer_on(connection).status == 413
    assert process.memory_info().rss - before < PATIENCE
