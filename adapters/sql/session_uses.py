"""The uses of sessions that are to be noted: many with one transaction, and beside the requests they come from."""

from contextlib import suppress
from datetime import datetime
from itertools import islice

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.sessions import SqlSessions
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.values.ids import SessionId

MOST_AT_ONCE = 100


class SessionUses:
    """Notes uses in the background; those that come up while it writes wait for its next transaction."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: dict[SessionId, datetime] = {}
        self._under_way: dict[SessionId, datetime] = {}
        self._is_running = False

    def note(self, session_id: SessionId, now: datetime) -> None:
        """Has a use noted soon, unless one of the same session is under way."""
        if session_id in self._under_way:
            return
        self._waiting[session_id] = now
        if not self._is_running:
            self._is_running = True
            self._connections.background_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._under_way = dict(islice(self._waiting.items(), MOST_AT_ONCE))
                for session_id in self._under_way:
                    del self._waiting[session_id]
                with suppress(UnavailableError):  # the next use is noted in its place
                    await self._write()
        finally:
            self._under_way = {}
            self._is_running = False

    async def _write(self) -> None:
        async with self._connections.writing() as connection:
            await SqlSessions(connection).note_uses(self._under_way)
            await connection.commit()
