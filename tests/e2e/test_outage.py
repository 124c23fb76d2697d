"""PostgreSQL goes away, comes back, stalls, and is left in the middle: 503 meanwhile, and nothing is lost or leaked."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.databases import JWT_SECRET, PostgresqlServer, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import Answer, Server, free_port, run, until

pytestmark = pytest.mark.slow

LEAVERS = 500
POOL_SIZE = 4


@pytest.fixture(scope="module")
def postgresql(new_postgresql_server: Callable[[], PostgresqlServer]) -> PostgresqlServer:
    """A PostgreSQL server that tests may do harm to."""
    return new_postgresql_server()


@pytest.fixture(params=["postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Only this one: a SQLite file is there or it is not."""
    return str(request.param)


@pytest.fixture
def server(serve: Serve, postgresql: PostgresqlServer) -> Server:
    """A server of ours on a database there."""
    url = postgresql.new_database(migrated=False)
    return serve(DATABASE_URL=url, DATABASE_POOL_SIZE=str(POOL_SIZE))


@contextmanager
def frozen(postgresql: PostgresqlServer) -> Iterator[None]:
    """Stops all processes of PostgreSQL as they stand: connections stay open, and nobody answers."""
    first = psutil.Process(postgresql.pid())
    first.suspend()  # so that it begins no other
    processes = [first, *first.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def assert_told_to_come_again(answer: Answer) -> None:
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def connections_of(server: Server, condition: str = "true") -> int:
    ((count,),) = run_sql(
        server.database_url,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        f"AND {condition}",
    )
    return int(count)


class Load:
    """Clients that sign up and ask who they are, again and again, and remember every answer."""

    def __init__(self, server: Server) -> None:
        self.answers: list[Answer] = []
        self.acknowledged: dict[str, str] = {}
        """The token of each account whose sign-up was answered with 200."""
        self._server = server
        self._stopping = threading.Event()

    @contextmanager
    def on(self, clients: int) -> Iterator[None]:
        """Goes on beside the block."""
        with ThreadPoolExecutor(clients) as threads:
            working = [threads.submit(self._work, number) for number in range(clients)]
            try:
                yield
            finally:
                self._stopping.set()
            for each in working:
                each.result()

    def wait_for(self, more: int, status: int) -> None:
        """Returns when so many more answers had this status."""
        goal = self._count(status) + more
        until(lambda: self._count(status) >= goal, f"{more} more answers with {status}")

    def _count(self, status: int) -> int:
        return sum(answer.status == status for answer in self.answers)

    def _work(self, client: int) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            email = f"client-{client}-{number}@example.com"
            signed_up = self._server.sign_up(email)
            self.answers.append(signed_up)
            if signed_up.status == 200:
                self.acknowledged[email] = signed_up.json["token"]
                self.answers.append(self._server.get("/api/auth/me", signed_up.json["token"]))


def test_killed_and_started_again_under_load_it_costs_nothing_but_503s(
    server: Server, postgresql: PostgresqlServer
) -> None:
    load = Load(server)
    with load.on(clients=6):
        for _ in range(2):
            load.wait_for(20, 200)
            postgresql.crash()
            load.wait_for(10, 503)
            postgresql.start()
        load.wait_for(20, 200)

    assert {answer.status for answer in load.answers} == {200, 503}
    for answer in load.answers:
        if answer.status == 503:
            assert_told_to_come_again(answer)
    for email, token in load.acknowledged.items():
        assert server.get("/api/auth/me", token).status == 200, f"the sign-up of {email} was acknowledged"
    assert "Traceback" not in server.log
    assert connections_of(server) <= POOL_SIZE


def test_an_outage_that_nobody_noticed_costs_nothing(server: Server, postgresql: PostgresqlServer) -> None:
    token = server.sign_up().json["token"]
    for _ in range(2 * POOL_SIZE):
        assert server.get("/api/auth/me", token).status == 200
    postgresql.crash()
    postgresql.start()
    answers = [server.get("/api/auth/me", token).status for _ in range(2 * POOL_SIZE)]
    assert answers == [200] * (2 * POOL_SIZE)


def test_while_it_stalls_requests_are_told_so_and_afterwards_served(
    server: Server, postgresql: PostgresqlServer
) -> None:
    token = server.sign_up().json["token"]
    tries: list[Callable[[], Answer]] = [
        lambda: server.get("/api/auth/me", token),
        server.log_in,
        server.forgot,
        lambda: server.get("/readyz"),
        lambda: server.sign_up("bob@example.com"),
    ] * 3
    with frozen(postgresql), ThreadPoolExecutor(len(tries)) as threads:
        for stalled in [threads.submit(each) for each in tries]:
            assert_told_to_come_again(stalled.result())
        assert server.get("/healthz").status == 200
    until(lambda: server.get("/readyz").status == 200, "recovery")
    assert server.get("/api/auth/me", token).status == 200
    assert server.log_in().status == 200
    until(lambda: connections_of(server, "state <> 'idle'") == 0, "every connection at rest")
    assert connections_of(server) <= POOL_SIZE


def leave_in_the_middle(server: Server) -> None:
    """Sends a request and hangs up without waiting for its answer."""
    body = b'{"email":"alice@example.com"}'
    with server.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(
            b"POST /api/auth/forgot-password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )


def test_five_hundred_clients_that_hang_up_leave_no_connection_behind(server: Server) -> None:
    token = server.sign_up().json["token"]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda _: leave_in_the_middle(server), range(LEAVERS)))
    for _ in range(3 * POOL_SIZE):
        assert server.get("/api/auth/me", token).status == 200
        assert server.forgot("bob@example.com").status == 200
    until(lambda: connections_of(server, "state <> 'idle'") == 0, "every connection at rest")
    assert connections_of(server) <= POOL_SIZE
    assert "Traceback" not in server.log


def test_it_ends_in_good_order_while_the_database_is_away(server: Server, postgresql: PostgresqlServer) -> None:
    server.sign_up()
    postgresql.crash()
    try:
        assert_told_to_come_again(server.log_in())
        assert server.stop() == 0
    finally:
        postgresql.start()


def test_it_does_not_start_while_the_database_is_away_and_says_so_in_one_line(
    postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    url = postgresql.url("migrated").replace("postgres@", "postgres:geheimnis@")
    postgresql.crash()
    try:
        settings = {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET}
        done = run("serve", "--port", str(free_port()), home=tmp_path, settings=settings)
    finally:
        postgresql.start()
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: cannot open the database ")
    assert "geheimnis" not in line


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("mail", "list")], ids=" ".join)
def test_without_a_signing_secret_it_says_what_is_missing(
    postgresql: PostgresqlServer, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = postgresql.new_database(migrated=False)
    done = run(*command, home=tmp_path, settings={"LEADNATOR_DATABASE_URL": url})
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: LEADNATOR_JWT_SECRET: ")
    assert "32 bytes" in line
    assert run_sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    assert list(tmp_path.iterdir()) == []
