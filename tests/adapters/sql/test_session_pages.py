"""A long list of sessions is read in pages, and a session may end between two of them."""

from collections.abc import Sequence

import pytest

from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.testing.contract.checking import keep_users
from leadnator_auth.testing.contract.samples import a_session, a_user
from leadnator_auth.testing.contract.sessions import keep_sessions

MANY, NEWEST = 250, 240


async def test_none_is_left_out_when_another_ends_between_two_pages(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, unit_of_work = a_user(), SqlUnitOfWork(connections)
    await keep_users(unit_of_work, alice)
    await keep_sessions(unit_of_work, alice, MANY)
    fetch_all, pages = PooledConnection.fetch_all, 0

    async def ending_one(self: PooledConnection, query: str, **values: object) -> Sequence[Row]:
        nonlocal pages
        rows = await fetch_all(self, query, **values)
        pages += 1
        if pages == 1:
            assert await transaction.sessions.end(a_session(alice, NEWEST).id)
        return rows

    async with unit_of_work() as transaction:
        monkeypatch.setattr(PooledConnection, "fetch_all", ending_one)
        listed = await transaction.sessions.of_user(alice, MANY)
    assert pages > 2, "a page, the end, and another page"
    assert listed == [a_session(alice, number) for number in range(MANY, 0, -1)]
