"""A few held connections and the transactions on them: here the defects of `databases` are contained (ADR 0003)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from leadnator_auth.adapters.sql.backend import Backend, BusyError, Made
from leadnator_auth.adapters.sql.kept_rows import KeptRows
from leadnator_auth.adapters.sql.pool import Pool
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.query_batcher import QueryBatcher

if TYPE_CHECKING:
    from databases import Database

CLOSE_SECONDS = 5.0

# At DEBUG both write the values of every statement: e-mail addresses and password hashes.
for _name in ("databases", "aiosqlite"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Connections:
    """Connections for reading and for writing, opened when they are needed and held until `close`.

    `on_wait` is told how long somebody waited for one, in seconds, whether one came free or not.
    """

    def __init__(self, backend: Backend, on_wait: Callable[[float], None] = lambda seconds: None) -> None:
        self._backend = backend
        self._database: Database | None = None
        self._connecting = asyncio.Lock()
        self._reader = backend.reader()
        self._look_ups: dict[str, QueryBatcher] = {}
        self._kept = KeptRows()
        self._writers = Pool(
            [PooledConnection(self._connected_database, backend) for _ in range(backend.writers)], on_wait
        )
        self._readers = Pool(
            [PooledConnection(self._connected_database, backend) for _ in range(backend.readers)], on_wait
        )

    async def close(self) -> None:
        """Disconnects, after giving what still runs a few seconds; an open connection would keep the process alive."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.drained()
        if self._reader is not None:
            self._reader.close()
        for connection in self._connections:
            await connection.close()
        if self._database is not None:
            await self._database.disconnect()

    @property
    def idle(self) -> int:
        """How many connections nobody uses."""
        return self._writers.idle + self._readers.idle

    @property
    def size(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self._writers.waiting + self._readers.waiting

    async def drained(self) -> None:
        """Returns when no cleaning up goes on in the background."""
        await self._writers.drained()
        await self._readers.drained()

    def background_task(self, work: Coroutine[None, None, None]) -> None:
        """Runs work beside the request that it comes from, which may be cancelled; closing waits for it."""
        self._writers.background_task(work)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[PooledConnection]:
        """Lends a connection in a transaction that may write, rolled back unless it was committed."""
        async with self._writers.connection() as connection:
            await connection.begin_writing()
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PooledConnection]:
        """Lends a connection in a transaction that reads one consistent state."""
        async with self._readers.connection() as connection:
            await connection.begin_reading()
            yield connection

    @asynccontextmanager
    async def single_read(self) -> AsyncIterator[PooledConnection]:
        """Lends a connection for one statement that reads; it needs no transaction to be consistent."""
        async with self._readers.connection() as connection:
            yield connection

    def join_by_id(self, table: str, column: str) -> str:
        """Returns the JOIN of a table by its `id`, which a column has, for a statement that `look_up` runs."""
        return self._backend.join_by_id(table, column)

    async def look_up(self, statement: str, key: str, make: Callable[[Sequence[Any]], Made]) -> Made | None:
        """Returns what is made of the values of a row that is found by its key, in the quickest way there is.

        The statement ends with the column of the key, and this column is its first.
        """
        if self._reader is not None:
            try:
                return self._reader.fetch_one(statement, key, make)
            except BusyError:
                pass  # the pool has it; `suppress` would cost as much as a fifth of the look-up
        values = await self._look_ups_of(statement).row(key)
        return None if values is None else self._kept.made(statement, key, values, make)

    def _look_ups_of(self, statement: str) -> QueryBatcher:
        if statement not in self._look_ups:
            self._look_ups[statement] = QueryBatcher(statement + self._backend.is_one_of, self._readers)
        return self._look_ups[statement]

    async def _connected_database(self) -> "Database":
        """Returns the database once its driver is set up, which opens no connection yet."""
        async with self._connecting:
            if self._database is None:
                self._database = await asyncio.to_thread(_new_database, self._backend)
            await self._database.connect()
        return self._database

    @property
    def _connections(self) -> list[PooledConnection]:
        return self._writers.connections + self._readers.connections


def _new_database(backend: Backend) -> "Database":
    # With SQLAlchemy it takes as long to load as all the rest, and nothing of it is needed to start.
    from databases import Database

    return Database(backend.url, **backend.options)
