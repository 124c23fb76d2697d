"""One database connection that is held open, and the statements that run on it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from leadnator_auth.adapters.sql.backend import Backend, Row, UnstorableError
from leadnator_auth.adapters.sql.unstorable import refusal_of
from leadnator_auth.domain.errors import UnavailableError

if TYPE_CHECKING:
    from databases import Database
    from databases.core import Connection

ROLLBACK_SECONDS = 2.0
CLOSE_TIMEOUT = 2.0

Answer = TypeVar("Answer")


class PooledConnection:
    """A connection that is opened again when it was lost.

    It is used by one task at a time, but not always by the same one; `databases` binds connections to tasks only where
    it looks them up, which happens here in a short task of its own.
    """

    def __init__(self, database: Callable[[], Awaitable["Database"]], backend: Backend) -> None:
        self._database = database
        self._backend = backend
        # Besides the driver's own, what Python raises where a value cannot even be handed over.
        self._errors: tuple[type[Exception], ...] = (*backend.errors, UnicodeError, OverflowError)
        self._connection: Connection | None = None
        self._changing = asyncio.Lock()
        self._deadline = 0.0
        self.in_transaction = False
        self.is_committed = False
        self.row_lock = ""
        """Ends a SELECT whose rows must stay as they were read until the transaction ends."""

    @property
    def skip_locked(self) -> str:
        """Ends a SELECT of rows that are to be taken, whichever they are."""
        return self._backend.skip_locked

    @property
    def is_one_of(self) -> str:
        """Follows a value in a condition: it is one of the list `:key`."""
        return self._backend.is_one_of

    def domain_of(self, column: str) -> str:
        """Returns the SQL for the domain of the e-mail address in a column."""
        return self._backend.domain_of(column)

    def by_index(self, index: str) -> str:
        """Returns what follows a table's name where a query must use this index."""
        return self._backend.by_index(index)

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as is known without asking."""
        return self._connection is not None and not self._backend.is_lost(self._connection.raw_connection)

    def lend(self, deadline: float) -> None:
        """Makes it ready for somebody who must be done by `deadline`, in the event loop's time."""
        self._deadline = deadline
        self.is_committed = False
        self.row_lock = ""

    async def fetch_one(self, sql: str, **values: object) -> Row | None:
        """Returns the first row, if any."""
        rows = await self.fetch_all(sql, **values)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, **values: object) -> Sequence[Row]:
        """Returns all rows."""
        return await self._in_time(self._backend.fetch(self._opened.raw_connection, sql, values), values)

    async def run(self, sql: str, **values: object) -> None:
        """Runs a statement without rows: use RETURNING and `fetch_one` to know whether it did anything."""
        await self._in_time(self._backend.run(self._opened.raw_connection, sql, values), values)

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Runs a statement for each of many sets of values."""
        # Where a row is refused it is not told which: of each column, the last text with more than ASCII stands for it.
        values = {name: value for row in rows for name, value in row.items() if not str(value).isascii()}
        await self._in_time(self._backend.run_many(self._opened.raw_connection, sql, rows), values)

    async def begin_writing(self) -> None:
        """Begins a transaction that may write; what it reads by a key it keeps others from changing."""
        self.in_transaction = True
        self.row_lock = self._backend.row_lock
        await self.run(self._backend.begin_writing)

    async def begin_reading(self) -> None:
        """Begins a transaction that reads one consistent state."""
        self.in_transaction = True
        await self.run(self._backend.begin_reading)

    async def commit(self) -> None:
        """Commits the transaction; if this raises, it is still open."""
        await self.run("COMMIT")
        self.in_transaction = False
        self.is_committed = True

    async def open(self) -> None:
        """Connects, unless it is connected.

        Raises: UnavailableError.
        """
        async with self._changing:
            if self._connection is not None and self._backend.is_lost(self._connection.raw_connection):
                await self._disconnect()
            if self._connection is None:
                self._connection = await asyncio.create_task(self._connect())

    async def restore(self) -> None:
        """Rolls back what is open; a connection that cannot is closed, and so rolled back by the database."""
        async with self._changing:
            if self._connection is not None and not await self._rolled_back(self._connection):
                self._backend.hang_up(self._connection.raw_connection)
                await self._disconnect()
            self.in_transaction = False

    async def close(self) -> None:
        """Disconnects."""
        async with self._changing:
            await self._disconnect()

    @property
    def _opened(self) -> "Connection":
        if self.is_committed:
            raise RuntimeError("the unit of work is over: it was committed")
        if self._connection is None:
            raise UnavailableError("the database connection is closed")
        return self._connection

    async def _in_time(self, answer: Awaitable[Answer], values: Mapping[str, object]) -> Answer:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await answer
        except TimeoutError:
            raise UnavailableError("the database did not answer in time") from None
        except self._errors as error:
            told = self._backend.translated(error)
            raise refusal_of(values) if isinstance(told, UnstorableError) else told from error

    async def _connect(self) -> "Connection":
        try:
            connection = (await self._database()).connection()
            await connection.__aenter__()
        except Exception as error:  # a driver raises what the system, a file or a variable of the environment makes it
            raise self._backend.translated(error) from error
        try:
            for statement in self._backend.on_open:
                await connection.execute(statement)
        except self._backend.errors as error:
            await connection.__aexit__()
            raise self._backend.translated(error) from error
        return connection

    async def _rolled_back(self, connection: "Connection") -> bool:
        try:
            async with asyncio.timeout(ROLLBACK_SECONDS):
                await connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 (whatever it is: a connection that cannot roll back is not to be trusted)
            return False
        return True

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        driver_connection = connection.raw_connection
        lost_already: tuple[type[Exception], ...] = (*self._backend.errors, ValueError)  # the latter is aiosqlite's
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await connection.__aexit__()
        except TimeoutError:
            self._backend.hang_up(driver_connection)
        except lost_already:
            pass
