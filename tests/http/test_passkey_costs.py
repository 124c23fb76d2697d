"""Whoever has no passkey pays nothing for them: what the database is asked is the same with them and without."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import Ports
from tests.http.admins import Caller, signed_up
from tests.http.conftest import ClientOver
from tests.http.passkey_device import with_passkeys

Call = Callable[[Caller, str], Awaitable[httpx2.Response]]


async def log_in(caller: Caller, email: str, password: str) -> httpx2.Response:
    return await caller.http.post("/api/auth/login", json={"email": email, "password": password})


CALLS: dict[str, Call] = {
    "a log-in": lambda caller, email: log_in(caller, email, "secret"),
    "a wrong password": lambda caller, email: log_in(caller, email, "wrong"),
    "me": lambda caller, _: caller.send("GET", "/api/auth/me"),
    "a step-up": lambda caller, _: caller.send("POST", "/api/auth/step-up", json={"current_password": "secret"}),
    "a log-out": lambda caller, _: caller.send("POST", "/api/auth/logout"),
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that the store runs, in turn."""
    seen: list[str] = []
    for name in ("fetch_all", "run", "run_many"):
        original = getattr(PooledConnection, name)

        async def noted(
            connection: PooledConnection, sql: str, *rows: Any, original: Any = original, **values: object
        ) -> object:
            seen.append(sql)
            return await original(connection, sql, *rows, **values)

        monkeypatch.setattr(PooledConnection, name, noted)
    return seen


@pytest.mark.parametrize("name", CALLS)
async def test_what_the_database_is_asked_does_not_mention_them(
    client_over: ClientOver, ports: Ports, statements: list[str], name: str
) -> None:
    seen = []
    for who, world in (("alice", ports), ("bob", with_passkeys(ports))):
        caller = await signed_up(client_over(world), who)
        statements.clear()
        await CALLS[name](caller, f"{who}@example.com")
        seen.append(list(statements))
    assert seen[0] == seen[1]
    assert not [sql for sql in seen[1] if "passkeys" in sql]
