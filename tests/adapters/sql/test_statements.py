"""Which statements what is called most often costs, whatever is built around it."""

from collections.abc import Awaitable
from typing import Any

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql import Connections
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import identify, log_in, sign_up
from tests.conftest import sql_ports


async def statements_of(work: Awaitable[object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the statements that are run meanwhile, in order."""
    seen: list[str] = []
    with monkeypatch.context() as patch:
        for name in ("fetch_all", "run", "run_many"):
            original = getattr(PooledConnection, name)

            async def spied(
                connection: PooledConnection, sql: str, *rows: Any, original: Any = original, **values: object
            ) -> object:
                seen.append(sql)
                return await original(connection, sql, *rows, **values)

            patch.setattr(PooledConnection, name, spied)
        await work
    return seen


async def test_a_log_in_and_a_look_at_oneself_run_no_statement_for_events_but_their_own(
    connections: Connections, memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who subscribed is no business of theirs: that is found out beside requests."""
    ports = sql_ports(memory, connections)
    await sign_up("Alice", "alice@example.com", "secret", ports=ports)
    await log_in("alice@example.com", "secret", ports=ports)
    seen = await statements_of(log_in("alice@example.com", "secret", ports=ports), monkeypatch)
    assert [sql.partition(" (")[0] for sql in seen if "event" in sql] == ["INSERT INTO events"]
    assert [sql for sql in seen if "subscription" in sql] == []
    token = (await log_in("alice@example.com", "secret", ports=ports)).token
    assert len(await statements_of(identify(token, ports=ports), monkeypatch)) <= 1
