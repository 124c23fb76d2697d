"""Front ends on other origins: those that were named may call, others may not."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import attrs
import httpx2
import pytest
from starlette.types import Message

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import Identity, Limits, Policy, RateLimit, SessionId, sign_up
from leadnator_auth.entrypoints.http import create_app

FRONT_END = "https://app.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,authorization"}


@pytest.fixture
async def http(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(memory, cors_origins=[FRONT_END]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client


async def test_a_front_end_that_was_named_may_call(http: httpx2.AsyncClient) -> None:
    preflight = await http.options("/api/auth/login", headers=PREFLIGHT | {"Origin": FRONT_END})
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    answer = await http.get("/api/auth/me", headers={"Origin": FRONT_END})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{FRONT_END}.evil.example", "http://app.example.com"]
)
async def test_no_other_front_end_may(http: httpx2.AsyncClient, origin: str) -> None:
    preflight = await http.options("/api/auth/login", headers=PREFLIGHT | {"Origin": origin})
    assert (preflight.status_code, preflight.json()["code"]) == (400, "invalid_request")
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert preflight.headers["Vary"] == "Origin"
    answer = await http.get("/healthz", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_a_name_nobody_may(memory: MemoryPorts) -> None:
    transport = httpx2.ASGITransport(create_app(memory))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        preflight = await client.options("/api/auth/login", headers=PREFLIGHT | {"Origin": FRONT_END})
    assert preflight.status_code == 405
    assert "Access-Control-Allow-Origin" not in preflight.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_a_front_end_that_was_named_may_make_every_call(http: httpx2.AsyncClient, method: str) -> None:
    asked = PREFLIGHT | {"Origin": FRONT_END, "Access-Control-Request-Method": method}
    preflight = await http.options("/api/auth/sessions/s_1", headers=asked)
    assert preflight.status_code == 200
    assert method in preflight.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type"} <= set(allowed)


async def test_a_front_end_may_read_what_it_needs_of_any_answer(http: httpx2.AsyncClient) -> None:
    for path, status in (("/healthz", 200), ("/api/auth/me", 401), ("/nothing", 404)):
        answer = await http.get(path, headers={"Origin": FRONT_END})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, FRONT_END)
        assert {"X-Request-Id", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


MOBILE = "capacitor://localhost"


@pytest.fixture
async def app_at_home(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that two front ends may call, one of them an application on a phone."""
    transport = httpx2.ASGITransport(create_app(memory, cors_origins=[FRONT_END, MOBILE, "chrome-extension://abcd"]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client


@pytest.mark.parametrize("origin", [FRONT_END, MOBILE, "chrome-extension://abcd", "chrome-extension://ABCD"])
@pytest.mark.parametrize(
    "asked",
    [
        "traceparent",
        "baggage,sentry-trace",
        "X-Requested-With, Authorization",
        "content-type,if-none-match,x-_!#$%&'*+.^`|~9",
        " authorization ,\tcontent-type",
        ",".join(f"x-{number}" for number in range(60)),
    ],
)
async def test_a_named_front_end_may_send_any_header(app_at_home: httpx2.AsyncClient, origin: str, asked: str) -> None:
    headers = PREFLIGHT | {"Origin": origin, "Access-Control-Request-Headers": asked}
    answer = await app_at_home.options("/api/auth/login", headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == [name.strip().lower() for name in asked.split(",")]
    assert "*" not in allowed
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    varies = {name.strip() for name in answer.headers["Vary"].split(",")}
    assert varies >= {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}
    assert answer.headers["X-Request-Id"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("asked", ["x y", "a,,b", "a;b", "a:b", "(x)", "é", "a,", '"a"', "a,*@"])
async def test_what_is_no_header_is_not_echoed(app_at_home: httpx2.AsyncClient, asked: str) -> None:
    headers = {**PREFLIGHT, "Origin": FRONT_END, "Access-Control-Request-Headers": asked.encode("latin-1")}
    answer = await app_at_home.options("/api/auth/login", headers=headers)  # type: ignore[arg-type]  # bytes for "é"
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "Access-Control-Allow-Headers" not in answer.headers


async def test_a_preflight_without_headers_and_one_for_head_are_answered(app_at_home: httpx2.AsyncClient) -> None:
    headers = {"Origin": FRONT_END, "Access-Control-Request-Method": "HEAD"}
    answer = await app_at_home.options("/api/auth/me", headers=headers)
    assert answer.status_code == 200
    assert "HEAD" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    refused = await app_at_home.options("/api/auth/me", headers=headers | {"Access-Control-Request-Method": "TRACE"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")


async def test_a_page_from_the_internet_may_call_a_server_at_home(app_at_home: httpx2.AsyncClient) -> None:
    headers = PREFLIGHT | {"Origin": FRONT_END, "Access-Control-Request-Private-Network": "true"}
    answer = await app_at_home.options("/api/auth/login", headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Private-Network"]) == (200, "true")


@pytest.mark.parametrize("origin", ["HTTPS://APP.EXAMPLE.COM", f"{FRONT_END}/", f"{FRONT_END}:443", "capacitor://x"])
async def test_another_spelling_is_another_origin(app_at_home: httpx2.AsyncClient, origin: str) -> None:
    answer = await app_at_home.options("/api/auth/login", headers=PREFLIGHT | {"Origin": origin})
    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_every_error_can_be_read_by_a_front_end(memory: MemoryPorts) -> None:
    class Broken(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            raise RuntimeError("a fault")

    limits = Limits(sign_up=RateLimit("signup", 1, timedelta(minutes=1)))
    ports = attrs.evolve(memory, identities=Broken(memory.unit_of_work), policy=Policy(limits=limits))
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    transport = httpx2.ASGITransport(create_app(ports, cors_origins=[FRONT_END]))
    found: dict[int, Mapping[str, str]] = {}
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:

        async def send(method: str, path: str, **more: Any) -> None:
            headers = {"Origin": FRONT_END, **more.pop("headers", {})}
            answer = await client.request(method, path, headers=headers, **more)
            found[answer.status_code] = answer.headers

        await send("GET", "/api/auth/me", headers={"Authorization": f"Bearer {alice.token}"})
        await send("GET", "/api/auth/me")
        await send("GET", "/nothing")
        await send("PUT", "/api/auth/me")
        await send("POST", "/api/auth/login", content=b"x" * 70_000, headers={"Content-Type": "application/json"})
        await send("POST", "/api/auth/login", content=b"{}", headers={"Content-Type": "text/plain"})
        for _ in range(2):
            await send(
                "POST", "/api/auth/signup", json={"name": "B", "email": "alice@example.com", "password": "secret"}
            )
        await send("POST", "/api/auth/login", json={})
    assert found.keys() == {400, 401, 404, 405, 409, 413, 415, 429, 500}
    for headers in found.values():
        assert headers["Access-Control-Allow-Origin"] == FRONT_END
        exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed >= {"X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate"}
        assert "Origin" in headers["Vary"]
        assert headers["X-Request-Id"]
        assert "Access-Control-Allow-Credentials" not in headers


async def test_a_body_that_does_not_come_is_told_to_a_front_end(memory: MemoryPorts) -> None:
    sent: list[Message] = []

    async def never() -> Message:
        raise TimeoutError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/api/auth/login", "raw_path": b"/api/auth/login",
        "query_string": b"", "headers": [(b"origin", FRONT_END.encode()), (b"content-type", b"application/json")],
    }  # fmt: skip
    await create_app(memory, cors_origins=[FRONT_END])(scope, never, send)
    assert sent[0]["status"] == 408
    assert (b"access-control-allow-origin", FRONT_END.encode()) in sent[0]["headers"]
