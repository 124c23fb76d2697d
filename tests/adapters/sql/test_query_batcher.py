"""Look-ups by key: shared statements on PostgreSQL, no way to a thread on SQLite, and never an old answer."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.sql import Backend, Connections, SqlIdentities, SqlUnitOfWork, pool
from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.domain import Identity, SessionId, UnavailableError
from leadnator_auth.testing.contract.samples import a_session, a_user
from tests.conftest import connected
from tests.databases import backend_of, empty, migrate


async def some_identities(connections: Connections, count: int) -> list[Identity]:
    """Signs so many users up."""
    identities = []
    async with SqlUnitOfWork(connections)() as transaction:
        for number in range(count):
            user = a_user(f"user{number}")
            session = a_session(user)
            await transaction.users.add([user])
            await transaction.sessions.add(session)
            identities.append(Identity(user, session))
        await transaction.commit()
    return identities


@attrs.define
class Counted:
    """A database that counts the statements which it is asked, and can be made to fail."""

    backend: Backend
    statements: list[str] = attrs.Factory(list)
    fails: bool = False

    @property
    def counting(self) -> Backend:
        """The same database, counted."""
        return attrs.evolve(self.backend, fetch=self._fetch)

    async def _fetch(self, connection: Any, sql: str, values: Mapping[str, object]) -> Sequence[Row]:
        self.statements.append(sql)
        if self.fails:
            await asyncio.sleep(0)
            raise OSError("the cable is out")
        return await self.backend.fetch(connection, sql, values)


async def test_those_who_ask_together_get_their_own_row(connections: Connections) -> None:
    known = await some_identities(connections, 150)
    identities = SqlIdentities(connections)
    asked = [*[each.session.id for each in known], SessionId("s_nobody"), *[each.session.id for each in known]]
    answers = await asyncio.gather(*(identities.by_session(each) for each in asked))
    assert answers == [*known, None, *known]


async def test_a_crowd_shares_statements_on_postgresql(shared_postgresql: str) -> None:
    empty(shared_postgresql)
    counted = Counted(backend_of(shared_postgresql))
    async with connected(counted.counting) as connections:
        known = await some_identities(connections, 250)
        counted.statements.clear()
        identities = SqlIdentities(connections)
        await asyncio.gather(*(identities.by_session(each.session.id) for each in known))
    assert len(counted.statements) <= 4


@pytest.mark.parametrize("turns", [0, 1])
async def test_who_asks_when_an_answer_comes_shares_the_next_statement_with_those_who_wait(
    shared_postgresql: str, turns: int
) -> None:
    """So does who asks in the turn of the event loop after that: by then, what arrived with the answer is read."""
    empty(shared_postgresql)
    counted = Counted(backend_of(shared_postgresql))
    async with connected(counted.counting) as connections:
        alice, bob, carol = await some_identities(connections, 3)
        identities = SqlIdentities(connections)
        counted.statements.clear()

        async def one_after_the_other() -> list[Identity | None]:
            found = [await identities.by_session(alice.session.id)]
            for _ in range(turns):
                await asyncio.sleep(0)
            return [*found, await identities.by_session(carol.session.id)]

        first = asyncio.create_task(one_after_the_other())
        while not counted.statements:
            await asyncio.sleep(0)
        assert await identities.by_session(bob.session.id) == bob
        assert await first == [alice, carol]
    assert len(counted.statements) == 2


async def test_who_asks_while_a_statement_runs_gets_what_was_committed_before_they_asked(
    shared_postgresql: str,
) -> None:
    """A log-out that was answered holds for every request after it."""
    empty(shared_postgresql)
    async with connected(backend_of(shared_postgresql)) as connections:
        (alice,) = await some_identities(connections, 1)
        identities = SqlIdentities(connections)
        for _ in range(20):
            early = asyncio.create_task(identities.by_session(alice.session.id))
            await asyncio.sleep(0)
            async with SqlUnitOfWork(connections)() as transaction:
                await transaction.sessions.end(alice.session.id)
                await transaction.commit()
            late = await asyncio.gather(*(identities.by_session(alice.session.id) for _ in range(3)))
            assert late == [None] * 3
            assert await early in (alice, None)
            async with SqlUnitOfWork(connections)() as transaction:
                await transaction.sessions.add(alice.session)
                await transaction.commit()


async def test_a_statement_that_fails_is_told_to_all_who_wait_and_to_nobody_after_them(
    shared_postgresql: str,
) -> None:
    empty(shared_postgresql)
    counted = Counted(backend_of(shared_postgresql))
    async with connected(counted.counting) as connections:
        (alice,) = await some_identities(connections, 1)
        identities = SqlIdentities(connections)
        counted.fails = True
        failed = await asyncio.gather(
            *(identities.by_session(alice.session.id) for _ in range(5)), return_exceptions=True
        )
        assert [type(each) for each in failed] == [UnavailableError] * 5
        assert len(set(map(id, failed))) == 5, "an error of their own each, or traces pile up"
        counted.fails = False
        assert await identities.by_session(alice.session.id) == alice


async def test_who_hangs_up_takes_nobody_along(shared_postgresql: str) -> None:
    empty(shared_postgresql)
    async with connected(backend_of(shared_postgresql)) as connections:
        (alice,) = await some_identities(connections, 1)
        identities = SqlIdentities(connections)
        asking = [asyncio.create_task(identities.by_session(alice.session.id)) for _ in range(6)]
        await asyncio.sleep(0)
        for task in asking[::2]:
            task.cancel()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert answers[1::2] == [alice] * 3
        assert await identities.by_session(alice.session.id) == alice


async def test_a_sqlite_file_that_somebody_locks_is_waited_for_on_a_thread(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.db"
    migrate(url)
    counted = Counted(backend_of(url))
    async with connected(counted.counting) as connections:
        (alice,) = await some_identities(connections, 1)
        identities = SqlIdentities(connections)
        assert await identities.by_session(alice.session.id) == alice
        assert counted.statements == [], "a look-up goes to no thread"
        connections._reader.close()  # type: ignore[union-attr]  # noqa: SLF001
        await connections.close()
        with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as somebody:
            somebody.execute("PRAGMA locking_mode = EXCLUSIVE")
            somebody.execute("BEGIN EXCLUSIVE")
            asking = asyncio.create_task(identities.by_session(alice.session.id))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not asking.done(), "it waits, and the event loop does not"
            somebody.execute("COMMIT")
        assert await asking == alice


async def test_a_row_that_changed_is_not_remembered(connections: Connections) -> None:
    (alice,) = await some_identities(connections, 1)
    identities = SqlIdentities(connections)
    assert await identities.by_session(alice.session.id) == alice
    renamed = attrs.evolve(alice.user, name="Alicia")
    async with SqlUnitOfWork(connections)() as transaction:
        await transaction.users.save(renamed)
        await transaction.commit()
    assert await identities.by_session(alice.session.id) == Identity(renamed, alice.session)


async def test_no_look_up_outlives_its_time(shared_postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "UNIT_SECONDS", 0.2)
    async with connected(backend_of(shared_postgresql, 2)) as connections:
        identities = SqlIdentities(connections)
        async with connections.reading():  # the only one that reads
            with pytest.raises(UnavailableError, match="came free in time"):
                await identities.by_session(a_session(a_user("nobody")).id)
