"""Whoever sends mails is told of a new one: after it was kept, and only then."""

from collections.abc import Callable

import pytest

from leadnator_auth.adapters.memory import MemoryUnitOfWork
from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.domain import Ports
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.samples import a_mail, a_user

WithCallback = Callable[[Callable[[], None]], UnitOfWork]


@pytest.fixture
def with_callback(ports: Ports) -> WithCallback:
    unit_of_work = ports.unit_of_work
    if isinstance(unit_of_work, SqlUnitOfWork):
        return lambda callback: SqlUnitOfWork(unit_of_work.connections, callback)
    return lambda callback: MemoryUnitOfWork(on_mail_queued=callback)


async def test_a_new_mail_rings_once_it_is_kept(with_callback: WithCallback) -> None:
    rings: list[str] = []
    unit_of_work = with_callback(lambda: rings.append("ring"))
    async with unit_of_work() as transaction:
        await transaction.mail_queue.add(a_mail(1))
        await transaction.mail_queue.add(a_mail(2))
        assert rings == [], "nobody could see it yet"
        await transaction.commit()
        assert rings == ["ring"]


async def test_nothing_rings_without_a_new_mail(with_callback: WithCallback) -> None:
    rings: list[str] = []
    unit_of_work = with_callback(lambda: rings.append("ring"))
    async with unit_of_work() as transaction:
        await transaction.users.add(a_user())
        await transaction.commit()
    async with unit_of_work() as transaction:
        await transaction.mail_queue.add(a_mail())
    assert rings == [], "the mail was not kept"
