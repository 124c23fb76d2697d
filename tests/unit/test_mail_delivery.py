"""Sending the queued mails, in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import (
    FakeClock,
    MemoryMailQueue,
    MemoryPorts,
    MemoryTransaction,
    MemoryUnitOfWork,
    memory_ports,
)
from leadnator_auth.domain import (
    DeliveryReport,
    DeliveryState,
    Limits,
    MailDelayedError,
    MailKind,
    MailRefusedError,
    OutgoingMail,
    Policy,
    QueuedMail,
    SecretMail,
    SignedIn,
    Status,
    UnavailableError,
    deliver_due_mails,
    is_reset_secret_usable,
    renew_lease,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.mail import MailRequest
from leadnator_auth.domain.entities.outbox import LEASE, SCHEDULE
from leadnator_auth.domain.ports import Mailer, Transaction
from leadnator_auth.domain.use_cases.mail_delivery import take_mail

START = datetime(2026, 1, 1, tzinfo=UTC)


async def ask(memory: MemoryPorts, times: int = 1, email: str = "alice@example.com") -> None:
    for _ in range(times):
        await request_password_reset(email, ports=memory)


async def deliver(memory: MemoryPorts) -> DeliveryReport:
    return await deliver_due_mails(ports=memory)


async def deliver_with(memory: MemoryPorts, mailer: Mailer) -> DeliveryReport:
    return await deliver_due_mails(ports=attrs.evolve(memory, mailer=mailer))  # type: ignore[arg-type]


def only_mail(memory: MemoryPorts) -> QueuedMail:
    (mail,) = memory.unit_of_work.tables.mails.values()
    return mail


async def test_an_empty_queue_is_no_work(memory: MemoryPorts) -> None:
    assert await deliver(memory) == DeliveryReport()
    assert DeliveryReport().total == 0


async def test_a_mail_is_sent_once(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory)
    assert await deliver(memory) == DeliveryReport(sent=1)
    memory.clock.advance(days=1)
    assert await deliver(memory) == DeliveryReport()
    assert len(memory.mailer.mails) == 1
    assert only_mail(memory).state is DeliveryState.SENT


async def test_nobody_gets_no_mail_and_leaves_no_trace(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory, email="nobody@example.com")
    assert await deliver(memory) == DeliveryReport(dropped=1)
    assert memory.mailer.mails == []
    assert memory.unit_of_work.tables.mails == {}


async def test_an_account_gets_five_links_an_hour_and_then_silence(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory, 8)
    assert await deliver(memory) == DeliveryReport(sent=5, dropped=3)
    memory.clock.advance(minutes=59)
    await ask(memory)
    assert await deliver(memory) == DeliveryReport(dropped=1)
    memory.clock.advance(minutes=1)
    await ask(memory)
    assert await deliver(memory) == DeliveryReport(sent=1)


async def test_the_fill_of_one_account_is_not_anothers(memory: MemoryPorts, alice: SignedIn) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await ask(memory, 6)
    await ask(memory, 1, "bob@example.com")
    assert await deliver(memory) == DeliveryReport(sent=6, dropped=1)


async def test_a_reset_does_not_give_five_links_more(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory, 5)
    await deliver(memory)
    await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)
    await ask(memory)
    assert await deliver(memory) == DeliveryReport(sent=1, dropped=1), "the notice goes out, the sixth link does not"


async def test_a_server_that_is_away_delays_the_mail(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory)
    memory.mailer.failure = UnavailableError("connection refused")
    assert await deliver(memory) == DeliveryReport(delayed=1)
    assert only_mail(memory).last_error == "connection refused"
    assert await deliver(memory) == DeliveryReport(), "not again at once"
    memory.mailer.failure = None
    memory.clock.advance(seconds=5)
    assert await deliver(memory) == DeliveryReport(sent=1)
    assert only_mail(memory).last_error == ""


async def test_a_mail_that_is_tried_again_counts_as_one_link(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory, 5)
    memory.mailer.failure = UnavailableError("away")
    for _ in range(3):
        assert await deliver(memory) == DeliveryReport(delayed=5)
        memory.clock.advance(minutes=1)
    memory.mailer.failure = None
    assert await deliver(memory) == DeliveryReport(sent=5)


class TakesAndFalls:
    """A mail server that takes each mail and never says so; `failure` is how that looks from here."""

    def __init__(self, clock: FakeClock, failure: Exception) -> None:
        self.clock = clock
        self.failure = failure
        self.links: list[tuple[datetime, SecretMail]] = []

    async def send(self, mail: OutgoingMail) -> None:
        assert isinstance(mail, SecretMail)
        self.links.append((self.clock.now(), mail))
        raise self.failure


UNKNOWN = [
    UnavailableError("connection reset"),
    MailDelayedError("no answer to the mail within 600 seconds", may_have_arrived=True),
    RuntimeError("a bug"),
]


@pytest.mark.parametrize("failure", UNKNOWN, ids=lambda failure: type(failure).__name__)
async def test_every_link_that_may_have_been_sent_works(
    memory: MemoryPorts, alice: SignedIn, failure: Exception
) -> None:
    """A server can take a mail and die before it says so."""
    server = TakesAndFalls(memory.clock, failure)
    await ask(memory)
    await deliver_with(memory, server)
    memory.clock.advance(minutes=1)
    await deliver(memory)
    ((_, first),) = server.links
    second = memory.mailer.reset_links[0]
    assert first.id == second.id
    assert first.secret != second.secret
    await reset_password(first.secret, "new-secret", ports=memory)


@pytest.mark.parametrize("asked", [1, 3, 9])
@pytest.mark.parametrize("failure", UNKNOWN, ids=lambda failure: type(failure).__name__)
async def test_attempts_that_may_have_delivered_a_link_bring_no_more_than_five_an_hour(
    memory: MemoryPorts, alice: SignedIn, failure: Exception, asked: int
) -> None:
    server = TakesAndFalls(memory.clock, failure)
    await ask(memory, asked)
    for _ in range(12 * 60):
        await deliver_with(memory, server)
        memory.clock.advance(minutes=1)
    times = [at for at, _ in server.links]
    assert len({mail.id for _, mail in server.links}) == min(asked, 5)
    assert len(times) > 10, "it is still tried"
    for first, sixth in zip(times, times[5:], strict=False):
        assert sixth - first >= timedelta(hours=1)


async def test_a_mail_that_waits_until_its_account_may_get_a_link_is_sent_then(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    server = TakesAndFalls(memory.clock, UnavailableError("connection reset"))
    await ask(memory)
    for _ in range(10):
        await deliver_with(memory, server)
        memory.clock.advance(minutes=2)
    assert len(server.links) == 5
    assert only_mail(memory).last_error == "connection reset"
    first, _ = server.links[0]
    assert only_mail(memory).due_at == first + timedelta(hours=1)
    memory.clock.instant = first + timedelta(hours=1)
    assert await deliver(memory) == DeliveryReport(sent=1)
    assert len({*(mail.id for _, mail in server.links), *(mail.id for mail in memory.mailer.mails)}) == 1


async def test_a_mail_whose_time_is_over_while_it_waits_for_its_turn_is_given_up(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    server = TakesAndFalls(memory.clock, UnavailableError("connection reset"))
    await ask(memory, 5)
    await deliver_with(memory, server)
    for mail in memory.unit_of_work.tables.mails.values():
        memory.unit_of_work.tables.mails[mail.id] = attrs.evolve(mail, give_up_at=memory.clock.now())
    memory.clock.advance(minutes=1)
    assert await deliver(memory) == DeliveryReport(dead=5)


NOT_HANDED_OVER: list[Exception] = [
    MailDelayedError("connection refused", may_have_arrived=False),
    MailRefusedError("550 5.1.1 no such user", may_have_arrived=False),
]


@pytest.mark.parametrize("failure", NOT_HANDED_OVER, ids=str)
async def test_an_attempt_that_certainly_delivered_nothing_uses_up_no_link(
    memory: MemoryPorts, alice: SignedIn, failure: Exception
) -> None:
    memory.mailer.failure = failure
    for _ in range(10):
        await ask(memory)
        await deliver(memory)
    assert memory.unit_of_work.tables.one_time_tokens == {}, "its secret is good for nothing"
    memory.mailer.failure = None
    memory.unit_of_work.tables.mails.clear()
    await ask(memory, 6)
    assert await deliver(memory) == DeliveryReport(sent=5, dropped=1)


async def test_a_mail_that_was_refused_after_it_was_handed_over_uses_up_a_link(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    memory.mailer.failure = MailRefusedError("554 5.7.1 spam", may_have_arrived=True)
    await ask(memory, 2)
    assert await deliver(memory) == DeliveryReport(dead=2)
    memory.mailer.failure = None
    await ask(memory, 4)
    assert await deliver(memory) == DeliveryReport(sent=3, dropped=1)


async def test_a_suspended_account_gets_no_link(memory: MemoryPorts, alice: SignedIn) -> None:
    suspend(memory, alice)
    await ask(memory, 3)
    assert await deliver(memory) == DeliveryReport(dropped=3)
    assert memory.mailer.mails == []
    assert memory.unit_of_work.tables.mails == {}
    assert memory.unit_of_work.tables.one_time_tokens == {}


async def test_a_link_that_is_tried_again_is_dropped_once_its_account_is_suspended(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    memory.mailer.failure = UnavailableError("away")
    await ask(memory)
    await deliver(memory)
    suspend(memory, alice)
    memory.mailer.failure = None
    memory.clock.advance(minutes=1)
    assert await deliver(memory) == DeliveryReport(dropped=1)


async def test_the_owner_of_a_suspended_account_is_still_told_of_a_changed_password(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await ask(memory)
    await deliver(memory)
    await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)
    suspend(memory, alice)
    assert await deliver(memory) == DeliveryReport(sent=1)
    assert len(memory.mailer.notices) == 1


def suspend(memory: MemoryPorts, who: SignedIn) -> None:
    """Suspends somebody, as an admin would."""
    users = memory.unit_of_work.tables.users
    users[who.user.id] = attrs.evolve(users[who.user.id], status=Status.SUSPENDED)


async def test_new_mails_go_before_those_that_failed(memory: MemoryPorts, alice: SignedIn) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    memory.mailer.failure = UnavailableError("away")
    await ask(memory, 3)
    await deliver(memory)
    memory.mailer.failure = None
    memory.clock.advance(minutes=1)
    await ask(memory, 1, "bob@example.com")
    await deliver(memory)
    assert [mail.to.canonical for mail in memory.mailer.mails] == ["bob@example.com", *["alice@example.com"] * 3]


async def test_a_lane_that_is_full_delays_no_other(memory: MemoryPorts, alice: SignedIn) -> None:
    await sign_up("Bob", "bob@other.example", "secret", ports=memory)
    await queue_for(memory, "alice@example.com", "nobody@example.com", "nobody@other.example", "bob@other.example")
    full = frozenset({"example.com"})
    assert await take_mail(full, ports=memory) == (None, DeliveryReport(dropped=1))
    taken, _ = await take_mail(full, ports=memory)
    assert taken is not None
    assert taken.entry.payload.recipient == "bob@other.example"
    assert await take_mail(full, ports=memory) == (None, DeliveryReport())
    assert await deliver(memory) == DeliveryReport(sent=1, dropped=1)


async def test_a_refused_mail_is_dead_with_the_reason_and_the_others_go_out(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)

    class RefusesBob:
        async def send(self, mail: OutgoingMail) -> None:
            if mail.to == bob.user.email:
                raise MailRefusedError("550 no such mailbox")
            await memory.mailer.send(mail)

    await ask(memory, 1, "bob@example.com")
    await ask(memory)
    delivery = await deliver_with(memory, RefusesBob())
    assert delivery == DeliveryReport(sent=1, dead=1)
    memory.clock.advance(days=1)
    assert await deliver(memory) == DeliveryReport()
    dead = [mail for mail in memory.unit_of_work.tables.mails.values() if mail.state is DeliveryState.DEAD]
    assert [mail.last_error for mail in dead] == ["550 no such mailbox"]


async def test_a_mail_whose_sender_died_is_sent_when_the_lease_ends(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory)
    async with memory.unit_of_work() as transaction:
        await transaction.mail_queue.lease(memory.clock.now(), 10)
        await transaction.commit()
    assert await deliver(memory) == DeliveryReport()
    memory.clock.instant += LEASE
    assert await deliver(memory) == DeliveryReport(sent=1)


async def test_a_mail_that_takes_long_stays_with_its_worker_while_the_lease_is_renewed(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    class Slow:
        async def send(self, mail: OutgoingMail) -> None:
            for _ in range(5):
                memory.clock.instant += LEASE - timedelta(seconds=1)
                await renew_lease(only_mail(memory), ports=memory)
                assert await deliver(memory) == DeliveryReport(), "another worker has nothing to do"
            await memory.mailer.send(mail)

    await ask(memory)
    assert await deliver_with(memory, Slow()) == DeliveryReport(sent=1)
    assert len(memory.mailer.mails) == 1


async def test_a_lease_that_is_over_cannot_be_renewed(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory)
    async with memory.unit_of_work() as transaction:
        (mail,) = await transaction.mail_queue.lease(memory.clock.now(), 1)
        await transaction.commit()
    memory.clock.instant += LEASE
    assert await deliver(memory) == DeliveryReport(sent=1)
    await renew_lease(mail, ports=memory)
    assert only_mail(memory).state is DeliveryState.SENT


async def test_a_mail_that_somebody_else_takes_first_is_theirs(memory: MemoryPorts, alice: SignedIn) -> None:
    """Two workers see one due mail; the second finds nothing left."""
    await ask(memory)
    deliveries = await asyncio.gather(*(deliver(memory) for _ in range(4)))
    assert sum(delivery.sent for delivery in deliveries) == len(memory.mailer.mails) == 1


class CountingUnits(MemoryUnitOfWork):
    """Counts the units of work that may write."""

    units = 0

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        self.units += 1
        return super().__call__()


async def queue_for(memory: MemoryPorts, *recipients: str) -> None:
    """Queues a mail with a link for each of these addresses."""
    async with memory.unit_of_work() as transaction:
        for number, recipient in enumerate(recipients):
            mail = QueuedMail.new(f"m_q{number:05}", MailRequest(MailKind.RESET_LINK, recipient), memory.clock.now())
            await transaction.mail_queue.add(mail)
        await transaction.commit()


async def test_ten_thousand_mails_to_nobody_are_dropped_in_few_steps(memory: MemoryPorts, alice: SignedIn) -> None:
    """Each step is a few round trips to the database, however many mails it drops."""
    await queue_for(memory, *(f"nobody{number}@example.com" for number in range(10_000)))
    unit_of_work = CountingUnits(tables=memory.unit_of_work.tables)
    delivery = await deliver_due_mails(ports=attrs.evolve(memory, unit_of_work=unit_of_work))
    assert delivery == DeliveryReport(dropped=10_000)
    assert unit_of_work.units <= 50
    assert unit_of_work.tables.mails == {}


async def test_a_flood_for_one_account_is_dropped_in_few_steps_and_holds_up_nobody(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await queue_for(memory, *["alice@example.com"] * 5000, "bob@example.com")
    unit_of_work = CountingUnits(tables=memory.unit_of_work.tables)
    ports = attrs.evolve(memory, unit_of_work=unit_of_work)
    assert await deliver_due_mails(ports=ports) == DeliveryReport(sent=6, dropped=4995)
    assert unit_of_work.units <= 40


class CannotDropMany(MemoryUnitOfWork):
    """A database that is too slow to drop many mails at a time, though quick enough for one."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            transaction.mail_queue = TooSlow(transaction.mail_queue.tables)
            yield transaction


