"""Forgotten passwords: ask for a link by mail, then set a new password with the secret in it."""

from datetime import datetime

from leadnator_auth.domain.errors import InvalidResetTokenError
from leadnator_auth.domain.fields import FieldChecks, Untrusted
from leadnator_auth.domain.mail import MAIL_ID_PREFIX, MailKind, new_mail
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import (
    Clock,
    EmailSyntax,
    PasswordHasher,
    Randomness,
    Transaction,
    UnitOfWork,
)
from leadnator_auth.domain.reset_token import digest_of, is_secret
from leadnator_auth.domain.session import SessionId
from leadnator_auth.domain.use_cases.sign_in import ID_BYTES
from leadnator_auth.domain.user import UserId


async def request_password_reset(
    email: Untrusted,
    *,
    unit_of_work: UnitOfWork,
    emails: EmailSyntax,
    clock: Clock,
    randomness: Randomness,
) -> None:
    """Queues a mail with a reset link, whether or not the address has an account.

    The work is one row for any address; who it belongs to is looked up when the mail is sent (OWASP Forgot Password
    Cheat Sheet: uniform answers in uniform time).

    Raises: MissingFieldsError, InvalidFieldsError.
    """
    with FieldChecks() as check:
        address = check("email", email, emails.parse)
    mail_id = MAIL_ID_PREFIX + randomness.urlsafe(ID_BYTES)
    mail = new_mail(mail_id, MailKind.RESET_LINK, address.canonical, clock.now())
    async with unit_of_work() as transaction:
        await transaction.mail_queue.add(mail)
        await transaction.commit()


async def reset_password(
    secret: Untrusted,
    password: Untrusted,
    *,
    unit_of_work: UnitOfWork,
    hasher: PasswordHasher,
    clock: Clock,
    randomness: Randomness,
    policy: Policy,
) -> None:
    """Sets a new password, ends every session and every other reset token of the user, and queues a notice.

    A refused password leaves the token as it was. No session is opened.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidResetTokenError, OverloadedError.
    """
    with FieldChecks() as check:
        typed_secret = check("token", secret, str)
        new_password = check("password", password, policy.password.choose)
    # Spares the hash of a reset that is bound to fail; that a secret works once is `redeem`'s to decide.
    if not await is_reset_secret_usable(typed_secret, unit_of_work=unit_of_work, clock=clock):
        raise InvalidResetTokenError
    password_hash = await hasher.hash(new_password)

    now = clock.now()
    async with unit_of_work() as transaction:
        token = await transaction.reset_tokens.redeem(digest_of(typed_secret), now)
        if token is None:
            raise InvalidResetTokenError
        await apply_new_password(token.user_id, password_hash, transaction, now, randomness)
        await transaction.commit()


async def apply_new_password(
    user_id: UserId,
    new_hash: str,
    transaction: Transaction,
    now: datetime,
    randomness: Randomness,
    *,
    keep: SessionId | None = None,
) -> None:
    """Does all that a new password entails: old sessions and reset tokens end, and the owner is told by mail."""
    await transaction.credentials.change(user_id, new_hash, now)
    await transaction.sessions.end_all(user_id, keep=keep)
    await transaction.reset_tokens.void_all(user_id, now)
    user = await transaction.users.by_id(user_id)
    if user is not None:
        mail_id = MAIL_ID_PREFIX + randomness.urlsafe(ID_BYTES)
        await transaction.mail_queue.add(new_mail(mail_id, MailKind.PASSWORD_CHANGED, user.email.canonical, now))


async def is_reset_secret_usable(secret: str, *, unit_of_work: UnitOfWork, clock: Clock) -> bool:
    """Returns whether a secret would work now, without using it up."""
    if not is_secret(secret):
        return False
    async with unit_of_work.snapshot() as repositories:
        token = await repositories.reset_tokens.by_digest(digest_of(secret))
    return token is not None and token.is_usable(clock.now())
