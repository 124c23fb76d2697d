"""The held connections: two processes at once, connections that die, and databases that stall."""

import asyncio
import logging
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import Connections, SqlReadiness, SqlUnitOfWork
from leadnator_auth.adapters.sql import pool as module
from leadnator_auth.adapters.sql.pool import UNIT_SECONDS
from leadnator_auth.domain import UnavailableError, User, run_in_transaction
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.testing.contract.samples import NOW, a_user, some_credentials
from tests.conftest import NewDatabase, connected
from tests.databases import backend_of, migrate, run_sql
from tests.e2e.server import DEADLINE_SECONDS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite database."""
    path = tmp_path / "own.db"
    migrate(f"sqlite:///{path}")
    return path


async def add_alice(connections: Connections) -> User:
    alice = a_user("alice")
    async with SqlUnitOfWork(connections)() as transaction:
        await transaction.users.add([alice])
        await transaction.credentials.add([some_credentials(alice)])
        await transaction.commit()
    return alice


async def test_two_processes_that_read_then_write_lose_nothing(database_url: str) -> None:
    """Deferred transactions would fail at once, whatever the patience; two writers of one pool would hide it."""
    async with connected(backend_of(database_url)) as here, connected(backend_of(database_url)) as there:
        units = [SqlUnitOfWork(here), SqlUnitOfWork(there)]
        alice = await add_alice(here)

        async def change(unit_of_work: SqlUnitOfWork) -> None:
            async with unit_of_work() as transaction:
                before = await transaction.credentials.of(alice.id)
                assert before is not None
                await transaction.credentials.replace(before, before.with_password(f"hash-{before.version + 1}", NOW))
                await transaction.commit()

        await asyncio.gather(*(change(units[n % 2]) for n in range(40)))
        async with units[1].snapshot() as repositories:
            after = await repositories.credentials.of(alice.id)
    assert after is not None
    assert after.version == 41


async def test_what_belongs_to_nobody_is_not_kept(connections: Connections) -> None:
    with pytest.raises(UnavailableError):
        async with SqlUnitOfWork(connections)() as transaction:
            await transaction.credentials.add([some_credentials(a_user("ghost"))])


async def test_who_waits_too_long_for_a_connection_is_told_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(backend_of(database_url, 2)) as connections:
        async with connections.writing():
            monkeypatch.setattr(module, "UNIT_SECONDS", 0.01)
            with pytest.raises(UnavailableError, match="came free"):
                async with connections.writing():
                    pytest.fail("there is one writer")
            monkeypatch.undo()
            async with connections.reading():
                pass  # who only reads waits for no writer
        async with connections.writing():
            pass


async def test_a_database_that_does_not_answer_is_given_up_in_time_and_used_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else holds what is asked for, and lets go only later."""
    async with connected(backend_of(database_url)) as here, connected(backend_of(database_url)) as there:
        alice = await add_alice(here)
        async with SqlUnitOfWork(there)() as transaction:
            await transaction.users.by_id(alice.id)
            async with SqlUnitOfWork(here).snapshot() as repositories:
                assert await repositories.users.by_id(alice.id) == alice, "readers wait for nobody"
            monkeypatch.setattr(module, "UNIT_SECONDS", 0.05)
            with pytest.raises(UnavailableError, match="in time"):
                async with SqlUnitOfWork(here)() as impatient:
                    await impatient.users.by_id(alice.id)
        monkeypatch.undo()
        async with SqlUnitOfWork(here)() as patient:
            assert await patient.users.by_id(alice.id) == alice


def test_a_client_hears_of_it_within_five_seconds() -> None:
    assert 3 <= UNIT_SECONDS < 5


async def test_a_connection_that_was_lost_meanwhile_is_replaced_unnoticed_where_the_driver_knows(
    shared_postgresql: str,
) -> None:
    async with connected(backend_of(shared_postgresql)) as connections:
        await SqlReadiness(connections).check()
        kill_all_but_mine(shared_postgresql)
        for connection in connections._connections:  # noqa: SLF001 (each of them once)
            held = connection._connection  # noqa: SLF001
            while held is not None and not connection._backend.is_lost(held.raw_connection):  # noqa: SLF001
                await asyncio.sleep(0)
        for _ in range(2 * connections.size):
            await SqlReadiness(connections).check()


