"""Session or API key and user in one look-up: the query of every authenticated request."""

from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any

import attrs

from leadnator_auth.adapters.sql.api_keys import API_KEYS, SqlApiKeys
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.noted_uses import NotedUses
from leadnator_auth.adapters.sql.sessions import SESSIONS, SqlSessions
from leadnator_auth.adapters.sql.table import Table
from leadnator_auth.adapters.sql.users import IDENTIFIED_USERS
from leadnator_auth.domain.entities.api_key import KeyIdentity
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId


@attrs.frozen
class SqlIdentities:
    """Identities over SQL."""

    connections: Connections
    _by_session: str = attrs.field(init=False, eq=False, repr=False)
    _by_api_key: str = attrs.field(init=False, eq=False, repr=False)
    _uses: NotedUses[SessionId] = attrs.field(init=False, eq=False, repr=False)
    _key_uses: NotedUses[ApiKeyId] = attrs.field(init=False, eq=False, repr=False)

    @_by_session.default
    def _session_by_id(self) -> str:
        return _with_its_user(SESSIONS, "id", self.connections)

    @_by_api_key.default
    def _api_key_by_digest(self) -> str:
        return _with_its_user(API_KEYS, "digest", self.connections)

    @_uses.default
    def _of_sessions(self) -> NotedUses[SessionId]:
        return NotedUses(self.connections, lambda connection, uses: SqlSessions(connection).note_uses(uses))

    @_key_uses.default
    def _of_api_keys(self) -> NotedUses[ApiKeyId]:
        return NotedUses(self.connections, lambda connection, uses: SqlApiKeys(connection).note_uses(uses))

    # These are no coroutines of their own: each would cost a request as much as all it does.
    def by_session(self, session_id: SessionId) -> Coroutine[None, None, Identity | None]:
        return self.connections.look_up(self._by_session, session_id, _identity_of)

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        self._uses.note(session_id, now)

    def by_api_key(self, digest: str) -> Coroutine[None, None, KeyIdentity | None]:
        return self.connections.look_up(self._by_api_key, digest, _key_identity_of)

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        self._key_uses.note(key_id, now)


def _with_its_user(table: Table[Any], key: str, connections: Connections) -> str:
    """Returns the statement for a row with some key, and for the user that it belongs to."""
    joined = connections.join_by_id("users", f"{table.name}.user_id")
    columns = f"{table.qualified}, {IDENTIFIED_USERS.qualified}"
    return f"SELECT {columns} FROM {table.name} {joined} WHERE {table.name}.{key}"


def _identity_of(values: Sequence[Any]) -> Identity:
    """Returns what is in a row of a session and its user."""
    user = without_metadata(IDENTIFIED_USERS.entity(values[SESSIONS.size :]))
    return Identity(user, SESSIONS.entity(values[: SESSIONS.size]))


def _key_identity_of(values: Sequence[Any]) -> KeyIdentity:
    """Returns what is in a row of an API key and its user."""
    user = without_metadata(IDENTIFIED_USERS.entity(values[API_KEYS.size :]))
    return KeyIdentity(user, API_KEYS.entity(values[: API_KEYS.size]))
