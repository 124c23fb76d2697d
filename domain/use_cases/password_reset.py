"""Forgotten passwords: ask for a link by mail, then set a new password with the secret in it."""

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidResetTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.complete_recovery import added_before_reset, complete_recovery
from leadnator_auth.domain.use_cases.steps.known_clients import remember
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.one_time_tokens import find_usable
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, throttle
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import proved
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import NOBODY


async def request_password_reset(email: RawField, client: Client = Client(), *, ports: Ports) -> None:
    """Queues a mail with a reset link, whether or not the address has an account.

    The work is one row for any address; who it belongs to is looked up when the mail is sent (OWASP Forgot Password
    Cheat Sheet: uniform answers in uniform time).

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError.
    """
    with FieldChecks() as check:
        address = check("email", email, ports.emails.parse)
    await throttle(ports.policy.limits.forgot, client, now=ports.clock.now(), ports=ports)

    async def queue(transaction: Transaction) -> None:
        await queue_mail(MailKind.RESET_LINK, address.canonical, transaction, ports)

    await run_in_transaction(ports.unit_of_work, queue)


async def reset_password(
    secret: RawField, password: RawField, client: Client = Client(), *, revoke_all: RawField = None, ports: Ports
) -> User:
    """Sets a new password, ends every session and every other reset token of the user, and queues a notice.

    Returns whose it is; their address is proved by that, too.

    What was added lately to get in with is dropped; with `revoke_all` all of it is, but a second factor.

    A refused password leaves the token as it was. No session is opened. Whoever had the mail is the owner: wrong
    log-ins of others do not keep them, and the client they did it from, out any longer; with a second factor, only not
    that client.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidResetTokenError, OverloadedError.
    """
    with FieldChecks() as check:
        typed_secret = check("token", secret, str)
        new_password = check("password", password, ports.policy.password.choose)
        all_of_it = check.flag("revoke_all", False if revoke_all is None else revoke_all)
    await throttle(ports.policy.limits.reset, client, now=ports.clock.now(), ports=ports)
    # Spares the hash of a reset that is bound to fail; that a secret works once is `use`'s to decide.
    token = await find_usable(Purpose.RESET, typed_secret, ports)
    if token is None or token.user_id is None:
        raise InvalidResetTokenError
    password_hash = await ports.hasher.hash(new_password, client)

    async def redeem(transaction: Transaction) -> User:
        user = await _redeem(token, password_hash, transaction, ports, revoke_all=all_of_it)
        if not user.has_second_factor:  # a mail is no proof of that: guesses at it get no room of their own
            await remember(user, client, transaction, ports)
        return user

    user = await run_in_transaction(ports.unit_of_work, redeem)
    if not user.has_second_factor:  # else the guesses at that count on: the mail was no proof of it
        await after_commit(LogInThrottle(user.email.canonical, client, is_known=True, ports=ports).clear())
    return user


async def _redeem(
    token: OneTimeToken, new_hash: str, transaction: Transaction, ports: Ports, *, revoke_all: bool
) -> User:
    user = await transaction.users.by_id(token.user_id or NOBODY)
    if user is None or not token.belongs_to(user):
        raise InvalidResetTokenError
    if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
        raise InvalidResetTokenError
    added_since = added_before_reset(user, ports.clock.now())
    owner = await proved(user, transaction, ports)  # the secret was mailed to the address that they have today
    reason = EventType.PASSWORD_RESET
    recovered = await complete_recovery(
        owner,
        transaction,
        ports,
        added_since=added_since,
        reason=reason.value,
        revoke_all=revoke_all,
        spares_codes=True,
    )
    return await set_password(recovered, new_hash, reason, transaction, ports)


async def set_password(
    user: User, new_hash: str, event_type: EventType, transaction: Transaction, ports: Ports
) -> User:
    """Keeps a new password, of an account that may have had none, and tells its owner by mail; returns the account.

    The user was read in the same transaction, and first of all: that makes the changes of one account take turns. That
    nothing goes on that depends on the old password is the caller's to see to.
    """
    await _keep_hash(user, new_hash, transaction, ports)
    await record(event_type, user.id, transaction, ports)
    # Unless the owner had their fill: whoever changes a password again and again floods nobody.
    await queue_mail(MailKind.PASSWORD_CHANGED, user.email.canonical, transaction, ports)
    return user


async def _keep_hash(user: User, new_hash: str, transaction: Transaction, ports: Ports) -> None:
    old, now = await transaction.credentials.of(user.id), ports.clock.now()
    if old is None:
        await transaction.credentials.add([Credentials(user.id, new_hash, changed_at=now)])
    else:
        await transaction.credentials.replace(old, old.with_password(new_hash, now))


async def is_reset_secret_usable(secret: str, *, ports: Ports) -> bool:
    """Returns whether a secret would work now, without using it up."""
    return await find_usable(Purpose.RESET, secret, ports) is not None
