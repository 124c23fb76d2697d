"""Session and user in one look-up: the query of every authenticated request."""

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.sessions import SESSION_COLUMNS, session_of
from leadnator_auth.adapters.sql.users import USER_COLUMNS, user_of
from leadnator_auth.domain.session import Identity, SessionId

_BY_SESSION = (
    f"SELECT {SESSION_COLUMNS}, {USER_COLUMNS} FROM sessions "
    "JOIN users ON users.id = sessions.user_id WHERE sessions.id = :id"
)


@attrs.frozen
class SqlIdentities:
    """Identities over SQL."""

    connections: Connections

    async def by_session(self, session_id: SessionId) -> Identity | None:
        async with self.connections.single_read() as slot:
            row = await slot.fetch_one(_BY_SESSION, id=session_id)
        return None if row is None else Identity(user_of(row), session_of(row))
