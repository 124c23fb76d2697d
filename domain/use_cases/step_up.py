"""Stepping up: proving once more, in a session that goes on, that the account is one's own."""

from datetime import datetime

from leadnator_auth.domain.entities.proof import Proof, password_proof
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.errors import FieldError, MissingFieldsError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.check_password import own_password, still_own
from leadnator_auth.domain.use_cases.steps.known_clients import is_known, remember
from leadnator_auth.domain.use_cases.steps.require_step_up import current_identity
from leadnator_auth.domain.use_cases.steps.second_factor import parse_code, proven_by_code
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.values.fields import MISSING, FieldChecks, RawField
from leadnator_auth.domain.values.password import Password


async def step_up(
    identity: Identity,
    current_password: RawField = None,
    client: Client = Client(),
    *,
    code: RawField = None,
    ports: Ports,
) -> datetime:
    """Proves whose the session is; returns until when that counts for what asks for a recent proof.

    The password does so or, where there is a second factor, only a code of that. A wrong one counts as a wrong log-in.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidCredentialsError when the password is
    wrong, InvalidCodeError, InvalidTokenError when the session ended meanwhile, OverloadedError.
    """
    if code is None:
        return await _by_password(identity, current_password, client, ports)
    return await _by_code(identity, code, client, ports)


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


async def _by_code(identity: Identity, code: RawField, client: Client, ports: Ports) -> datetime:
    with FieldChecks() as check:
        typed = check("code", code, parse_code)
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


async def _keep(identity: Identity, proof: Proof, client: Client, transaction: Transaction, ports: Ports) -> datetime:
    await transaction.sessions.save(identity.session.proven_by(proof))
    await remember(identity.user, client, transaction, ports)
    return min(proof.authenticated_at + ports.policy.step_up_lifetime, identity.session.expires_at)
