"""The work beside the requests: mails go out at once, and no failure ends it for good."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

import attrs
import pytest
from structlog.testing import capture_logs

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    KeyState,
    MailRefusedError,
    OutgoingMail,
    Policy,
    Ports,
    SigningAlgorithm,
    UnavailableError,
    keep_signing_keys,
    log_in,
    request_password_reset,
    sign_up,
)
from leadnator_auth.domain.entities.outbox import LEASE
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.entrypoints.background import delivery_worker, housekeeper
from leadnator_auth.entrypoints.background.delivery_worker import DeliveryWorker, running
from leadnator_auth.entrypoints.background.housekeeper import keeping_house
from leadnator_auth.entrypoints.background.mails import MAILS, MAX_CONVERSATIONS, MAX_CONVERSATIONS_OF_A_DOMAIN
from tests.e2e.server import DEADLINE_SECONDS


async def until(condition: Callable[[], bool]) -> None:
    """Lets the other tasks run until the condition holds."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def never_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes polling so rare that only being woken explains what happens."""
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 3600.0)


async def test_a_mail_that_is_queued_goes_out_at_once(memory: MemoryPorts, never_poll: None) -> None:
    worker = DeliveryWorker(MAILS)
    memory.unit_of_work.on_commit = worker.notice
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    async with running(worker, memory):
        for count in (1, 2):
            await request_password_reset("alice@example.com", ports=memory)
            await until(lambda: len(memory.mailer.mails) >= count)  # noqa: B023 (called before the next turn)


async def test_a_mail_that_waits_from_before_goes_out_at_the_start(memory: MemoryPorts, never_poll: None) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    async with running(DeliveryWorker(MAILS), memory):
        await until(lambda: len(memory.mailer.mails) == 1)


async def test_a_mail_of_another_process_is_seen_by_polling(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 0.001)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    async with running(DeliveryWorker(MAILS), memory):
        await request_password_reset("alice@example.com", ports=memory)
        await until(lambda: len(memory.mailer.mails) == 1)


