"""Session and user in one look-up: the query of every authenticated request."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.session_uses import SessionUses
from leadnator_auth.adapters.sql.sessions import SESSIONS
from leadnator_auth.adapters.sql.users import IDENTIFIED_USERS
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.values.ids import SessionId

MAX_REMEMBERED = 4096
_BY_SESSION = (
    f"SELECT {SESSIONS.qualified}, {IDENTIFIED_USERS.qualified} "
    "FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id"
)


@attrs.frozen
class SqlIdentities:
    """Identities over SQL."""

    connections: Connections
    _uses: SessionUses = attrs.field(init=False, eq=False, repr=False)

    @_uses.default
    def _of_these_connections(self) -> SessionUses:
        return SessionUses(self.connections)

    async def by_session(self, session_id: SessionId) -> Identity | None:
        values = await self.connections.look_up(_BY_SESSION, session_id)
        return None if values is None else _identity_of(tuple(values))

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        self._uses.note(session_id, now)


# The row is read each time; what it means is remembered, because making it out costs as much as reading it.
@lru_cache(MAX_REMEMBERED)
def _identity_of(values: tuple[Any, ...]) -> Identity:
    """Returns what is in a row of `_BY_SESSION`; its types are the schema's."""
    user = without_metadata(IDENTIFIED_USERS.entity(values[SESSIONS.size :]))
    return Identity(user, SESSIONS.entity(values[: SESSIONS.size]))
