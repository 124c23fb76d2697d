"""A path has one spelling, and a header that has one value is not repeated, whatever server is in front."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import create_app
from tests.http.test_error_table import ALLOWED
from tests.http.wire.exchanging import exchanges

Check = Callable[[httpx2.Response, int, str], None]

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
JSON = (b"content-type", b"application/json")
SLASHES = ["%2F", "%2f", "%5C", "%5c", "%252F", "%252f", "%25252F", "%25%32%46", "%255C"]
DOTS = ["%2E", "%2e", "%252E", "%25252e"]
MISSPELLED = [
    *(path[:place] + slash + path[place + 1 :] for slash in SLASHES for path, place in [
        ("/api/auth/me", 4), ("/api/auth/me", 9), ("/api/auth/login", 9), ("/api/auth/sessions/s_1", 18),
        ("/api/admin/users/u_1", 10), ("/tutorial/index", 9)]),
    *(f"/api/auth/sessions/s{other}1" for other in SLASHES + DOTS),
    *(f"/openapi{dot}json" for dot in DOTS),
    *(f"/api/auth/{dot}{dot}/auth/me" for dot in DOTS),
    *(f"/api/{dot}/auth/me" for dot in DOTS),
    *(f"/api/auth/me{end}" for end in ("%2F", "%5C", "%2E", "%2F%2E%2E%2Fme", "%0A")),
    "/%2Fapi/auth/me",
    "/api%2Fauth%2Fme",
    "/%61pi%2fauth/me",
    *(path[:-1] + "%" + "25" * times + f"{ord(path[-1]):{kind}}" for path in
      ("/healthz", "/api/auth/me", "/api/auth/login", "/api/auth/sessions/s_0", "/api/auth/sessions/Z",
       "/api/auth/sessions/9", "/api/admin/users/u_-", "/api/admin/users/_", "/api/auth/sessions/~",
       "/api/auth/sessions/O", "/api/auth/sessions/A")
      for times, kind in ((0, "02x"), (2, "02X"))),
    "/%61%70%69/auth/me",
    "/api/auth/%6De",
    "/nowhere%61",
]  # fmt: skip


@pytest.fixture
async def token(quick: httpx2.AsyncClient) -> str:
    """The token of Alice, who has signed up."""
    return str((await quick.post("/api/auth/signup", json=ALICE)).json()["token"])


@pytest.mark.parametrize("path", MISSPELLED)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_no_encoding_stands_for_a_separator_or_a_dot(
    quick: httpx2.AsyncClient, check_problem: Check, token: str, path: str, method: str
) -> None:
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        check_problem(await quick.request(method, path, headers=headers), 404, "not_found")


async def test_so_it_is_below_the_prefix_of_a_host_application(memory: MemoryPorts) -> None:
    host = Starlette(routes=[Mount("/v1.0/auth", create_app(memory))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(host), base_url="http://host.test") as client:
        assert (await client.get("/v1.0/auth/healthz")).status_code == 200
        for path in (
            "/v1.0/auth/api%2Fauth/me",
            "/v1.0/auth%2Fhealthz",
            "/v1.0/auth/openapi%2ejson",
            "/v1%2E0/auth/healthz",
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/auth/me?token=", "/api/auth/me?a=%2F%2E%5C&b=c%2Fd", "/api/auth/me?%61=%7a"])
async def test_other_encodings_and_those_in_a_query_mean_what_they_mean(
    quick: httpx2.AsyncClient, token: str, path: str
) -> None:
    answer = await quick.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["user"]["name"] == "Alice"


@pytest.mark.parametrize(
    "path", ["%40", "%20", "a%20b", "%C3%BC", "%E2%98%95", "%25", "%3A", "%3B", "%60", "%7B", "%5B"]
)
async def test_a_segment_may_have_in_it_what_has_to_be_encoded(
    quick: httpx2.AsyncClient, check_problem: Check, token: str, path: str
) -> None:
    """It is somebody's id like any other, whom there is not: 404 comes after who asks."""
    check_problem(await quick.delete(f"/api/auth/sessions/{path}"), 401, "missing_token")


