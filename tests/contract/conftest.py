"""The store under test, over each adapter in turn."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadnator_auth.adapters.sql import Connections
from leadnator_auth.domain import Ports
from leadnator_auth.domain.ports import UnitOfWork
from tests.databases import backend_of


@pytest.fixture
def unit_of_work(ports: Ports) -> UnitOfWork:
    """Units of work over an empty store."""
    return ports.unit_of_work


@pytest.fixture(params=["sqlite", "postgresql"])
async def connections_to_nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connections]:
    """Connections to a database of each kind in turn that is not there."""
    nowhere = tmp_path / "nowhere"
    urls = {"sqlite": f"sqlite:///{nowhere}/test.db", "postgresql": f"postgresql://nobody@/none?host={nowhere}"}
    connections = Connections(backend_of(urls[request.param]))
    yield connections
    await connections.close()
