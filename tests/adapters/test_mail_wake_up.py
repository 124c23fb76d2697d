"""Whoever sends mails is told of a new one: after it was kept, and only then."""

from collections.abc import Callable

import pytest

from leadnator_auth.adapters.memory import MemoryUnitOfWork
from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import a_mail, a_user

WithCallback = Callable[[Callable[[], None]], UnitOfWork]


@pytest.fixture(params=["memory", "sqlite"])
def with_callback(request: pytest.FixtureRequest) -> WithCallback:
    if request.param == "memory":
        return lambda callback: MemoryUnitOfWork(on_mail_queued=callback)
    connections: Connections = request.getfixturevalue("connections")
    return lambda callback: SqlUnitOfWork(connections, callback)


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
