"""Bodies: which are read, and how every other one is refused without harm."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from leadnator_auth.entrypoints.http.reading import body as body_module

Check = Callable[[httpx2.Response, int, str], None]

LIMIT = 65536
JSON = {"Content-Type": "application/json"}
ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
ENOUGH = json.dumps(ALICE).encode()
FIELDS: dict[str, dict[str, str]] = {
    "signup": ALICE,
    "login": {"email": ALICE["email"], "password": ALICE["password"]},
    "forgot-password": {"email": ALICE["email"]},
    "reset-password": {"token": "reset_" + "A" * 43, "password": "second-password"},
}


async def sign_up(quick: httpx2.AsyncClient, content: bytes | AsyncIterator[bytes]) -> httpx2.Response:
    return await quick.post("/api/auth/signup", content=content, headers=JSON)


def with_member(text: str) -> bytes:
    """Returns Alice's body with one more member, written as JSON."""
    return ENOUGH[:-1] + b"," + text.encode() + b"}"


def nested(depth: int) -> bytes:
    """Returns Alice's body nested this deep; the body itself is the first level."""
    return with_member('"x":' + "[" * (depth - 1) + "]" * (depth - 1))


async def in_chunks(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), 1000):
        yield content[begin : begin + 1000]


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        'application/json; CHARSET="Utf-8"',
        r'application/json; charset="\u\tf\-8"',
        "application/json;",
        "application/json ; ; charset=utf-8 ;",
        r'application/json; a="; charset=utf-16"; b="\"; charset=x"',
        "application/json; charset-of-old=utf-16; xcharset=latin1",
        " application/json\t;\t charset=utf-8 \t",
        'application/json; profile="https://example.com/sign-up"',
    ],
)
async def test_json_in_utf_8_is_read(quick: httpx2.AsyncClient, declared: str) -> None:
    answer = await quick.post("/api/auth/signup", content=ENOUGH, headers={"Content-Type": declared})
    assert answer.status_code == 200


@pytest.mark.parametrize("call", FIELDS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/vnd.api+json"},
        {"Content-Type": "*/*"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json; charset=iso-8859-1"},
        {"Content-Type": "application/json; charset=utf-8; charset=utf-7"},
        {"Content-Type": "application/json; charset=utf-8; Charset=utf-8"},
        {"Content-Type": "application/json; charset=utf8"},
        {"Content-Type": "application/json; charset =utf-16"},
        {"Content-Type": "application/json; charset =utf-8"},
        {"Content-Type": "application/json; charset= utf-8"},
        {"Content-Type": "application/json; charset"},
        {"Content-Type": "application/json; charset="},
        {"Content-Type": 'application/json; charset=""'},
        {"Content-Type": "application/json; charset*=us-ascii''utf-16"},
        {"Content-Type": "application/json; charset*=utf-8''utf-8"},
        {"Content-Type": "application/json; charset*0=utf-16"},
        {"Content-Type": 'application/json; charset="utf-8'},
        {"Content-Type": 'application/json; charset=utf-8"'},
        {"Content-Type": 'application/json; charset=" utf-8"'},
        {"Content-Type": 'application/json; charset="utf-8"; a="'},
        {"Content-Type": "application/json; charset='utf-8'"},
        {"Content-Type": "application/json; charset=utf-8, text/plain"},
        {"Content-Type": "application/json charset=utf-8"},
        {"Content-Type": "application/json; a"},
        {"Content-Type": "application/json; a=b c"},
        {"Content-Type": "application /json"},
        {b"Content-Type": b"application/json\xa0"},
        {b"Content-Type": b"\x85application/json"},
        {b"Content-Type": b"application/json; charset=utf-8\xa0"},
        {b"Content-Type": b"application/json; charset=\x85utf-8"},
        JSON | {"Content-Encoding": "gzip"},
        JSON | {"Content-Encoding": "deflate"},
        JSON | {"Content-Encoding": "br"},
        JSON | {"Content-Encoding": "x-unheard-of"},
        JSON | {"Content-Encoding": "identity, gzip"},
    ],
    ids=lambda headers: " ".join(map(str, headers.values())) or "no type",
)
async def test_any_other_kind_of_body_is_refused(
    quick: httpx2.AsyncClient, check_problem: Check, call: str, headers: dict[str, str] | dict[bytes, bytes]
) -> None:
    content = json.dumps(FIELDS[call]).encode()
    check_problem(
        await quick.post(f"/api/auth/{call}", content=content, headers=headers), 415, "unsupported_media_type"
    )


