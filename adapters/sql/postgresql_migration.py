"""Bringing a PostgreSQL database to the current schema."""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from leadnator_auth.adapters.sql.address import PostgresqlAddress
from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.former_version import FORMER_TABLE
from leadnator_auth.adapters.sql.installed import Installed
from leadnator_auth.adapters.sql.postgresql import ERRORS, connect_seconds, fetch
from leadnator_auth.adapters.sql.postgresql_address import line_of, shown, way_to
from leadnator_auth.adapters.sql.postgresql_catalog import (
    NO_SCHEMA,
    Fetch,
    cure_of_a_collision,
    installed_in,
    may_not_create,
    missing_rights,
    server_shortcoming,
)
from leadnator_auth.adapters.sql.qualified import quoted
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION, SchemaError
from leadnator_auth.adapters.sql.shortcoming import Shortcoming

_LOCK = 0x6C656164
"""Of all advisory locks in the database, those that whoever migrates a schema of it holds."""
_MIGRATION_LOCK_SECONDS = 60
_TAKEN = (asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError)


def migrate_postgresql(address: PostgresqlAddress) -> bool:
    """Brings the database to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be reached, will not do, was made by a newer program, or has something in our
    place.
    """
    # On a loop of its own, so that this works where one is running and where none is.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _migrate(address)).result()


async def _migrate(address: PostgresqlAddress) -> bool:
    database = shown(address)
    try:
        connection = await asyncpg.connect(**way_to(address), timeout=connect_seconds(address), statement_cache_size=0)
    except Exception as error:  # a driver raises what the system, a file or a variable of the environment makes it
        raise SchemaError(f"cannot open the database {database}: {line_of(error, address)}") from error
    try:
        return await _upgrade(connection, address, database)
    except _TAKEN as error:
        cure = cure_of_a_collision(address.schema)
        raise SchemaError(
            f"the database {database} has something else by a name that we need: {line_of(error, address)}; {cure}"
        ) from error
    except ERRORS as error:
        raise SchemaError(f"cannot migrate the database {database}: {line_of(error, address)}") from error
    finally:
        connection.terminate()


async def _upgrade(connection: asyncpg.Connection, address: PostgresqlAddress, database: str) -> bool:
    async def ask(sql: str, **values: object) -> Sequence[Row]:
        return await fetch(connection, sql, values, schema=address.schema)

    _refuse(await server_shortcoming(ask) or await missing_rights(ask, address.schema), database)
    async with connection.transaction():
        home, found = await _found_alone(connection, ask, address.schema, database)
        if found.version == SCHEMA_VERSION:
            return False

        from leadnator_auth.adapters.sql.alembic_runner import upgrade_script

        script = upgrade_script("postgresql", found.version, found.former, database)
        await _enter(connection, ask, home, database)
        await connection.execute(script)
        if found.former and found.is_former_ours:
            await connection.execute(f"DROP TABLE {FORMER_TABLE}")
        return True


async def _found_alone(
    connection: asyncpg.Connection, ask: Fetch, schema: str | None, database: str
) -> tuple[str, Installed]:
    """Returns what is there once nobody else migrates it: those who waited find the work done."""
    home, _ = await installed_in(ask, schema)
    if home is None:
        raise SchemaError(f"the database {database} has {NO_SCHEMA.line}")
    await connection.execute(f"SET LOCAL lock_timeout = '{_MIGRATION_LOCK_SECONDS}s'")
    await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK}, {_number_of(home)})")
    _, found = await installed_in(ask, schema)
    return home, found


async def _enter(connection: asyncpg.Connection, ask: Fetch, home: str, database: str) -> None:
    """Lets the names of the script mean what is in this schema, which is made where it is not there."""
    _refuse(await may_not_create(ask, home), database)
    if not await ask("SELECT 1 FROM pg_namespace WHERE nspname = :home", home=home):
        await connection.execute(f"CREATE SCHEMA {quoted(home)}")
    await connection.execute(f"SET LOCAL search_path TO {quoted(home)}")


def _refuse(shortcoming: Shortcoming | None, database: str) -> None:
    if shortcoming is not None:
        raise SchemaError(f"cannot use the database {database}: {shortcoming.line}")


def _number_of(schema: str) -> int:
    """Returns the number of a schema's lock: who migrates one waits for nobody who migrates another."""
    return int.from_bytes(hashlib.sha256(schema.encode()).digest()[:4], signed=True)
