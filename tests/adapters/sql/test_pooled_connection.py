"""Connections that are lent again and again: used again, clean after trouble, and never left behind."""

import asyncio
import threading
from collections.abc import AsyncIterator

import attrs
import pytest

from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.adapters.sql.unit_of_work import SqlTransaction
from leadnator_auth.domain import UnavailableError
from leadnator_auth.testing.contract import cancelled_at_step
from leadnator_auth.testing.contract.samples import a_mail, a_user
from tests.conftest import connected
from tests.databases import backend_of, run_sql
from tests.e2e.server import DEADLINE_SECONDS


@pytest.fixture
async def nothing_left_open(database_url: str) -> AsyncIterator[None]:
    """Fails the test when a connection outlives it; the thread of one to SQLite would keep the process alive."""
    before = connection_threads()
    yield
    async with asyncio.timeout(DEADLINE_SECONDS):
        while connection_threads() - before or connections_to(database_url):
            await asyncio.sleep(0)


def connection_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name}


def connections_to(url: str) -> int:
    """Returns how many connections others have to a PostgreSQL database."""
    if url.startswith("sqlite"):
        return 0
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    return int(run_sql(url, f"SELECT count(*) FROM pg_stat_activity WHERE {others}")[0][0])


@pytest.fixture
async def pair(database_url: str) -> AsyncIterator[Connections]:
    """One connection that writes and one that reads."""
    async with connected(backend_of(database_url, 2)) as opened:
        assert opened.size == 2
        yield opened


async def test_a_connection_is_used_again(pair: Connections) -> None:
    """A table that only one connection sees is still there."""
    async with pair.writing() as connection:
        await connection.run("CREATE TEMPORARY TABLE seen (number INTEGER)")
        await connection.commit()
    for number in range(3):
        async with pair.writing() as connection:
            await connection.run("INSERT INTO seen VALUES (:number)", number=number)
            await connection.commit()
    async with pair.writing() as connection:
        assert len(await connection.fetch_all("SELECT number FROM seen")) == 3


async def test_a_connection_for_reading_is_used_again(pair: Connections) -> None:
    async with pair.single_read() as connection:
        await connection.run("CREATE TEMPORARY TABLE seen (number INTEGER)")
    for borrow in (pair.reading, pair.single_read, pair.single_read):
        async with borrow() as connection:
            assert await connection.fetch_all("SELECT number FROM seen") == []
        await pair.drained()


async def test_a_fault_of_the_database_is_told_as_unavailable_by_every_kind_of_statement(
    connections: Connections,
) -> None:
    async with connections.single_read() as connection:
        for statement in (connection.run, connection.fetch_one, connection.fetch_all):
            with pytest.raises(UnavailableError):
                await statement("SELECT * FROM nowhere")


async def test_a_commit_that_fails_keeps_nothing_and_harms_nobody_after_it(
    database_url: str, pair: Connections
) -> None:
    run_sql(database_url, "CREATE TABLE late (id TEXT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)")
    mails_queued: list[str] = []
    async with pair.writing() as connection:
        transaction = SqlTransaction(connection, lambda commit: mails_queued.append("one"))
        await connection.run("INSERT INTO late VALUES ('nobody')")
        await transaction.mail_queue.add(a_mail())
        with pytest.raises(UnavailableError):
            await transaction.commit()
    assert mails_queued == []

    async with SqlUnitOfWork(pair)() as next_one:
        assert await next_one.mail_queue.next_due_at() is None
        await next_one.users.add([a_user("bob")])
        await next_one.commit()


@pytest.mark.usefixtures("nothing_left_open")
async def test_a_connection_that_is_not_what_it_should_be_is_not_left_open(database_url: str) -> None:
    hopeless = attrs.evolve(backend_of(database_url), on_open=("SELECT * FROM nowhere",))
    connections = Connections(hopeless)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            async with connections.reading():
                pytest.fail("it was lent all the same")
    await connections.drained()
    assert connections.idle == connections.size
    await connections.close()


@pytest.mark.usefixtures("nothing_left_open")
async def test_cancelled_while_it_connects_nothing_is_left_open(database_url: str) -> None:
    for step in range(100):
        connections = Connections(backend_of(database_url))
        finished = await cancelled_at_step(step, _read(connections))
        await connections.close()
        if finished:
            return
    pytest.fail("never ran to its end")


@pytest.mark.usefixtures("nothing_left_open")
async def test_cancelled_while_it_connects_the_next_one_is_served(database_url: str) -> None:
    for step in range(100):
        connections = Connections(backend_of(database_url))
        finished = await cancelled_at_step(step, _read(connections))
        await _read(connections)
        await connections.drained()
        assert connections.idle == connections.size
        await connections.close()
        if finished:
            return
    pytest.fail("never ran to its end")


async def _read(connections: Connections) -> None:
    async with SqlUnitOfWork(connections).snapshot() as repositories:
        await repositories.mail_queue.next_due_at()


async def test_what_is_closed_opens_again_for_who_needs_it(database_url: str) -> None:
    connections = Connections(backend_of(database_url))
    await _read(connections)
    await connections.close()
    await _read(connections)
    await connections.close()
    async with connections.reading() as connection:
        await connections.close()
        with pytest.raises(UnavailableError):
            await connection.fetch_one("SELECT 1")
    await connections.close()
