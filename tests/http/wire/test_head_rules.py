"""Heads that everybody reads alike, and what of them the parser is given."""

from collections.abc import Callable

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadnator_auth.entrypoints.server.wire.heads import MAX_FIELDS, METHODS, Head, _read_any_head, read_head
from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError
from tests.http.wire.hostile import GET, HOSTILE_HEADS, POST

UNCHANGED: dict[str, tuple[bytes, int | None]] = {
    "GET": (GET + b"\r\n", 0),
    "other method": (b"PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", 0),
    "HTTP/1.0 with Host": (b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0),
    "length": (POST + b"Content-Length: 5\r\n\r\n", 5),
    "length with white space before it": (POST + b"content-length:\t 5\r\n\r\n", 5),
    "length without white space": (POST + b"CONTENT-LENGTH:5\r\n\r\n", 5),
    "length of nothing": (POST + b"Content-Length: 0\r\n\r\n", 0),
    "length of 18 digits": (POST + b"Content-Length: 999999999999999999\r\n\r\n", 10**18 - 1),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", None),
    "chunks in capitals": (POST + b"TRANSFER-ENCODING:CHUNKED\r\n\r\n", None),
    "names that only end alike": (POST + b"X-Content-Length: x\r\nX-Transfer-Encoding: y\r\nX-Host: z\r\n\r\n", 0),
    "names that only begin alike": (POST + b"Content-Length-X: x\r\nHosts: z\r\n\r\n", 0),
    "a name within a value": (POST + b"X-A: Content-Length: 7\r\n\r\n", 0),
    "port": (b"GET / HTTP/1.1\r\nHost: auth.test:8000\r\n\r\n", 0),
    "address": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", 0),
    "IPv6": (b"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", 0),
    "name of a container": (b"GET / HTTP/1.1\r\nHost: auth_service-1\r\n\r\n", 0),
    "empty values": (GET + b"X-A:\r\nX-B:\r\n\r\n", 0),
    "value beyond ASCII": (GET + b"X-A: \xc3\xa4\xff\r\n\r\n", 0),
    "tab in a value": (GET + b"X-A: b\tc\r\n\r\n", 0),
    "every character of a token": (GET + b"!#$%&'*+-.^_`|~09AZaz: b\r\n\r\n", 0),
    "query": (b"GET /a?b=c%20d&e=/?: HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    "two slashes": (b"GET //evil.test/ HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    "100 fields": (GET + b"X-A: b\r\n" * (MAX_FIELDS - 1) + b"\r\n", 0),
}
REWRITTEN: dict[str, tuple[bytes, bytes]] = {
    "blank after a value": (GET + b"X-A: b \r\n\r\n", GET + b"X-A: b\r\n\r\n"),
    "blanks and tabs after values": (
        GET + b"X-A:\t b c\t \r\nX-B: \t\r\nX-C: \xa0\x85 \r\n\r\n",
        GET + b"X-A:\t b c\r\nX-B:\r\nX-C: \xa0\x85\r\n\r\n",
    ),
    "blank after the Host": (b"GET / HTTP/1.1\r\nHost: a \r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "blank after the length": (POST + b"Content-Length: 0\t\r\n\r\n", POST + b"Content-Length: 0\r\n\r\n"),
    "expectation without a body": (GET + b"Expect: 100-continue\r\nX-A: b\r\n\r\n", GET + b"X-A: b\r\n\r\n"),
    "Proxy-Connection": (GET + b"proxy-connection: close\r\nX-A: b\r\n\r\n", GET + b"X-A: b\r\n\r\n"),
    "absolute target": (
        b"GET http://evil.test:80/a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "absolute target in capitals": (
        b"GET HTTPS://A/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "absolute target without a path": (
        b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "absolute target with a query alone": (
        b"GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /?b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "upgrade": (
        GET + b"Upgrade: h2c\r\nX-A: b\r\nUPGRADE:websocket\r\nX-Upgrade: c\r\n\r\n",
        GET + b"X-A: b\r\nX-Upgrade: c\r\n\r\n",
    ),
}


@pytest.mark.parametrize("name", HOSTILE_HEADS)
def test_a_hostile_head_is_refused(name: str) -> None:
    head, reason = HOSTILE_HEADS[name]
    with pytest.raises(RefusedError) as refused:
        read_head(head)
    assert refused.value.reason is reason


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_harmless_head_is_passed_on_as_it_is(name: str) -> None:
    head, length = UNCHANGED[name]
    assert read_head(head) == Head(head, length)


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_head_is_passed_on_without_what_leads_parsers_astray(name: str) -> None:
    head, forwarded = REWRITTEN[name]
    assert read_head(head) == Head(forwarded, 0)


@pytest.mark.parametrize("field", [b"Expect: 100-continue\r\n", b"expect:\t100-Continue \r\n"])
def test_an_expectation_of_a_body_is_passed_on_in_one_spelling(field: bytes) -> None:
    told = b"Expect: 100-continue\r\n\r\n"
    for declared, length in ((b"Content-Length: 5\r\n", 5), (b"Transfer-Encoding: chunked\r\n", None)):
        assert read_head(POST + field + declared + b"\r\n") == Head(POST + declared + told, length)
    old = b"POST / HTTP/1.0\r\nContent-Length: 5\r\n"
    assert read_head(old + field + b"\r\n") == Head(old + b"\r\n", 5)


@pytest.mark.parametrize("method", sorted(METHODS - {b"CONNECT"}))
def test_each_parser_knows_the_methods_that_are_passed_on(method: bytes) -> None:
    head = method + b" /a HTTP/1.1\r\nHost: a\r\n\r\n"
    assert read_head(head) == Head(head, 0)
    parser = httptools.HttpRequestParser(None)
    parser.feed_data(head)
    assert parser.get_method() == method


@pytest.mark.parametrize("blanks", [b" " * 60_000, b"\t " * 30_000, b" " * 30_000 + b"a" + b" " * 30_000])
def test_many_blanks_are_no_work(blanks: bytes) -> None:
    for field in (b"X-A: " + blanks, b"X-A: " + blanks + b"b", b"X-A:" + blanks + b"\r\nX-B: " + b"c " * 500):
        assert read_head(GET + field + b"\r\n\r\n").length == 0


@pytest.mark.parametrize(
    "place", [b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n", GET + b"X%b: a\r\n\r\n", GET + b"X: %b\r\n\r\n"]
)
def test_no_control_byte_is_allowed_anywhere(place: bytes) -> None:
    for byte in [*range(9), *range(10, 32), 127]:
        with pytest.raises(RefusedError):
            read_head(place % bytes([byte]))


def test_reasons_are_words_that_no_client_can_choose() -> None:
    assert all(reason.value.replace("_", "").isalpha() for reason in Reason)


_REQUEST_LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"HEAD /a?b HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\n",
        b"GET /a#b HTTP/1.1\r\n",
        b"GET http://a/ HTTP/1.1\r\n",
        b"GET / HTTP/1.0\r\n",
        b"GET  / HTTP/1.1\r\n",
    ]
)
_HOSTS = st.sampled_from(
    [b"Host: a\r\n", b"Host: a \r\n", b"host:\ta:80 \r\n", b"HOST: [::1]\r\n", b"Host: a b\r\n", b"Host:\r\n", b""]
)
_FIELDS = [
    b"Host: a\r\n",
    b"Content-Length: 0\r\n",
    b"content-length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding:x\r\n",
    b"Upgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"EXPECT:x\r\n",
    b"Expected: b\r\n",
    b"proxy-connection: close\r\n",
    b"Connection: close\r\n",
    b"A: b \r\n",
    b"A: \t\r\n",
    b"A:\r\n",
    b"Upgrade-Insecure-Requests: 1\r\n",
    b"Hosted: b\r\n",
    b"Authorization: Bearer x\r\n",
    b"A : b\r\n",
    b" folded\r\n",
    b"A: \x00\r\n",
    b"A: \xff\r\n",
    b"\r\n",
]
_SOME_FIELDS = st.lists(st.sampled_from(_FIELDS), max_size=2).map(b"".join)
_HEADS = st.tuples(_REQUEST_LINES, _SOME_FIELDS, _HOSTS, _SOME_FIELDS, st.just(b"\r\n")).map(b"".join)


def test_a_second_host_is_seen_behind_many_fields() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_FIELDS // 2 - 1) + b"Host: a\r\nHost: b\r\n\r\n"
    assert _outcome(read_head, head) == Reason.BAD_HOST


@settings(max_examples=500)
@given(_HEADS)
def test_the_short_way_through_a_plain_head_ends_where_the_long_one_does(head: bytes) -> None:
    assert _outcome(read_head, head) == _outcome(_read_any_head, head)


@pytest.mark.parametrize("field", _FIELDS)
@pytest.mark.parametrize("is_first", [True, False])
def test_no_field_is_overlooked_on_the_short_way(field: bytes, is_first: bool) -> None:
    parts = [field, b"Host: a\r\n"] if is_first else [b"Host: a\r\n", field]
    head = b"GET / HTTP/1.1\r\n" + b"".join(parts) + b"\r\n"
    assert _outcome(read_head, head) == _outcome(_read_any_head, head)


def _outcome(read: Callable[[bytes], Head], head: bytes) -> Head | Reason:
    try:
        return read(head)
    except RefusedError as refusal:
        return refusal.reason
