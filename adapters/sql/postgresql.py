"""PostgreSQL through asyncpg: settings, transactions and errors."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, partial

import asyncpg

from leadnator_auth.adapters.sql.address import PostgresqlAddress
from leadnator_auth.adapters.sql.backend import POSTGRESQL_POOL_SIZE, Backend, ConstraintError, Row, UnstorableError
from leadnator_auth.adapters.sql.postgresql_address import message_of, way_to
from leadnator_auth.adapters.sql.qualified import qualified
from leadnator_auth.domain.errors import ConcurrencyError, UnavailableError

CONNECT_SECONDS = 3.0
"""Unless the address says otherwise."""
_PREPARED_STATEMENTS = 100
ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All that asyncpg raises when the database is at fault or out of reach; a timeout is an OSError."""

# Two colons are a cast.
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


def postgresql(
    address: PostgresqlAddress, pool_size: int = POSTGRESQL_POOL_SIZE, *, prepared_statements: bool = True
) -> Backend:
    """Returns the database at an address, over at most this many connections, two at least.

    Without prepared statements it works through a PgBouncer older than 1.21 that pools transactions.
    """
    readers = max(pool_size // 2, 1)
    writers = max(pool_size - readers, 1)
    return Backend(
        # Neither `databases` nor asyncpg reads a URL: what they say of one that they misread could quote a password.
        url="postgresql://",
        options=way_to(address)
        | _pool_options(address, readers + writers, _PREPARED_STATEMENTS if prepared_statements else 0),
        on_open=(),
        # Who reads to write locks the rows: under READ COMMITTED they are the newest when the lock is there, and those
        # who want the same rows queue up. SERIALIZABLE would fail all of them but one.
        begin_writing="BEGIN ISOLATION LEVEL READ COMMITTED",
        begin_reading="BEGIN ISOLATION LEVEL REPEATABLE READ",
        # Not FOR UPDATE: that would hold up a new session of a user whom another transaction has read.
        row_lock=" FOR NO KEY UPDATE",
        is_one_of=" = ANY(:key)",
        domain_of=lambda column: f"split_part({column}, '@', 2)",
        join_by_id=lambda table, column: (
            f"CROSS JOIN LATERAL (SELECT * FROM {table} AS found WHERE found.id = {column} OFFSET 0) AS {table}"
        ),
        by_index=lambda index: "",
        skip_locked=" FOR UPDATE SKIP LOCKED",
        writers=writers,
        readers=readers,
        errors=ERRORS,
        translated=partial(_translated, secrets=address.secrets),
        fetch=partial(fetch, schema=address.schema),
        run=partial(_run, schema=address.schema),
        run_many=partial(_run_many, schema=address.schema),
        is_lost=_is_lost,
        hang_up=_hang_up,
    )


def connect_seconds(address: PostgresqlAddress) -> float | None:
    """Returns how long a connection may take to be there; None where it may take for ever, as libpq has it."""
    text = address.parameters.get("connect_timeout")
    return CONNECT_SECONDS if text is None else max(float(text), 0) or None


def _pool_options(address: PostgresqlAddress, size: int, prepared_statements: int) -> dict[str, float | None]:
    return {
        "min_size": 0,
        "max_size": size,
        "max_inactive_connection_lifetime": 0,
        "timeout": connect_seconds(address),
        "statement_cache_size": prepared_statements,
    }


def _translated(error: Exception, secrets: frozenset[str]) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name:
        return ConstraintError(error.constraint_name)
    if isinstance(error, asyncpg.DataError | UnicodeError) or _is_about_a_value(error):
        return UnstorableError(type(error).__name__)
    if isinstance(error, _COLLISIONS):
        return ConcurrencyError(message_of(error, secrets))
    return UnavailableError(message_of(error, secrets))


def _is_about_a_value(error: Exception) -> bool:
    """Returns whether asyncpg could not even send a value; its words would quote it."""
    is_its_own = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    return is_its_own and not isinstance(error, asyncpg.ClientConfigurationError)


async def fetch(
    connection: asyncpg.Connection, sql: str, values: Mapping[str, object], *, schema: str | None
) -> Sequence[Row]:
    """Runs a statement with `:name` for each of its values, on our tables in this schema; returns its rows."""
    statement, names = _numbered(sql, schema)
    rows: Sequence[Row] = await connection.fetch(statement, *[values[name] for name in names])
    return rows


async def _run(connection: asyncpg.Connection, sql: str, values: Mapping[str, object], *, schema: str | None) -> object:
    statement, names = _numbered(sql, schema)
    return await connection.execute(statement, *[values[name] for name in names])


async def _run_many(
    connection: asyncpg.Connection, sql: str, rows: Sequence[Mapping[str, object]], *, schema: str | None
) -> None:
    statement, names = _numbered(sql, schema)
    await connection.executemany(statement, [[row[name] for name in names] for row in rows])


@cache
def _numbered(sql: str, schema: str | None) -> tuple[str, tuple[str, ...]]:
    """Returns a statement with `$1` for its first `:name` and so on, on tables in a schema, and the names in order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    # The schema comes last: a colon in its name is none of a parameter.
    return qualified(_PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", sql), schema), names


def _is_lost(connection: asyncpg.Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # its place in the pool is empty already
        return True


def _hang_up(connection: asyncpg.Connection) -> None:
    with suppress(asyncpg.InterfaceError):
        connection.terminate()
