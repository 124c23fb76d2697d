"""What is special about the held connections: their settings, two processes at once, and connections that die."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import SQLITE, Connections, SqlReadiness, SqlUnitOfWork, migrate
from leadnator_auth.adapters.sql import connections as module
from leadnator_auth.adapters.sql.dialect import Dialect
from leadnator_auth.domain import UnavailableError
from tests.contract.worlds import NOW, a_session, a_user, some_credentials

IMPATIENT = attrs.evolve(SQLITE, options={"timeout": 0.01})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    migrate(f"sqlite:///{path}")
    return path


@asynccontextmanager
async def connected(file: Path, dialect: Dialect = SQLITE) -> AsyncIterator[Connections]:
    connections = Connections(f"sqlite:///{file}", dialect)
    await connections.open()
    try:
        yield connections
    finally:
        await connections.close()


async def until_threads_are(count: int) -> None:
    """Threads end a moment after the connection they served."""
    async with asyncio.timeout(10):
        while threading.active_count() != count:
            await asyncio.sleep(0)


async def test_every_connection_keeps_references_and_survives_power_cuts(file: Path) -> None:
    async with (
        connected(file) as connections,
        connections.writing() as writer,
        connections.single_read() as first,
        connections.single_read() as second,
    ):
        for slot in (writer, first, second):
            for pragma, value in (("foreign_keys", 1), ("synchronous", 2), ("journal_mode", "wal")):
                row = await slot.fetch_one(f"PRAGMA {pragma}")
                assert row is not None
                assert row[pragma] == value


async def test_two_processes_that_read_then_write_lose_nothing(file: Path) -> None:
    """Deferred transactions would fail at once, whatever the patience; two writers of one pool would hide it."""
    alice = a_user("alice")
    async with connected(file) as here, connected(file) as there:
        units = [SqlUnitOfWork(here), SqlUnitOfWork(there)]
        async with units[0]() as transaction:
            await transaction.users.add(alice)
            await transaction.credentials.add(some_credentials(alice))
            await transaction.commit()

        async def change(unit_of_work: SqlUnitOfWork) -> None:
            async with unit_of_work() as transaction:
                before = await transaction.credentials.of(alice.id)
                assert before is not None
                await transaction.credentials.change(alice.id, f"hash-{before.version + 1}", NOW)
                await transaction.commit()

        await asyncio.gather(*(change(units[n % 2]) for n in range(40)))
        async with units[1].snapshot() as repositories:
            after = await repositories.credentials.of(alice.id)
    assert after is not None
    assert after.version == 41


async def test_what_belongs_to_nobody_is_not_kept(file: Path) -> None:
    async with connected(file) as connections:
        with pytest.raises(UnavailableError):
            async with SqlUnitOfWork(connections)() as transaction:
                await transaction.sessions.add(a_session(a_user("ghost")))


async def test_a_lock_held_elsewhere_is_waited_for_and_then_reported(file: Path) -> None:
    async with connected(file, IMPATIENT) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UnavailableError):
                async with unit_of_work():
                    pytest.fail("the lock is somebody else's")
            async with unit_of_work.snapshot() as repositories:
                assert await repositories.users.by_id(a_user().id) is None, "readers wait for nobody"
            other.execute("ROLLBACK")
        async with unit_of_work() as transaction:
            await transaction.users.add(a_user())
            await transaction.commit()


async def test_who_waits_too_long_for_a_connection_is_told_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACQUIRE_TIMEOUT_SECONDS", 0.01)
    async with connected(file) as connections:
        async with connections.writing():
            with pytest.raises(UnavailableError):
                async with connections.writing():
                    pytest.fail("there is one writer")
        async with connections.writing():
            pass


async def test_a_connection_that_died_is_replaced(file: Path) -> None:
    async with connected(file) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        async with connections.writing() as slot:
            await slot._opened.raw_connection.close()  # noqa: SLF001 (as a crashed server would)
        async with unit_of_work() as transaction:
            await transaction.users.add(a_user())
            await transaction.commit()
        await connections.drained()
        assert connections.idle == connections.size


async def test_a_folder_that_is_not_there_is_reported_and_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    connections = Connections(f"sqlite:///{tmp_path}/none/test.db", SQLITE)
    with pytest.raises(UnavailableError):
        await connections.open()
    await until_threads_are(before)


async def test_a_closed_set_leaves_no_thread(file: Path) -> None:
    before = threading.active_count()
    async with connected(file) as connections:
        assert threading.active_count() == before + connections.size
    await until_threads_are(before)


async def test_readiness_knows_the_schema(tmp_path: Path, file: Path) -> None:
    async with connected(file) as connections:
        await SqlReadiness(connections).check()
        async with connections.writing() as slot:
            await slot.run("UPDATE alembic_version SET version_num = '0000'")
            await slot.commit()
        with pytest.raises(UnavailableError, match="migrate"):
            await SqlReadiness(connections).check()
    async with connected(tmp_path / "empty.db") as connections:
        with pytest.raises(UnavailableError):
            await SqlReadiness(connections).check()


def test_the_libraries_do_not_log_values() -> None:
    for name in ("databases", "aiosqlite"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
