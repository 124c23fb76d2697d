"""Each parser's server, given bytes that no well-behaved client sends."""

import json
import re
from collections.abc import Iterator

import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.server.wire.refusing import Reason
from tests.http.wire.exchanging import exchanges
from tests.http.wire.hostile import GET, HOSTILE_HEADS, POST, UNFINISHED
from tests.http.wire.serving import Answer, Served, Waiting, answers_in, everything, next_answer, serving

CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MARK = b"X-Mark: m4rk3d\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
BAD_CHUNKS = [b"x\r\n", b"5\nhello\r\n", b"5;\n\r\nhello\r\n", b"5\r\nhello0\r\n\r\n", b"0\r\nX : a\r\n\r\n"]


@pytest.fixture(scope="module")
def auth(parser: str) -> Iterator[Served]:
    """The real application, over a world in memory."""
    with serving(create_app(memory_ports()), parser) as served:
        yield served


def assert_refusal(answer: Answer, status: int = 400, code: str = "invalid_request") -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    assert "server" not in answer.headers
    problem = answer.json
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/docs#{code}")


def assert_one_refusal(received: bytes) -> None:
    (answer,) = answers_in(received)
    assert_refusal(answer)


@pytest.mark.parametrize("name", HOSTILE_HEADS)
def test_a_hostile_head_is_refused_once_and_for_all(echoing: Served, name: str, logs: list[EventDict]) -> None:
    head, reason = HOSTILE_HEADS[name]
    (answer,) = answers_in(echoing.last_words(head + SMUGGLED))
    too_large = (413, "payload_too_large")
    assert_refusal(answer, *(too_large if reason is Reason.BODY_TOO_LARGE else (400, "invalid_request")))
    echoing.assert_serves()
    (refused,) = [entry for entry in logs if entry["event"] == "request_refused"]
    assert (refused["reason"], refused["client"]) == (reason, "127.0.0.1")


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_never_becomes_a_head_is_refused_at_once(echoing: Served, name: str) -> None:
    assert_one_refusal(echoing.last_words(UNFINISHED[name]))