@pytest.mark.parametrize("failure", [UnavailableError("away"), RuntimeError("a bug")])
async def test_a_failure_does_not_end_the_mail(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 0.001)
    failures = 0

    class FailsTwice(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            nonlocal failures
            failures += 1
            if failures <= 2:
                raise failure
            return super().snapshot()

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    ports = attrs.evolve(memory, unit_of_work=FailsTwice(tables=memory.unit_of_work.tables))
    async with running(DeliveryWorker(MAILS), ports):
        await until(lambda: len(memory.mailer.mails) == 1)
    assert failures > 2


async def test_a_mail_under_way_is_finished_before_the_worker_stops(memory: MemoryPorts, never_poll: None) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def send(self, mail: object) -> None:
            under_way.set()
            await go_on.wait()

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    world = attrs.asdict(memory, recurse=False) | {"mailer": Slow()}
    async with running(DeliveryWorker(MAILS), Ports(**world)):
        await under_way.wait()
        asyncio.get_running_loop().call_soon(go_on.set)
    (mail,) = memory.unit_of_work.tables.mails.values()
    assert mail.state == "sent"


async def test_a_mail_that_hangs_is_given_back_when_the_worker_stops(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "STOP_SECONDS", 0.001)
    under_way = asyncio.Event()

    class Hangs:
        async def send(self, mail: object) -> None:
            under_way.set()
            await asyncio.Event().wait()

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    world = attrs.asdict(memory, recurse=False) | {"mailer": Hangs()}
    async with running(DeliveryWorker(MAILS), Ports(**world)):
        await under_way.wait()
    (mail,) = memory.unit_of_work.tables.mails.values()
    assert mail.state == "queued"


async def test_what_is_over_is_cleared_away(memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeper, "PAUSE_SECONDS", 0.0)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(600):
        await log_in("alice@example.com", "secret", ports=memory)
    memory.clock.advance(days=8)
    async with keeping_house(memory):
        await until(lambda: not memory.unit_of_work.tables.sessions)


@pytest.mark.parametrize("algorithm", SigningAlgorithm, ids=str)
async def test_the_housekeeper_sees_to_the_signing_keys(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch, algorithm: SigningAlgorithm
) -> None:
    """After a change of algorithm the next key signs by itself, once every verifier knows it."""
    monkeypatch.setattr(housekeeper, "EVERY_SECONDS", 0.0)
    policy = attrs.evolve(memory.policy, signing_algorithm=SigningAlgorithm.EDDSA)
    await keep_signing_keys(ports=attrs.evolve(memory, policy=policy))
    changed = attrs.evolve(memory, policy=attrs.evolve(policy, signing_algorithm=algorithm))
    before = dict(memory.unit_of_work.tables.signing_keys)

    def signing() -> SigningAlgorithm:
        keys = memory.unit_of_work.tables.signing_keys.values()
        return next(key.public.algorithm for key in keys if key.state is KeyState.SIGNING)

    async with keeping_house(changed):
        if algorithm is SigningAlgorithm.ES256:
            await until(lambda: memory.unit_of_work.tables.signing_keys != before)
            assert signing() is SigningAlgorithm.EDDSA
            memory.clock.advance(minutes=10)
            await until(lambda: signing() is SigningAlgorithm.ES256)
            return
        for _ in range(200):
            await asyncio.sleep(0)
    assert memory.unit_of_work.tables.signing_keys == before


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

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    memory.clock.advance(days=8)
    unit_of_work = FailsTwice(tables=memory.unit_of_work.tables)
    async with keeping_house(attrs.evolve(memory, unit_of_work=unit_of_work)):
        await until(lambda: not unit_of_work.tables.sessions)


def other_tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {task for task in [asyncio.current_task()] if task}


async def test_mails_that_wait_go_out_without_a_pause_between_them(memory: MemoryPorts, never_poll: None) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(4):
        await request_password_reset("alice@example.com", ports=memory)
    async with running(DeliveryWorker(MAILS), memory):
        await until(lambda: len(memory.mailer.mails) == 4)


class Counting(MemoryUnitOfWork):
    """Counts how often somebody looked into it; `after_a_look` is awaited each time."""

    looks = 0
    after_a_look: Callable[[], Awaitable[None]] | None = None

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        return self._counted()

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[Repositories]:
        self.looks += 1
        async with super().snapshot() as repositories:
            yield repositories
        if self.after_a_look is not None:
            await self.after_a_look()


async def test_a_worker_with_nothing_to_do_rests(memory: MemoryPorts, never_poll: None) -> None:
    unit_of_work = Counting()
    worker = DeliveryWorker(MAILS)
    async with running(worker, attrs.evolve(memory, unit_of_work=unit_of_work)):
        for times in (1, 2):
            await until(lambda: unit_of_work.looks == times)  # noqa: B023 (called before the next turn)
            for _ in range(100):
                await asyncio.sleep(0)
            assert unit_of_work.looks == times
            worker.wake()


async def test_a_mail_that_is_queued_while_the_worker_looks_is_not_overlooked(
    memory: MemoryPorts, never_poll: None
) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    worker = DeliveryWorker(MAILS)
    unit_of_work = Counting(tables=memory.unit_of_work.tables, on_commit=worker.notice)
    ports = attrs.evolve(memory, unit_of_work=unit_of_work)

    async def queue_once() -> None:
        unit_of_work.after_a_look = None
        await request_password_reset("alice@example.com", ports=ports)

    unit_of_work.after_a_look = queue_once
    async with running(worker, ports):
        await until(lambda: len(memory.mailer.mails) == 1)


async def test_a_worker_that_rests_stops_at_once_and_leaves_nothing_behind(
    memory: MemoryPorts, never_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "STOP_SECONDS", 3600.0)
    unit_of_work = Counting()
    async with asyncio.timeout(DEADLINE_SECONDS):
        async with running(DeliveryWorker(MAILS), attrs.evolve(memory, unit_of_work=unit_of_work)):
            await until(lambda: unit_of_work.looks == 1)
            for _ in range(10):
                await asyncio.sleep(0)
    assert other_tasks() == set()


async def test_the_lease_of_a_mail_that_takes_long_is_renewed_until_it_is_sent(
    memory: MemoryPorts, never_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a renewal fails; and nothing goes on renewing after the end."""
    monkeypatch.setattr(delivery_worker, "RENEW_SECONDS", 0.0)
    start = memory.clock.now()

    class FailsOnce(MemoryUnitOfWork):
        is_away = False

        def __call__(self) -> AbstractAsyncContextManager[Transaction]:
            if self.is_away:
                self.is_away = False
                raise UnavailableError("away")
            return super().__call__()

    unit_of_work = FailsOnce(tables=memory.unit_of_work.tables)

    def due_at() -> datetime:
        (mail,) = unit_of_work.tables.mails.values()
        return mail.due_at

    class Slow:
        async def send(self, mail: object) -> None:
            for seconds in (8, 16, 24):
                unit_of_work.is_away = seconds == 16
                memory.clock.instant = start + timedelta(seconds=seconds)
                await until(lambda: due_at() == memory.clock.now() + LEASE)

    world = attrs.asdict(memory, recurse=False) | {"mailer": Slow(), "unit_of_work": unit_of_work}
    ports = Ports(**world)
    await sign_up("Alice", "alice@example.com", "secret", ports=ports)
    await request_password_reset("alice@example.com", ports=ports)
    async with running(DeliveryWorker(MAILS), ports):
        await until(lambda: all(mail.state == "sent" for mail in unit_of_work.tables.mails.values()))
        await until(lambda: len(other_tasks()) == 1)
    assert other_tasks() == set()


def test_a_lease_is_renewed_well_before_it_ends() -> None:
    assert LEASE.total_seconds() >= 2 * delivery_worker.RENEW_SECONDS, "one renewal may fail"


async def test_stopping_waits_for_one_mail_only(memory: MemoryPorts, never_poll: None) -> None:
    worker = DeliveryWorker(MAILS)

    class StopsIt:
        async def send(self, mail: object) -> None:
            worker.stop()

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(3):
        await request_password_reset("alice@example.com", ports=memory)
    world = attrs.asdict(memory, recurse=False) | {"mailer": StopsIt()}
    async with running(worker, Ports(**world)):
        await until(lambda: not other_tasks())
    assert sorted(mail.state for mail in memory.unit_of_work.tables.mails.values()) == ["queued", "queued", "sent"]


class Stalls:
    """A mail server that never answers for some domains; what it took from others it remembers."""

    def __init__(self, *domains: str) -> None:
        self.domains = domains
        self.stalled: list[str] = []
        self.taken: list[str] = []
        self.may_answer = asyncio.Event()

    async def send(self, mail: OutgoingMail) -> None:
        address = mail.to.canonical
        if address.rpartition("@")[2] in self.domains:
            self.stalled.append(address)
            await self.may_answer.wait()
        self.taken.append(address)


async def ask_for(memory: MemoryPorts, *addresses: str) -> None:
    """Signs each of them up, and asks for a link."""
    for address in addresses:
        await sign_up("Somebody", address, "secret", ports=memory)
        await request_password_reset(address, ports=memory)


def states_of_mails(memory: MemoryPorts) -> list[str]:
    return sorted(mail.state for mail in memory.unit_of_work.tables.mails.values())


def mailing_by(memory: MemoryPorts, mailer: Stalls) -> Ports:
    return Ports(**(attrs.asdict(memory, recurse=False) | {"mailer": mailer}))


HURRIED = attrs.evolve(MAILS, head_start=0.001)
"""The next mail goes almost at once beside one that stalls."""


async def test_mails_that_stall_delay_no_other(memory: MemoryPorts, never_poll: None) -> None:
    """Neither those of their own domain, nor, however many they are, those of others."""
    server, worker = Stalls("slow.example"), DeliveryWorker(HURRIED)
    memory.unit_of_work.on_commit = worker.notice
    await ask_for(memory, *(f"user{number}@slow.example" for number in range(7)))
    async with running(worker, mailing_by(memory, server)):
        await until(lambda: len(server.stalled) == 7)
        server.domains = ()
        await ask_for(memory, "quick@slow.example", "quick@example.com")
        await until(lambda: len(server.taken) == 2)
        server.may_answer.set()
    assert len(server.taken) == 9


async def test_a_domain_that_stalls_has_half_of_the_conversations_at_most(
    memory: MemoryPorts, never_poll: None
) -> None:
    server = Stalls("slow.example")
    slow = [f"user{number}@slow.example" for number in range(30)]
    await ask_for(memory, *slow, "quick@example.com", "quicker@example.com")
    async with running(DeliveryWorker(HURRIED), mailing_by(memory, server)):
        await until(lambda: len(server.taken) == 2)
        assert len(server.stalled) == MAX_CONVERSATIONS_OF_A_DOMAIN == MAX_CONVERSATIONS // 2
        server.may_answer.set()
        await until(lambda: len(server.taken) == 32)
    assert sorted(server.taken[2:]) == sorted(slow)


async def test_there_are_only_so_many_conversations_at_once(memory: MemoryPorts, never_poll: None) -> None:
    server = Stalls("a.example", "b.example", "c.example")
    await ask_for(memory, *(f"user{number}@{domain}" for number in range(8) for domain in server.domains))
    async with running(DeliveryWorker(HURRIED), mailing_by(memory, server)):
        await until(lambda: len(server.stalled) == MAX_CONVERSATIONS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(server.stalled) == MAX_CONVERSATIONS
        server.may_answer.set()
        await until(lambda: len(server.taken) == 24)


async def test_a_quick_server_is_talked_to_by_one_at_a_time(memory: MemoryPorts, never_poll: None) -> None:
    at_once: list[int] = []

    class Quick(Stalls):
        async def send(self, mail: OutgoingMail) -> None:
            self.stalled.append("one")
            await asyncio.sleep(0)
            at_once.append(len(self.stalled))
            self.stalled.pop()
            await super().send(mail)

    server = Quick()
    await ask_for(memory, *(f"user{number}@example.com" for number in range(20)))
    async with running(DeliveryWorker(HURRIED), mailing_by(memory, server)):
        await until(lambda: len(server.taken) == 20)
    assert set(at_once) == {1}


async def test_all_mails_that_hang_are_given_back_when_the_worker_stops(
    memory: MemoryPorts, never_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "STOP_SECONDS", 0.001)
    server = Stalls("slow.example")
    await ask_for(memory, *(f"user{number}@slow.example" for number in range(5)), "quick@example.com")
    async with running(DeliveryWorker(HURRIED), mailing_by(memory, server)):
        await until(lambda: len(server.stalled) == 5 and "sent" in states_of_mails(memory))
    assert other_tasks() == set()
    assert states_of_mails(memory) == ["queued"] * 5 + ["sent"]


async def test_a_worker_whose_database_fails_in_the_middle_goes_on(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of the mail is not known then; it is sent again when its lease ends."""
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 0.001)
    await ask_for(memory, "alice@example.com")
    unit_of_work = Failing(tables=memory.unit_of_work.tables)

    class FailsAfterwards(Stalls):
        async def send(self, mail: OutgoingMail) -> None:
            unit_of_work.is_away = not self.taken
            await super().send(mail)

    server = FailsAfterwards()
    with capture_logs() as logs:
        async with running(
            DeliveryWorker(HURRIED), attrs.evolve(mailing_by(memory, server), unit_of_work=unit_of_work)
        ):
            await until(lambda: unit_of_work.failures > 0)
            unit_of_work.is_away = False
            memory.clock.instant += LEASE
            await until(lambda: len(server.taken) == 2)
    assert "mail_queue_unavailable" in [entry["event"] for entry in logs]


class Failing(MemoryUnitOfWork):
    """A store that may be away."""

    is_away = False
    failures = 0

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        if self.is_away:
            self.failures += 1
            raise UnavailableError("away")
        return super().__call__()


@pytest.mark.parametrize(
    ("failure", "event"),
    [(UnavailableError("421 busy"), "mail_delayed"), (MailRefusedError("550 no"), "mail_given_up"), (None, None)],
)
async def test_the_log_tells_what_became_of_the_mails(
    memory: MemoryPorts, never_poll: None, failure: Exception | None, event: str | None
) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    (mail,) = memory.unit_of_work.tables.mails
    memory.mailer.failure = failure
    with capture_logs() as logs:
        async with running(DeliveryWorker(HURRIED), memory):
            await until(lambda: any(entry["event"] == "mail_delivered" for entry in logs))
    (summary,) = [entry for entry in logs if entry["event"] == "mail_delivered"]
    figures = {name: summary[name] for name in ("sent", "delayed", "dead", "dropped")}
    expected = {"mail_delayed": "delayed", "mail_given_up": "dead", None: "sent"}[event]
    assert figures == dict.fromkeys(figures, 0) | {expected: 1}
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [(entry["event"], entry["mail"], entry["error"]) for entry in warnings] == (
        [(event, mail, str(failure))] if event else []
    )


@pytest.mark.parametrize(
    ("failure", "level"), [(UnavailableError("away"), "warning"), (RuntimeError("a bug"), "error")]
)
async def test_trouble_with_the_database_is_a_warning_and_a_bug_an_error(
    memory: MemoryPorts, never_poll: None, failure: Exception, level: str
) -> None:
    class Fails(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise failure

        def __call__(self) -> AbstractAsyncContextManager[Transaction]:
            raise failure

    ports = attrs.evolve(memory, unit_of_work=Fails())
    with capture_logs() as logs:
        async with running(DeliveryWorker(HURRIED), ports), keeping_house(ports):
            await until(lambda: len(logs) == 2)
    assert {entry["event"].partition("_")[0] for entry in logs} == {"mail", "purge"}
    assert [entry["log_level"] for entry in logs] == [level] * 2


async def test_the_log_tells_how_much_was_cleared_away_if_anything_was(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeper, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(housekeeper, "EVERY_SECONDS", 0.0)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    many = attrs.evolve(memory, policy=Policy(max_sessions=1000))
    for _ in range(600):
        await log_in("alice@example.com", "secret", ports=many)
    memory.clock.advance(days=8)
    with capture_logs() as logs:
        async with keeping_house(memory):
            await until(lambda: bool(logs))
            for _ in range(100):
                await asyncio.sleep(0)
    assert logs == [{"event": "purged", "rows": 601, "log_level": "info"}]
    assert other_tasks() == set()
