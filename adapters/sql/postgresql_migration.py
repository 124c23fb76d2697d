"""Bringing a PostgreSQL database to the current schema."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from leadnator_auth.adapters.sql.address import PostgresqlAddress
from leadnator_auth.adapters.sql.postgresql import CONNECT_SECONDS, ERRORS
from leadnator_auth.adapters.sql.postgresql_address import message_of, shown, way_to
from leadnator_auth.adapters.sql.schema import CURRENT_VERSION, SCHEMA_VERSION, SchemaError

_LOCK = 0x6C656164
"""Of all advisory locks in the database, the one that whoever migrates it holds."""
_MIGRATION_LOCK_SECONDS = 60


def migrate_postgresql(address: PostgresqlAddress) -> bool:
    """Brings the database to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be reached, or was made by a newer program.
    """
    # On a loop of its own, so that this works where one is running and where none is.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _migrate(address)).result()


async def _migrate(address: PostgresqlAddress) -> bool:
    database = shown(address)
    try:
        connection = await asyncpg.connect(**way_to(address), timeout=CONNECT_SECONDS, statement_cache_size=0)
    except (*ERRORS, ValueError) as error:  # ValueError: what the environment asks for makes no sense
        raise SchemaError(f"cannot open the database {database}: {_line(error, address)}") from error
    try:
        return await _upgrade(connection, database)
    except ERRORS as error:
        raise SchemaError(f"cannot migrate the database {database}: {_line(error, address)}") from error
    finally:
        connection.terminate()


async def _upgrade(connection: asyncpg.Connection, database: str) -> bool:
    async with connection.transaction():
        # One process migrates; those that waited find the work done.
        await connection.execute(f"SET LOCAL lock_timeout = '{_MIGRATION_LOCK_SECONDS}s'")
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        version = await _version(connection)
        if version == SCHEMA_VERSION:
            return False

        from leadnator_auth.adapters.sql.alembic_runner import upgrade_script

        await connection.execute(upgrade_script("postgresql", version, database))
        return True


async def _version(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval(CURRENT_VERSION)
    return version


def _line(error: Exception, address: PostgresqlAddress) -> str:
    return " ".join(message_of(error, address.secrets).split()) or type(error).__name__
