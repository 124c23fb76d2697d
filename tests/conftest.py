"""Fixtures for every test: worlds in memory, on SQLite, on PostgreSQL, and the HTTP application over each."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.adapters.sql import Backend, Connections, SqlIdentities, SqlRateLimits, SqlReadiness, SqlUnitOfWork
from leadnator_auth.domain import EmailVerification, Policy, Ports
from leadnator_auth.entrypoints.http import create_app
from tests.databases import PostgresqlServer, backend_of, empty, migrate

DATABASES = ["sqlite", "postgresql"]
MEMORY = "/dev/shm"  # noqa: S108


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell makes what it runs in the background ignore Ctrl-C, and so would the programs that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class NewDatabase(Protocol):
    """Makes databases of the kind that is tested."""

    def __call__(self, *, migrated: bool = True) -> str:
        """Returns the URL of a new one, with the tables or empty."""


@pytest.fixture
def memory() -> MemoryPorts:
    """A new world in memory; who signs up there is not mailed to, so that tests count the mails they are about."""
    return memory_ports(policy=Policy(email_verification=EmailVerification.OFF))


def _has_room(folder: str) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 8 * 2**30


@pytest.fixture(scope="session")
def new_postgresql_server() -> Iterator[Callable[[], PostgresqlServer]]:
    """Starts PostgreSQL servers, which end with the session."""
    # Not in pytest's own folder: the path of a Unix socket is short, and its user must get there.
    # In memory where there is room: some hundred databases take a minute to delete from a disk.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=MEMORY if _has_room(MEMORY) else None))
    servers: list[PostgresqlServer] = []

    def start() -> PostgresqlServer:
        (folder / str(len(servers))).mkdir()
        servers.append(PostgresqlServer(folder / str(len(servers))))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_server(new_postgresql_server: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """The PostgreSQL server of all tests that do it no harm."""
    return new_postgresql_server()


@pytest.fixture(scope="session")
def shared_postgresql(postgresql_server: PostgresqlServer) -> str:
    """A database for one test after the other; each empties it first."""
    return postgresql_server.new_database()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and nothing in them, to be copied, a hundred times as quick as to make one."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that is tested: each in turn."""
    return str(request.param)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> NewDatabase:
    """Makes databases of each kind in turn."""
    count = 0

    def new(*, migrated: bool = True) -> str:
        nonlocal count
        count += 1
        if database_kind == "postgresql":
            server: PostgresqlServer = request.getfixturevalue("postgresql_server")
            return server.new_database(migrated=migrated)
        file = tmp_path / f"test-{count}.db"
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        return f"sqlite:///{file}"

    return new


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """A new database of each kind in turn, which nothing is connected to."""
    return new_database()


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Returns the URL of a database of this kind, with tables and nothing in them; one a test."""

    def emptied(kind: str) -> str:
        if kind == "postgresql":
            url: str = request.getfixturevalue("shared_postgresql")
            empty(url)
            return url
        file = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        return f"sqlite:///{file}"

    return emptied


@asynccontextmanager
async def threads_ended() -> AsyncIterator[None]:
    """Waits for the threads of connections that could not be opened in the block: aiosqlite ends them unseen.

    They tell so to the loop of the test, which must not be closed by then. A thread of a connection that is still open
    is let go on.
    """
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 1)


@asynccontextmanager
async def connected(backend: Backend) -> AsyncIterator[Connections]:
    """Lends connections to a database; none may be lent out when the block ends."""
    async with threads_ended():
        connections = Connections(backend)
        try:
            yield connections
            await connections.drained()
            assert connections.idle == connections.size, "a connection was leaked"
        finally:
            await connections.close()


@pytest.fixture
async def connections(database_kind: str, empty_database: Callable[[str], str]) -> AsyncIterator[Connections]:
    """Connections to an empty database of each kind in turn; none may be lent out when the test ends."""
    async with connected(backend_of(empty_database(database_kind))) as opened:
        yield opened


@pytest.fixture(params=["memory", *DATABASES])
async def ports(
    request: pytest.FixtureRequest, memory: MemoryPorts, empty_database: Callable[[str], str]
) -> AsyncIterator[Ports]:
    """A world whose store is each of the adapters in turn; its clock, randomness and mailbox are those of `memory`."""
    if request.param == "memory":
        yield memory
        return
    async with connected(backend_of(empty_database(request.param))) as opened:
        yield sql_ports(memory, opened)


def sql_ports(memory: MemoryPorts, connections: Connections) -> Ports:
    """Returns the world of `memory` with its store replaced by SQL."""
    fields = attrs.asdict(memory, recurse=False)
    fields |= {
        "unit_of_work": SqlUnitOfWork(connections, memory.unit_of_work.on_commit),
        "identities": SqlIdentities(connections),
        "rate_limits": SqlRateLimits(connections),
        "readiness": SqlReadiness(connections),
    }
    return Ports(**fields)


@pytest.fixture
async def http(ports: Ports) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the HTTP application, in process, over `ports`."""
    transport = httpx2.ASGITransport(create_app(ports), client=("192.0.2.1", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client
