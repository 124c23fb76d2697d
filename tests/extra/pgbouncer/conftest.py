"""A PgBouncer in front of PostgreSQL, and the store of the contract suites behind it."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports
from tests.conftest import connected, sql_ports
from tests.contract.conftest import unit_of_work
from tests.databases import PostgresqlServer, backend_of, run_sql
from tests.e2e.conftest import serve
from tests.e2e.server import HOST, free_port, until

__all__ = ["serve", "unit_of_work"]

SERVER_CONNECTIONS = 3
"""Fewer than each of ours has: transactions of several clients take turns on each of them."""


@pytest.fixture(scope="session")
def pgbouncer(postgresql_server: PostgresqlServer) -> Iterator[int]:
    """The port of a PgBouncer that lends a connection for one transaction at a time."""
    port = free_port()
    folder = postgresql_server.folder
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={folder}\n[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 200\n"
    )
    for file in ("users.txt", "pgbouncer.ini"):
        (folder / file).chmod(0o644)
    user = ["-u", str(postgresql_server.system_user)] if os.geteuid() == 0 else []
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen(["pgbouncer", *user, str(folder / "pgbouncer.ini")], stdout=log, stderr=log)
    try:
        until(lambda: is_ready(port), f"PgBouncer; its log: {folder}/pgbouncer.log")
        yield port
    finally:
        process.terminate()
        process.wait()


def is_ready(port: int) -> bool:
    try:
        return run_sql(f"postgresql://postgres@{HOST}:{port}/postgres", "SELECT 1") == [(1,)]
    except OSError:
        return False


@pytest.fixture(params=["pgbouncer"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Nothing but this."""
    return str(request.param)


@pytest.fixture
def behind_pgbouncer(pgbouncer: int, postgresql_server: PostgresqlServer) -> str:
    """The URL of a new database, as seen through PgBouncer."""
    name = postgresql_server.new_database().partition("?")[0].rpartition("/")[2]
    return f"postgresql://postgres@{HOST}:{pgbouncer}/{name}"


@pytest.fixture
async def ports(memory: MemoryPorts, behind_pgbouncer: str) -> AsyncIterator[Ports]:
    """The world of `memory` with its store behind PgBouncer."""
    async with connected(backend_of(behind_pgbouncer, prepared_statements=False)) as connections:
        yield sql_ports(memory, connections)


@pytest.fixture
def database_settings(behind_pgbouncer: str, tmp_path: Path) -> object:
    """The settings of a server on a database behind PgBouncer."""
    return lambda: {
        "LEADNATOR_DATABASE_URL": behind_pgbouncer,
        "LEADNATOR_DATABASE_PREPARED_STATEMENTS": "off",
        "LEADNATOR_JWT_SECRET": "a secret for tests that is long enough for anybody",
    }