def kill_all_but_mine(url: str) -> None:
    """Ends every connection to the database, as an administrator or a crash would."""
    run_sql(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def test_a_connection_that_dies_in_a_transaction_costs_that_one_only(shared_postgresql: str) -> None:
    async with connected(backend_of(shared_postgresql)) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        with pytest.raises(UnavailableError):
            async with unit_of_work() as transaction:
                await transaction.mail_queue.next_due_at()
                kill_all_but_mine(shared_postgresql)
                await transaction.mail_queue.next_due_at()
        await connections.drained()
        for _ in range(2 * connections.size):
            async with unit_of_work() as transaction:
                await transaction.mail_queue.next_due_at()


async def test_a_sqlite_connection_that_died_is_replaced(file: Path) -> None:
    async with connected(backend_of(f"sqlite:///{file}")) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        async with connections.writing() as connection:
            await connection._opened.raw_connection.close()  # noqa: SLF001 (as a crashed server would)
        async with unit_of_work() as transaction:
            await transaction.users.add([a_user()])
            await transaction.commit()


async def test_readiness_knows_the_schema(new_database: NewDatabase, database_url: str) -> None:
    async with connected(backend_of(database_url)) as connections:
        await SqlReadiness(connections).check()
        run_sql(database_url, "UPDATE leadnator_auth_version SET version_num = '0000'")
        with pytest.raises(UnavailableError, match="migrate"):
            await SqlReadiness(connections).check()
    async with connected(backend_of(new_database(migrated=False))) as connections:
        with pytest.raises(UnavailableError):
            await SqlReadiness(connections).check()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://u:p@127.0.0.1:1/db"])
async def test_a_database_out_of_reach_is_told_as_unavailable(url: str) -> None:
    await asyncio.to_thread(threading.active_count)  # the event loop keeps the thread that it makes for this
    before = threading.active_count()
    async with connected(backend_of(url)) as connections:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await SqlReadiness(connections).check()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while threading.active_count() > before:  # threads end a moment after the connection they served
            await asyncio.sleep(0)


async def test_a_host_that_swallows_connections_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNIT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        backend = backend_of(f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/db")
        quick = attrs.evolve(backend, options={**backend.options, "timeout": 0.2})
        async with connected(quick) as connections:
            with pytest.raises(UnavailableError, match="did not take a connection"):
                await SqlReadiness(connections).check()


async def test_every_sqlite_connection_keeps_references_and_survives_power_cuts(file: Path) -> None:
    async with (
        connected(backend_of(f"sqlite:///{file}")) as connections,
        connections.writing() as writer,
        connections.single_read() as first,
        connections.single_read() as second,
    ):
        for connection in (writer, first, second):
            for pragma, value in (("foreign_keys", 1), ("synchronous", 2), ("journal_mode", "wal")):
                row = await connection.fetch_one(f"PRAGMA {pragma}")
                assert row is not None
                assert row[pragma] == value


async def test_the_lock_of_a_sqlite_file_is_waited_for_and_then_reported(file: Path) -> None:
    backend = attrs.evolve(backend_of(f"sqlite:///{file}"), options={"timeout": 0.01})
    async with connected(backend) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UnavailableError, match="locked"):
                async with unit_of_work():
                    pytest.fail("the lock is somebody else's")
            other.execute("ROLLBACK")
        async with unit_of_work() as transaction:
            await transaction.users.add([a_user()])
            await transaction.commit()


async def test_sqlite_itself_tries_again_for_a_while(file: Path) -> None:
    async with connected(backend_of(f"sqlite:///{file}")) as connections, connections.single_read() as connection:
        row = await connection.fetch_one("PRAGMA busy_timeout")
    assert row is not None
    assert 1 <= row["timeout"] / 1000 < UNIT_SECONDS


@pytest.mark.parametrize("size", [2, 3, 20])
def test_there_are_as_many_connections_as_asked_for(database_url: str, size: int) -> None:
    assert Connections(backend_of(database_url, size)).size == size


async def test_no_more_connections_are_made_than_asked_for(shared_postgresql: str) -> None:
    async with connected(backend_of(shared_postgresql, 4)) as connections:
        unit_of_work = SqlUnitOfWork(connections)

        async def write() -> None:
            async with unit_of_work() as transaction:
                await transaction.mail_queue.next_due_at()

        async def read() -> None:
            async with unit_of_work.snapshot() as repositories:
                await repositories.mail_queue.next_due_at()

        await asyncio.gather(*(work() for work in (write, read) * 50))
        (count,) = run_sql(
            shared_postgresql,
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'leadnator-auth'",
        )
    assert count == (4,)


async def test_of_two_in_a_deadlock_one_is_undone_and_runs_again(shared_postgresql: str) -> None:
    async with connected(backend_of(shared_postgresql)) as connections:
        unit_of_work = SqlUnitOfWork(connections)
        users = [a_user(f"deadlocked-{number}") for number in range(2)]
        async with unit_of_work() as transaction:
            await transaction.users.add(users)
            await transaction.commit()
        both_hold_one = asyncio.Barrier(2)
        attempts: list[int] = []

        async def move(first: int) -> None:
            async def work(transaction: Transaction) -> None:
                attempts.append(first)
                for number in (first, 1 - first):
                    await transaction.users.save(attrs.evolve(users[number], plan=f"Plan {first}"))
                    if len(attempts) <= 2 and number == first:
                        await both_hold_one.wait()

            await run_in_transaction(unit_of_work, work)

        await asyncio.gather(move(0), move(1))
        async with unit_of_work.snapshot() as repositories:
            plans = [user.plan for each in users if (user := await repositories.users.by_id(each.id))]
    assert len(attempts) >= 3, "both may be undone"
    assert plans in (["Plan 0"] * 2, ["Plan 1"] * 2), "who came last came last in both"


def test_the_libraries_do_not_log_values() -> None:
    for name in ("databases", "aiosqlite"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.fixture(autouse=True)
async def _no_task_left() -> AsyncIterator[None]:
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}
