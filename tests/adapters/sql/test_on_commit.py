"""Listeners are told what was kept, events and new mails, after the commit and only then."""

from collections.abc import Callable

import pytest

from leadnator_auth.adapters.memory import MemoryUnitOfWork
from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.domain import Commit, Ports
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.samples import a_mail, a_user, an_event

WithCallback = Callable[[Callable[[Commit], None]], UnitOfWork]


@pytest.fixture
def with_callback(ports: Ports) -> WithCallback:
    unit_of_work = ports.unit_of_work
    if isinstance(unit_of_work, SqlUnitOfWork):
        return lambda callback: SqlUnitOfWork(unit_of_work.connections, callback)
    return lambda callback: MemoryUnitOfWork(on_commit=callback)


async def test_what_was_kept_is_told_once_it_is_kept(with_callback: WithCallback) -> None:
    told: list[Commit] = []
    unit_of_work = with_callback(told.append)
    events = [an_event(a_user(), number) for number in (1, 2)]
    async with unit_of_work() as transaction:
        await transaction.mail_queue.add(a_mail(1))
        await transaction.mail_queue.add(a_mail(2))
        await transaction.events.add(events[:1])
        await transaction.events.add(events[1:])
        assert told == [], "nobody could see it yet"
        await transaction.commit()
        assert told == [Commit(tuple(events), has_new_mail=True)]


async def test_nothing_is_told_that_was_not_kept(with_callback: WithCallback) -> None:
    told: list[Commit] = []
    unit_of_work = with_callback(told.append)
    async with unit_of_work() as transaction:
        await transaction.users.add([a_user()])
        await transaction.commit()
    assert told == [Commit((), has_new_mail=False)]
    async with unit_of_work() as transaction:
        await transaction.mail_queue.add(a_mail())
        await transaction.events.add([an_event(a_user())])
    assert len(told) == 1, "neither the mail nor the event was kept"
