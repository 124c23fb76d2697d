"""The version of the schema: brought up to date by Alembic, and checked where requests depend on it."""

import os
from contextlib import closing
from pathlib import Path
from sqlite3 import Error, connect

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.sqlite import BUSY_TIMEOUT_SECONDS, sqlite_path
from leadnator_auth.domain.errors import UnavailableError

SCHEMA_VERSION = "0001"
"""The newest revision in `migrations/versions`."""

_CURRENT = "SELECT version_num FROM alembic_version"
_MIGRATION_LOCK_SECONDS = 60.0


class SchemaError(Exception):
    """The database cannot be brought to the schema of this program; the message says why in one line."""


def migrate(url: str) -> bool:
    """Brings the database to the current schema, with its data; returns whether there was anything to do.

    Raises: SchemaError when it cannot be opened, or was made by a newer program.
    """
    path = sqlite_path(url)
    try:
        # Password hashes are nobody else's to read; SQLite gives its side files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if _version(path) == SCHEMA_VERSION:
            return False
        _upgrade(path)
    except (Error, OSError) as error:
        raise SchemaError(f"cannot open the database {path}: {error}") from error
    return True


def _version(path: Path) -> str | None:
    with closing(connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        if connection.execute(has_table).fetchone() is None:
            return None
        row = connection.execute(_CURRENT).fetchone()
        return str(row[0]) if row else None


def _upgrade(path: Path) -> None:
    # Alembic takes as long to import as all the rest; most starts do not need it.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError
    from sqlalchemy import URL, create_engine
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": _MIGRATION_LOCK_SECONDS},
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            # One process migrates; those that waited find the work done.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.exec_driver_sql("COMMIT")
    except CommandError as error:
        raise SchemaError(f"the database {path} was made by a newer version of this program ({error})") from error
    except DBAPIError as error:
        raise SchemaError(f"cannot migrate the database {path}: {error.orig}") from error
    finally:
        engine.dispose()


@attrs.frozen
class SqlReadiness:
    """Readiness of a database: within reach, and its schema the current one."""

    connections: Connections

    async def check(self) -> None:
        async with self.connections.single_read() as slot:
            row = await slot.fetch_one(_CURRENT)
        if row is None or row["version_num"] != SCHEMA_VERSION:
            raise UnavailableError("the schema of the database is not the current one: run leadnator-auth migrate")
