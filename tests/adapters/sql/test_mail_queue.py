"""The mail queue's round trips and the rows it looks at: a database may be far away, a queue long."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pool import UNIT_SECONDS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import DeliveryReport, QueuedMail, User, deliver_due_mails, retry_mails
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_token, a_user
from tests.adapters.sql.plans import plan_of
from tests.conftest import sql_ports

FAR_SECONDS = 0.05
"""A round trip to a database in another part of the world."""
FLOOD = 4000
LIMIT_OF_A_UNIT = UNIT_SECONDS / FAR_SECONDS / 4
"""Round trips in which a unit of work ends well in time, however far the database is."""


@contextmanager
def counting_round_trips() -> Iterator[list[int]]:
    """Yields how many statements each unit of work sent, with its beginning and its end."""
    units: list[int] = []

    def count(name: str, *, begins: bool = False) -> None:
        original = getattr(PooledConnection, name)

        async def counted(connection: PooledConnection, *args: Any, **values: object) -> object:
            if begins:
                units.append(0)
            else:
                units[-1] += 1
            return await original(connection, *args, **values)

        patch.setattr(PooledConnection, name, counted)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("begin_writing", "begin_reading"):
            count(name, begins=True)
        for name in ("fetch_all", "run", "run_many", "restore"):
            count(name)
        yield units


def addressed(mail: QueuedMail, user: User) -> QueuedMail:
    """Returns the mail as one to somebody else."""
    return attrs.evolve(mail, payload=attrs.evolve(mail.payload, recipient=user.email.canonical))


async def queue_many(connections: Connections, mail: QueuedMail, *, to_one: bool = False, count: int = FLOOD) -> None:
    """Queues mails like this one: each to an address of its own, or all to the same."""
    async with connections.writing() as connection:
        rows = [
            {
                "id": f"m_{number:06}",
                "kind": mail.payload.kind.value,
                "recipient": mail.payload.recipient if to_one else f"nobody-{number}@example.com",
                "at": to_number(mail.queued_at),
                "give_up_at": to_number(mail.give_up_at),
            }
            for number in range(count)
        ]
        await connection.run_many(
            "INSERT INTO mails (id, kind, recipient, queued_at, due_at, give_up_at, attempts, state, last_error) "
            "VALUES (:id, :kind, :recipient, :at, :at, :give_up_at, 0, 'queued', '')",
            rows,
        )
        await connection.commit()


async def test_a_flood_of_mails_to_nobody_is_over_soon_though_the_database_is_far(
    memory: MemoryPorts, connections: Connections
) -> None:
    memory.clock.instant = NOW + timedelta(seconds=1)
    await queue_many(connections, a_mail())
    with counting_round_trips() as units:
        delivery = await deliver_due_mails(ports=sql_ports(memory, connections))
    assert delivery == DeliveryReport(dropped=FLOOD)
    assert max(units) <= LIMIT_OF_A_UNIT
    assert sum(units) <= FLOOD / 25


async def test_a_flood_for_one_account_is_over_soon_though_the_database_is_far(
    memory: MemoryPorts, connections: Connections
) -> None:
    alice, bob = a_user("alice"), a_user("bob")
    memory.clock.instant = NOW + timedelta(seconds=1)
    await queue_many(connections, addressed(a_mail(), alice), to_one=True)
    async with SqlUnitOfWork(connections)() as transaction:
        for user in (alice, bob):
            await transaction.users.add([user])
        for number in range(5):
            await transaction.one_time_tokens.add(a_token(alice, number))
        await transaction.mail_queue.add(addressed(attrs.evolve(a_mail(9), id="m_bob"), bob))
        await transaction.commit()
    with counting_round_trips() as units:
        delivery = await deliver_due_mails(ports=sql_ports(memory, connections))
    assert delivery == DeliveryReport(sent=1, dropped=FLOOD)
    assert max(units) <= LIMIT_OF_A_UNIT
    assert sum(units) <= FLOOD / 25


async def test_mails_are_tried_again_in_short_steps(memory: MemoryPorts, connections: Connections) -> None:
    memory.clock.instant = NOW
    await queue_many(connections, a_mail())
    with counting_round_trips() as units:
        assert await retry_mails(ports=sql_ports(memory, connections)) == FLOOD
    assert max(units) <= LIMIT_OF_A_UNIT
    assert len(units) >= FLOOD / 500, "each keeps what it did"


@pytest.mark.parametrize(
    ("condition", "index"), [("attempts = 0", "mails_new"), ("attempts > 0", "mails_waiting"), ("", "mails_waiting")]
)
async def test_the_next_mail_is_found_without_a_look_at_the_others(
    connections: Connections, database_kind: str, condition: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, dict[str, object]] = {}
    original = PooledConnection.fetch_all

    async def spied(connection: PooledConnection, sql: str, **values: object) -> Any:
        seen[sql] = values
        return await original(connection, sql, **values)

    with monkeypatch.context() as patch:
        patch.setattr(PooledConnection, "fetch_all", spied)
        async with SqlUnitOfWork(connections)() as transaction:
            await transaction.mail_queue.lease(NOW, 1)
            await transaction.mail_queue.next_due_at()
    (sql,) = [sql for sql in seen if (condition in sql if condition else sql.startswith("SELECT due_at"))]
    async with connections.writing() as connection:
        plan = await plan_of(connection, database_kind, sql, seen[sql])
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
