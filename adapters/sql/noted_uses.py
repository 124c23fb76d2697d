"""The uses of sessions or API keys that are to be noted: many with one transaction, and beside the requests."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain.errors import UnavailableError

MOST_AT_ONCE = 100

Id = TypeVar("Id", bound=str)


class NotedUses(Generic[Id]):
    """Notes uses in the background; those that come up while it writes wait for its next transaction.

    `write` keeps them on a connection.
    """

    def __init__(
        self, connections: Connections, write: Callable[[PooledConnection, Mapping[Id, datetime]], Awaitable[None]]
    ) -> None:
        self._connections = connections
        self._write = write
        self._waiting: dict[Id, datetime] = {}
        self._under_way: dict[Id, datetime] = {}
        self._is_running = False

    def note(self, used: Id, now: datetime) -> None:
        """Has a use noted soon, unless one of the same is under way."""
        if used in self._under_way:
            return
        self._waiting[used] = now
        if not self._is_running:
            self._is_running = True
            self._connections.background_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._under_way = dict(islice(self._waiting.items(), MOST_AT_ONCE))
                for used in self._under_way:
                    del self._waiting[used]
                with suppress(UnavailableError):  # the next use is noted in its place
                    await self._written()
        finally:
            self._under_way = {}
            self._is_running = False

    async def _written(self) -> None:
        async with self._connections.writing() as connection:
            await self._write(connection, self._under_way)
            await connection.commit()
