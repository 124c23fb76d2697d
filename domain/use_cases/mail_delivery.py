"""Sending the queued mails, outside every request; a worker calls this again and again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.mail import (
    MailKind,
    MailState,
    OutgoingMail,
    PasswordChangedMail,
    QueuedMail,
    ResetLinkMail,
)
from leadnator_auth.domain.entities.reset_token import (
    RESET_SECRET_BYTES,
    RESET_SECRET_PREFIX,
    ResetToken,
    digest_of,
)
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MOST_AT_ONCE = 50
MOST_DROPPED_AT_ONCE = 200

LeaseKeeper = Callable[[QueuedMail], AbstractAsyncContextManager[None]]
"""Opens a block in which `renew_lease` is called for a mail again and again, while the mail is being sent."""


@attrs.define
class Delivery:
    """What became of one batch of mails."""

    sent: int = 0
    delayed: int = 0
    dead: int = 0
    dropped: int = 0
    """Mails to nobody: no account has the address, or it had its fill of reset links."""
    failures: list[QueuedMail] = attrs.field(factory=list, eq=False)
    """The delayed and the dead ones, with the reason in `last_error`."""

    @property
    def total(self) -> int:
        """How many mails were taken from the queue."""
        return self.sent + self.delayed + self.dead + self.dropped


def _without_renewal(mail: QueuedMail) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def deliver_due_mails(
    *, keeping_lease: LeaseKeeper = _without_renewal, most: int = MOST_AT_ONCE, ports: Ports
) -> Delivery:
    """Sends the mails that are due, one after the other and at most `most`, and returns what became of them.

    At least once: a mail whose sender died is due again when its lease ends, seconds later. Where several processes
    deliver, `keeping_lease` must renew the lease of a mail that takes longer than that.
    """
    delivery = Delivery()
    while delivery.total < most and await _is_any_due(ports):
        taken, dropped = await _take(ports)
        delivery.dropped += dropped
        if taken is not None:
            async with keeping_lease(taken.mail):
                outcome = await _attempt(taken, ports)
            await _keep(outcome, ports)
            _count(delivery, outcome)
        elif not dropped:
            break
    return delivery


async def renew_lease(mail: QueuedMail, *, ports: Ports) -> None:
    """Moves the end of a lease ahead, unless the lease is over."""
    await _keep(mail.renewed(ports.clock.now()), ports)


async def _is_any_due(ports: Ports) -> bool:
    """Spares the lock of a writer while there is nothing to send, which is nearly always."""
    async with ports.unit_of_work.snapshot() as repositories:
        due_at = await repositories.mail_queue.next_due_at()
    return due_at is not None and due_at <= ports.clock.now()


@attrs.frozen
class _Taken:
    """A leased mail, and what goes to its recipient."""

    mail: QueuedMail
    outgoing: OutgoingMail


async def _take(ports: Ports) -> tuple[_Taken | None, int]:
    """Returns the next mail to somebody, if one is due, and how many mails to nobody were dropped on the way.

    Those are dropped many at a time: a flood of them must not keep a real mail waiting.
    """
    now = ports.clock.now()

    async def take(transaction: Transaction) -> tuple[_Taken | None, int]:
        taken, dropped = None, 0
        while taken is None and dropped < MOST_DROPPED_AT_ONCE:
            leased = await transaction.mail_queue.lease(now, 1)
            if not leased:
                break
            (mail,) = leased
            outgoing = await _composed(mail, transaction, now, ports)
            if outgoing is None:
                await transaction.mail_queue.remove(mail.id)
                dropped += 1
            else:
                taken = _Taken(mail, outgoing)
        return taken, dropped

    return await run_in_transaction(ports.unit_of_work, take)


async def _composed(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> OutgoingMail | None:
    user = await transaction.users.by_email(mail.recipient)
    if user is None:
        return None
    if mail.kind is MailKind.PASSWORD_CHANGED:
        return PasswordChangedMail(mail.id, user.email, changed_at=mail.queued_at)
    if await _may_get_link(user, mail, transaction, now, ports):
        return await _reset_link(user, mail, transaction, now, ports)
    return None


async def _may_get_link(user: User, mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> bool:
    since = now - ports.policy.reset_mails_window
    others = await transaction.reset_tokens.mails_since(user.id, since, other_than=mail.id)
    return others < ports.policy.reset_mails


async def _reset_link(
    user: User, mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports
) -> ResetLinkMail:
    """Mints a secret of which only the digest stays here; every attempt at a mail has its own."""
    secret = RESET_SECRET_PREFIX + ports.randomness.urlsafe(RESET_SECRET_BYTES)
    expires_at = now + ports.policy.reset_token_lifetime
    await transaction.reset_tokens.add(
        ResetToken(digest_of(secret), user.id, mail.id, issued_at=now, expires_at=expires_at, epoch=user.secret_epoch)
    )
    return ResetLinkMail(mail.id, user.email, secret, expires_at, ports.policy.reset_token_lifetime)


async def _attempt(taken: _Taken, ports: Ports) -> QueuedMail:
    """Returns the mail as it is after one attempt to send it."""
    mail = taken.mail
    try:
        await ports.mailer.send(taken.outgoing)
    except MailRefusedError as error:
        return mail.dead(ports.clock.now(), str(error))
    except UnavailableError as error:
        return mail.failed(ports.clock.now(), str(error), ports.randomness.fraction())
    except Exception as error:  # noqa: BLE001 (a mail that trips over a bug must not stall the others)
        return mail.failed(ports.clock.now(), f"{type(error).__name__}: {error}", ports.randomness.fraction())
    return mail.sent(ports.clock.now())


async def _keep(mail: QueuedMail, ports: Ports) -> None:
    async def save(transaction: Transaction) -> bool:
        return await transaction.mail_queue.save(mail)

    await run_in_transaction(ports.unit_of_work, save)


def _count(delivery: Delivery, mail: QueuedMail) -> None:
    if mail.state is MailState.SENT:
        delivery.sent += 1
        return
    delivery.failures.append(mail)
    if mail.state is MailState.DEAD:
        delivery.dead += 1
    else:
        delivery.delayed += 1
