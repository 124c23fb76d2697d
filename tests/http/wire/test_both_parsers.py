"""Whatever is sent, both parsers make the same of it, and each request gets one answer: in process, some thousands."""

import json
import re
from collections.abc import Sequence

import pytest

from tests.http.wire.exchanging import PATIENCE_SECONDS, Conversation, Exchange, exchanges
from tests.http.wire.mutations import BAD_CHUNKS, BAD_TARGETS_AND_LINES, FIELDS, GOOD_CHUNKS, disguises
from tests.http.wire.serving import PROTOCOLS, Answer, echo

pytestmark = pytest.mark.usefixtures("logs")

NEXT = b"GET /next HTTP/1.1\r\nHost: auth.test\r\n\r\n"
LENGTH = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
Framing = tuple[bytes, bytes]
NONE, DECLARED, IN_CHUNKS = (b"", b""), (LENGTH, b"hello"), (CHUNKED, CHUNKS)
UNDECLARED, UNDECLARED_CHUNKS, MISSING = (b"", b"hello"), (b"", CHUNKS), (LENGTH, b"")
FRAMED_BY_IT = [NONE, UNDECLARED, UNDECLARED_CHUNKS, DECLARED, IN_CHUNKS]
FRAMINGS: dict[bytes, list[Framing]] = {
    b"Content-Length": FRAMED_BY_IT,
    b"Transfer-Encoding": FRAMED_BY_IT,
    b"Expect": [NONE, DECLARED, IN_CHUNKS, MISSING],
}
"""Declared and sent, for the fields that matter to it."""


def post(line: bytes, framing: Framing, *, path: bytes = b"/", version: bytes = b"1.1") -> bytes:
    """Returns a request with this line among its fields."""
    declared, body = framing
    host = b"" if line.lower().startswith(b"host:") else b"Host: auth.test\r\n"
    return b"POST %b HTTP/%b\r\n%b%b%b\r\n\r\n%b" % (path, version, host, declared, line, body)


def what_came(exchange: Exchange) -> tuple[list[tuple[int, str | None, object]], int]:
    """Returns what must not depend on the parser."""
    answers = [(answer.status, answer.headers.get("connection"), content_of(answer)) for answer in exchange.answers]
    return answers, exchange.times_told_to_go_on


def content_of(answer: Answer) -> object:
    """Returns what an answer says; one parser writes the name of a coding, which has no case, in lower case."""
    return json.loads(re.sub(rb"(?i)chunked", b"chunked", answer.content))


def assert_one_answer_each(exchange: Exchange) -> None:
    """Checks what holds after any first request to / and a good one to /next behind it.

    The application waits for a body as long as its client does, and has nobody to answer to then.
    """
    answers = exchange.answers
    assert len(answers) <= 2
    if not answers:
        assert exchange.seconds >= PATIENCE_SECONDS
        return
    assert all(answer.status in (200, 400, 413) for answer in answers)
    assert [answer.json["path"] for answer in answers if answer.status == 200] in ([], ["/"], ["/", "/next"])
    for answer in answers[:-1]:
        assert (answer.status, answer.headers.get("connection")) == (200, None)
    if answers[-1].status != 200:
        assert answers[-1].headers["connection"] == "close"
    for answer in answers:
        assert_values_are_trimmed(answer)


def assert_values_are_trimmed(answer: Answer) -> None:
    if answer.status == 200:
        values = [field.split(": ", 1)[1] for field in answer.json["headers"]]
        assert values == [value.strip(" \t") for value in values]


def both(conversations: Sequence[Conversation]) -> list[Exchange]:
    """Returns what came back from one of the parsers, once the other has said the same."""
    (name, one), (other_name, other) = [(name, exchanges(echo, name, conversations)) for name in PROTOCOLS]
    for conversation, exchange, counterpart in zip(conversations, one, other, strict=True):
        told = f"{conversation!r}\n{name}: {exchange!r}\n{other_name}: {counterpart!r}"
        assert what_came(exchange) == what_came(counterpart), told
        assert exchange.seconds == pytest.approx(counterpart.seconds, abs=0.1), told
    return one


