"""A pool that lends connections, first come, first served."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain.errors import UnavailableError

UNIT_SECONDS = 4.0
"""From asking for a connection to the last answer on it: a client hears 503 within 5 seconds, whatever happens."""


class Pool:
    """Hands out connections, first come, first served."""

    def __init__(
        self, connections: list[PooledConnection], on_wait: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """`on_wait` is told each time how long somebody waited, whether a connection came free or not."""
        self.connections = connections
        self._on_wait = on_wait
        self._idle: asyncio.Queue[PooledConnection] = asyncio.Queue()
        self._waiting = 0
        self._chores: set[asyncio.Task[None]] = set()
        for connection in connections:
            self._idle.put_nowait(connection)

    @property
    def idle(self) -> int:
        """How many connections are not in use."""
        return self._idle.qsize()

    @property
    def waiting(self) -> int:
        """How many callers wait for a connection."""
        return self._waiting

    @asynccontextmanager
    async def connection(self, asked_at: float | None = None) -> AsyncIterator[PooledConnection]:
        """Lends a connected connection, which comes back clean however the block is left, even by cancellation.

        Its time counts from `asked_at`, in the event loop's time, or from now.

        Raises: UnavailableError.
        """
        deadline = (asyncio.get_running_loop().time() if asked_at is None else asked_at) + UNIT_SECONDS
        connection = await self._next(deadline) if self._waiting or self._idle.empty() else self._idle.get_nowait()
        must_restore = True
        try:
            connection.lend(deadline)
            if not connection.is_open:
                await self._opened(connection, deadline)
            yield connection
            must_restore = connection.in_transaction
        finally:
            if must_restore:
                self.background_task(self._restore(connection))
            else:
                self._idle.put_nowait(connection)

    async def drained(self) -> None:
        """Returns when all background work is done."""
        while self._chores:
            await asyncio.wait(self._chores)

    async def _next(self, deadline: float) -> PooledConnection:
        """Returns the next connection that comes free, after those who are already waiting."""
        self._waiting += 1
        began = time.perf_counter()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._idle.get()
        except TimeoutError:
            raise UnavailableError("no database connection came free in time") from None
        finally:
            self._waiting -= 1
            self._on_wait(time.perf_counter() - began)

    async def _opened(self, connection: PooledConnection, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.shield(self.background_task(connection.open()))
        except TimeoutError:
            raise UnavailableError("the database did not take a connection in time") from None

    async def _restore(self, connection: PooledConnection) -> None:
        try:
            await connection.restore()
        finally:
            self._idle.put_nowait(connection)

    def background_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Runs work that a cancelled request must not cut short."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled():
            task.exception()  # who waited for it was told; if nobody waits any more, nobody needs to know
