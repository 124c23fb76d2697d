"""Changing a known password."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.entities.user import without_secrets
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.password_reset import set_password
from leadnator_auth.domain.use_cases.steps.check_password import own_password, still_own
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.domain.use_cases.steps.known_clients import remember
from leadnator_auth.domain.use_cases.steps.throttle import throttle
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.password import Password


async def change_password(
    identity: Identity, current_password: RawField, password: RawField, client: Client = Client(), *, ports: Ports
) -> None:
    """Sets a new password, ends every other session and every reset token of the user, and queues a notice.

    A wrong current password counts like a wrong log-in: a stolen session is no way to go on guessing.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, InvalidCredentialsError when the current
    password is wrong, InvalidTokenError when the session ended meanwhile, OverloadedError.
    """
    with FieldChecks() as check:
        typed = check("current_password", current_password, Password.typed)
        new_password = check("password", password, ports.policy.password.choose)
    await throttle(ports.policy.limits.change_password, client, now=ports.clock.now(), ports=ports)
    proven = await own_password(identity, typed, client, ports)
    new_hash = await ports.hasher.hash(new_password, client)

    async def change(transaction: Transaction) -> None:
        user, session = await still_own(identity, proven, transaction)
        reason = EventType.PASSWORD_CHANGED
        ended = await end_sessions(without_secrets(user), transaction, ports, reason=reason.value, keep=session.id)
        changed = await set_password(ended, new_hash, reason, transaction, ports)
        await remember(changed, client, transaction, ports)

    await run_in_transaction(ports.unit_of_work, change)
