"""Logging in: an e-mail address and a password for a session."""

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.proof import password_proof
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import (
    InvalidCredentialsError,
    OverloadedError,
    UnavailableError,
)
from leadnator_auth.domain.ports import (
    Ports,
    Transaction,
)
from leadnator_auth.domain.use_cases.steps.check_password import verified
from leadnator_auth.domain.use_cases.steps.known_clients import is_known
from leadnator_auth.domain.use_cases.steps.open_session import Entry, SignedIn, admitted, enter_account
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import NOBODY
from leadnator_auth.domain.values.password import Password


async def log_in(email: RawField, password: RawField, client: Client = Client(), *, ports: Ports) -> SignedIn:
    """Returns the account, signed in.

    Every failure after the fields are checked costs exactly one verification (OWASP Authentication Cheat Sheet), so
    that the time of an answer does not reveal whether the account exists.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidCredentialsError,
    AccountSuspendedError, EmailNotVerifiedError and SecondFactorRequiredError (only after the right password),
    OverloadedError.
    """
    with FieldChecks() as check:
        address = check("email", email, ports.emails.parse)
        typed = check("password", password, Password.typed)
    async with ports.unit_of_work.snapshot() as repositories:
        owner = await repositories.users.by_email(address.canonical)
        kept = await repositories.credentials.of(owner.id if owner else NOBODY)
        attempts = LogInThrottle(address.canonical, client, await is_known(owner, client, repositories, ports), ports)
    await attempts.enter(ports.clock.now())
    proven = await verified(kept, typed, client, ports)
    # Without the second factor it was no success yet: who has the password alone gets no more challenges than guesses.
    if not (owner and owner.has_second_factor):
        await attempts.succeed()
    proof = password_proof(ports.clock.now())
    upgraded_hash = await _upgraded_hash(typed, proven, client, ports)

    async def enter(transaction: Transaction) -> Entry:
        user = await transaction.users.by_id(proven.user_id)
        current = await transaction.credentials.of(proven.user_id)
        # Verifying took a while: after a reset in between, the old password no longer opens anything.
        if user is None or current is None or current.version != proven.version:
            raise InvalidCredentialsError(proven.user_id)
        entry = await enter_account(user, proof, client, transaction, ports)
        if upgraded_hash:
            await transaction.credentials.replace(proven, proven.with_hash(upgraded_hash))
        return entry

    return admitted(await run_in_transaction(ports.unit_of_work, enter))


async def _upgraded_hash(password: Password, proven: Credentials, client: Client, ports: Ports) -> str | None:
    """Returns a hash of today's strength if the kept one is weaker; failing to make it never fails a log-in."""
    try:
        return await ports.hasher.upgrade(password, proven.password_hash, client)
    except (OverloadedError, UnavailableError):
        return None
