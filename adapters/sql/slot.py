"""One database connection that is held open, and the statements that run on it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from databases import Database
from databases.core import Connection

from leadnator_auth.adapters.sql.dialect import ConstraintError, Dialect
from leadnator_auth.domain.errors import UnavailableError

Row = Mapping[str, Any]
"""Values by column; their types are the schema's, which each repository knows."""


class Slot:
    """A connection that is opened again when it was lost.

    It is used by one task at a time, but not always by the same one; `databases` binds connections to tasks only where
    it looks them up, which happens here in a short task of its own.
    """

    def __init__(self, database: Database, dialect: Dialect) -> None:
        self._database = database
        self._dialect = dialect
        self._connection: Connection | None = None
        self._changing = asyncio.Lock()
        self.in_transaction = False
        self.is_committed = False

    async def fetch_one(self, sql: str, **values: object) -> Row | None:
        """Returns the first row, if any."""
        try:
            record = await self._opened.fetch_one(sql, values)
        except self._dialect.errors as error:
            raise self._translated(error) from error
        return None if record is None else record._mapping  # noqa: SLF001 (the public way, as in SQLAlchemy)

    async def fetch_all(self, sql: str, **values: object) -> list[Row]:
        """Returns all rows."""
        try:
            records = await self._opened.fetch_all(sql, values)
        except self._dialect.errors as error:
            raise self._translated(error) from error
        return [record._mapping for record in records]  # noqa: SLF001

    async def run(self, sql: str, **values: object) -> None:
        """Runs a statement without rows. What `databases` returns for it tells nothing: use RETURNING to know."""
        try:
            await self._opened.execute(sql, values)
        except self._dialect.errors as error:
            raise self._translated(error) from error

    async def begin(self, statement: str) -> None:
        """Begins a transaction."""
        self.in_transaction = True
        await self.run(statement)

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
            if self._connection is None:
                self._connection = await asyncio.create_task(self._connect())

    async def restore(self) -> None:
        """Rolls back what is open; a connection that cannot is closed, and so rolled back by the database."""
        async with self._changing:
            if self._connection is None:
                self.in_transaction = False
                return
            try:
                await self.run("ROLLBACK")
            except Exception:  # noqa: BLE001 (whatever it is: a connection that cannot roll back is not to be trusted)
                await self._disconnect()
            self.in_transaction = False

    async def close(self) -> None:
        """Disconnects."""
        async with self._changing:
            await self._disconnect()

    @property
    def _opened(self) -> Connection:
        if self.is_committed:
            raise RuntimeError("the unit of work is over: it was committed")
        if self._connection is None:
            raise UnavailableError("the database connection is closed")
        return self._connection

    async def _connect(self) -> Connection:
        connection = self._database.connection()
        try:
            await connection.__aenter__()
        except self._dialect.errors as error:
            raise self._translated(error) from error
        try:
            for statement in self._dialect.on_open:
                await connection.execute(statement)
        except self._dialect.errors as error:
            await connection.__aexit__()
            raise self._translated(error) from error
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*self._dialect.errors, ValueError):  # ValueError is aiosqlite's word for lost already
                await connection.__aexit__()

    def _translated(self, error: Exception) -> Exception:
        constraint = self._dialect.broken_constraint(error)
        return ConstraintError(constraint) if constraint else UnavailableError(str(error))
