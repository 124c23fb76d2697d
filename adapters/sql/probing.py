"""Looks at a database as the server would use it, and leaves it as it is."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import attrs

from leadnator_auth.adapters.sql import sqlite_catalog
from leadnator_auth.adapters.sql.address import Address, AddressError, PostgresqlAddress
from leadnator_auth.adapters.sql.backend import Backend
from leadnator_auth.adapters.sql.choice import MISSING_DRIVER, backend_of, is_sqlite
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.installed import Installed
from leadnator_auth.adapters.sql.instants import from_number, from_optional, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.postgresql_catalog import (
    NO_SCHEMA,
    Fetch,
    in_our_place,
    installed_in,
    may_not_create,
    missing_rights,
    server_shortcoming,
)
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION
from leadnator_auth.adapters.sql.shortcoming import Shortcoming
from leadnator_auth.adapters.sql.unit_of_work import SqlRepositories
from leadnator_auth.domain.entities.event_delivery import MAX_COUNTED, EventBacklog
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import UnavailableError

ROUND_TRIPS = 5
_POSTGRESQL_TRIVIAL = "SELECT 1"
_SQLITE_TRIVIAL = "PRAGMA schema_version"
"""SELECT 1 would not even look into the file."""
_MICROSECONDS = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS number"
_NEWEST = (
    "SELECT max(number) AS number FROM (SELECT max(created_at) AS number FROM users "
    "UNION ALL SELECT max(created_at) FROM sessions UNION ALL SELECT max(queued_at) FROM mails) AS instants"
)

_FACTORS_BY_KEY = "SELECT key_id, count(*) AS number FROM totp_factors WHERE confirmed_at IS NOT NULL GROUP BY key_id"
_PAIRS_BY_KEY = (
    "SELECT refresh_families.key_id, count(*) AS number FROM refresh_families "
    "JOIN sessions ON sessions.id = refresh_families.session_id "
    "JOIN users ON users.id = sessions.user_id AND users.session_epoch = sessions.epoch "
    "WHERE sessions.expires_at > :now GROUP BY refresh_families.key_id"
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
    server: PostgresqlAddress | None
    """Where it is more than a file, and has a clock and rights of its own."""

    async def round_trip(self) -> float:
        """Returns the usual seconds of a query that does nothing, once there is a connection."""
        trivial = _POSTGRESQL_TRIVIAL if self.server else _SQLITE_TRIVIAL
        async with self.connections.single_read() as connection:
            times: list[float] = []
            for _ in range(ROUND_TRIPS):
                began = time.perf_counter()
                await connection.fetch_one(trivial)
                times.append(time.perf_counter() - began)
            return statistics.median(times)

    async def now(self) -> datetime | None:
        """Returns the time of day by the database server's clock, where it has one."""
        if self.server is None:
            return None
        async with self.connections.single_read() as connection:
            row = await connection.fetch_one(_MICROSECONDS)
        return from_number(row["number"]) if row else None

    async def newest(self) -> datetime | None:
        """Returns the latest instant at which something says it was made."""
        async with self.connections.single_read() as connection:
            row = await connection.fetch_one(_NEWEST)
        return from_optional(row["number"]) if row else None

    async def webhooks(self) -> list[tuple[Webhook, Subscription]]:
        """Returns every webhook with its subscription."""
        async with self.connections.reading() as connection:
            repositories = SqlRepositories(connection)
            subscriptions = {each.id: each for each in await repositories.subscriptions.all()}
            webhooks = await repositories.webhooks.all()
        return [(webhook, subscriptions[webhook.id]) for webhook in webhooks if webhook.id in subscriptions]

    async def signing_keys(self) -> list[SigningKey]:
        """Returns every signing key."""
        async with self.connections.reading() as connection:
            return await SqlRepositories(connection).signing_keys.all()

    async def totp_factors_by_key(self) -> dict[str, int]:
        """Returns how many apps that show codes were set up with each master key, by its id."""
        async with self.connections.single_read() as connection:
            rows = await connection.fetch_all(_FACTORS_BY_KEY)
        return {row["key_id"]: row["number"] for row in rows}

    async def token_pairs_by_key(self, now: datetime) -> dict[str, int]:
        """Returns how many live sessions have a refresh token of each master key, by its id."""
        async with self.connections.single_read() as connection:
            rows = await connection.fetch_all(_PAIRS_BY_KEY, now=to_number(now))
        return {row["key_id"]: row["number"] for row in rows}

    async def event_backlog(self) -> EventBacklog:
        """Returns how many events wait to be delivered, or were given up."""
        async with self.connections.reading() as connection:
            return await SqlRepositories(connection).event_deliveries.backlog(MAX_COUNTED)

    async def shortcoming(self) -> Shortcoming | None:
        """Returns why it will not do as it is, or None where it will."""
        async with self.connections.reading() as connection:
            if self.server is None:  # of SQLite itself, `library_shortcoming` tells without a file
                there = await sqlite_catalog.installed_for(connection)
                return None if there.revision else await sqlite_catalog.in_our_place(connection)
            return await _what_a_server_lacks(connection.fetch_all, self.server.schema)

    async def schema(self) -> SchemaState:
        """Returns how far its schema is."""
        async with self.connections.reading() as connection:
            found = await self._installed(connection)
        if found.revision is None:
            return SchemaState.EMPTY
        return SchemaState.OLD if found.former else _state_of(found.revision)

    async def _installed(self, connection: PooledConnection) -> Installed:
        if self.server is None:
            return await sqlite_catalog.installed_for(connection)
        _, found = await installed_in(connection.fetch_all, self.server.schema)
        return found


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
            yield SqlProbe(connections, None if isinstance(address, Path) else address)
        finally:
            await connections.close()
    except ModuleNotFoundError as error:
        raise UnavailableError(MISSING_DRIVER) from error
    except AddressError as error:
        raise UnavailableError(str(error)) from error
    except ValueError as error:  # not its words: a driver may quote what it was given
        raise UnavailableError(f"the driver does not take what it is given ({type(error).__name__})") from error


async def _what_a_server_lacks(fetch: Fetch, schema: str | None) -> Shortcoming | None:
    if found := await server_shortcoming(fetch) or await missing_rights(fetch, schema):
        return found
    home, there = await installed_in(fetch, schema)
    if there.version == SCHEMA_VERSION:
        return None
    if home is None:
        return NO_SCHEMA
    if not there.revision and (found := await in_our_place(fetch, schema, home)):
        return found
    return await may_not_create(fetch, home)


def _only_looking(backend: Backend) -> Backend:
    """Returns a SQLite backend that writes nothing; the server's own would turn on the write-ahead log for good."""
    return attrs.evolve(backend, on_open=("PRAGMA query_only = ON",))


def _state_of(version: str) -> SchemaState:
    if version == SCHEMA_VERSION:
        return SchemaState.CURRENT

    from leadnator_auth.adapters.sql.alembic_runner import is_known

    return SchemaState.OLD if is_known(version) else SchemaState.NEWER
