"""Session and user in one look-up: the query of every authenticated request."""

from functools import lru_cache
from typing import Any

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.instants import from_number
from leadnator_auth.domain.entities.session import Client, Identity, Session, SessionId
from leadnator_auth.domain.entities.user import Role, Status, User, UserId
from leadnator_auth.domain.values.email_address import EmailAddress

MOST_REMEMBERED = 4096
_BY_SESSION = (
    "SELECT sessions.id, sessions.created_at, sessions.expires_at, sessions.ip, sessions.user_agent, "
    "sessions.epoch, users.id, users.name, users.email, users.email_canonical, users.created_at, users.role, "
    "users.plan, users.status, users.session_epoch, users.secret_epoch "
    "FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id"
)

_ROLES = {role.value: role for role in Role}
_STATUSES = {status.value: status for status in Status}


@attrs.frozen
class SqlIdentities:
    """Identities over SQL."""

    connections: Connections

    async def by_session(self, session_id: SessionId) -> Identity | None:
        values = await self.connections.look_up(_BY_SESSION, session_id)
        return None if values is None else _identity_of(tuple(values))


# The row is read each time; what it means is remembered, because making it out costs as much as reading it.
@lru_cache(MOST_REMEMBERED)
def _identity_of(values: tuple[Any, ...]) -> Identity:
    """Returns what is in a row of `_BY_SESSION`; its types are the schema's."""
    session_id, began, expires, ip, user_agent, epoch, user_id, name, email, canonical, *rest = values
    created, role, plan, status, session_epoch, secret_epoch = rest
    user = User(
        UserId(user_id),
        name,
        EmailAddress(email, canonical),
        from_number(created),
        _ROLES[role],
        plan,
        _STATUSES[status],
        session_epoch,
        secret_epoch,
    )
    client = Client(ip, user_agent)
    return Identity(
        user, Session(SessionId(session_id), user.id, from_number(began), from_number(expires), client, epoch)
    )