@pytest.mark.parametrize("name", FIELDS, ids=bytes.decode)
def test_a_disguised_field_is_read_alike(name: bytes) -> None:
    conversations = [
        [post(line, framing) + NEXT]
        for line in dict.fromkeys(disguises(name, FIELDS[name]))
        for framing in FRAMINGS.get(name, [NONE, DECLARED])
    ]
    assert len(conversations) > 900
    for conversation, exchange in zip(conversations, both(conversations), strict=True):
        try:
            assert_one_answer_each(exchange)
        except AssertionError as error:
            raise AssertionError(conversation) from error


@pytest.mark.parametrize("name", FIELDS, ids=bytes.decode)
def test_so_it_is_in_the_version_before(name: bytes) -> None:
    lines = dict.fromkeys(disguises(name, FIELDS[name]))
    for exchange in both([[post(line, NONE, version=b"1.0") + NEXT] for line in lines]):
        assert_one_answer_each(exchange)
        assert [answer.headers["connection"] for answer in exchange.answers] in ([], ["close"])
        assert exchange.times_told_to_go_on == 0


ALIKE: dict[str, tuple[bytes, Framing]] = {
    "blank after the length": (b"Content-Length: 5 ", UNDECLARED),
    "tab after the length": (b"Content-Length: 5\t", UNDECLARED),
    "tabs and blanks around the length": (b"Content-Length:\t 5 \t", UNDECLARED),
    "blank after the coding": (b"Transfer-Encoding: chunked ", UNDECLARED_CHUNKS),
    "tab after the coding": (b"Transfer-Encoding: chunked\t", UNDECLARED_CHUNKS),
    "tabs around the coding": (b"Transfer-Encoding:\tChunked\t \t", UNDECLARED_CHUNKS),
    "blank after another field": (b"X-Any: a ", DECLARED),
    "nothing but blanks": (b"X-Any: \t ", IN_CHUNKS),
    "Proxy-Connection": (b"Proxy-Connection: close", DECLARED),
    "Upgrade": (b"Connection: upgrade\r\nUpgrade: h2c", IN_CHUNKS),
}


@pytest.mark.parametrize("name", ALIKE)
def test_blanks_around_a_value_are_no_part_of_it(name: str) -> None:
    line, framing = ALIKE[name]
    (exchange,) = both([[post(line, framing) + NEXT]])
    assert [(answer.status, answer.json["body"]) for answer in exchange.answers] == [(200, "hello"), (200, "")]


@pytest.mark.parametrize("line", [b"Expect: 100-continue ", b"Expect:\t100-Continue\t", b"expect:100-CONTINUE \t"])
def test_an_expectation_with_blanks_around_it_is_one(line: bytes) -> None:
    for declared, body in (DECLARED, IN_CHUNKS):
        (exchange,) = both([[post(line, (declared, b"")), 1.0, body, NEXT]])
        assert (exchange.statuses, exchange.times_told_to_go_on) == ([200, 200], 1)


def test_no_line_that_looks_like_a_request_is_taken_for_one() -> None:
    first = b"GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n"
    rest = b"\r\nHost: auth.test\r\n\r\n"
    for exchange in both([[first + line + rest + NEXT] for line in BAD_TARGETS_AND_LINES]):
        assert exchange.statuses == [200, 400]


def test_bad_chunks_end_a_connection_whenever_they_come() -> None:
    head = post(b"X-Any: a", (CHUNKED, b""))
    at_once = both([[head + chunks + NEXT] for chunks in BAD_CHUNKS])
    later = both([[head, chunks, NEXT] for chunks in BAD_CHUNKS])
    byte_by_byte = both([[head, *(bytes([byte]) for byte in chunks), NEXT] for chunks in BAD_CHUNKS])
    for exchange in (*at_once, *later, *byte_by_byte):
        assert exchange.statuses == [400]


def test_good_chunks_are_one_body() -> None:
    head = post(b"X-Any: a", (CHUNKED, b""))
    for exchange in both([[head + chunks + NEXT] for chunks in GOOD_CHUNKS]):
        assert [answer.json["body"] for answer in exchange.answers] == ["hello", ""]
