"""Bringing a SQLite file to the current schema."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from leadnator_auth.adapters.sql.former_version import FORMER_TABLE
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION, SchemaError
from leadnator_auth.adapters.sql.sqlite import BUSY_TIMEOUT_SECONDS
from leadnator_auth.adapters.sql.sqlite_catalog import installed_in
from leadnator_auth.adapters.sql.sqlite_library import library_shortcoming

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MIGRATION_LOCK_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_TAKEN = ("already exists", "there is already")
"""In what SQLite says where a name that a revision needs is that of something else."""
_NAME = "leadnator"


def migrate_sqlite(path: Path) -> bool:
    """Brings the file to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be opened, was made by a newer program, or has something in our place.
    """
    if shortcoming := library_shortcoming():
        raise SchemaError(shortcoming.line)
    try:
        # Password hashes are nobody else's to read; SQLite gives its side files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(path.absolute(), timeout=BUSY_TIMEOUT_SECONDS)) as connection:
            if installed_in(connection).version == SCHEMA_VERSION:
                return False
        _upgrade(path)
    except (sqlite3.Error, OSError) as error:
        raise SchemaError(f"cannot open the database {path}: {error}") from error
    return True


def use_write_ahead_log(path: Path) -> None:
    """Gives the file a write-ahead log; SQLite refuses some of those who do so together, whatever their time-out."""
    end = time.monotonic() + BUSY_TIMEOUT_SECONDS
    with closing(sqlite3.connect(path.absolute())) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def _upgrade(path: Path) -> None:
    from sqlalchemy import URL, create_engine
    from sqlalchemy.exc import DBAPIError

    engine = create_engine(
        URL.create("sqlite", database=str(path.absolute())),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": _MIGRATION_LOCK_SECONDS},
    )
    try:
        _run(engine, str(path))
    except DBAPIError as error:
        if any(words in str(error.orig) for words in _TAKEN):
            raise SchemaError(
                f"the database {path} has something else by a name that we need: {error.orig}; give us a file of our "
                f"own in LEADNATOR_DATABASE_URL, such as {_file_of_our_own(path)}"
            ) from error
        raise SchemaError(f"cannot migrate the database {path}: {error.orig}") from error
    finally:
        engine.dispose()


def _file_of_our_own(beside: Path) -> str:
    """Returns the URL of a file in the same folder that is not there yet."""
    names = chain([_NAME], (f"{_NAME}-{number}" for number in count(2)))
    path = next(path for name in names if not os.path.lexists(path := beside.with_name(f"{name}.db")))
    return f"sqlite:///{quote(os.fsencode(path), safe='/ :')}"


def _run(engine: "Engine", database: str) -> None:
    from leadnator_auth.adapters.sql.alembic_runner import upgrade

    with engine.connect() as connection:
        # One process migrates; those that waited find the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        driver_connection = connection.connection.driver_connection
        assert isinstance(driver_connection, sqlite3.Connection)
        found = installed_in(driver_connection)
        upgrade(connection, found.former, database)
        if found.former and found.is_former_ours:
            connection.exec_driver_sql(f"DROP TABLE {FORMER_TABLE}")
        connection.exec_driver_sql("COMMIT")
    with suppress(sqlite3.OperationalError):
        # Last, for it stays as it is in a database where something was in our place; who serves does it, too.
        use_write_ahead_log(Path(database))
