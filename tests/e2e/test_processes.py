"""Several processes over one database: what one of them ends is over in all of them, at the next request."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION
from tests.conftest import NewDatabase
from tests.databases import JWT_SECRET, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import PASSWORD, QUICK, Server, until

pytestmark = pytest.mark.slow


@pytest.fixture
def pair(serve: Serve, new_database: NewDatabase) -> tuple[Server, Server]:
    """Two servers, started one by one, that share a database and, in PostgreSQL by a setting, the secret."""
    shared = new_database(migrated=False)
    return serve(DATABASE_URL=shared), serve(DATABASE_URL=shared)


def test_a_token_of_one_process_is_good_in_the_other(pair: tuple[Server, Server]) -> None:
    here, there = pair
    token = here.sign_up().json["token"]
    assert there.get("/api/auth/me", token).status == 200


@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_log_out_here_is_a_log_out_there_at_once(pair: tuple[Server, Server], scope: str) -> None:
    here, there = pair
    token = here.sign_up().json["token"]
    for _ in range(10):
        assert there.get("/api/auth/me", token).status == 200
        assert here.post_as(token, f"/api/auth/logout?scope={scope}").status == 200
        assert there.get("/api/auth/me", token).status == 401
        token = there.log_in().json["token"]


def test_a_session_ended_there_is_over_here(pair: tuple[Server, Server]) -> None:
    here, there = pair
    first, second = here.sign_up().json["token"], there.log_in().json["token"]
    assert there.post_as(second, "/api/auth/logout?scope=others").status == 200
    assert here.get("/api/auth/me", first).status == 401
    assert here.get("/api/auth/me", second).status == 200


def test_a_changed_password_here_ends_the_sessions_there(pair: tuple[Server, Server]) -> None:
    here, there = pair
    mine, other = here.sign_up().json["token"], there.log_in().json["token"]
    changed = here.post_as(mine, "/api/auth/change-password", current_password=PASSWORD, password="new-password")
    assert changed.status == 200
    assert [there.get("/api/auth/me", token).status for token in (mine, other)] == [200, 401]
    assert there.log_in().status == 401
    assert there.log_in(password="new-password").status == 200


def test_a_mail_asked_for_is_sent_by_one_of_them_once(pair: tuple[Server, Server]) -> None:
    here, there = pair
    here.sign_up()
    for server in (here, there, here):
        assert server.forgot().status == 200
    folders = [server.home / "mail" for server in pair]

    def sent() -> list[str]:
        return sorted(file.name for folder in folders for file in folder.glob("*.eml"))

    until(lambda: len(sent()) >= 3, "three mails")
    assert here.stop() == there.stop() == 0
    ids = [name.partition("-")[2] for name in sent()]
    assert len(ids) == len(set(ids)) == 3


def test_ten_that_start_at_once_on_an_empty_database_all_come_up(tmp_path: Path, new_database: NewDatabase) -> None:
    settings = QUICK | {"LEADNATOR_DATABASE_URL": new_database(migrated=False), "LEADNATOR_JWT_SECRET": JWT_SECRET}
    servers = []
    for number in range(10):
        (tmp_path / str(number)).mkdir()
        servers.append(Server(tmp_path / str(number), (), settings))
    with ThreadPoolExecutor(10) as threads:
        try:
            list(threads.map(Server.start, servers))
            token = servers[0].sign_up().json["token"]
            assert {server.get("/api/auth/me", token).status for server in servers} == {200}
            assert list(threads.map(Server.stop, servers)) == [0] * 10
        finally:
            for server in servers:
                server.kill()
    assert run_sql(servers[0].database_url, "SELECT version_num FROM leadnator_auth_version") == [(SCHEMA_VERSION,)]


def test_what_one_worker_ends_is_over_in_all_of_them(serve: Serve) -> None:
    server = serve("--workers", "3")
    server.sign_up()
    for _ in range(5):
        token = server.log_in().json["token"]
        assert {server.get("/api/auth/me", token).status for _ in range(12)} == {200}
        assert server.post_as(token, "/api/auth/logout").status == 200
        assert {server.get("/api/auth/me", token).status for _ in range(12)} == {401}
    assert server.stop() == 0


def test_a_suspended_user_is_out_everywhere_at_once(pair: tuple[Server, Server]) -> None:
    here, there = pair
    token = here.sign_up().json["token"]
    assert [server.get("/api/auth/me", token).status for server in pair] == [200, 200]
    run_sql(here.database_url, "UPDATE users SET status = 'suspended'")
    assert [server.get("/api/auth/me", token).status for server in pair] == [401, 401]
    assert there.log_in().status == 403
