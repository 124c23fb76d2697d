"""Which database a URL names."""

from leadnator_auth.adapters.sql import sqlite as sqlite_module
from leadnator_auth.adapters.sql.backend import POSTGRESQL_POOL_SIZE, SQLITE_POOL_SIZE, Backend
from leadnator_auth.adapters.sql.schema import SchemaError
from leadnator_auth.adapters.sql.sqlite_migration import migrate_sqlite

MISSING_DRIVER = "PostgreSQL needs a driver: pip install 'leadnator-auth[postgresql]'"


def is_sqlite(url: str) -> bool:
    """Returns whether the URL names a SQLite file; all else is PostgreSQL."""
    return url.startswith("sqlite:")


def backend_of(url: str, pool_size: int | None = None, *, prepared_statements: bool = True) -> Backend:
    """Returns the database at this URL, over this many connections or as many as usual."""
    if is_sqlite(url):
        return sqlite_module.sqlite(url, pool_size_of(url, pool_size))

    from leadnator_auth.adapters.sql import postgresql as postgresql_module

    size = pool_size_of(url, pool_size)
    return postgresql_module.postgresql(url, size, prepared_statements=prepared_statements)


def pool_size_of(url: str, pool_size: int | None = None) -> int:
    """Returns over how many connections this database is used: as many as were asked for, or as usual."""
    return pool_size or (SQLITE_POOL_SIZE if is_sqlite(url) else POSTGRESQL_POOL_SIZE)


def migrate(url: str) -> bool:
    """Brings the database to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be opened, or was made by a newer program.
    """
    if is_sqlite(url):
        return migrate_sqlite(url)
    try:
        from leadnator_auth.adapters.sql.postgresql_migration import migrate_postgresql
    except ModuleNotFoundError as error:
        raise SchemaError(MISSING_DRIVER) from error
    return migrate_postgresql(url)
