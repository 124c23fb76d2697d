"""Fixtures for every test: worlds in memory, on SQLite, and the HTTP application over each."""

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.adapters.sql import (
    SQLITE,
    Connections,
    SqlIdentities,
    SqlReadiness,
    SqlUnitOfWork,
    migrate,
)
from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.http import create_app


@pytest.fixture
def memory() -> MemoryPorts:
    """A new world in memory."""
    return memory_ports()


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[Connections]:
    """Connections to a new SQLite database; none may be lent out when the test ends."""
    url = f"sqlite:///{tmp_path}/test.db"
    migrate(url)
    connections = Connections(url, SQLITE)
    await connections.open()
    yield connections
    await connections.drained()
    idle, size = connections.idle, connections.size
    await connections.close()
    assert idle == size, "a connection was leaked"


@pytest.fixture(params=["memory", "sqlite"])
def ports(request: pytest.FixtureRequest, memory: MemoryPorts) -> Ports:
    """A world whose store is each of the adapters in turn; its clock, randomness and mailbox are those of `memory`."""
    if request.param == "memory":
        return memory
    connections: Connections = request.getfixturevalue("connections")
    return sql_ports(memory, connections)


def sql_ports(memory: MemoryPorts, connections: Connections) -> Ports:
    """Returns the world of `memory` with its store replaced by SQL."""
    fields = attrs.asdict(memory, recurse=False)
    fields |= {
        "unit_of_work": SqlUnitOfWork(connections),
        "identities": SqlIdentities(connections),
        "readiness": SqlReadiness(connections),
    }
    return Ports(**fields)


@pytest.fixture
async def http(ports: Ports) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the HTTP application, in process, over `ports`."""
    transport = httpx2.ASGITransport(create_app(ports), client=("192.0.2.1", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client
