"""A method that is nobody's is a method all the same: 405 with those of the path, or 404, with either parser."""

import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import create_app
from tests.http.wire.exchanging import Conversation, Exchange, exchanges
from tests.http.wire.serving import PROTOCOLS, echo

METHODS = [
    *("FOO", "PURGE", "QUERY", "BREW", "SOURCE", "DESCRIBE", "PRI", "LINK", "M-SEARCH", "0", "G", "GETX", "helloGET"),
    *("get", "Get", "head", "post", "delete", "options", "!#$%&'*+-.^_`|~", "X" * 5000),
]
ALLOWED = {
    "/healthz": "GET, HEAD",
    "/api/auth/login": "POST",
    "/api/auth/account": "DELETE, GET, HEAD, PATCH",
    "/api/auth/sessions/s_1": "DELETE",
    "/nowhere": None,
    "/health%7a": None,
}
NEXT = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
HOST = b"Host: a\r\n"


def request(method: str, path: str, rest: bytes = b"\r\n") -> bytes:
    return f"{method} {path} HTTP/1.1\r\n".encode() + HOST + rest


def told(parser: str, memory: MemoryPorts, conversations: list[Conversation]) -> list[Exchange]:
    return exchanges(create_app(memory), parser, conversations)


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize("path", ALLOWED)
def test_it_is_not_allowed_where_there_is_something_else_not_found(memory: MemoryPorts, parser: str, path: str) -> None:
    for exchange in told(parser, memory, [[request(method, path) + NEXT] for method in METHODS]):
        (answer,) = exchange.answers
        assert (answer.status, answer.headers.get("allow")) == (405 if ALLOWED[path] else 404, ALLOWED[path])
        assert answer.json["code"] == ("method_not_allowed" if ALLOWED[path] else "not_found")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("parser", PROTOCOLS)
def test_so_it_is_however_it_comes(memory: MemoryPorts, parser: str) -> None:
    conversations: list[Conversation] = [
        [request("FOO", "/healthz", b"Connection: keep-alive\r\n\r\n") + NEXT],
        [request("FOO", "/healthz", b"Content-Length: 5\r\n\r\n") + b"hello" + NEXT],
        [request("FOO", "/healthz", b"Transfer-Encoding: chunked\r\n\r\n") + b"5\r\nhello\r\n0\r\n\r\n" + NEXT],
        [request("FOO", "/healthz", b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")],
        [request("FOO", "/healthz", b"Upgrade: h2c\r\nConnection: upgrade \r\n\r\n") + NEXT],
        [request("FOO", "http://other.test/healthz") + NEXT],
        [b"FOO /healthz HTTP/1.0\r\n\r\n" + NEXT],
        [bytes([byte]) for byte in request("FOO", "/healthz") + NEXT],
    ]
    for exchange in told(parser, memory, conversations):
        assert exchange.statuses == [405]
        assert exchange.answers[0].headers["allow"] == "GET, HEAD"
    (exchange,) = told(parser, memory, [[NEXT + request("FOO", "/healthz") + NEXT]])
    assert exchange.statuses == [200, 405]


@pytest.mark.parametrize("parser", PROTOCOLS)
def test_the_application_and_the_log_hear_which_it_was(memory: MemoryPorts, parser: str, logs: list[EventDict]) -> None:
    methods = ["get", "QUERY", "X" * 5000]
    heard = [exchange.answers[0].json for exchange in exchanges(echo, parser, [[request(m, "/")] for m in methods])]
    assert [each["method"] for each in heard] == ["get", "QUERY", "X" * 32]
    told(parser, memory, [[request(method, "/healthz")] for method in methods])
    assert [entry["method"] for entry in logs if entry["event"] == "request"] == ["get", "QUERY", "X" * 32]
