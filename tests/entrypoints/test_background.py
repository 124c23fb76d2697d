"""The work beside the requests: mails go out at once, and no failure ends it for good."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import Ports, UnavailableError, log_in, request_password_reset, sign_up
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.entrypoints import housekeeper, mail_worker
from leadnator_auth.entrypoints.housekeeper import keeping_house
from leadnator_auth.entrypoints.mail_worker import MailWorker, running


async def until(condition: Callable[[], bool]) -> None:
    """Lets the other tasks run until the condition holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def never_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes polling so rare that only being woken explains what happens."""
    monkeypatch.setattr(mail_worker, "POLL_SECONDS", 3600.0)


async def test_a_mail_that_is_queued_goes_out_at_once(memory: MemoryPorts, never_poll: None) -> None:
    worker = MailWorker()
    memory.unit_of_work.on_mail_queued = worker.wake
    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    async with running(worker, memory):
        for count in (1, 2):
            await request_password_reset("alice@example.com", **memory.for_reset_request)
            await until(lambda: len(memory.mailer.mails) >= count)  # noqa: B023 (called before the next turn)


async def test_a_mail_that_waits_from_before_goes_out_at_the_start(memory: MemoryPorts, never_poll: None) -> None:
    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    await request_password_reset("alice@example.com", **memory.for_reset_request)
    async with running(MailWorker(), memory):
        await until(lambda: len(memory.mailer.mails) == 1)


async def test_a_mail_of_another_process_is_seen_by_polling(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_worker, "POLL_SECONDS", 0.001)
    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    async with running(MailWorker(), memory):
        await request_password_reset("alice@example.com", **memory.for_reset_request)
        await until(lambda: len(memory.mailer.mails) == 1)


@pytest.mark.parametrize("failure", [UnavailableError("away"), RuntimeError("a bug")])
async def test_a_failure_does_not_end_the_mail(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(mail_worker, "POLL_SECONDS", 0.001)
    failures = 0

    class FailsTwice(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            nonlocal failures
            failures += 1
            if failures <= 2:
                raise failure
            return super().snapshot()

    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    await request_password_reset("alice@example.com", **memory.for_reset_request)
    ports = attrs.evolve(memory, unit_of_work=FailsTwice(tables=memory.unit_of_work.tables))
    async with running(MailWorker(), ports):
        await until(lambda: len(memory.mailer.mails) == 1)
    assert failures > 2


async def test_a_mail_under_way_is_finished_before_the_worker_stops(memory: MemoryPorts, never_poll: None) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def send(self, mail: object) -> None:
            under_way.set()
            await go_on.wait()

    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    await request_password_reset("alice@example.com", **memory.for_reset_request)
    world = attrs.asdict(memory, recurse=False) | {"mailer": Slow()}
    async with running(MailWorker(), Ports(**world)):
        await under_way.wait()
        asyncio.get_running_loop().call_soon(go_on.set)
    (mail,) = memory.unit_of_work.tables.mails.values()
    assert mail.state == "sent"


async def test_a_mail_that_hangs_is_given_back_when_the_worker_stops(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_worker, "STOP_SECONDS", 0.001)
    under_way = asyncio.Event()

    class Hangs:
        async def send(self, mail: object) -> None:
            under_way.set()
            await asyncio.Event().wait()

    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    await request_password_reset("alice@example.com", **memory.for_reset_request)
    world = attrs.asdict(memory, recurse=False) | {"mailer": Hangs()}
    async with running(MailWorker(), Ports(**world)):
        await under_way.wait()
    (mail,) = memory.unit_of_work.tables.mails.values()
    assert mail.state == "queued"


async def test_what_is_over_is_cleared_away(memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeper, "PAUSE_SECONDS", 0.0)
    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    for _ in range(600):
        await log_in("alice@example.com", "secret", **memory.for_sign_in)
    memory.clock.advance(days=8)
    async with keeping_house(memory):
        await until(lambda: not memory.unit_of_work.tables.sessions)


@pytest.mark.parametrize("failure", [UnavailableError("away"), RuntimeError("a bug")])
async def test_a_failure_does_not_end_the_housekeeping(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(housekeeper, "EVERY_SECONDS", 0.0)
    failures = 0

    class FailsTwice(MemoryUnitOfWork):
        def __call__(self) -> AbstractAsyncContextManager[Transaction]:
            nonlocal failures
            failures += 1
            if failures <= 2:
                raise failure
            return super().__call__()

    await sign_up("Alice", "alice@example.com", "secret", **memory.for_sign_in)
    memory.clock.advance(days=8)
    unit_of_work = FailsTwice(tables=memory.unit_of_work.tables)
    async with keeping_house(attrs.evolve(memory, unit_of_work=unit_of_work)):
        await until(lambda: not unit_of_work.tables.sessions)
