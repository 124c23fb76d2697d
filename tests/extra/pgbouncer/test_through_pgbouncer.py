"""The contract suites of the stores, once more through PgBouncer, and servers that share it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.domain import Ports, sign_up
from leadnator_auth.domain.ports import Identities
from leadnator_auth.testing.contract import IdentitiesContract, UnitOfWorkContract
from tests.conftest import connected, sql_ports
from tests.contract.test_stores import (
    TestAdministrationRaces,
    TestCredentialStore,
    TestEvents,
    TestMailQueue,
    TestOneTimeTokens,
    TestRaces,
    TestSessions,
    TestUsers,
)
from tests.databases import PostgresqlServer, backend_of, migrate, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import HOST

__all__ = [
    "TestAdministrationRaces",
    "TestCredentialStore",
    "TestEvents",
    "TestIdentities",
    "TestMailQueue",
    "TestOneTimeTokens",
    "TestRaces",
    "TestSessions",
    "TestUnitOfWork",
    "TestUsers",
]


class TestIdentities(IdentitiesContract):
    """Who a session belongs to, through PgBouncer."""

    @pytest.fixture
    def identities(self, ports: Ports) -> Identities:
        return ports.identities


class TestUnitOfWork(UnitOfWorkContract):
    """Units of work through PgBouncer."""

    @pytest.fixture
    def world(self, ports: Ports) -> Ports:
        return ports


def test_a_database_is_migrated_through_it(pgbouncer: int, postgresql_server: PostgresqlServer) -> None:
    name = postgresql_server.new_database(migrated=False).partition("?")[0].rpartition("/")[2]
    url = f"postgresql://postgres@{HOST}:{pgbouncer}/{name}"
    assert migrate(url) is True
    assert migrate(url) is False


async def test_two_schemas_over_the_same_connections_never_see_each_other(
    pgbouncer: int, postgresql_server: PostgresqlServer
) -> None:
    name = postgresql_server.new_database(migrated=False).partition("?")[0].rpartition("/")[2]
    url = f"postgresql://postgres@{HOST}:{pgbouncer}/{name}"
    for schema in ("one", "two"):
        assert migrate(url, schema) is True
    async with AsyncExitStack() as stack:
        backends = [backend_of(url, prepared_statements=False, schema=schema) for schema in ("one", "two")]
        opened = [await stack.enter_async_context(connected(backend)) for backend in backends]
        worlds = [sql_ports(memory_ports(), connections) for connections in opened]
        await asyncio.gather(
            *(
                sign_up("Ada", f"ada-{number}@example.com", "correct horse", ports=ports)
                for ports in worlds
                for number in range(20)
            )
        )
    for schema in ("one", "two"):
        assert run_sql(url, f"SELECT count(*) FROM {schema}.users") == [(20,)]


def test_a_crowd_is_served_by_two_workers_over_a_few_connections(serve: Serve) -> None:
    server = serve("--workers", "2")
    emails = [f"user-{number}@example.com" for number in range(60)]
    with ThreadPoolExecutor(20) as threads:
        tokens = [answer.json["token"] for answer in threads.map(server.sign_up, emails)]
        for _ in range(3):
            answers = list(threads.map(lambda token: server.get("/api/auth/me", token), tokens))
            assert [answer.json["user"]["email"] for answer in answers] == emails
        ended = threads.map(lambda token: server.post_as(token, "/api/auth/logout").status, tokens)
        assert set(ended) == {200}
        assert {answer.status for answer in threads.map(server.log_in, emails)} == {200}
        assert {threads.submit(server.get, "/api/auth/me", token).result().status for token in tokens} == {401}
    assert server.stop() == 0
    assert "Traceback" not in server.log
    assert "unavailable" not in server.log
