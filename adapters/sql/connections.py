"""A few held connections and the transactions on them: here the defects of `databases` are contained (ADR 0003)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from databases import Database

from leadnator_auth.adapters.sql.backend import Backend, BusyError
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.errors import UnavailableError

UNIT_SECONDS = 4.0
"""From asking for a connection to the last answer on it: a client hears 503 within 5 seconds, whatever happens."""
CLOSE_SECONDS = 5.0

# At DEBUG both write the values of every statement: e-mail addresses and password hashes.
for _name in ("databases", "aiosqlite"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Pool:
    """Hands out slots, first come, first served."""

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        self._idle: asyncio.Queue[Slot] = asyncio.Queue()
        self._waiting = 0
        self._chores: set[asyncio.Task[None]] = set()
        for slot in slots:
            self._idle.put_nowait(slot)

    @property
    def idle(self) -> int:
        """How many slots nobody uses."""
        return self._idle.qsize()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Lends a connected slot; however the block is left, cancelled too, the slot comes back clean."""
        deadline = asyncio.get_running_loop().time() + UNIT_SECONDS
        slot = await self._next(deadline) if self._waiting or self._idle.empty() else self._idle.get_nowait()
        must_restore = True
        try:
            slot.lend(deadline)
            if not slot.is_open:
                await self._opened(slot, deadline)
            yield slot
            must_restore = slot.in_transaction
        finally:
            if must_restore:
                self._chore(self._restore(slot))
            else:
                self._idle.put_nowait(slot)

    async def drained(self) -> None:
        """Returns when all that goes on in the background is done."""
        while self._chores:
            await asyncio.wait(self._chores)

    async def _next(self, deadline: float) -> Slot:
        """Returns the next slot that comes free, after those who wait already."""
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                return await self._idle.get()
        except TimeoutError:
            raise UnavailableError("no database connection came free in time") from None
        finally:
            self._waiting -= 1

    async def _opened(self, slot: Slot, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.shield(self._chore(slot.open()))
        except TimeoutError:
            raise UnavailableError("the database did not take a connection in time") from None

    async def _restore(self, slot: Slot) -> None:
        try:
            await slot.restore()
        finally:
            self._idle.put_nowait(slot)

    def _chore(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Runs what a cancelled request must not cut short."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        if not task.cancelled():
            task.exception()  # who waited for it was told; if nobody waits any more, nobody needs to know


class Connections:
    """Connections for reading and for writing, opened when they are needed and held until `close`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._database = Database(backend.url, **backend.options)
        self._connecting = asyncio.Lock()
        self._reader = backend.reader()
        self._writers = _Pool([Slot(self._connected_database, backend) for _ in range(backend.writers)])
        self._readers = _Pool([Slot(self._connected_database, backend) for _ in range(backend.readers)])

    async def close(self) -> None:
        """Disconnects, after giving what still runs a few seconds; an open connection would keep the process alive."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.drained()
        if self._reader is not None:
            self._reader.close()
        for slot in self._slots:
            await slot.close()
        await self._database.disconnect()

    @property
    def idle(self) -> int:
        """How many connections nobody uses."""
        return self._writers.idle + self._readers.idle

    @property
    def size(self) -> int:
        """How many connections there are."""
        return len(self._slots)

    async def drained(self) -> None:
        """Returns when no cleaning up goes on in the background."""
        await self._writers.drained()
        await self._readers.drained()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Slot]:
        """Lends a slot in a transaction that may write, rolled back unless it was committed."""
        async with self._writers.slot() as slot:
            await slot.begin_writing()
            yield slot

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Slot]:
        """Lends a slot in a transaction that reads one consistent state."""
        async with self._readers.slot() as slot:
            await slot.begin_reading()
            yield slot

    @asynccontextmanager
    async def single_read(self) -> AsyncIterator[Slot]:
        """Lends a slot for one statement that reads; it needs no transaction to be consistent."""
        async with self._readers.slot() as slot:
            yield slot

    async def look_up(self, sql: str, **values: object) -> Sequence[Any] | None:
        """Returns the values of the first row of a statement that reads by a key, by the quickest way there is."""
        if self._reader is not None:
            with suppress(BusyError):
                return self._reader.fetch_one(sql, values)
        async with self._readers.slot() as slot:
            return await slot.fetch_values(sql, **values)

    async def _connected_database(self) -> Database:
        """Returns the database once its driver is set up, which opens no connection yet."""
        async with self._connecting:
            await self._database.connect()
        return self._database

    @property
    def _slots(self) -> list[Slot]:
        return self._writers.slots + self._readers.slots
