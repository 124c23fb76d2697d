"""Changing a known password."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.errors import InvalidCredentialsError, InvalidTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.password_reset import apply_new_password
from leadnator_auth.domain.use_cases.steps.check_password import verified
from leadnator_auth.domain.use_cases.steps.known_clients import is_known, remember
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, throttle
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
    async with ports.unit_of_work.snapshot() as repositories:
        kept = await repositories.credentials.of(identity.user.id)
        is_owners = await is_known(identity.user, client, repositories, ports)
    attempts = LogInThrottle(identity.user.email.canonical, client, is_owners, ports)
    await attempts.enter(ports.clock.now())
    proven = await verified(kept, typed, client, ports)
    await attempts.succeed()
    new_hash = await ports.hasher.hash(new_password, client)

    async def change(transaction: Transaction) -> None:
        # Hashing took a while: a reset or another change may have happened meanwhile.
        user = await transaction.users.by_id(identity.user.id)
        current = await transaction.credentials.of(identity.user.id)
        if user is None or current is None or current.version != proven.version:
            raise InvalidCredentialsError(identity.user.id)
        session = await transaction.sessions.by_id(identity.session.id)
        if session is None or not session.belongs_to(user):
            raise InvalidTokenError("session ended")
        changed = await apply_new_password(
            user, new_hash, EventType.PASSWORD_CHANGED, transaction, ports, keep=session.id
        )
        await remember(changed, client, transaction, ports)

    await run_in_transaction(ports.unit_of_work, change)