class TooSlow(MemoryMailQueue):
    """Does not answer in time when it is asked to drop many."""

    async def drop_to_nobody(self, now: datetime, limit: int, full: Collection[str] = ()) -> int:
        raise UnavailableError("the database did not answer in time")

    async def drop_like(self, mail: QueuedMail, now: datetime, limit: int) -> int:
        raise UnavailableError("the database did not answer in time")


async def test_where_many_cannot_be_dropped_at_a_time_one_is_and_the_queue_gets_on(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await queue_for(memory, *["nobody@example.com"] * 3, *["alice@example.com"] * 8)
    unit_of_work = CannotDropMany(tables=memory.unit_of_work.tables)
    ports = attrs.evolve(memory, unit_of_work=unit_of_work)
    for _ in range(6):
        with pytest.raises(UnavailableError):
            await deliver_due_mails(ports=ports)
    assert await deliver_due_mails(ports=ports) == DeliveryReport()
    assert len(memory.mailer.reset_links) == 5


async def test_a_flood_of_mails_to_nobody_does_not_keep_a_real_one_waiting(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    for number in range(150):
        await ask(memory, 1, f"nobody{number}@example.com")
    memory.clock.advance(seconds=1)
    await ask(memory)
    assert await deliver(memory) == DeliveryReport(sent=1, dropped=150)


async def test_a_mail_that_trips_over_a_bug_is_delayed_and_the_others_go_out(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)

    class TripsOnce:
        tripped = False

        async def send(self, mail: OutgoingMail) -> None:
            if not self.tripped:
                self.tripped = True
                raise ZeroDivisionError("division by zero")
            await memory.mailer.send(mail)

    await ask(memory)
    await ask(memory, 1, "bob@example.com")
    delivery = await deliver_with(memory, TripsOnce())
    assert delivery == DeliveryReport(sent=1, delayed=1)
    assert [mail.last_error for mail in delivery.failures] == ["ZeroDivisionError: division by zero"]


@pytest.mark.parametrize("failure", [MailRefusedError, UnavailableError])
async def test_what_a_mail_server_says_is_kept_as_plain_text(
    memory: MemoryPorts, alice: SignedIn, failure: type[Exception]
) -> None:
    memory.mailer.failure = failure("550 bo\udcee\r\n\x1b[31mte")
    await ask(memory)
    await deliver(memory)
    assert only_mail(memory).last_error == "550 bo[31mte"


def a_queued_mail() -> QueuedMail:
    return QueuedMail.new("m_1", MailRequest(MailKind.RESET_LINK, "a@example.com"), START)


def test_delays_double_up_to_an_hour() -> None:
    mail, delays = a_queued_mail(), []
    for _ in range(40):
        mail = mail.leased(START).failed(START, "away", jitter=0.0)
        delays.append((mail.due_at - START).total_seconds())
    assert delays[:11] == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]
    assert set(delays[10:]) == {3600}


def test_jitter_takes_up_to_half_of_a_delay_off() -> None:
    mail = a_queued_mail().leased(START)
    assert mail.failed(START, "away", jitter=0.5).due_at - START == timedelta(seconds=3.75)
    assert mail.failed(START, "away", jitter=0.999999).due_at - START > timedelta(seconds=2.5)


def test_a_mail_is_given_up_after_three_days() -> None:
    mail = a_queued_mail().leased(START)
    last_chance = START + SCHEDULE.give_up_after - timedelta(microseconds=1)
    assert mail.failed(last_chance, "away", 0.0).state is DeliveryState.QUEUED
    given_up = mail.failed(START + SCHEDULE.give_up_after, "still " + "away " * 200, 0.0)
    assert given_up.state is DeliveryState.DEAD
    assert given_up.finished_at == START + SCHEDULE.give_up_after
    assert given_up.last_error.startswith("still away")
    assert len(given_up.last_error) == 500


async def test_mails_that_failed_together_do_not_come_back_together(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory, 5)
    memory.mailer.failure = UnavailableError("away")
    await deliver(memory)
    assert len({mail.due_at for mail in memory.unit_of_work.tables.mails.values()}) == 5


def test_what_the_documentation_says_of_times_is_so() -> None:
    assert timedelta(seconds=10) == LEASE
    assert timedelta(days=3) == SCHEDULE.give_up_after


async def test_a_sent_mail_tells_when_it_was_sent(memory: MemoryPorts, alice: SignedIn) -> None:
    await ask(memory)
    memory.clock.advance(hours=1)
    await deliver(memory)
    assert only_mail(memory).finished_at == memory.clock.now()


async def test_an_idle_worker_locks_nobody_out(memory: MemoryPorts) -> None:
    class ReadOnly(MemoryUnitOfWork):
        def __call__(self) -> AbstractAsyncContextManager[Transaction]:
            raise AssertionError("a writer's lock was taken")

    assert await deliver(attrs.evolve(memory, unit_of_work=ReadOnly())) == DeliveryReport()


async def test_fifty_mails_are_sent_in_one_round(memory: MemoryPorts) -> None:
    for number in range(51):
        await sign_up("Al", f"al{number}@example.com", "secret", ports=memory)
        await ask(memory, 1, f"al{number}@example.com")
    assert await deliver(memory) == DeliveryReport(sent=50)
    assert await deliver(memory) == DeliveryReport(sent=1)


@pytest.mark.parametrize("minutes", [0.5, 1, 5, 10, 11, 30, 59, 60, 90])
async def test_nobody_else_can_take_the_owners_way_back_however_short_links_live(minutes: float) -> None:
    """Somebody asks for links to the owner's mailbox as often as they may: one of them is always good."""
    memory = memory_ports(policy=Policy(reset_token_lifetime=timedelta(minutes=minutes), limits=Limits.none()))
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(120):
        await ask(memory)
        await deliver(memory)
        assert await is_reset_secret_usable(memory.mailer.reset_links[-1].secret, ports=memory)
        memory.clock.advance(minutes=1.5)
    assert len(memory.mailer.reset_links) <= 15, "five an hour"


async def test_a_link_tells_how_long_it_works(memory: MemoryPorts, alice: SignedIn) -> None:
    short = attrs.evolve(memory, policy=Policy(reset_token_lifetime=timedelta(minutes=10)))
    for _ in range(5):
        await ask(memory)
        await deliver_due_mails(ports=short)
        memory.clock.advance(minutes=1)
    assert [link.lifetime for link in memory.mailer.reset_links] == [timedelta(minutes=10)] * 4 + [
        timedelta(minutes=56)
    ]
