"""Bringing a SQLite file to the current schema."""

import os
import time
from contextlib import closing
from pathlib import Path
from sqlite3 import SQLITE_BUSY, Error, OperationalError, connect

from leadnator_auth.adapters.sql.schema import CURRENT_VERSION, SCHEMA_VERSION, SchemaError
from leadnator_auth.adapters.sql.sqlite import BUSY_TIMEOUT_SECONDS

_MIGRATION_LOCK_SECONDS = 60.0
_PAUSE_SECONDS = 0.01


def migrate_sqlite(path: Path) -> bool:
    """Brings the file to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be opened, or was made by a newer program.
    """
    try:
        # Password hashes are nobody else's to read; SQLite gives its side files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if _version(path) == SCHEMA_VERSION:
            return False
        use_write_ahead_log(path)
        _upgrade(path)
    except (Error, OSError) as error:
        raise SchemaError(f"cannot open the database {path}: {error}") from error
    return True


def _version(path: Path) -> str | None:
    with closing(connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        if connection.execute(has_table).fetchone() is None:
            return None
        row = connection.execute(CURRENT_VERSION).fetchone()
        return str(row[0]) if row else None


def use_write_ahead_log(path: Path) -> None:
    """Gives the file a write-ahead log; SQLite refuses some of those who do so together, whatever their time-out."""
    end = time.monotonic() + _MIGRATION_LOCK_SECONDS
    with closing(connect(path)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except OperationalError as error:
                if error.sqlite_errorcode & 0xFF != SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def _upgrade(path: Path) -> None:
    from sqlalchemy import URL, create_engine
    from sqlalchemy.exc import DBAPIError

    from leadnator_auth.adapters.sql.alembic_runner import upgrade

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": _MIGRATION_LOCK_SECONDS},
    )
    try:
        with engine.connect() as connection:
            # One process migrates; those that waited find the work done.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, str(path))
            connection.exec_driver_sql("COMMIT")
    except DBAPIError as error:
        raise SchemaError(f"cannot migrate the database {path}: {error.orig}") from error
    finally:
        engine.dispose()
