"""The contract suites of the stores, once more through PgBouncer, and servers that share it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from leadnator_auth.domain import Ports
from leadnator_auth.domain.ports import Identities
from leadnator_auth.testing.contract import IdentitiesContract, UnitOfWorkContract
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
from tests.databases import PostgresqlServer, migrate
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
