"""What is refused on the wire, where a proxy asks that makes a 500 of any status but 401."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import create_app
from tests.http.wire.exchanging import Conversation, exchanges, received_from
from tests.http.wire.serving import PROTOCOLS, Answer, answers_in, serving

pytestmark = pytest.mark.usefixtures("logs")

FORWARD = b"/api/auth/forward"
HOST = b"Host: a\r\n"
CHALLENGE = 'Bearer realm="leadnator", error="invalid_token", '
REFUSED: dict[str, tuple[bytes, bytes]] = {
    "control in a value": (b"", HOST + b"X-A: \x01\r\n\r\n"),
    "NUL in a value": (b"", HOST + b"Authorization: Bearer \0\r\n\r\n"),
    "LF alone": (b"", HOST + b"X-A: b\nX-C: d\r\n\r\n"),
    "120 fields": (b"", HOST + b"X-A: b\r\n" * 120 + b"\r\n"),
    "long head": (b"", HOST + b"X-A: " + b"b" * 70_000 + b"\r\n\r\n"),
    "long head without an end": (b"", HOST + b"X-A: " + b"b" * 70_000),
    "Expect": (b"", HOST + b"Expect: x\r\n\r\n"),
    "two Hosts": (b"", HOST + HOST + b"\r\n"),
    "no Host": (b"", b"\r\n"),
    "odd Host": (b"", b"Host: a/b\r\n\r\n"),
    "two lengths": (b"", HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
    "no length": (b"", HOST + b"Content-Length: x\r\n\r\n"),
    "great length": (b"", HOST + b"Content-Length: 99999999999999999999999\r\n\r\n"),
    "length and chunks": (b"", HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "bad chunk": (b"", HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n"),
    "name with a blank": (b"", HOST + b"X A: b\r\n\r\n"),
    "control in the query": (b"?a=\x01", HOST + b"\r\n"),
    "query beyond ASCII": (b"?a=\xc3\xa4", HOST + b"\r\n"),
    "fragment": (b"?a#b", HOST + b"\r\n"),
}
LINES = [b"GET %b HTTP/1.1\r\n", b"GET http://b%b HTTP/1.1\r\n", b"get %b HTTP/1.1\r\n"]
ELSEWHERE = [
    *(b"/api/auth/forwards", b"/api/auth/forward/", b"/api/auth/me?/api/auth/forward", b"/?%b" % FORWARD),
    *(b"/api/auth/%66orward", b"/x/api/auth/forward", b"http://b/?%b" % FORWARD, b"/API/AUTH/FORWARD"),
]


def assert_unauthorized(answer: Answer, reference: str = "/docs") -> None:
    assert (answer.status, answer.json["code"]) == (401, "invalid_token")
    assert answer.json["type"] == f"{reference}#invalid_token"
    assert answer.headers["www-authenticate"].startswith(CHALLENGE)
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_401(memory: MemoryPorts, parser: str, name: str) -> None:
    query, rest = REFUSED[name]
    for line in LINES:
        for more in (b"", b"?token=x&uri=%2F") if not query else (query,):
            conversation: Conversation = [line % (FORWARD + more) + rest]
            (exchange,) = exchanges(create_app(memory), parser, [conversation])
            (answer,) = exchange.answers
            assert_unauthorized(answer)
    received = received_from(create_app(memory), parser, [b"HEAD %b HTTP/1.1\r\n" % (FORWARD + query) + rest])
    assert received.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("parser", PROTOCOLS)
def test_so_it_is_where_a_head_does_not_come_in_time_and_behind_another_call(memory: MemoryPorts, parser: str) -> None:
    late, behind = b"GET %b HTTP/1.1\r\nHo" % FORWARD, b"GET %b HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n" % FORWARD
    other = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    first, second = exchanges(create_app(memory), parser, [[late], [other + behind]])
    (answer,) = first.answers
    assert_unauthorized(answer)
    assert second.statuses == [200, 401]
    (third,) = exchanges(create_app(memory), parser, [[other.replace(b"/healthz", FORWARD) + b"FOO\r\n\r\n"]])
    assert third.statuses == [401, 400]


@pytest.mark.parametrize("parser", PROTOCOLS)
def test_elsewhere_it_is_what_it_was(memory: MemoryPorts, parser: str) -> None:
    conversations: list[Conversation] = [[b"GET %b HTTP/1.1\r\n\r\n" % target] for target in ELSEWHERE]
    for exchange in exchanges(create_app(memory), parser, conversations):
        assert [(answer.status, answer.json["code"]) for answer in exchange.answers] == [(400, "invalid_request")]


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize("root_path", ["/accounts", "/api"])
def test_so_it_is_below_a_path_that_a_proxy_strips(memory: MemoryPorts, parser: str, root_path: str) -> None:
    with serving(create_app(memory), parser, root_path=root_path) as served:
        for rest in (b"\r\n", b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"):
            (answer,) = answers_in(served.last_words(b"GET %b HTTP/1.1\r\n" % FORWARD + rest))
            assert_unauthorized(answer, f"{root_path}/docs")


@pytest.mark.parametrize("parser", PROTOCOLS)
def test_a_length_that_the_proxy_left_in_is_nobodys_fault(memory: MemoryPorts, parser: str) -> None:
    """An upload may be as long as its own server takes."""
    rest = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nAuthorization: Bearer x\r\n\r\n"
    forward, me = exchanges(create_app(memory), parser, [[b"GET " + FORWARD + rest], [b"GET /api/auth/me" + rest]])
    assert (forward.statuses, me.statuses) == ([401], [413])
