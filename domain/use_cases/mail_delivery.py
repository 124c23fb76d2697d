"""Sending the queued mails, outside every request; a worker calls this again and again."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

import attrs

from leadnator_auth.domain.entities.mail import (
    MailKind,
    MailRequest,
    NoticeMail,
    OutgoingMail,
    QueuedMail,
    SecretMail,
    WaysIn,
)
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose, digest_of
from leadnator_auth.domain.entities.outbox import DeliveryReport, DeliveryState, OutboxEntry
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.mail_rules import MAIL_RULES, MailLimit
from leadnator_auth.domain.ports import Outbox, Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.account_mails import Destination, destination_of
from leadnator_auth.domain.use_cases.steps.deliver import LeaseKeeper, attempt, is_any_due, renew, without_renewal
from leadnator_auth.domain.use_cases.steps.mailed_codes import code_for
from leadnator_auth.domain.use_cases.steps.one_time_tokens import mint
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MAX_AT_ONCE = 50
MAX_DROPPED_AT_ONCE = 500


@attrs.frozen
class TakenMail:
    """A mail that is leased to be sent now, and what goes to its recipient."""

    entry: QueuedMail
    outgoing: OutgoingMail
    minted: str | None = None
    """The digest of what counts from now on, and not if the mail certainly went nowhere."""


class _Unwanted(Enum):
    """Why a mail is dropped."""

    TO_NOBODY = auto()
    """No account has the address."""
    SURPLUS = auto()
    """The account gets no mail of this kind now, nor any other one of the same kind that waits."""
    TOO_LATE = auto()
    """Nobody could do anything with it any more."""


_Fate = TakenMail | QueuedMail | _Unwanted
"""What is to be sent now, or the mail as it waits for later, or why it is dropped."""


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
    if isinstance(fate, _Unwanted):
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


async def _leased(now: datetime, full: Collection[str], ports: Ports) -> tuple[QueuedMail, _Fate] | None:
    """Returns the next mail and its fate, if one is due; unless it is to be sent, its fate is kept already."""

    async def take(transaction: Transaction) -> tuple[QueuedMail, _Fate] | None:
        leased = await transaction.mail_queue.lease(now, 1, full)
        if not leased:
            return None
        (mail,) = leased
        fate = await _fate_of(mail, transaction, now, ports)
        if isinstance(fate, OutboxEntry):
            await transaction.mail_queue.save(fate)
        elif isinstance(fate, _Unwanted):
            await transaction.mail_queue.remove(mail.id)
        return mail, fate

    return await run_in_transaction(ports.unit_of_work, take)


async def _fate_of(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> _Fate:
    if mail.payload.user_id is not None:
        return await _fate_of_named(mail, transaction, now, ports)
    user, rule = await transaction.users.by_email(mail.payload.recipient), MAIL_RULES[mail.payload.kind]
    if user is None:
        return _Unwanted.TO_NOBODY
    if not rule.audience.includes(user):
        return _Unwanted.SURPLUS
    return await _told(mail, Destination(user, user.email), transaction, now, ports)


async def _fate_of_named(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> _Fate:
    """Returns the same of a mail that names an account.

    One that is worth nothing is kept as if it had been sent: it counts, and nobody can tell by the next one.
    """
    destination = await destination_of(mail.payload, transaction, now)
    if destination is None:
        return mail.settled(now, "not sent: its link would be worth nothing")
    fate = await _told(mail, destination, transaction, now, ports)
    return (
        mail.settled(now, "not sent: the account had all its links of an hour") if isinstance(fate, _Unwanted) else fate
    )


async def _told(
    mail: QueuedMail, destination: Destination, transaction: Transaction, now: datetime, ports: Ports
) -> _Fate:
    user, rule = destination.user, MAIL_RULES[mail.payload.kind]
    if rule.mints is None:
        return TakenMail(mail, await _notice(mail, destination, transaction))
    lifetime, is_code = rule.mints.lifetime(ports.policy), rule.mints.page is None
    if is_code and now >= mail.queued_at + lifetime:
        return _Unwanted.TOO_LATE
    expires_at = destination.expires_at or now + lifetime
    if rule.limit is not None:
        limit = rule.limit(ports.policy)
        issued = await transaction.one_time_tokens.issued_since(
            rule.mints.purpose, user.id, now - limit.period, limit.count
        )
        if len(issued) >= limit.count:
            return _surplus(mail, issued, limit, now)
        expires_at = _expiry(issued, now, lifetime, limit)
    if is_code:
        return await _with_code(mail, destination, transaction, ports, now=now, expires_at=mail.queued_at + lifetime)
    return await _with_secret(mail, rule.mints.purpose, destination, transaction, ports, now=now, expires_at=expires_at)


async def _notice(mail: QueuedMail, destination: Destination, transaction: Transaction) -> NoticeMail:
    kind, user = mail.payload.kind, destination.user
    client, ways_in = Client(mail.payload.ip, mail.payload.user_agent), WaysIn()
    if kind is MailKind.PASSWORD_CHANGED:
        ways_in = WaysIn(
            has_second_factor=user.has_second_factor,
            passkeys=user.passkey_count,
            api_keys=len(await transaction.api_keys.of_user(user.id)),
        )
    return NoticeMail(mail.id, kind, destination.to, at=mail.queued_at, client=client, ways_in=ways_in)


def _surplus(mail: QueuedMail, issued: Sequence[datetime], limit: MailLimit, now: datetime) -> _Fate:
    if mail.attempts == 1 or not issued:
        return _Unwanted.SURPLUS
    # What was promised is tried until it is taken; but attempts of which nobody knows may each have brought a link.
    return mail.postponed(now, issued[0] + limit.period, mail.last_error or "the account had all its links of an hour")


def _expiry(issued: Sequence[datetime], now: datetime, lifetime: timedelta, limit: MailLimit) -> datetime:
    """Returns when a secret of now expires: the last one of a period not before the account may get another.

    So whoever asks for links to somebody else's mailbox never takes the owner's way back, however short links live.
    """
    is_last = len(issued) + 1 == limit.count
    return max(now + lifetime, [*issued, now][0] + limit.period) if is_last else now + lifetime


async def _with_secret(
    mail: QueuedMail,
    purpose: Purpose,
    destination: Destination,
    transaction: Transaction,
    ports: Ports,
    *,
    now: datetime,
    expires_at: datetime,
) -> TakenMail:
    """Mints a secret of which only the digest stays here; every attempt at a mail has its own."""
    user, to = destination.user, destination.to
    token = OneTimeToken(
        purpose,
        "",
        user.id,
        to.canonical,
        issued_at=now,
        expires_at=expires_at,
        payload=mail.id,
        epoch=user.secret_epoch if mail.payload.user_id is None else mail.payload.epoch,
    )
    secret = await mint(token, transaction, ports)
    outgoing = SecretMail(mail.id, mail.payload.kind, to, secret, expires_at, lifetime=expires_at - now)
    return TakenMail(mail, outgoing, digest_of(secret))


async def _with_code(
    mail: QueuedMail,
    destination: Destination,
    transaction: Transaction,
    ports: Ports,
    *,
    now: datetime,
    expires_at: datetime,
) -> TakenMail | _Unwanted:
    """Puts a code into a mail, the same at every attempt, unless it would not work."""
    found = await code_for(mail, destination.user, transaction, ports, now=now, expires_at=expires_at)
    if found is None:
        return _Unwanted.TOO_LATE
    code, digest = found
    outgoing = SecretMail(mail.id, mail.payload.kind, destination.to, code, expires_at, lifetime=expires_at - now)
    return TakenMail(mail, outgoing, digest)


async def _drop_others(mail: QueuedMail, reason: _Unwanted, now: datetime, full: Collection[str], ports: Ports) -> int:
    """Drops more of what a dropped mail was one of, in a transaction of its own: what was done stays done."""

    async def drop(transaction: Transaction) -> int:
        if reason is _Unwanted.TOO_LATE:
            return 0
        if reason is _Unwanted.TO_NOBODY:
            return await transaction.mail_queue.drop_to_nobody(now, MAX_DROPPED_AT_ONCE, full)
        return await transaction.mail_queue.drop_like(mail, now, MAX_DROPPED_AT_ONCE)

    return await run_in_transaction(ports.unit_of_work, drop)
