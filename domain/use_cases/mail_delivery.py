"""Sending the queued mails, outside every request; a worker calls this again and again."""

from collections.abc import Collection
from datetime import datetime

from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail
from leadnator_auth.domain.entities.outbox import DeliveryReport, DeliveryState, OutboxEntry
from leadnator_auth.domain.ports import Outbox, Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.deliver import LeaseKeeper, attempt, is_any_due, renew, without_renewal
from leadnator_auth.domain.use_cases.steps.mail_fate import Fate, TakenMail, Unwanted, fate_of
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MAX_AT_ONCE = 50
MAX_DROPPED_AT_ONCE = 500


async def deliver_due_mails(
    *, keeping_lease: LeaseKeeper = without_renewal, limit: int = MAX_AT_ONCE, ports: Ports
) -> DeliveryReport:
    """Sends the mails that are due, one after the other and at most `limit`, and returns what became of them.

    At least once: a mail whose sender died is due again when its lease ends, seconds later. Where several processes
    deliver, `keeping_lease` must renew the lease of a mail that takes longer than that.
    """
    report = DeliveryReport()
    for _ in range(limit):
        taken, done = await take_mail(ports=ports)
        if taken is None and not done.total:
            break
        report.add(done)
        if taken is not None:
            report.add(await send_mail(taken, keeping_lease=keeping_lease, ports=ports))
    return report


async def take_mail(full: Collection[str] = (), *, ports: Ports) -> tuple[TakenMail | None, DeliveryReport]:
    """Returns the next mail to be sent, if any, and what became of those that need not be sent now.

    The lanes in `full` are left out. One call takes a few short steps, each of which keeps its progress: mails to
    nobody are dropped many at a time, so that a flood of them keeps no real mail waiting.
    """
    now = ports.clock.now()
    found = await _leased(now, full, ports) if await is_any_due(_mail_queue, now, ports) else None
    if found is None:
        return None, DeliveryReport()
    mail, fate = found
    if isinstance(fate, Unwanted):
        return None, DeliveryReport(dropped=1 + await _drop_others(mail, fate, now, full, ports))
    if isinstance(fate, OutboxEntry):
        is_settled = fate.state is DeliveryState.SENT
        return None, DeliveryReport(dropped=1) if is_settled else DeliveryReport.of(fate)
    return fate, DeliveryReport()


async def send_mail(taken: TakenMail, *, keeping_lease: LeaseKeeper = without_renewal, ports: Ports) -> DeliveryReport:
    """Tries once to send a mail that was taken, and returns what became of it."""
    async with keeping_lease(taken.entry):
        outcome, may_have_arrived = await attempt(taken.entry, lambda: ports.mailer.send(taken.outgoing), ports)

    async def keep(transaction: Transaction) -> None:
        await transaction.mail_queue.save(outcome)
        if taken.minted and not may_have_arrived:
            await transaction.one_time_tokens.remove(taken.minted)

    await run_in_transaction(ports.unit_of_work, keep)
    return DeliveryReport.of(outcome)


async def renew_lease(mail: QueuedMail, *, ports: Ports) -> None:
    """Moves the end of a lease ahead, unless the lease is over."""
    await renew(mail, _mail_queue, ports)


def _mail_queue(repositories: Repositories) -> Outbox[MailRequest]:
    return repositories.mail_queue


async def _leased(now: datetime, full: Collection[str], ports: Ports) -> tuple[QueuedMail, Fate] | None:
    """Returns the next mail and its fate, if one is due; unless it is to be sent, its fate is kept already."""

    async def take(transaction: Transaction) -> tuple[QueuedMail, Fate] | None:
        leased = await transaction.mail_queue.lease(now, 1, full)
        if not leased:
            return None
        (mail,) = leased
        fate = await fate_of(mail, transaction, now, ports)
        if isinstance(fate, OutboxEntry):
            await transaction.mail_queue.save(fate)
        elif isinstance(fate, Unwanted):
            await transaction.mail_queue.remove(mail.id)
        return mail, fate

    return await run_in_transaction(ports.unit_of_work, take)


async def _drop_others(mail: QueuedMail, reason: Unwanted, now: datetime, full: Collection[str], ports: Ports) -> int:
    """Drops more of what a dropped mail was one of, in a transaction of its own: what was done stays done."""

    async def drop(transaction: Transaction) -> int:
        if reason is Unwanted.TOO_LATE:
            return 0
        if reason is Unwanted.TO_NOBODY:
            return await transaction.mail_queue.drop_to_nobody(now, MAX_DROPPED_AT_ONCE, full)
        return await transaction.mail_queue.drop_like(mail, now, MAX_DROPPED_AT_ONCE)

    return await run_in_transaction(ports.unit_of_work, drop)
