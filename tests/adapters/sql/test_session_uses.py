"""Noting uses of sessions beside the requests: many at once, without a word where it fails."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from leadnator_auth.adapters.sql import Connections, SqlIdentities, SqlUnitOfWork
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.domain.values.ids import SessionId
from leadnator_auth.testing.contract.checking import keep_users
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_session, a_user
from leadnator_auth.testing.contract.sessions import keep_sessions, sessions_of
from tests.conftest import threads_ended
from tests.databases import backend_of

MANY = 250


@pytest.fixture
def unit_of_work(connections: Connections) -> UnitOfWork:
    """Units of work over an empty database of each kind in turn."""
    return SqlUnitOfWork(connections)


async def test_a_crowd_is_noted_with_a_few_transactions(
    connections: Connections, unit_of_work: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, identities = a_user(), SqlIdentities(connections)
    await keep_users(unit_of_work, alice)
    await keep_sessions(unit_of_work, alice, MANY)
    begun: list[Connections] = []
    writing = Connections.writing

    def counted(self: Connections) -> AbstractAsyncContextManager[PooledConnection]:
        begun.append(self)
        return writing(self)

    monkeypatch.setattr(Connections, "writing", counted)

    for number in range(1, MANY + 1):
        for _ in range(3):
            identities.note_use(a_session(alice, number).id, NOW + HOUR)
    await connections.drained()

    assert len(begun) == 3
    async with unit_of_work.snapshot() as repositories:
        kept = await repositories.sessions.of_user(alice, MANY)
    assert [session.last_used_at for session in kept] == [NOW + HOUR] * MANY


async def test_a_session_that_somebody_else_changes_is_not_waited_for(
    connections: Connections, unit_of_work: UnitOfWork, database_kind: str
) -> None:
    alice, identities = a_user(), SqlIdentities(connections)
    await keep_users(unit_of_work, alice)
    await keep_sessions(unit_of_work, alice, 2)
    async with unit_of_work() as transaction:
        await transaction.sessions.by_id(a_session(alice, 1).id)
        for number in (1, 2):
            identities.note_use(a_session(alice, number).id, NOW + HOUR)
        if database_kind == "postgresql":  # SQLite has one writer, who comes after this one
            await connections.drained()
        await transaction.commit()
    await connections.drained()
    noted = {session.id for session in await sessions_of(unit_of_work, alice) if session.last_used_at}
    assert a_session(alice, 2).id in noted
    assert (a_session(alice, 1).id in noted) is (database_kind == "sqlite")


async def test_a_database_that_is_away_is_seen_by_nobody(database_kind: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    urls = {"sqlite": f"sqlite:///{nowhere}/test.db", "postgresql": f"postgresql://nobody@/none?host={nowhere}"}
    async with threads_ended():
        connections = Connections(backend_of(urls[database_kind]))
        identities = SqlIdentities(connections)
        for at in (NOW, NOW + timedelta(minutes=1)):
            identities.note_use(SessionId("s_1"), at)
            await connections.drained()
        await connections.close()
