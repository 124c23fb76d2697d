"""Verifying a password."""

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import InvalidCredentialsError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.password import Password


async def verified(credentials: Credentials | None, password: Password, client: Client, ports: Ports) -> Credentials:
    """Returns the credentials once the password has proved right; missing credentials cost the same verification.

    Raises: InvalidCredentialsError, OverloadedError.
    """
    is_right = await ports.hasher.verify(password, credentials.password_hash if credentials else None, client)
    if credentials is None or not is_right:
        raise InvalidCredentialsError(credentials.user_id if credentials else None)
    return credentials
