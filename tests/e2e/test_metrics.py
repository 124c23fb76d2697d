"""GET /metrics of the real server: after a short life, over two processes, and after one of them was killed."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_secret
from tests.e2e.server import DEADLINE_SECONDS, Server, until
from tests.http.test_metrics import figure

pytestmark = pytest.mark.slow

HEALTH = {"route": "/healthz", "method": "GET", "status": "200"}


def text_of(server: Server) -> str:
    answer = server.get("/metrics")
    assert answer.status == 200
    return answer.content.decode()


def test_a_short_life_is_told(server: Server) -> None:
    server.sign_up()
    assert server.log_in(password="wrong-password").status == 401
    assert server.log_in().status == 200
    server.forgot()
    secret = reset_secret(server.mails(1)[0])
    assert server.post("/api/auth/reset-password", token=secret, password="new-password").status == 200
    until(lambda: figure(text_of(server), "mails_total", outcome="delivered") == 2, "the link and the notice")

    text = text_of(server)
    assert figure(text, "signups_total", outcome="ok") == 1
    assert figure(text, "logins_total", outcome="ok") == 1
    assert figure(text, "logins_total", outcome="invalid_credentials") == 1
    assert figure(text, "reset_requests_total", outcome="ok") == 1
    assert figure(text, "password_resets_total", outcome="ok") == 1
    assert figure(text, "password_hash_duration_seconds_count") == 4
    assert figure(text, "mail_queue_mails", state="sent") == 2
    assert figure(text, "mail_queue_mails", state="queued") == 0
    assert figure(text, "database_up") == 1
    assert figure(text, "workers") == 1
    route = {"route": "/api/auth/login", "method": "POST"}
    assert figure(text, "http_requests_total", status="401", **route) == 1
    assert server.stop() == 0


@pytest.fixture
def pair(serve: Serve, tmp_path: Path) -> Server:
    """A server of two processes, both of which serve."""
    server = serve("--workers", "2")
    until(lambda: figure(text_of(server), "workers") == 2, "both processes")
    return server


def workers_of(server: Server) -> list[psutil.Process]:
    """Returns the processes that serve."""
    assert server.process is not None
    children = psutil.Process(server.process.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def shared_folders(server: Server) -> set[str]:
    """Returns the folders of the files that a process maps for its figures."""
    paths = [Path(file.path) for worker in workers_of(server) for file in worker.memory_maps()]
    return {str(path.parent) for path in paths if path.parent.name.startswith("leadnator-auth-metrics-")}


def ask(server: Server, count: int) -> None:
    """Sends requests over connections of their own, which the processes share between them."""
    for _ in range(count):
        assert server.get("/healthz").status == 200


def health_count(server: Server) -> float:
    return figure(text_of(server), "http_requests_total", **HEALTH)


def test_whichever_process_is_asked_tells_the_sum_of_both(pair: Server) -> None:
    ask(pair, 40)
    for _ in range(20):
        text = text_of(pair)
        assert figure(text, "http_requests_total", **HEALTH) == 40
        assert figure(text, "http_request_duration_seconds_count", **HEALTH) == 40
    one = {"sqlite": 3, "postgresql": 8}[pair.database_url.partition(":")[0]]
    until(lambda: figure(text_of(pair), "database_pool_size") == 2 * one, "the levels of both")


def test_what_a_killed_process_counted_stays_and_its_successor_goes_on(pair: Server) -> None:
    ask(pair, 40)
    for worker in workers_of(pair):
        worker.send_signal(signal.SIGKILL)
        worker.wait(DEADLINE_SECONDS)
        until(lambda: figure(text_of(pair), "workers") == 2, "the successor")
        assert health_count(pair) == 40
    ask(pair, 10)
    assert health_count(pair) == 50
    (folder,) = shared_folders(pair)
    assert len(list(Path(folder).iterdir())) == 2


def test_the_folder_of_the_figures_goes_with_the_server(pair: Server) -> None:
    (folder,) = shared_folders(pair)
    assert Path(folder).exists()
    assert pair.stop() == 0
    assert not Path(folder).exists()


def test_a_single_process_needs_no_folder(server: Server) -> None:
    assert server.process is not None
    maps = psutil.Process(server.process.pid).memory_maps()
    assert not [file for file in maps if "leadnator-auth-metrics-" in file.path]
