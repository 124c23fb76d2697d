"""Clients of the HTTP application over ports of a test's own choice, and what every problem answer must look like."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import attrs
import httpx2
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.http import create_app

ClientOver = Callable[[Ports], httpx2.AsyncClient]
CheckProblem = Callable[[httpx2.Response, int, str], None]


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What is logged; nothing of it is printed, which would take seconds for each traceback."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that the store runs, in turn."""
    seen: list[str] = []

    def spy(name: str) -> None:
        original = getattr(PooledConnection, name)

        async def noted(connection: PooledConnection, sql: str, *rows: Any, **values: object) -> object:
            seen.append(sql)
            return await original(connection, sql, *rows, **values)

        monkeypatch.setattr(PooledConnection, name, noted)

    for name in ("fetch_all", "run", "run_many"):
        spy(name)
    return seen


@pytest.fixture
async def client_over() -> AsyncIterator[ClientOver]:
    """Opens clients of the application over given ports; they are closed when the test ends."""
    async with AsyncExitStack() as stack:

        def open_client(ports: Ports) -> httpx2.AsyncClient:
            transport = httpx2.ASGITransport(create_app(ports), client=("192.0.2.1", 40000))
            client = httpx2.AsyncClient(transport=transport, base_url="http://auth.test")
            stack.push_async_callback(client.aclose)
            return client

        yield open_client


@pytest.fixture
def quick(client_over: ClientOver, memory: MemoryPorts) -> httpx2.AsyncClient:
    """A client over `memory`, for what does not depend on the store."""
    return client_over(memory)


@pytest.fixture
def world(memory: MemoryPorts) -> MemoryPorts:
    """The world of `memory` with the e-mail syntax of production."""
    return attrs.evolve(memory, emails=ValidatedEmailSyntax())


@pytest.fixture
def strict(client_over: ClientOver, world: MemoryPorts) -> httpx2.AsyncClient:
    """A client over `world`."""
    return client_over(world)


@pytest.fixture
def check_problem() -> CheckProblem:
    """Asserts that an answer is the problem with this status and code, whole and with safe headers."""

    def check(answer: httpx2.Response, status: int, code: str) -> None:
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
        body = answer.json()
        members = {"type", "title", "status", "detail", "code"}
        assert body.keys() - {"errors"} == members
        assert (body["status"], body["code"]) == (status, code)
        assert body["type"].startswith("/")
        assert body["detail"]
        assert ("errors" in body) == (code in ("missing_fields", "invalid_fields"))
        assert answer.headers["X-Request-Id"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    return check
