"""SQLite: settings, transactions and errors."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from leadnator_auth.adapters.sql.backend import SQLITE_POOL_SIZE, Backend, ConstraintError, Row, UnstorableError
from leadnator_auth.adapters.sql.sqlite_reader import SqliteReader
from leadnator_auth.domain.errors import UnavailableError

BUSY_TIMEOUT_SECONDS = 2.0
"""How long SQLite itself tries again where another process holds its lock."""
_UNIQUE = "UNIQUE constraint failed: "


def sqlite(file: Path, pool_size: int = SQLITE_POOL_SIZE) -> Backend:
    """Returns the database in a file, over this many connections: one writes, and at least one reads."""
    return Backend(
        # Of a relative path, SQLite may read one that begins with "file:" as a URI.
        url=f"sqlite:///{quote(str(file.absolute()))}",
        options={"timeout": BUSY_TIMEOUT_SECONDS},
        on_open=(
            "PRAGMA journal_mode = WAL",
            # An answered sign-up must outlive a power cut, not only a crash of ours: NORMAL would not sync each commit.
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
        ),
        # A deferred BEGIN turns read-then-write into "database is locked" at once, whatever the busy timeout says.
        begin_writing="BEGIN IMMEDIATE",
        begin_reading="BEGIN",
        # A writer has the whole database locked.
        row_lock="",
        is_one_of=" IN (SELECT value FROM json_each(:key))",
        domain_of=lambda column: f"substr({column}, instr({column}, '@') + 1)",
        join_by_id=lambda table, column: f"JOIN {table} ON {table}.id = {column}",
        by_index=lambda index: f" INDEXED BY {index}",
        skip_locked="",
        writers=1,
        readers=max(pool_size - 1, 1),
        errors=(sqlite3.Error, OSError),
        translated=_translated,
        fetch=_fetch,
        run=_fetch,
        run_many=_run_many,
        is_lost=lambda connection: False,
        hang_up=lambda connection: None,
        reader=lambda: SqliteReader(file),
    )


def _translated(error: Exception) -> Exception:
    message = str(error)
    if isinstance(error, sqlite3.IntegrityError) and message.startswith(_UNIQUE):
        # "users.email_canonical" to the name that the constraint has.
        return ConstraintError(message.removeprefix(_UNIQUE).replace(".", "_"))
    if isinstance(error, sqlite3.DataError | UnicodeError | OverflowError):
        return UnstorableError(type(error).__name__)
    return UnavailableError(message)


async def _fetch(connection: aiosqlite.Connection, sql: str, values: Mapping[str, object]) -> Sequence[Row]:
    connection.row_factory = sqlite3.Row
    # Each call is a way to the connection's thread and back: this does in one what others do in three.
    return list(await connection.execute_fetchall(sql, _plain(values)))


def _plain(values: Mapping[str, object]) -> Mapping[str, object]:
    """Returns values that SQLite has a type for: a list becomes JSON."""
    return {name: json.dumps(value) if isinstance(value, list) else value for name, value in values.items()}


async def _run_many(connection: aiosqlite.Connection, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
    await connection.executemany(sql, rows)
