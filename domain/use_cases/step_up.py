"""Stepping up: proving once more, in a session that goes on, that the account is one's own."""

from collections.abc import Mapping
from datetime import datetime

from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.proof import Proof, passkey_proof, password_proof
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.errors import FieldError, InvalidChallengeError, MissingFieldsError, NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.check_password import own_password, still_own
from leadnator_auth.domain.use_cases.steps.known_clients import is_known, remember
from leadnator_auth.domain.use_cases.steps.passkey_challenges import (
    PasskeyOptions,
    open_passkey_challenge,
    parse_credential,
    require_passkeys,
    signed_part,
    spend_passkey_challenge,
)
from leadnator_auth.domain.use_cases.steps.passkeys import telling_of_clones, verified_passkey
from leadnator_auth.domain.use_cases.steps.require_step_up import current_identity, current_user
from leadnator_auth.domain.use_cases.steps.second_factor import parse_code, proven_by_code
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, give_back, throttle, throttle_account
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.values.fields import MISSING, FieldChecks, RawField
from leadnator_auth.domain.values.password import Password


async def step_up(
    identity: Identity,
    current_password: RawField = None,
    client: Client = Client(),
    *,
    code: RawField = None,
    challenge_id: RawField = None,
    credential: RawField = None,
    ports: Ports,
) -> datetime:
    """Proves whose the session is; returns until when that counts for what asks for a recent proof.

    The password does so or, where there is a second factor, only a code of that; a passkey always does. A wrong
    password or code counts as a wrong log-in.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidCredentialsError when the password is
    wrong, InvalidCodeError, InvalidChallengeError, InvalidPasskeyError, NotFoundError for a passkey where there are
    none, InvalidTokenError when the session ended meanwhile, OverloadedError.
    """
    if challenge_id is not None or credential is not None:
        others = {"current_password": current_password, "code": code}
        return await _by_passkey(identity, challenge_id, credential, others, client, ports)
    if code is None:
        return await _by_password(identity, current_password, client, ports)
    return await _by_code(identity, code, {"current_password": current_password}, client, ports)


async def _by_password(identity: Identity, current_password: RawField, client: Client, ports: Ports) -> datetime:
    with FieldChecks() as check:
        typed = check("current_password", current_password, Password.typed)
    proven = await own_password(identity, typed, client, ports)
    proof = password_proof(ports.clock.now())

    async def keep(transaction: Transaction) -> datetime:
        user, session = await still_own(identity, proven, transaction)
        if user.has_second_factor:
            reason = "This account takes a code of its second factor."
            raise MissingFieldsError((FieldError("code", MISSING, reason),))
        return await _keep(Identity(user, session), proof, client, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, keep)


async def _by_code(
    identity: Identity, code: RawField, others: Mapping[str, RawField], client: Client, ports: Ports
) -> datetime:
    with FieldChecks() as check:
        typed = check("code", code, parse_code)
        _check_others(check, others)
    async with ports.unit_of_work.snapshot() as repositories:
        is_owners = await is_known(identity.user, client, repositories, ports)
    attempts = LogInThrottle(identity.user.email.canonical, client, is_owners, ports)
    await attempts.enter(ports.clock.now())

    async def keep(transaction: Transaction) -> datetime:
        current = await current_identity(identity, transaction)
        proof = await proven_by_code(current.user, current.session.proof, typed, transaction, ports)
        return await _keep(current, proof, client, transaction, ports)

    expires_at = await run_in_transaction(ports.unit_of_work, keep)
    await after_commit(attempts.succeed())
    return expires_at


async def request_passkey_step_up(identity: Identity, *, ports: Ports) -> PasskeyOptions:
    """Returns what a browser asks for a passkey of the account with, to step up by it.

    Raises: NotFoundError where passkeys are off, or the account has none; TooManyRequestsError, InvalidTokenError when
    the session ended meanwhile.
    """
    ceremony = require_passkeys(ports)
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)

    async def ask(transaction: Transaction) -> PasskeyOptions:
        user = await current_user(identity, transaction)
        passkeys = await transaction.passkeys.of_user(user.id)
        if not passkeys:
            raise NotFoundError
        challenge = await open_passkey_challenge(Purpose.PASSKEY_STEP_UP, transaction, ports, user=user)
        return PasskeyOptions(challenge, ceremony.assertion_options(signed_part(challenge.secret), passkeys))

    return await run_in_transaction(ports.unit_of_work, ask)


async def _by_passkey(
    identity: Identity,
    challenge_id: RawField,
    credential: RawField,
    others: Mapping[str, RawField],
    client: Client,
    ports: Ports,
) -> datetime:
    require_passkeys(ports)
    with FieldChecks() as check:
        secret = check("challenge_id", challenge_id, str)
        answer = check.of_any_type("credential", credential, parse_credential)
        _check_others(check, others)
    limit = ports.policy.limits.passkey
    await throttle(limit, client, now=ports.clock.now(), ports=ports)
    token = await spend_passkey_challenge(Purpose.PASSKEY_STEP_UP, secret, ports)
    proven = await verified_passkey(answer, secret, ports)

    async def keep(transaction: Transaction) -> datetime:
        current = await current_identity(identity, transaction)
        if not token.belongs_to(current.user):
            raise InvalidChallengeError
        await proven.use_by(current.user, transaction, ports)
        return await _keep(current, passkey_proof(ports.clock.now()), client, transaction, ports)

    expires_at = await telling_of_clones(run_in_transaction(ports.unit_of_work, keep), ports)
    await after_commit(give_back([limit], client, ports))
    return expires_at


def _check_others(check: FieldChecks, others: Mapping[str, RawField]) -> None:
    """Refuses texts that are none, though something better was given and they do not count."""
    for field, value in others.items():
        check.optional(field, value, str, default=None)


async def _keep(identity: Identity, proof: Proof, client: Client, transaction: Transaction, ports: Ports) -> datetime:
    await transaction.sessions.save(identity.session.proven_by(proof))
    await remember(identity.user, client, transaction, ports)
    return min(proof.authenticated_at + ports.policy.step_up_lifetime, identity.session.expires_at)
