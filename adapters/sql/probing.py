"""Looks at a database as the server would use it, and leaves it as it is."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum

import attrs

from leadnator_auth.adapters.sql.address import Address
from leadnator_auth.adapters.sql.backend import Backend
from leadnator_auth.adapters.sql.choice import MISSING_DRIVER, backend_of, is_sqlite
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.instants import from_number, from_optional
from leadnator_auth.adapters.sql.schema import CURRENT_VERSION, SCHEMA_VERSION
from leadnator_auth.domain.errors import UnavailableError

ROUND_TRIPS = 5
_POSTGRESQL_TRIVIAL = "SELECT 1"
_SQLITE_TRIVIAL = "PRAGMA schema_version"
"""SELECT 1 would not even look into the file."""
_SQLITE_TABLE = "SELECT name AS version_table FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
_POSTGRESQL_TABLE = "SELECT to_regclass('alembic_version')::text AS version_table"
_MICROSECONDS = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS number"
_NEWEST = (
    "SELECT max(number) AS number FROM (SELECT max(created_at) AS number FROM users "
    "UNION ALL SELECT max(created_at) FROM sessions UNION ALL SELECT max(queued_at) FROM mails) AS instants"
)


class SchemaState(StrEnum):
    """How the schema of a database stands to that of this program."""

    EMPTY = "empty"
    OLD = "old"
    CURRENT = "current"
    NEWER = "newer"


@attrs.frozen
class SqlProbe:
    """Asks a database about itself. All methods raise UnavailableError where there is no answer."""

    connections: Connections
    is_server: bool
    """Whether it is more than a file, and has a clock of its own."""

    async def round_trip(self) -> float:
        """Returns the usual seconds of a query that does nothing, once there is a connection."""
        trivial = _POSTGRESQL_TRIVIAL if self.is_server else _SQLITE_TRIVIAL
        async with self.connections.single_read() as connection:
            times: list[float] = []
            for _ in range(ROUND_TRIPS):
                began = time.perf_counter()
                await connection.fetch_one(trivial)
                times.append(time.perf_counter() - began)
            return statistics.median(times)

    async def now(self) -> datetime | None:
        """Returns the time of day by the database server's clock, where it has one."""
        if not self.is_server:
            return None
        async with self.connections.single_read() as connection:
            row = await connection.fetch_one(_MICROSECONDS)
        return from_number(row["number"]) if row else None

    async def newest(self) -> datetime | None:
        """Returns the latest instant at which something says it was made."""
        async with self.connections.single_read() as connection:
            row = await connection.fetch_one(_NEWEST)
        return from_optional(row["number"]) if row else None

    async def schema(self) -> SchemaState:
        """Returns how far its schema is."""
        async with self.connections.reading() as connection:
            table = await connection.fetch_one(_POSTGRESQL_TABLE if self.is_server else _SQLITE_TABLE)
            row = await connection.fetch_one(CURRENT_VERSION) if table and table["version_table"] else None
        if row is None:
            return SchemaState.EMPTY
        return _state_of(str(row["version_num"]))


@asynccontextmanager
async def probing(address: Address, pool_size: int | None, *, prepared_statements: bool) -> AsyncIterator[SqlProbe]:
    """Lends a probe over such connections as the server has.

    A SQLite file must be there. Its side files come and go as with every reader, and what a crash left in the log of a
    database is moved to where it belongs; nothing else of it changes.

    Raises: UnavailableError.
    """
    try:
        backend = backend_of(address, pool_size, prepared_statements=prepared_statements)
        connections = Connections(_only_looking(backend) if is_sqlite(address) else backend)
        try:
            yield SqlProbe(connections, is_server=not is_sqlite(address))
        finally:
            await connections.close()
    except ModuleNotFoundError as error:
        raise UnavailableError(MISSING_DRIVER) from error
    except ValueError as error:  # not its words: a driver may quote what it was given
        raise UnavailableError(f"the driver does not take what it is given ({type(error).__name__})") from error


def _only_looking(backend: Backend) -> Backend:
    """Returns a SQLite backend that writes nothing; the server's own would turn on the write-ahead log for good."""
    return attrs.evolve(backend, on_open=("PRAGMA query_only = ON",))


def _state_of(version: str) -> SchemaState:
    if version == SCHEMA_VERSION:
        return SchemaState.CURRENT

    from leadnator_auth.adapters.sql.alembic_runner import is_known

    return SchemaState.OLD if is_known(version) else SchemaState.NEWER
