"""Codes of six digits in mails: what they are, and whose mail they were put into.

A code is derived from a key that no database holds and from the id of its mail, so it is kept nowhere, and is the same
however often the mail has to be sent (docs/adr/0047-login-codes.md).
"""

import hmac
from datetime import datetime

from leadnator_auth.domain.entities.mail import QueuedMail
from leadnator_auth.domain.entities.one_time_token import SECRET_BYTES, OneTimeToken, Purpose, digest_of
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Repositories, Transaction

_DIGITS = 6


def is_code_log_in_on(*, ports: Ports) -> bool:
    """Returns whether accounts can be logged in to with a mailed code."""
    return ports.policy.email_code_login and bool(ports.code_keys)


def require_code_log_in(ports: Ports) -> None:
    """Makes sure that there is such a thing as log-in by code here.

    Raises: NotFoundError.
    """
    if not is_code_log_in_on(ports=ports):
        raise NotFoundError


async def code_for(
    mail: QueuedMail, user: User, transaction: Transaction, ports: Ports, *, now: datetime, expires_at: datetime
) -> tuple[str, str] | None:
    """Returns the code in a mail, and the digest by which this attempt to send it is kept; None if none would work.

    The first attempt that may arrive is found again by the id of the mail; later ones count towards the limit, too.
    """
    if not is_code_log_in_on(ports=ports):
        return None
    first = _digest_for(mail.id)
    before = await transaction.one_time_tokens.by_digest(first)
    key_id = before.payload if before else ports.code_keys.newest_id
    if not ports.code_keys.has(key_id) or (before and not before.belongs_to(user)):
        return None
    attempt = OneTimeToken(
        Purpose.MAILED_CODE,
        digest_of(ports.randomness.urlsafe(SECRET_BYTES)) if before else first,
        user.id,
        user.email.canonical,
        issued_at=now,
        expires_at=expires_at,
        tries_left=0,  # it counts a mail; its digest is of what is no secret
        payload=key_id,
        epoch=user.secret_epoch,
    )
    await transaction.one_time_tokens.add(attempt)
    return _code(mail.id, key_id, ports), attempt.digest


async def attempt_at(mail_id: str, repositories: Repositories) -> OneTimeToken | None:
    """Returns what is known of sending a mail with a code, if it may have arrived."""
    return await repositories.one_time_tokens.by_digest(_digest_for(mail_id))


def is_code_of(typed: str, mail_id: str, attempt: OneTimeToken | None, ports: Ports) -> bool:
    """Returns whether this is the code in a mail; the mail of an attempt that nobody made costs the same work."""
    key_id = attempt.payload if attempt else ports.code_keys.newest_id
    if not ports.code_keys.has(key_id):
        return False
    return hmac.compare_digest(typed.encode(), _code(mail_id, key_id, ports).encode())


def _code(mail_id: str, key_id: str, ports: Ports) -> str:
    number = int.from_bytes(ports.code_keys.derive(f"login_code:{mail_id}", key_id))
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def _digest_for(mail_id: str) -> str:
    return digest_of(Purpose.MAILED_CODE.prefix + mail_id)
