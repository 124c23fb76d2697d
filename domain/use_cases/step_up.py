"""Stepping up: proving once more, in a session that goes on, that the account is one's own."""

from datetime import datetime

from leadnator_auth.domain.entities.proof import password_proof
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.check_password import own_password, still_own
from leadnator_auth.domain.use_cases.steps.known_clients import remember
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.password import Password


async def step_up(
    identity: Identity, current_password: RawField, client: Client = Client(), *, ports: Ports
) -> datetime:
    """Proves by the password whose the session is; returns until when that counts for what asks for a recent proof.

    A wrong password counts like a wrong log-in.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidCredentialsError when the password is
    wrong, InvalidTokenError when the session ended meanwhile, OverloadedError.
    """
    with FieldChecks() as check:
        typed = check("current_password", current_password, Password.typed)
    proven = await own_password(identity, typed, client, ports)
    proof = password_proof(ports.clock.now())

    async def keep(transaction: Transaction) -> datetime:
        user, session = await still_own(identity, proven, transaction)
        await transaction.sessions.save(session.proven_by(proof))
        await remember(user, client, transaction, ports)
        return min(proof.authenticated_at + ports.policy.step_up_lifetime, session.expires_at)

    return await run_in_transaction(ports.unit_of_work, keep)