async def status_of(app: ASGIApp, **scope: Any) -> int:
    """Returns the status of the answer to a request as a server hands it over."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Message) -> None:
        sent.append(message)

    plain = {"type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "headers": []}
    await app(plain | scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/api/auth/me", 401),
        ("/api/auth/sessions/s_1", 405),
        ("/api%2Fauth/me", 404),
        ("/api/auth/sessions/s%2f1", 404),
        ("/api/auth/sessions/s\\1", 404),
        ("/api/auth/sessions/s%5C1", 404),
        ("/api/auth/sessions/%2e", 404),
        ("/health%7a", 404),
        ("/api/auth/sessions/s%40", 405),
        ("/healthz\n", 404),
    ],
)
async def test_a_server_that_tells_only_the_decoded_path_is_understood(
    memory: MemoryPorts, path: str, status: int
) -> None:
    """What is encoded still was so twice; that a slash was encoded cannot be seen any more."""
    for scope in ({"path": path}, {"path": path, "raw_path": None}):
        assert await status_of(create_app(memory), **scope) == status


async def test_a_server_that_tells_the_query_with_the_path_is_understood(memory: MemoryPorts) -> None:
    query = b"a=%2F&b=%2E"
    for path, status in ((b"/healthz", 200), (b"/%68ealthz", 404), (b"/healthz%2F", 404)):
        sent = path + b"?" + query
        assert await status_of(create_app(memory), raw_path=sent, query_string=query) == status


def test_both_parsers_refuse_other_spellings(memory: MemoryPorts) -> None:
    paths = ["/healthz", "/healthz%2F", "/openapi%2ejson", "/api%5Cauth/me", "/api/auth/sessions/a%252Fb", "/health%7a"]
    for parser in ("httptools", "h11"):
        talks = [[f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()] for path in paths]
        found = [exchange.statuses for exchange in exchanges(create_app(memory), parser, talks)]
        assert found == [[200], [404], [404], [404], [404], [404]]


TWICE: Mapping[str, list[tuple[bytes, bytes]]] = {
    "Content-Type": [JSON, JSON],
    "another Content-Type": [JSON, (b"content-type", b"text/plain")],
    "Content-Type, the bad one first": [(b"content-type", b"text/plain"), JSON],
    "an empty Content-Type": [JSON, (b"content-type", b"")],
    "Authorization": [(b"authorization", b"Bearer a.b.c"), (b"authorization", b"Bearer a.b.c")],
    "another scheme": [(b"authorization", b"Bearer a.b.c"), (b"authorization", b"Basic YTpi")],
    "an empty Authorization": [(b"authorization", b""), (b"authorization", b"Bearer a.b.c")],
    "Host": [(b"host", b"auth.test"), (b"host", b"auth.test")],
    "another Host": [(b"host", b"auth.test"), (b"x-any", b""), (b"host", b"evil.test")],
    "Content-Length": [(b"content-length", b"2"), (b"content-length", b"2")],
    "another Content-Length": [JSON, (b"content-length", b"2"), (b"content-length", b"99999")],
    "Transfer-Encoding": [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"identity")],
    "Expect": [(b"expect", b"100-continue"), (b"expect", b"x")],
}


@pytest.mark.parametrize("name", TWICE)
async def test_what_has_one_value_is_not_repeated(memory: MemoryPorts, name: str) -> None:
    app = create_app(memory)
    for method, path in (
        *(("POST", f"/api/auth/{call}") for call in ("signup", "login", "forgot-password", "logout")),
        *(("GET", path) for path in ("/api/auth/me", "/healthz", "/openapi.json", "/docs")),
        ("POST", "/reset-password"),
        ("DELETE", "/api/auth/sessions/s_1"),
        ("PATCH", "/api/admin/users/u_1"),
        ("PUT", "/api/auth/me"),
    ):
        assert await status_of(app, method=method, path=path, headers=TWICE[name]) == 400


async def test_what_may_have_several_values_may_be_repeated(memory: MemoryPorts) -> None:
    headers = [(b"accept", b"a/b"), (b"accept", b"c/d"), (b"cookie", b"a=b"), (b"cookie", b"c=d"), (b"x-any", b"")] * 2
    assert await status_of(create_app(memory), headers=headers) == 200


async def test_a_repeated_header_is_a_problem(quick: httpx2.AsyncClient, check_problem: Check) -> None:
    answer = await quick.post("/api/auth/login", content=b"{}", headers=[("Content-Type", "application/json")] * 2)
    check_problem(answer, 400, "invalid_request")


@pytest.mark.parametrize("path", [path for path in ALLOWED if "." not in path])
async def test_each_path_is_found_in_its_one_spelling(memory: MemoryPorts, path: str) -> None:
    assert await status_of(create_app(memory), path=path, raw_path=path.encode()) != 404
