"""Front ends on other origins: those that were named may call, others may not."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
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
