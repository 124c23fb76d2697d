"""Forgotten passwords: ask for a link by mail, then set a new password with the secret in it."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind, new_mail
from leadnator_auth.domain.entities.reset_token import ResetToken, digest_of, is_secret
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User, without_secrets
from leadnator_auth.domain.errors import InvalidResetTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.domain.use_cases.steps.known_clients import remember
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, throttle
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX, SessionId


async def request_password_reset(email: RawField, client: Client = Client(), *, ports: Ports) -> None:
    """Queues a mail with a reset link, whether or not the address has an account.

    The work is one row for any address; who it belongs to is looked up when the mail is sent (OWASP Forgot Password
    Cheat Sheet: uniform answers in uniform time).

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError.
    """
    with FieldChecks() as check:
        address = check("email", email, ports.emails.parse)
    await throttle(ports.policy.limits.forgot, client, now=ports.clock.now(), ports=ports)
    mail_id = new_id(MAIL_ID_PREFIX, ports)
    mail = new_mail(mail_id, MailKind.RESET_LINK, address.canonical, ports.clock.now())

    async def queue(transaction: Transaction) -> None:
        await transaction.mail_queue.add(mail)

    await run_in_transaction(ports.unit_of_work, queue)


async def reset_password(secret: RawField, password: RawField, client: Client = Client(), *, ports: Ports) -> User:
    """Sets a new password, ends every session and every other reset token of the user, and queues a notice.

    Returns whose it is.

    A refused password leaves the token as it was. No session is opened. Whoever had the mail is the owner: wrong
    log-ins of others do not keep them, and the client they did it from, out any longer.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidResetTokenError, OverloadedError.
    """
    with FieldChecks() as check:
        typed_secret = check("token", secret, str)
        new_password = check("password", password, ports.policy.password.choose)
    await throttle(ports.policy.limits.reset, client, now=ports.clock.now(), ports=ports)
    # Spares the hash of a reset that is bound to fail; that a secret works once is `redeem`'s to decide.
    token = await _usable_token(typed_secret, ports)
    if token is None:
        raise InvalidResetTokenError
    password_hash = await ports.hasher.hash(new_password, client)

    async def redeem(transaction: Transaction) -> User:
        user = await transaction.users.by_id(token.user_id)
        if user is None or not token.belongs_to(user):
            raise InvalidResetTokenError
        if await transaction.reset_tokens.redeem(token.digest, ports.clock.now()) is None:
            raise InvalidResetTokenError
        changed = await apply_new_password(user, password_hash, EventType.PASSWORD_RESET, transaction, ports)
        await remember(changed, client, transaction, ports)
        return changed

    user = await run_in_transaction(ports.unit_of_work, redeem)
    await after_commit(LogInThrottle(user.email.canonical, client, is_known=True, ports=ports).clear())
    return user


async def apply_new_password(
    user: User,
    new_hash: str,
    event_type: EventType,
    transaction: Transaction,
    ports: Ports,
    *,
    keep: SessionId | None = None,
) -> User:
    """Does all that a new password entails and returns the account as it is then.

    Old sessions but `keep` end, mailed secrets are void, known clients are forgotten, and the owner is told by mail.
    The user was read in the same transaction, and first of all: that makes the changes of one account take turns.
    """
    now = ports.clock.now()
    await transaction.credentials.change(user.id, new_hash, now)
    changed = await end_sessions(without_secrets(user), transaction, ports, reason=event_type.value, keep=keep)
    await record(event_type, user.id, transaction, ports)
    await _queue_notice(user, transaction, ports)
    return changed


async def _queue_notice(user: User, transaction: Transaction, ports: Ports) -> None:
    """Queues a notice, unless the owner had their fill: whoever changes a password again and again floods nobody."""
    kind, recipient, now = MailKind.PASSWORD_CHANGED, user.email.canonical, ports.clock.now()
    queued = await transaction.mail_queue.count_since(kind, recipient, now - ports.policy.notices_window)
    if queued < ports.policy.notices:
        await transaction.mail_queue.add(new_mail(new_id(MAIL_ID_PREFIX, ports), kind, recipient, now))


async def is_reset_secret_usable(secret: str, *, ports: Ports) -> bool:
    """Returns whether a secret would work now, without using it up."""
    return await _usable_token(secret, ports) is not None


async def _usable_token(secret: str, ports: Ports) -> ResetToken | None:
    if not is_secret(secret):
        return None
    async with ports.unit_of_work.snapshot() as repositories:
        token = await repositories.reset_tokens.by_digest(digest_of(secret))
        user = await repositories.users.by_id(token.user_id) if token else None
    return token if token and user and token.is_usable(user, ports.clock.now()) else None
