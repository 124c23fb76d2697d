"""Two mail workers over one database, each with its own connections: every mail arrives, and none twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from leadnator_auth.adapters.mail import MailWriter, SmtpServer
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.memory import FakeClock, memory_ports
from leadnator_auth.adapters.sql import Backend, Connections
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain import (
    EmailAddress,
    MailKind,
    OutgoingMail,
    Ports,
    Purpose,
    User,
    UserId,
    deliver_due_mails,
    is_reset_secret_usable,
)
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail
from leadnator_auth.domain.entities.outbox import LEASE, OutboxStats
from leadnator_auth.domain.ports import Clock
from leadnator_auth.entrypoints.background import delivery_worker
from leadnator_auth.entrypoints.background.delivery_worker import DeliveryWorker, running
from leadnator_auth.entrypoints.background.mails import MAILS, MAX_CONVERSATIONS, MAX_CONVERSATIONS_OF_A_DOMAIN
from tests.adapters.mail.scripted_smtp import HEALTHY, Act, Reaction, ScriptedServer, Talk, following, soon
from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.conftest import sql_ports
from tests.databases import backend_of
from tests.e2e.mails import reset_secret
from tests.e2e.server import HOST, parsed_mail

pytestmark = pytest.mark.slow

RUSH = 10
"""How much faster than the day the clock goes where a lease must end: its ten seconds are one."""


@attrs.define
class CountingInbox(Inbox):
    """Knows how often somebody connected."""

    connections: int = 0

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    @property
    def by_recipient(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(recipient for mail in self.mails for recipient in mail.recipients)


@attrs.frozen
class RushingClock:
    """Goes faster than the day, from when it was made."""

    began: datetime = attrs.Factory(lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.began + (datetime.now(UTC) - self.began) * RUSH


@attrs.frozen
class SlowMailer:
    """Takes longer than a lease for some mails, like a mail server that looks into each of them."""

    inner: SmtpMailer
    clock: Clock
    slow: frozenset[str]

    async def send(self, mail: OutgoingMail) -> None:
        if mail.to.canonical in self.slow:
            end = self.clock.now() + 1.6 * LEASE
            await soon(lambda: self.clock.now() > end, "the slow mail server")
        await self.inner.send(mail)


def without_sync(url: str) -> Backend:
    """No power is cut here, and a thousand commits to a slow disk would take their time."""
    backend = backend_of(url)
    if url.startswith("sqlite"):
        return attrs.evolve(backend, on_open=(*backend.on_open, "PRAGMA synchronous = OFF"))
    return backend


@asynccontextmanager
async def a_process(url: str, port: int, clock: Clock) -> AsyncIterator[Ports]:
    """Opens what one process has: connections to the database of its own, and a mailer of its own."""
    connections = Connections(without_sync(url))
    writer = MailWriter(
        sender="no-reply@example.com", links={Purpose.RESET: "https://a.example/?token={token}"}, clock=clock
    )
    mailer = SmtpMailer(SmtpServer(HOST, port), writer)
    try:
        yield attrs.evolve(
            sql_ports(memory_ports(), connections), mailer=mailer, clock=clock, randomness=SystemRandomness()
        )
    finally:
        mailer.close()
        await connections.close()
        assert connections.idle == connections.size, "a connection was leaked"


@asynccontextmanager
async def two_processes(url: str, port: int, clock: Clock) -> AsyncIterator[tuple[Ports, Ports]]:
    """Opens two of them over one database."""
    async with a_process(url, port, clock) as here, a_process(url, port, clock) as there:
        yield here, there


async def queue_mails(ports: Ports, count: int) -> list[str]:
    """Queues a reset mail for each of this many new accounts, and returns their addresses."""
    addresses = [f"user-{number:03}@example.com" for number in range(count)]
    await queue_for(ports, addresses)
    return addresses


async def queue_for(ports: Ports, addresses: list[str]) -> None:
    """Queues a reset mail for a new account of each of these addresses, in this order."""
    now = ports.clock.now()
    async with ports.unit_of_work() as transaction:
        for number, address in enumerate(addresses):
            name = address.partition("@")[0]
            await transaction.users.add(
                [User(UserId(f"u_{name}"), name, EmailAddress(address, address), created_at=now)]
            )
            queued_at = now + timedelta(microseconds=number - len(addresses))
            await transaction.mail_queue.add(
                QueuedMail.new(f"m_{name}", MailRequest(MailKind.RESET_LINK, address), queued_at)
            )
        await transaction.commit()


async def stats(ports: Ports) -> OutboxStats:
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.stats()


async def all_done(ports: Ports) -> None:
    """Returns when the queue is empty."""
    while (await stats(ports)).queued:
        await asyncio.sleep(0.02)


@contextmanager
def an_inbox() -> Iterator[tuple[CountingInbox, int]]:
    inbox = CountingInbox()
    with receiving(inbox) as port:
        yield inbox, port


@pytest.mark.slow
async def test_five_hundred_mails_arrive_once_each_though_two_processes_send(database_url: str) -> None:
    with an_inbox() as (inbox, port):
        async with two_processes(database_url, port, SystemClock()) as processes, AsyncExitStack() as workers:
            addresses = await queue_mails(processes[0], 500)
            for ports in processes:
                await workers.enter_async_context(running(DeliveryWorker(MAILS), ports))
            async with asyncio.timeout(60):
                await all_done(processes[0])
            at_the_end = await stats(processes[0])

    assert inbox.by_recipient == dict.fromkeys(addresses, 1)
    assert (at_the_end.sent, at_the_end.dead) == (500, 0)
    assert len({reset_secret(parsed_mail(mail.content)) for mail in inbox.mails}) == 500
    assert inbox.connections <= 2 * MAX_CONVERSATIONS, "each process keeps its connections"


async def test_a_mail_that_takes_longer_than_a_lease_is_not_sent_by_another_process_too(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "RENEW_SECONDS", delivery_worker.RENEW_SECONDS / RUSH / 2)
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 0.05)
    clock = RushingClock()
    with an_inbox() as (inbox, port):
        async with two_processes(database_url, port, clock) as processes, AsyncExitStack() as workers:
            addresses = await queue_mails(processes[0], 12)
            slow = frozenset({addresses[0]})  # one alone: the other process must have nothing better to do
            for ports in processes:
                assert isinstance(ports.mailer, SmtpMailer)
                slowly = attrs.evolve(ports, mailer=SlowMailer(ports.mailer, clock, slow))
                await workers.enter_async_context(running(DeliveryWorker(MAILS), slowly))
            async with asyncio.timeout(60):
                await all_done(processes[0])

    assert inbox.by_recipient == dict.fromkeys(addresses, 1)


@pytest.mark.parametrize("step", ["banner", "RCPT", "DATA", "dot"])
async def test_a_mail_whose_sender_was_stopped_halfway_comes_from_the_other_process(
    database_url: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(delivery_worker, "STOP_SECONDS", 0.05)
    clock = FakeClock()
    async with (
        following(ScriptedServer({step: Act.FALL_SILENT})) as server,
        two_processes(database_url, server.port, clock) as (here, there),
    ):
        await queue_mails(here, 1)
        async with running(DeliveryWorker(MAILS), here):
            await soon(lambda: server.steps[step], "the mail that is stopped halfway")
        await soon(lambda: server.open_connections == 0, "the stopped connection being closed")
        server.script = HEALTHY
        clock.advance(seconds=LEASE.total_seconds() - 0.001)
        assert (await deliver_due_mails(ports=there)).total == 0
        clock.advance(seconds=0.001)

        assert (await deliver_due_mails(ports=there)).sent == 1

        mails = [parsed_mail(content) for content in server.seen]
        assert len(mails) == (2 if step == "dot" else 1)
        assert {mail["Message-ID"] for mail in mails} == {"<m_user-000@example.com>"}
        secrets = {reset_secret(mail) for mail in mails}
        assert len(secrets) == len(mails)
        for secret in secrets:
            assert await is_reset_secret_usable(secret, ports=there)
        assert (await stats(there)).sent == 1


async def test_a_process_that_is_stopped_between_mails_leaves_the_rest_to_the_other(database_url: str) -> None:
    with an_inbox() as (inbox, port):
        async with two_processes(database_url, port, SystemClock()) as (here, there):
            addresses = await queue_mails(here, 80)
            async with running(DeliveryWorker(MAILS), here), asyncio.timeout(60):
                await soon(lambda: len(inbox.mails) >= 5, "the first mails")
            async with running(DeliveryWorker(MAILS), there), asyncio.timeout(60):
                await all_done(there)

    assert inbox.by_recipient == dict.fromkeys(addresses, 1)


@pytest.mark.parametrize(
    ("stalled", "domain", "next_one"),
    [(15, "slow.example", "next@example.com"), (7, "example.com", "next@example.com")],
)
async def test_mails_whose_recipients_stall_do_not_delay_the_next(
    database_url: str, stalled: int, domain: str, next_one: str
) -> None:
    """However many they are, where they are of another domain; a few, where they are of the same."""
    may_go_on = asyncio.Event()

    async def stall(talk: Talk) -> Reaction:
        if b"<user-" in talk.in_clear[-1]:
            await may_go_on.wait()
        return b"250 2.1.5 recipient ok\r\n"

    async with (
        following(ScriptedServer({"RCPT": stall})) as server,
        a_process(database_url, server.port, SystemClock()) as ports,
    ):
        await queue_for(ports, [f"user-{number}@{domain}" for number in range(stalled)])
        hurried = DeliveryWorker(attrs.evolve(MAILS, head_start=0.005))
        async with running(hurried, ports), asyncio.timeout(60):
            under_way = min(stalled, MAX_CONVERSATIONS_OF_A_DOMAIN)
            await soon(lambda: server.steps["RCPT"] == under_way, "those that stall")
            await queue_for(ports, [next_one])
            await soon(lambda: server.taken, "the next mail")
            assert next_one.encode() in server.taken[0]
            assert server.steps["RCPT"] == under_way + 1
            may_go_on.set()
            await all_done(ports)
    assert len(server.taken) == stalled + 1
