"""The choice of the kind of database by its address."""

from pathlib import Path
from typing import TypeGuard

from leadnator_auth.adapters.sql import sqlite as sqlite_module
from leadnator_auth.adapters.sql.address import Address
from leadnator_auth.adapters.sql.backend import POSTGRESQL_POOL_SIZE, SQLITE_POOL_SIZE, Backend
from leadnator_auth.adapters.sql.schema import SchemaError
from leadnator_auth.adapters.sql.sqlite_migration import migrate_sqlite

MISSING_DRIVER = "PostgreSQL needs a driver: pip install 'leadnator-auth[postgresql]'"


def is_sqlite(address: Address) -> TypeGuard[Path]:
    """Returns whether it is a SQLite file; all else is PostgreSQL."""
    return isinstance(address, Path)


def backend_of(address: Address, pool_size: int | None = None, *, prepared_statements: bool = True) -> Backend:
    """Returns the database at this address, over this many connections or as many as usual."""
    size = pool_size_of(address, pool_size)
    if isinstance(address, Path):
        return sqlite_module.sqlite(address, size)

    from leadnator_auth.adapters.sql import postgresql as postgresql_module

    return postgresql_module.postgresql(address, size, prepared_statements=prepared_statements)


def pool_size_of(address: Address, pool_size: int | None = None) -> int:
    """Returns over how many connections this database is used: as many as were asked for, or as usual."""
    return pool_size or (SQLITE_POOL_SIZE if isinstance(address, Path) else POSTGRESQL_POOL_SIZE)


def migrate(address: Address) -> bool:
    """Brings the database to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be opened, or was made by a newer program.
    """
    if isinstance(address, Path):
        return migrate_sqlite(address)
    try:
        from leadnator_auth.adapters.sql.postgresql_migration import migrate_postgresql
    except ModuleNotFoundError as error:
        raise SchemaError(MISSING_DRIVER) from error
    return migrate_postgresql(address)
