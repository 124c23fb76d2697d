"""HEAD that is refused: the head of the answer that GET would get, and no content (RFC 9110 section 9.3.2)."""

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app
from tests.http.wire.exchanging import Conversation, received_from
from tests.http.wire.serving import PROTOCOLS

CHUNKED = b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n"
VARYING = (b"date: ", b"x-request-id: ")
REFUSED: dict[str, Conversation] = {
    "no host": [b"%b /healthz HTTP/1.1\r\n\r\n"],
    "control in a field": [b"%b /healthz HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"],
    "an empty line before it": [b"\r\n%b /healthz HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"],
    "blank in the target": [b"%b /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
    "in two parts": [b"%b /healthz HTTP/1.1\r\n", b"Host: a\r\nHost: b\r\n\r\n"],
    "too long a body": [b"%b /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"],
    "bad chunk": [b"%b /api/auth/login HTTP/1.1\r\n" + CHUNKED + b"x\r\n"],
    "where a proxy asks": [b"%b /api/auth/forward HTTP/1.1\r\n\r\n"],
    "head that never ends": [b"%b /healthz HTTP/1.1\r\nHo"],
}


def lines_of(received: bytes) -> tuple[list[bytes], bytes]:
    """Returns what an answer has in its head, but for what is another each time, and the content."""
    head, _, content = received.partition(b"\r\n\r\n")
    return [line for line in head.split(b"\r\n") if not line.startswith(VARYING)], content


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize("name", REFUSED)
def test_it_has_the_head_of_what_get_gets_and_nothing_behind_it(parser: str, name: str) -> None:
    asked: list[Conversation] = [
        [part.replace(b"%b", method) if isinstance(part, bytes) else part for part in REFUSED[name]]
        for method in (b"HEAD", b"GET")
    ]
    head, get = (received_from(create_app(memory_ports()), parser, conversation) for conversation in asked)
    (fields, nothing), (of_get, content) = lines_of(head), lines_of(get)
    assert fields == of_get
    assert b"content-length: %d" % len(content) in fields
    assert (nothing, content[:1]) == (b"", b"{")