def test_the_log_has_nothing_that_the_client_sent(
    echoing: Served, logs: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    received = echoing.last_words(b"GET /m4rk3d HTTP/1.1\r\n" + MARK + b"\r\n")
    assert_one_refusal(received)
    assert "m4rk3d" not in repr(logs) + caplog.text + repr(received)
    (refused,) = logs
    assert refused["request_id"] == answers_in(received)[0].headers["x-request-id"]


@pytest.mark.parametrize("chunks", BAD_CHUNKS)
def test_bad_chunks_are_refused(echoing: Served, chunks: bytes) -> None:
    assert_one_refusal(echoing.last_words(CHUNKED + chunks + SMUGGLED))
    assert_one_refusal(echoing.last_words(CHUNKED, chunks, SMUGGLED))
    echoing.assert_serves()


def test_bad_chunks_after_the_answer_get_no_second_one(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(CHUNKED.replace(b"/", b"/early", 1))
        assert next_answer(connection).status == 200
        connection.sendall(b"x\r\n" + SMUGGLED)
        assert everything(connection) == b""
    echoing.assert_serves()


def test_an_application_that_answers_after_a_refusal_is_not_heard(parser: str) -> None:
    with serving(Waiting(), parser) as served, served.connect() as connection:
        connection.sendall(CHUNKED.replace(b"/", b"/wait", 1) + b"x\r\n")
        assert_one_refusal(everything(connection))
        served.release()


def test_a_body_is_not_taken_for_a_request(echoing: Served) -> None:
    received = echoing.last_words(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    (answer,) = answers_in(received)
    assert answer.json["body"] == SMUGGLED.decode()


def test_neither_extensions_nor_trailers_reach_the_application(echoing: Served) -> None:
    with echoing.connect() as connection:
        connection.sendall(CHUNKED + b"5;m4rk3d\r\nhello\r\n0\r\nAuthorization: m4rk3d\r\n\r\n")
        answer = next_answer(connection)
    assert answer.json["body"] == "hello"
    assert b"m4rk3d" not in answer.content


def test_a_refused_request_waits_for_the_answer_to_the_one_before(echoing: Served) -> None:
    received = echoing.last_words(
        POST + b"Content-Length: 5\r\n\r\nhello" + POST + b"Content-Length: x\r\n\r\n" + SMUGGLED
    )
    served, refused = answers_in(received)
    assert served.json["body"] == "hello"
    assert_refusal(refused)


@pytest.mark.parametrize("size", [65 * 1024, 3 * 1024 * 1024])
def test_a_head_over_64_kib_is_refused_and_the_answer_can_be_read(echoing: Served, size: int) -> None:
    received = echoing.last_words(GET + b"Authorization: Bearer " + b"a" * size + b"\r\n\r\n")
    assert_one_refusal(received)
    echoing.assert_serves()


def test_a_head_just_under_64_kib_is_served(echoing: Served) -> None:
    value = b"a" * (64 * 1024 - len(GET) - 100)
    (answer,) = answers_in(echoing.last_words(GET + b"Connection: close\r\nX-A: " + value + b"\r\n\r\n"))
    assert f"x-a: {value.decode()}" in answer.json["headers"]


@pytest.mark.parametrize("call", [b"POST /api/auth/logout", b"GET /api/auth/me", b"POST /api/auth/login"])
def test_a_length_over_64_kib_is_413_whatever_is_read(parser: str, call: bytes) -> None:
    lengths = (b"65537", b"9" * 17, b"9" * 18, b"9" * 19, b"9" * 23, b"0" * 30 + b"9" * 23)
    heads = [call + b" HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + b"\r\n\r\n" for length in lengths]
    for exchange in exchanges(create_app(memory_ports()), parser, [[head + SMUGGLED] for head in heads]):
        (answer,) = exchange.answers
        assert_refusal(answer, 413, "payload_too_large")


@pytest.mark.parametrize("method", [b"BREW", b"get", b"PROPFIND", b"PATCH"])
def test_a_method_that_only_one_parser_knows_is_no_fault(auth: Served, method: bytes) -> None:
    (answer,) = answers_in(auth.last_words(method + b" /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_request_is_carried_out_after_one_that_closes(auth: Served, logs: list[EventDict]) -> None:
    closing = b"GET /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert len(answers_in(auth.last_words(closing + SMUGGLED))) == 1
    auth.assert_serves()
    assert [entry["path"] for entry in logs] == ["/first", "/next"]


def test_a_refusal_has_the_headers_of_every_other_problem(auth: Served) -> None:
    with auth.connect() as connection:
        connection.sendall(b"GET /api/auth/me?token=a&token=b HTTP/1.1\r\nHost: a\r\n\r\n")
        ordinary = next_answer(connection)
        connection.sendall(b"GET /api/auth/me HTTP/1.1\r\n\r\n")
        (refused,) = answers_in(everything(connection))
    assert set(refused.headers) - set(ordinary.headers) == {"connection"}
    assert set(ordinary.headers) <= set(refused.headers)
    if ordinary.json["code"] == refused.json["code"]:
        assert ordinary.json == refused.json


@pytest.mark.parametrize("authority", [b"evil.test", b"127.0.0.1:1", b"[::1]:80"])
def test_the_authority_of_a_target_influences_nothing(auth: Served, authority: bytes) -> None:
    received = auth.last_words(
        b"GET http://" + authority + b"/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    (answer,) = answers_in(received)
    assert answer.status == 200
    assert authority not in received


@pytest.mark.parametrize(
    "framing", [b"Content-Length: %d\r\n\r\n%b", b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"]
)
@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.0"])
def test_an_upgrade_is_ignored_and_the_body_is_read(echoing: Served, upgrade: bytes, framing: bytes) -> None:
    head = POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + upgrade + b"\r\nHTTP2-Settings: AAMAAABk\r\n"
    with echoing.connect() as connection:
        for _ in range(2):
            connection.sendall(head + framing % (len(SMUGGLED), SMUGGLED))
            assert next_answer(connection).json["body"] == SMUGGLED.decode()


def test_a_sign_up_with_an_upgrade_succeeds(auth: Served) -> None:
    """As `curl --http2` sends it."""
    body = json.dumps({"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}).encode()
    head = (
        b"POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    with auth.connect() as connection:
        connection.sendall(head % len(body) + body)
        answer = next_answer(connection)
    assert (answer.status, answer.json["user"]["email"]) == (200, "alice@example.com")


def test_a_handshake_of_a_websocket_is_a_get(echoing: Served) -> None:
    handshake = (
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n\r\n"
    )
    with echoing.connect() as connection:
        for _ in range(2):
            connection.sendall(handshake)
            assert next_answer(connection).status == 200
