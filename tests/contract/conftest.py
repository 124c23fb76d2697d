"""The store under test, over each adapter in turn, and how its statements find their rows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.domain import Ports
from leadnator_auth.domain.ports import UnitOfWork
from tests.adapters.sql.plans import Statements, statements_seen, tables_without_schema, whole_tables_read
from tests.conftest import threads_ended
from tests.databases import backend_of

_EXPLAINED: set[tuple[str, str]] = set()
"""Kinds of databases, and the statements whose plan was looked at there."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """The statements that a test makes the store run."""
    return statements_seen(monkeypatch)


@pytest.fixture
async def ports(request: pytest.FixtureRequest, ports: Ports, statements: Statements) -> AsyncIterator[Ports]:
    """A world whose store is each of the adapters in turn, and finds its rows by an index."""
    yield ports
    if isinstance(ports.unit_of_work, SqlUnitOfWork):
        kind = str(request.node.callspec.params["ports"])
        new = {sql: values for sql, values in statements.items() if (kind, sql) not in _EXPLAINED}
        _EXPLAINED.update((kind, sql) for sql in new)
        assert await whole_tables_read(ports.unit_of_work.connections, new, kind) == []
        assert [sql for sql in new if tables_without_schema(sql)] == []


@pytest.fixture
def unit_of_work(ports: Ports) -> UnitOfWork:
    """Units of work over an empty store."""
    return ports.unit_of_work


@pytest.fixture(params=["sqlite", "postgresql"])
async def connections_to_nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connections]:
    """Connections to a database of each kind in turn that is not there."""
    nowhere = tmp_path / "nowhere"
    urls = {"sqlite": f"sqlite:///{nowhere}/test.db", "postgresql": f"postgresql://nobody@/none?host={nowhere}"}
    async with threads_ended():
        connections = Connections(backend_of(urls[request.param]))
        yield connections
        await connections.close()
