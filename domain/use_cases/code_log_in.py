"""Logging in with a code that is mailed: ask for one, then come back with it."""

from leadnator_auth.domain.entities.challenge import Challenge
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.proof import code_proof
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User, with_verified_email
from leadnator_auth.domain.errors import AccountSuspendedError, InvalidCodeError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.challenges import open_challenge, spend_try
from leadnator_auth.domain.use_cases.steps.mailed_codes import attempt_at, is_code_of, require_code_log_in
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.open_session import Entry, SignedIn, admitted, enter_account
from leadnator_auth.domain.use_cases.steps.second_factor import parse_code
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, give_back, throttle
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import prove
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import NOBODY, UserId


async def request_login_code(email: RawField, client: Client = Client(), *, ports: Ports) -> Challenge:
    """Queues a mail with a code, whether or not the address has an account; returns what has to come back with it.

    The work is the same few rows for any address; who it belongs to is looked up when the mail is sent (OWASP
    Authentication Cheat Sheet: uniform answers in uniform time).

    Raises: NotFoundError where log-in by code is off, MissingFieldsError, InvalidFieldsError, TooManyRequestsError.
    """
    require_code_log_in(ports)
    with FieldChecks() as check:
        address = check("email", email, ports.emails.parse)
    await throttle(ports.policy.limits.login_code, client, now=ports.clock.now(), ports=ports)
    policy = ports.policy

    async def queue(transaction: Transaction) -> Challenge:
        mail = await queue_mail(MailKind.LOGIN_CODE, address.canonical, transaction, ports)
        return await open_challenge(
            Purpose.LOGIN_CODE,
            transaction,
            ports,
            lifetime=policy.login_code_lifetime,
            tries=policy.login_code_tries,
            payload=mail.id if mail else "",
        )

    return await run_in_transaction(ports.unit_of_work, queue)


async def log_in_with_code(challenge: RawField, code: RawField, client: Client = Client(), *, ports: Ports) -> SignedIn:
    """Returns the account that the code was mailed to, signed in; its address is proved by that, too, once they are in.

    A code works for one challenge, once, and a challenge takes five guesses. What is wrong is never told, and all that
    is wrong about the account costs the same work. Wrong codes do not count against the account: as few as can be
    tried keep nobody out. Whoever had the mail is the owner: nor do wrong passwords of others any longer.

    Raises: NotFoundError where log-in by code is off, MissingFieldsError, InvalidFieldsError, TooManyRequestsError,
    InvalidCodeError, AccountSuspendedError and SecondFactorRequiredError (only after the right code).
    """
    require_code_log_in(ports)
    with FieldChecks() as check:
        secret = check("challenge", challenge, str)
        typed = check("code", code, parse_code)
    limits = ports.policy.limits
    await throttle(limits.login_code_confirm, client, now=ports.clock.now(), ports=ports)
    token = await spend_try(Purpose.LOGIN_CODE, secret, ports)
    if token is None:
        raise InvalidCodeError
    proven, attempt = await _whose(typed, token, ports)

    async def enter(transaction: Transaction) -> Entry:
        user = await _redeem(token, proven.id, attempt, transaction, ports)
        now = ports.clock.now()
        # Whoever is asked for a factor proves nothing before they have given it: else what an intruder added to the
        # account of an address that is not theirs would outlive the owner's reset.
        owner = with_verified_email(user, now) if user.has_second_factor else await prove(user, transaction, ports)
        return await enter_account(owner, code_proof(now), client, transaction, ports)

    entry = await run_in_transaction(ports.unit_of_work, enter)
    await after_commit(give_back([limits.login_code, limits.login_code_confirm], client, ports))
    signed_in = admitted(entry)
    canonical = signed_in.user.email.canonical
    await after_commit(LogInThrottle(canonical, client, is_known=True, ports=ports).clear())
    return signed_in


async def _redeem(
    token: OneTimeToken, user_id: UserId, attempt: OneTimeToken, transaction: Transaction, ports: Ports
) -> User:
    """Returns whose the code is, which is used by that.

    Raises: InvalidCodeError, AccountSuspendedError.
    """
    user = await transaction.users.by_id(user_id)
    if user is None or not attempt.is_for_address_of(user):
        raise InvalidCodeError(user_id)
    if user.is_suspended:
        raise AccountSuspendedError
    # It is void after a new password, as a link would be.
    if not attempt.belongs_to(user):
        raise InvalidCodeError(user_id)
    if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
        raise InvalidCodeError(user_id)
    return user


async def _whose(typed: str, token: OneTimeToken, ports: Ports) -> tuple[User, OneTimeToken]:
    """Returns whom the code was mailed to, and the attempt that brought it there.

    Raises: InvalidCodeError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        attempt = await attempt_at(token.payload, repositories)
        user = await repositories.users.by_id(attempt.user_id if attempt and attempt.user_id else NOBODY)
    is_right = is_code_of(typed, token.payload, attempt, ports)
    if user is None or attempt is None or not is_right:
        raise InvalidCodeError(user.id if user else None)
    return user, attempt
