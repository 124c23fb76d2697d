"""Session or API key and user in one look-up: the query of every authenticated request."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import attrs

from leadnator_auth.adapters.sql.api_keys import API_KEYS, SqlApiKeys
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.noted_uses import NotedUses
from leadnator_auth.adapters.sql.sessions import SESSIONS, SqlSessions
from leadnator_auth.adapters.sql.users import IDENTIFIED_USERS
from leadnator_auth.domain.entities.api_key import KeyIdentity
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId

MAX_REMEMBERED = 4096
_BY_SESSION = (
    f"SELECT {SESSIONS.qualified}, {IDENTIFIED_USERS.qualified} "
    "FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id"
)
_BY_API_KEY = (
    f"SELECT {API_KEYS.qualified}, {IDENTIFIED_USERS.qualified} "
    "FROM api_keys JOIN users ON users.id = api_keys.user_id WHERE api_keys.digest"
)


@attrs.frozen
class SqlIdentities:
    """Identities over SQL."""

    connections: Connections
    _uses: NotedUses[SessionId] = attrs.field(init=False, eq=False, repr=False)
    _key_uses: NotedUses[ApiKeyId] = attrs.field(init=False, eq=False, repr=False)

    @_uses.default
    def _of_sessions(self) -> NotedUses[SessionId]:
        return NotedUses(self.connections, lambda connection, uses: SqlSessions(connection).note_uses(uses))

    @_key_uses.default
    def _of_api_keys(self) -> NotedUses[ApiKeyId]:
        return NotedUses(self.connections, lambda connection, uses: SqlApiKeys(connection).note_uses(uses))

    async def by_session(self, session_id: SessionId) -> Identity | None:
        return await self.connections.look_up(_BY_SESSION, session_id, _identity_of)

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        self._uses.note(session_id, now)

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        return await self.connections.look_up(_BY_API_KEY, digest, _key_identity_of)

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        self._key_uses.note(key_id, now)


# The row is read each time; what it means is remembered, because making it out costs as much as reading it.
@lru_cache(MAX_REMEMBERED)
def _identity_of(values: Any) -> Identity:
    """Returns what is in a row of `_BY_SESSION`, which may be of any type that can be hashed."""
    user = without_metadata(IDENTIFIED_USERS.entity(values[SESSIONS.size :]))
    return Identity(user, SESSIONS.entity(values[: SESSIONS.size]))


@lru_cache(MAX_REMEMBERED)
def _key_identity_of(values: Any) -> KeyIdentity:
    """Returns what is in a row of `_BY_API_KEY`, as above."""
    user = without_metadata(IDENTIFIED_USERS.entity(values[API_KEYS.size :]))
    return KeyIdentity(user, API_KEYS.entity(values[: API_KEYS.size]))
