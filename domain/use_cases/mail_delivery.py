"""Sending the queued mails, outside every request; a worker calls this again and again."""

from datetime import datetime

import attrs

from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from leadnator_auth.domain.mail import (
    SENDING_TIME,
    MailKind,
    OutgoingMail,
    PasswordChangedMail,
    QueuedMail,
    ResetLinkMail,
)
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import Clock, Mailer, Randomness, Transaction, UnitOfWork
from leadnator_auth.domain.reset_token import (
    RESET_SECRET_BYTES,
    RESET_SECRET_PREFIX,
    ResetToken,
    digest_of,
)
from leadnator_auth.domain.user import User

BATCH = 20


@attrs.define
class Delivery:
    """What became of one batch of mails."""

    sent: int = 0
    delayed: int = 0
    dead: int = 0
    dropped: int = 0
    """Mails to nobody: no account has the address, or it had its fill of reset links."""

    @property
    def total(self) -> int:
        """How many mails were taken from the queue."""
        return self.sent + self.delayed + self.dead + self.dropped


async def deliver_due_mails(
    *,
    unit_of_work: UnitOfWork,
    mailer: Mailer,
    clock: Clock,
    randomness: Randomness,
    policy: Policy,
) -> Delivery:
    """Sends up to 20 mails that are due and returns what became of them.

    At least once: a mail whose sending was cut short is due again when its lease ends. The rest of a batch that took
    too long is left to the next lease, so that no mail is sent while somebody else may have it.
    """
    delivery = Delivery()
    if not await _is_any_due(unit_of_work, clock):
        return delivery
    async with unit_of_work() as transaction:
        mails = await transaction.mail_queue.lease(clock.now(), BATCH)
        await transaction.commit()
    for mail in mails:
        if clock.now() + SENDING_TIME > mail.due_at:
            break
        outgoing = await _composed(mail, unit_of_work, clock, randomness, policy)
        if outgoing is None:
            delivery.dropped += 1
        else:
            outcome = await _attempt(mail, outgoing, mailer, clock, randomness)
            await _keep(outcome, unit_of_work)
            _count(delivery, outcome)
    return delivery


async def _is_any_due(unit_of_work: UnitOfWork, clock: Clock) -> bool:
    """Spares the lock of a writer while there is nothing to send, which is nearly always."""
    async with unit_of_work.snapshot() as repositories:
        due_at = await repositories.mail_queue.next_due_at()
    return due_at is not None and due_at <= clock.now()


async def _composed(
    mail: QueuedMail, unit_of_work: UnitOfWork, clock: Clock, randomness: Randomness, policy: Policy
) -> OutgoingMail | None:
    """Returns the mail with its content, or None after dropping it from the queue."""
    now = clock.now()
    async with unit_of_work() as transaction:
        user = await transaction.users.by_email(mail.recipient)
        outgoing: OutgoingMail | None = None
        if user and mail.kind is MailKind.PASSWORD_CHANGED:
            outgoing = PasswordChangedMail(mail.id, user.email, changed_at=mail.queued_at)
        elif user and await _may_get_link(user, mail, transaction, now, policy):
            outgoing = await _reset_link(user, mail, transaction, now, randomness, policy)
        if outgoing is None:
            await transaction.mail_queue.remove(mail.id)
        await transaction.commit()
    return outgoing


async def _may_get_link(user: User, mail: QueuedMail, transaction: Transaction, now: datetime, policy: Policy) -> bool:
    since = now - policy.reset_mails_window
    others = await transaction.reset_tokens.mails_since(user.id, since, other_than=mail.id)
    return others < policy.reset_mails


async def _reset_link(
    user: User,
    mail: QueuedMail,
    transaction: Transaction,
    now: datetime,
    randomness: Randomness,
    policy: Policy,
) -> ResetLinkMail:
    """Mints a secret of which only the digest stays here; every attempt at a mail has its own."""
    secret = RESET_SECRET_PREFIX + randomness.urlsafe(RESET_SECRET_BYTES)
    expires_at = now + policy.reset_token_lifetime
    await transaction.reset_tokens.add(
        ResetToken(digest_of(secret), user.id, mail.id, issued_at=now, expires_at=expires_at)
    )
    return ResetLinkMail(mail.id, user.email, secret, expires_at, policy.reset_token_lifetime)


async def _attempt(
    mail: QueuedMail, outgoing: OutgoingMail, mailer: Mailer, clock: Clock, randomness: Randomness
) -> QueuedMail:
    """Returns the mail as it is after one attempt to send it."""
    try:
        await mailer.send(outgoing)
    except MailRefusedError as error:
        return mail.dead(clock.now(), str(error))
    except UnavailableError as error:
        return mail.failed(clock.now(), str(error), randomness.fraction())
    return mail.sent(clock.now())


async def _keep(mail: QueuedMail, unit_of_work: UnitOfWork) -> None:
    async with unit_of_work() as transaction:
        await transaction.mail_queue.save(mail)
        await transaction.commit()


def _count(delivery: Delivery, mail: QueuedMail) -> None:
    if mail.finished_at is None:
        delivery.delayed += 1
    elif mail.last_error:
        delivery.dead += 1
    else:
        delivery.sent += 1
