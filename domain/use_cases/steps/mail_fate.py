"""What becomes of a queued mail when its turn comes: what goes to its recipient, or why nothing does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

import attrs

from leadnator_auth.domain.entities.mail import MailKind, NoticeMail, OutgoingMail, QueuedMail, SecretMail, WaysIn
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose, digest_of
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.mail_rules import MAIL_RULES, MailLimit
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.account_mails import Destination, destination_of
from leadnator_auth.domain.use_cases.steps.mailed_codes import code_for
from leadnator_auth.domain.use_cases.steps.one_time_tokens import mint


@attrs.frozen
class TakenMail:
    """A mail that is leased to be sent now, and what goes to its recipient."""

    entry: QueuedMail
    outgoing: OutgoingMail
    minted: str | None = None
    """The digest of what counts from now on, and not if the mail certainly went nowhere."""


class Unwanted(Enum):
    """Why a mail is dropped."""

    TO_NOBODY = auto()
    """No account has the address."""
    SURPLUS = auto()
    """The account gets no mail of this kind now, nor any other one of the same kind that waits."""
    TOO_LATE = auto()
    """Nobody could do anything with it any more."""


Fate = TakenMail | QueuedMail | Unwanted
"""What is to be sent now, or the mail as it waits for later, or why it is dropped."""


async def fate_of(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> Fate:
    """Returns what becomes of a mail that is leased now; its secret counts from then on."""
    if mail.payload.user_id is not None:
        return await _fate_of_named(mail, transaction, now, ports)
    user, rule = await transaction.users.by_email(mail.payload.recipient), MAIL_RULES[mail.payload.kind]
    if user is None:
        return Unwanted.TO_NOBODY
    if not rule.audience.includes(user):
        return Unwanted.SURPLUS
    return await _told(mail, Destination(user, user.email), transaction, now, ports)


async def _fate_of_named(mail: QueuedMail, transaction: Transaction, now: datetime, ports: Ports) -> Fate:
    """Returns the same of a mail that names an account.

    One that is worth nothing is kept as if it had been sent: it counts, and nobody can tell by the next one.
    """
    destination = await destination_of(mail.payload, transaction, now)
    if destination is None:
        return mail.settled(now, "not sent: its link would be worth nothing")
    fate = await _told(mail, destination, transaction, now, ports)
    return (
        mail.settled(now, "not sent: the account had all its links of an hour") if isinstance(fate, Unwanted) else fate
    )


async def _told(
    mail: QueuedMail, destination: Destination, transaction: Transaction, now: datetime, ports: Ports
) -> Fate:
    user, rule = destination.user, MAIL_RULES[mail.payload.kind]
    if rule.mints is None:
        return TakenMail(mail, await _notice(mail, destination, transaction))
    lifetime, is_code = rule.mints.lifetime(ports.policy), rule.mints.page is None
    if is_code and now >= mail.queued_at + lifetime:
        return Unwanted.TOO_LATE
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


def _surplus(mail: QueuedMail, issued: Sequence[datetime], limit: MailLimit, now: datetime) -> Fate:
    if mail.attempts == 1 or not issued:
        return Unwanted.SURPLUS
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
) -> TakenMail | Unwanted:
    """Puts a code into a mail, the same at every attempt, unless it would not work."""
    found = await code_for(mail, destination.user, transaction, ports, now=now, expires_at=expires_at)
    if found is None:
        return Unwanted.TOO_LATE
    code, digest = found
    outgoing = SecretMail(mail.id, mail.payload.kind, destination.to, code, expires_at, lifetime=expires_at - now)
    return TakenMail(mail, outgoing, digest)
