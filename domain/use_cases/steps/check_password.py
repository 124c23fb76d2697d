"""Verifying a password: of whoever comes in, and again of whoever is logged in."""

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.session import Client, Identity, Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidCredentialsError, InvalidTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.known_clients import is_known
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle
from leadnator_auth.domain.values.password import Password


async def verified(credentials: Credentials | None, password: Password, client: Client, ports: Ports) -> Credentials:
    """Returns the credentials once the password has proved right; missing ones, or none that work, cost the same.

    Raises: InvalidCredentialsError, OverloadedError.
    """
    is_right = await ports.hasher.verify(password, credentials.usable_hash if credentials else None, client)
    if credentials is None or not is_right:
        raise InvalidCredentialsError(credentials.user_id if credentials else None)
    return credentials


async def own_password(identity: Identity, password: Password, client: Client, ports: Ports) -> Credentials:
    """Returns the credentials of whoever is logged in, once they gave their password again.

    A wrong one counts like a wrong log-in: a stolen session is no way to go on guessing.

    Raises: TooManyRequestsError, InvalidCredentialsError, OverloadedError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        kept = await repositories.credentials.of(identity.user.id)
        is_owners = await is_known(identity.user, client, repositories, ports)
    attempts = LogInThrottle(identity.user.email.canonical, client, is_owners, ports)
    await attempts.enter(ports.clock.now())
    proven = await verified(kept, password, client, ports)
    await attempts.take_back()
    return proven


async def still_own(identity: Identity, proven: Credentials, transaction: Transaction) -> tuple[User, Session]:
    """Returns the account and the session as they are now.

    Verifying took a while: a reset, another change or a log-out may have happened meanwhile.

    Raises: InvalidCredentialsError when the password is another by now, InvalidTokenError when the session ended.
    """
    user = await transaction.users.by_id(identity.user.id)
    current = await transaction.credentials.of(identity.user.id)
    if user is None or current is None or current.version != proven.version:
        raise InvalidCredentialsError(identity.user.id)
    session = await transaction.sessions.by_id(identity.session.id)
    if session is None or not session.belongs_to(user):
        raise InvalidTokenError("session ended")
    return user, session
