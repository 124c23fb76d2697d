"""Logging in with a passkey that says itself whose it is."""

from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.proof import passkey_proof
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import InvalidPasskeyError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.open_session import Entry, SignedIn, admitted, enter_account
from leadnator_auth.domain.use_cases.steps.passkey_challenges import (
    PasskeyOptions,
    open_passkey_challenge,
    parse_credential,
    require_passkeys,
    signed_part,
    spend_passkey_challenge,
)
from leadnator_auth.domain.use_cases.steps.passkeys import telling_of_clones, verified_passkey
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, give_back, throttle
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField


async def request_passkey_log_in(client: Client = Client(), *, ports: Ports) -> PasskeyOptions:
    """Returns what a browser asks for a passkey with, whosever it will be.

    Raises: NotFoundError where passkeys are off, TooManyRequestsError.
    """
    ceremony = require_passkeys(ports)
    await throttle(ports.policy.limits.passkey_options, client, now=ports.clock.now(), ports=ports)

    async def ask(transaction: Transaction) -> PasskeyOptions:
        challenge = await open_passkey_challenge(Purpose.PASSKEY_LOGIN, transaction, ports)
        return PasskeyOptions(challenge, ceremony.assertion_options(signed_part(challenge.secret)))

    return await run_in_transaction(ports.unit_of_work, ask)


async def log_in_with_passkey(
    challenge_id: RawField, credential: RawField, client: Client = Client(), *, ports: Ports
) -> SignedIn:
    """Returns the account whose passkey this is, signed in.

    A challenge takes one answer, right or wrong. What is wrong with a passkey is never told; of one that may have been
    copied, its owner hears by mail. Those that are refused count against nobody but the client that sent them, and
    whoever has the passkey is the owner: nor do wrong passwords of others keep them out any longer.

    Raises: NotFoundError where passkeys are off, MissingFieldsError, InvalidFieldsError, TooManyRequestsError,
    InvalidChallengeError, InvalidPasskeyError, AccountSuspendedError and EmailNotVerifiedError (only with the right
    passkey).
    """
    require_passkeys(ports)
    with FieldChecks() as check:
        secret = check("challenge_id", challenge_id, str)
        answer = check.of_any_type("credential", credential, parse_credential)
    limits = ports.policy.limits
    await throttle(limits.passkey, client, now=ports.clock.now(), ports=ports)
    await spend_passkey_challenge(Purpose.PASSKEY_LOGIN, secret, ports)
    proven = await verified_passkey(answer, secret, ports)

    async def enter(transaction: Transaction) -> Entry:
        user = await transaction.users.by_id(proven.passkey.user_id)
        if user is None:
            raise InvalidPasskeyError("its account was removed meanwhile")
        await proven.use(transaction, ports, is_user_known=False)
        return await enter_account(user, passkey_proof(ports.clock.now()), client, transaction, ports)

    signed_in = admitted(await telling_of_clones(run_in_transaction(ports.unit_of_work, enter), ports))
    await after_commit(give_back([limits.passkey_options, limits.passkey], client, ports))
    canonical = signed_in.user.email.canonical
    await after_commit(LogInThrottle(canonical, client, is_known=True, ports=ports).clear())
    return signed_in