async def test_no_body_at_all_is_no_json_rather_than_another_kind(
    quick: httpx2.AsyncClient, check_problem: Check
) -> None:
    for call in FIELDS:
        check_problem(await quick.post(f"/api/auth/{call}"), 400, "invalid_json")


async def test_a_compressed_body_is_never_inflated(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    bomb = gzip.compress(ENOUGH + b" " * 10_000_000)
    assert len(bomb) < LIMIT
    answer = await quick.post("/api/auth/signup", content=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    check_problem(answer, 415, "unsupported_media_type")
    assert answer.headers["Accept-Encoding"] == "identity"


async def test_a_second_content_encoding_header_counts_too(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    answer = await quick.post("/api/auth/signup", content=ENOUGH, headers=headers)
    check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
async def test_a_body_has_at_most_64_kib(quick: httpx2.AsyncClient, check_problem: Check, is_chunked: bool) -> None:
    answers = []
    for size in (LIMIT + 1, LIMIT, 2_000_000):
        content = ENOUGH.ljust(size)
        answers.append(await sign_up(quick, in_chunks(content) if is_chunked else content))
    assert answers[1].status_code == 200
    for answer in (answers[0], answers[2]):
        check_problem(answer, 413, "payload_too_large")
        assert answer.headers["Connection"] == "close"


async def test_a_body_that_only_claims_to_be_long_is_refused(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    for length in (str(LIMIT + 1), "10737418240", "9" * 5000, "many", "-5", "1.5", ""):
        answer = await quick.post("/api/auth/signup", content=ENOUGH, headers=JSON | {"Content-Length": length})
        check_problem(answer, 413, "payload_too_large")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", f"/api/auth/{call}") for call in ("logout", "totp", "recovery-codes", "login/passkey/options")),
        *(("GET", path) for path in ("/api/auth/me", "/healthz", "/docs", "/", "/reset-password", "/nowhere")),
        *(("DELETE", path) for path in ("/api/auth/sessions/s_1", "/api/auth/account")),
        *(("HEAD", "/healthz"), ("PUT", "/api/auth/me"), ("POST", "/api/auth/token-pair")),
    ],
)
async def test_so_it_is_where_no_body_is_read(
    quick: httpx2.AsyncClient, check_problem: Check, method: str, path: str
) -> None:
    usual = await quick.request(method, path)
    for length in ("0", "2", " 65536", "00000000000065536\t"):
        answer = await quick.request(method, path, content=b"{}", headers=JSON | {"Content-Length": length})
        assert answer.status_code == usual.status_code
    for length in ("65537", "100000", "9" * 18, "9" * 5000, "0" * 5000 + "65537", "many", "-5", "0x5"):
        answer = await quick.request(method, path, headers={"Content-Length": length})
        if method == "HEAD":
            assert answer.status_code == 413
        else:
            check_problem(answer, 413, "payload_too_large")
            assert answer.headers["Connection"] == "close"


async def test_a_body_that_never_ends_is_answered(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * LIMIT

    check_problem(await sign_up(quick, endless()), 413, "payload_too_large")


@pytest.mark.parametrize("begun", [b"", ENOUGH[:20], ENOUGH], ids=["nothing", "a part", "all but the end"])
async def test_a_body_that_does_not_arrive_is_given_up(
    quick: httpx2.AsyncClient, check_problem: Check, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield begun
        await asyncio.Event().wait()

    assert (await sign_up(quick, in_chunks(ENOUGH))).status_code == 200
    monkeypatch.setattr("leadnator_auth.entrypoints.http.reading.body.BODY_TIMEOUT_SECONDS", 0.005)
    answer = await sign_up(quick, stalled())
    check_problem(answer, 408, "request_timeout")
    assert answer.headers["Connection"] == "close", "the rest of the body may still come, and is no request"


async def test_a_trickle_does_not_put_the_deadline_of_a_body_off(
    quick: httpx2.AsyncClient, check_problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.001)

    assert body_module.BODY_TIMEOUT_SECONDS == 10
    monkeypatch.setattr(body_module, "BODY_TIMEOUT_SECONDS", 0.02)
    check_problem(await sign_up(quick, trickle()), 408, "request_timeout")


@pytest.mark.parametrize(
    "content",
    [
        ENOUGH,
        b" \t\r\n" + ENOUGH + b"\n ",
        with_member(r'"emoji":"\ud83d\ude00"'),
        with_member('"number":-1.5e300'),
        with_member('"x":{"a":1},"y":{"a":1}'),
        nested(32),
        nested(32).replace(b"[]", b'[1,"x",null]'),
    ],
    ids=["plain", "white space", "surrogate pair", "number", "same name elsewhere", "depth 32", "depth 32, not empty"],
)
async def test_one_json_object_is_read(quick: httpx2.AsyncClient, content: bytes) -> None:
    answer = await sign_up(quick, content)
    assert answer.status_code == 200, answer.text


MALFORMED = {
    "empty": b"",
    "blank": b"  ",
    "null": b"null",
    "true": b"true",
    "list": b"[" + ENOUGH + b"]",
    "string": b'"x"',
    "number": b"1",
    "cut off": ENOUGH[:-1],
    "trailing word": ENOUGH + b"x",
    "trailing object": ENOUGH + ENOUGH,
    "trailing NUL": ENOUGH + b"\0",
    "single quotes": ENOUGH.replace(b'"', b"'"),
    "trailing comma": ENOUGH[:-1] + b",}",
    "comment": b"/* */" + ENOUGH,
    "raw newline in a string": with_member('"x":"a\nb"'),
    "bad escape": with_member(r'"x":"\x41"'),
    "form": b"name=Alice&email=alice%40example.com&password=first-password",
    "NaN": with_member('"x":NaN'),
    "Infinity": with_member('"x":Infinity'),
    "-Infinity": with_member('"x":-Infinity'),
    "NaN as name": ENOUGH.replace(b'"Alice"', b"NaN"),
    "1e999": with_member('"x":1e999'),
    "-1e999 nested": with_member('"x":[{"y":-1E+999}]'),
    "5000 digits": with_member('"x":' + "9" * 5000),
    "name twice": with_member('"email":"bob@example.com"'),
    "same name twice, escaped": with_member(r'"\u0065mail":"bob@example.com"'),
    "same value twice": with_member('"email":"alice@example.com"'),
    "unknown name twice": with_member('"x":1,"x":1'),
    "nested name twice": with_member('"x":[{"a":1,"a":2}]'),
    "depth 33": nested(33),
    "depth 33 of objects": with_member('"x":' + '{"a":' * 32 + "1" + "}" * 32),
    "depth 33 of lists": with_member('"x":' + "[" * 32 + "1" + "]" * 32),
    "60000 brackets": b"[" * 60_000,
    "10000 objects": b'{"a":' * 10_000,
    "UTF-8 BOM": b"\xef\xbb\xbf" + ENOUGH,
    "UTF-16": ENOUGH.decode().encode("utf-16"),
    "UTF-16-LE": ENOUGH.decode().encode("utf-16-le"),
    "UTF-32-BE": ENOUGH.decode().encode("utf-32-be"),
    "bad byte": ENOUGH.replace(b"Alice", b"Al\xffce"),
    "Latin-1": ENOUGH.replace(b"Alice", b"Ren\xe9"),
    "overlong": ENOUGH.replace(b"Alice", b"Al\xc0\xafce"),
    "encoded surrogate": ENOUGH.replace(b"Alice", b"Al\xed\xa0\x80ce"),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_anything_else_is_malformed(quick: httpx2.AsyncClient, check_problem: Check, content: bytes) -> None:
    for call in FIELDS:
        check_problem(await quick.post(f"/api/auth/{call}", content=content, headers=JSON), 400, "invalid_json")
    assert (await sign_up(quick, ENOUGH)).status_code == 200, "nothing of it was kept"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\xef\xbb\xbf" + ENOUGH, "byte-order mark"),
        (b"\xef\xbb\xbf", "byte-order mark"),
        (ENOUGH.decode().encode("utf-16"), "UTF-16"),
        (ENOUGH.decode().encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + ENOUGH.decode().encode("utf-16-be"), "UTF-16"),
        (ENOUGH.decode().encode("utf-16-be"), "UTF-16"),
        (ENOUGH.decode().encode("utf-32"), "UTF-32"),
        (b"\xff\xfe{", "UTF-16"),
    ],
)
async def test_who_sends_another_encoding_is_told_so(
    quick: httpx2.AsyncClient, check_problem: Check, content: bytes, named: str
) -> None:
    usual = (await sign_up(quick, b"{")).json()
    answer = await sign_up(quick, content)
    check_problem(answer, 400, "invalid_json")
    assert named in answer.json()["detail"]
    assert named not in usual["detail"]
    assert {name for name in usual if usual[name] != answer.json()[name]} == {"detail"}


async def test_a_hundred_thousand_brackets_are_too_long(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    check_problem(await sign_up(quick, b"[" * 100_000), 413, "payload_too_large")
