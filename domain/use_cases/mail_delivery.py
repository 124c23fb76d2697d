"""Sending the queued mails, outside every request; a worker calls this again and again."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from enum import Enum, auto

import attrs

from leadnator_auth.domain.entities.mail import (
    Delivery,
    MailKind,
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
from leadnator_auth.domain.errors import MailDelayedError, MailRefusedError, UnavailableError
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MAX_AT_ONCE = 50
MAX_DROPPED_AT_ONCE = 500

LeaseKeeper = Callable[[QueuedMail], AbstractAsyncContextManager[None]]
"""Opens a block in which `renew_lease` is called for a mail again and again, while the mail is being sent."""


@attrs.frozen
class TakenMail:
    """A mail that is leased to be sent now, and what goes to its recipient."""

    mail: QueuedMail
    outgoing: OutgoingMail


class _Unwanted(Enum):
    """Why a mail is dropped."""

    TO_NOBODY = auto()
    """No account has the address."""
    SURPLUS = auto()
    """The account gets no mail of this kind now, nor any other one of the same kind that waits."""


_Fate = OutgoingMail | QueuedMail | _Unwanted
"""What is to be sent now, or the mail as it waits for later, or why it is dropped."""


def _without_renewal(mail: QueuedMail) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def deliver_due_mails(
    *, keeping_lease: LeaseKeeper = _without_renewal, most: int = MAX_AT_ONCE, ports: Ports
) -> Delivery:
    """Sends the mails that are due, one after the other and at most `most`, and returns what became of them.

    At least once: a mail whose sender died is due again when its lease ends, seconds later. Where several processes
    deliver, `keeping_lease` must renew the lease of a mail that takes longer than that.
    """
    delivery = Delivery()
    for _ in range(most):
        taken, done = await take_mail(ports=ports)
        if taken is None and not done.total:
            break
        delivery.add(done)
        if taken is not None:
            delivery.add(await send_mail(taken, keeping_lease=keeping_lease, ports=ports))
    return delivery


async def take_mail(full: Collection[str] = (), *, ports: Ports) -> tuple[TakenMail | None, Delivery]:
    """Returns the next mail to be sent, if any, and what became of those that need not be sent now.

    The lanes in `full` are left out. One call takes a few short steps, each of which keeps its progress: mails to
    nobody are dropped many at a time, so that a flood of them keeps no real mail waiting.
    """
    now = ports.clock.now()
    found = await _leased(now, full, ports) if await _is_any_due(now, ports) else None
    if found is None:
        return None, Delivery()
    mail, fate = found
    if isinstance(fate, _Unwanted):
        return None, Delivery(dropped=1 + await _drop_others(mail, fate, now, full, ports))
    if isinstance(fate, QueuedMail):
        return None, Delivery.of(fate)
    return TakenMail(mail, fate), Delivery()


async def send_mail(taken: TakenMail, *, keeping_lease: LeaseKeeper = _without_renewal, ports: Ports) -> Delivery:
    """Tries once to send a mail that was taken, and returns what became of it."""
    async with keeping_lease(taken.mail):
        outcome, may_have_arrived = await _attempt(taken, ports)

    async def keep(transaction: Transaction) -> None:
        await transaction.mail_queue.save(outcome)
        if isinstance(taken.outgoing, ResetLinkMail) and not may_have_arrived:
            await transaction.reset_tokens.withdraw(digest_of(taken.outgoing.secret))

    await run_in_transaction(ports.unit_of_work, keep)
    return Delivery.of(outcome)


async def renew_lease(mail: QueuedMail, *, ports: Ports) -> None:
    """Moves the end of a lease ahead, unless the lease is over."""

    async def renew(transaction: Transaction) -> bool:
        return await transaction.mail_queue.save(mail.renewed(ports.clock.now()))

    await run_in_transaction(ports.unit_of_work, renew)


async def _is_any_due(now: datetime, ports: Ports) -> bool:
    """Spares the lock of a writer while there is nothing to send, which is nearly always."""
    async with ports.unit_of_work.snapshot() as repositories:
        due_at = await repositories.mail_queue.next_due_at()
    return due_at is not None and due_at <= now


async def _leased(now: datetime, full: Collection[str], ports: Ports) -> tuple[QueuedMail, _Fate] | None:
    """Returns the next mail and its fate, if one is due; unless it is to be sent, its fate is kept already."""

    async def take(transaction: Transaction) -> tuple[QueuedMail, _Fate] | None:
        leased = await transaction.mail_queue.lease(now, 1, full)
        if not leased:
            return None
        (mail,) = leased
        fate = await _fate_of(mail, transaction, now, ports)
        if isinstance(fate, QueuedMail):
            await transaction.mail_queue.save(fate)
        elif isinstance(fate, _Unwanted):
            await transaction.mail_queue.remove(mail.id)
        return mail, fate

    return await run_in_transaction(ports.unit_of_work, take)


async def _fate_of(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> _Fate:
    user = await transaction.users.by_email(mail.recipient)
    if user is None:
        return _Unwanted.TO_NOBODY
    if mail.kind is MailKind.PASSWORD_CHANGED:
        return PasswordChangedMail(mail.id, user.email, changed_at=mail.queued_at)
    if user.is_suspended:
        return _Unwanted.SURPLUS
    policy = ports.policy
    issued = await transaction.reset_tokens.issued_since(user.id, now - policy.reset_mails_window, policy.reset_mails)
    if len(issued) < policy.reset_mails:
        return await _reset_link(user, mail, _expiry(issued, now, policy), transaction, now, ports)
    if mail.attempts == 1 or not issued:
        return _Unwanted.SURPLUS
    # What was promised is tried until it is taken; but attempts of which nobody knows may each have brought a link.
    until = issued[0] + policy.reset_mails_window
    return mail.postponed(now, until, mail.last_error or "the account had all its links of an hour")


def _expiry(issued: Sequence[datetime], now: datetime, policy: Policy) -> datetime:
    """Returns when a link of now expires: the last one of an hour not before the account may get another.

    So whoever asks for links to somebody else's mailbox never takes the owner's way back, however short links live.
    """
    expires_at = now + policy.reset_token_lifetime
    is_last = len(issued) + 1 == policy.reset_mails
    return max(expires_at, [*issued, now][0] + policy.reset_mails_window) if is_last else expires_at


async def _reset_link(
    user: User, mail: QueuedMail, expires_at: datetime, transaction: Transaction, now: datetime, ports: Ports
) -> ResetLinkMail:
    """Mints a secret of which only the digest stays here; every attempt at a mail has its own."""
    secret = RESET_SECRET_PREFIX + ports.randomness.urlsafe(RESET_SECRET_BYTES)
    await transaction.reset_tokens.add(
        ResetToken(digest_of(secret), user.id, mail.id, issued_at=now, expires_at=expires_at, epoch=user.secret_epoch)
    )
    return ResetLinkMail(mail.id, user.email, secret, expires_at, lifetime=expires_at - now)


async def _drop_others(mail: QueuedMail, reason: _Unwanted, now: datetime, full: Collection[str], ports: Ports) -> int:
    """Drops more of what a dropped mail was one of, in a transaction of its own: what was done stays done."""

    async def drop(transaction: Transaction) -> int:
        if reason is _Unwanted.TO_NOBODY:
            return await transaction.mail_queue.drop_to_nobody(now, MAX_DROPPED_AT_ONCE, full)
        return await transaction.mail_queue.drop_like(mail, now, MAX_DROPPED_AT_ONCE)

    return await run_in_transaction(ports.unit_of_work, drop)


async def _attempt(taken: TakenMail, ports: Ports) -> tuple[QueuedMail, bool]:
    """Returns the mail as it is after one attempt to send it, and whether it may have arrived."""
    mail = taken.mail
    try:
        await ports.mailer.send(taken.outgoing)
    except MailRefusedError as error:
        return mail.dead(ports.clock.now(), str(error)), error.may_have_arrived
    except MailDelayedError as error:
        return _delayed(mail, str(error), ports), error.may_have_arrived
    except UnavailableError as error:
        return _delayed(mail, str(error), ports), True
    except Exception as error:  # noqa: BLE001 (a mail that trips over a bug must not stall the others)
        return _delayed(mail, f"{type(error).__name__}: {error}", ports), True
    return mail.sent(ports.clock.now()), True


def _delayed(mail: QueuedMail, error: str, ports: Ports) -> QueuedMail:
    return mail.failed(ports.clock.now(), error, ports.randomness.fraction())
