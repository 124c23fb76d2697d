"""Connections that are lent again and again: used again, clean after trouble, and never left behind."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import SQLITE, Connections, SqlUnitOfWork, migrate
from leadnator_auth.adapters.sql import connections as connections_module
from leadnator_auth.adapters.sql.unit_of_work import SqlTransaction
from leadnator_auth.domain import UnavailableError
from tests.contract.cancelling import cancelled_at_step
from tests.contract.worlds import a_mail, a_session, a_user


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of its own, which nothing is connected to."""
    url = f"sqlite:///{tmp_path}/own.db"
    migrate(url)
    return url


@pytest.fixture
async def no_thread_left() -> AsyncIterator[None]:
    """Fails the test when a connection's thread, which would keep the process alive, outlives it."""
    before = connection_threads()
    yield
    async with asyncio.timeout(10):
        while connection_threads() - before:
            await asyncio.sleep(0)


def connection_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name}


async def test_who_waits_too_long_for_a_connection_is_told_to_come_again(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "ACQUIRE_TIMEOUT_SECONDS", 0.001)
    async with connections.writing():
        with pytest.raises(UnavailableError, match="came free"):
            async with connections.writing():
                pytest.fail("two wrote at once")
        async with connections.reading() as slot:
            assert await slot.fetch_one("SELECT 1"), "who only reads waits for no writer"
    async with connections.writing():
        pass


async def test_a_connection_is_used_again(connections: Connections) -> None:
    """A table that only one connection sees is still there."""
    async with connections.writing() as slot:
        await slot.run("CREATE TEMPORARY TABLE seen (number INTEGER)")
        await slot.commit()
    for number in range(3):
        async with connections.writing() as slot:
            await slot.run("INSERT INTO seen VALUES (:number)", number=number)
            await slot.commit()
    async with connections.writing() as slot:
        assert len(await slot.fetch_all("SELECT number FROM seen")) == 3


async def test_a_connection_for_reading_is_used_again(connections: Connections) -> None:
    async with connections.single_read():  # so that there is one reader left to take turns
        async with connections.single_read() as slot:
            await slot.run("CREATE TEMPORARY TABLE seen (number INTEGER)")
        for borrow in (connections.reading, connections.single_read, connections.single_read):
            async with borrow() as slot:
                assert await slot.fetch_all("SELECT number FROM seen") == []
            await connections.drained()


async def test_a_fault_of_the_database_is_told_as_unavailable_by_every_kind_of_statement(
    connections: Connections,
) -> None:
    async with connections.single_read() as slot:
        for statement in (slot.run, slot.fetch_one, slot.fetch_all):
            with pytest.raises(UnavailableError):
                await statement("SELECT * FROM nowhere")


async def test_a_commit_that_fails_keeps_nothing_and_harms_nobody_after_it(connections: Connections) -> None:
    mails_queued: list[str] = []
    async with connections.writing() as slot:
        transaction = SqlTransaction(slot, lambda: mails_queued.append("one"))
        await slot.run("PRAGMA defer_foreign_keys = ON")
        await transaction.sessions.add(a_session(a_user("ghost")))
        await transaction.mail_queue.add(a_mail())
        with pytest.raises(UnavailableError):
            await transaction.commit()
    assert mails_queued == []

    async with SqlUnitOfWork(connections)() as next_one:
        assert await next_one.sessions.by_id(a_session(a_user("ghost")).id) is None
        assert await next_one.mail_queue.next_due_at() is None
        await next_one.users.add(a_user("bob"))
        await next_one.commit()


async def test_a_user_who_is_removed_takes_everything_along(connections: Connections) -> None:
    alice = a_user("alice")
    async with SqlUnitOfWork(connections)() as transaction:
        await transaction.users.add(alice)
        await transaction.sessions.add(a_session(alice))
        await transaction.commit()
    async with connections.writing() as slot:
        await slot.run("DELETE FROM users")
        await slot.commit()
    async with SqlUnitOfWork(connections).snapshot() as repositories:
        assert await repositories.sessions.of_user(alice.id) == []


async def test_a_lock_of_another_process_is_waited_for_less_than_a_client_waits(connections: Connections) -> None:
    async with connections.single_read() as slot:
        row = await slot.fetch_one("PRAGMA busy_timeout")
    assert row is not None
    waited = row["timeout"] / 1000
    assert waited >= 1
    assert waited + connections_module.ACQUIRE_TIMEOUT_SECONDS < 5


@pytest.mark.usefixtures("no_thread_left")
async def test_a_start_that_fails_half_way_leaves_nothing_open(url: str) -> None:
    only_the_first_succeeds = attrs.evolve(SQLITE, on_open=("CREATE TABLE only_once (id TEXT)",))
    with pytest.raises(UnavailableError):
        await Connections(url, only_the_first_succeeds).open()


@pytest.mark.usefixtures("no_thread_left")
async def test_a_connection_that_is_not_what_it_should_be_is_not_left_open(url: str) -> None:
    hopeless = attrs.evolve(SQLITE, on_open=("SELECT * FROM nowhere",))
    connections = Connections(url, hopeless)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            async with connections.reading():
                pytest.fail("it was lent all the same")
    await connections.drained()
    assert connections.idle == connections.size
    await connections.close()


@pytest.mark.usefixtures("no_thread_left")
async def test_cancelled_while_it_connects_nothing_is_left_open(url: str) -> None:
    for step in range(100):
        connections = Connections(url, SQLITE)
        finished = await cancelled_at_step(step, _read(connections))
        await connections.close()
        if finished:
            return
    pytest.fail("never ran to its end")


@pytest.mark.usefixtures("no_thread_left")
async def test_cancelled_while_it_connects_the_next_one_is_served(url: str) -> None:
    for step in range(100):
        connections = Connections(url, SQLITE)
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


async def test_what_is_closed_opens_again_for_who_needs_it(url: str) -> None:
    connections = Connections(url, SQLITE)
    await connections.open()
    await connections.close()
    await _read(connections)
    await connections.close()
    async with connections.reading() as slot:
        await connections.close()
        with pytest.raises(UnavailableError):
            await slot.fetch_one("SELECT 1")
    await connections.close()
