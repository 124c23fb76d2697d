"""The process: how it stops, what outlives it, and what it makes of many clients at once."""

import select
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from socket import socket
from stat import S_IMODE
from threading import Barrier

import pytest

from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_link, reset_secret
from tests.e2e.server import HOST, PASSWORD, Answer, Server, free_port, parsed_mail, read_answer, until

pytestmark = pytest.mark.slow

LOG_IN_BODY = b'{"email":"alice@example.com","password":"minimum-6-chars"}'
JSON_TYPE = {"Content-Type": "application/json"}


def all_at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Returns the answers to this many calls that start together."""
    start = Barrier(count)

    def wait_and_act(number: int) -> Answer:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(wait_and_act, range(count)))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def mode_of(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_log_in_that_is_under_way_is_finished_before_the_server_ends(serve: Serve, number: signal.Signals) -> None:
    server = serve(BCRYPT_COST="13")
    server.sign_up()
    with closing(server.connection()) as connection:
        connection.request("GET", "/healthz")
        assert read_answer(connection).status == 200
        connection.request("POST", "/api/auth/login", LOG_IN_BODY, JSON_TYPE)
        # Answered after the log-in was read, and long before its hash is done.
        assert server.get("/healthz").status == 200
        assert select.select([connection.sock], [], [], 0) == ([], [], [])

        server.signal(number)

        answer = read_answer(connection)
    assert answer.status == 200
    assert server.exit_code() == 0
    server.start()
    assert server.get("/api/auth/me", answer.json["token"]).status == 200


HEAD_OF_A_LOG_IN = (
    b"POST /api/auth/login HTTP/1.1\r\nHost: auth.test\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(LOG_IN_BODY)
)


@contextmanager
def told_to_end_in_the_middle_of_a_log_in(server: Server, number: signal.Signals, processes: int) -> Iterator[socket]:
    """Lends the connection of a log-in whose body is waited for; all processes have begun to end."""
    # One that is still starting ends at once, and without a line.
    until(lambda: server.log.count('"Application startup complete."') == processes, "the start of all processes")
    with server.socket() as connection:
        connection.sendall(HEAD_OF_A_LOG_IN)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        server.signal(number)
        until(lambda: server.log.count('"Shutting down"') == processes, "the beginning of the end")
        yield connection


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ctrl_c_while_it_ends_cuts_requests_off_without_an_answer(
    serve: Serve, number: signal.Signals, processes: int
) -> None:
    """Waited for, the log-in would be answered 408."""
    server = serve("--workers", str(processes))
    with told_to_end_in_the_middle_of_a_log_in(server, number, processes) as connection:
        server.signal(signal.SIGINT)
        assert connection.recv(65536) == b""
    assert server.exit_code() == 0
    assert "Traceback" not in server.log
    assert '"level": "error"' not in server.log
    server.start()
    assert server.sign_up().status == 200


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_again_it_still_lets_requests_end(serve: Serve, number: signal.Signals, processes: int) -> None:
    """A service manager may tell each process, and so may the one that started them."""
    server = serve("--workers", str(processes))
    with told_to_end_in_the_middle_of_a_log_in(server, number, processes) as connection:
        server.signal(signal.SIGTERM)
        connection.sendall(LOG_IN_BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
    assert server.exit_code() == 0
    assert '"level": "error"' not in server.log


def test_an_idle_server_ends_with_success_and_can_be_started_again(server: Server) -> None:
    assert server.stop() == 0
    server.start()
    server.signal(signal.SIGINT)
    assert server.exit_code() == 0
    assert "Traceback" not in server.log


def test_an_account_and_its_token_outlive_a_crash_right_after_the_sign_up(server: Server) -> None:
    signed_up = server.sign_up()
    server.kill()
    assert signed_up.status == 200

    server.start()

    assert server.get("/api/auth/me", signed_up.json["token"]).status == 200
    assert server.log_in().status == 200


@pytest.mark.slow
def test_no_acknowledged_sign_up_is_lost_in_crash_after_crash(server: Server) -> None:
    tokens: list[str] = []
    for crash in range(5):
        answer = server.sign_up(f"user-{crash}@example.com")
        server.kill()
        assert answer.status == 200
        tokens.append(answer.json["token"])
        server.start()

    assert [server.get("/api/auth/me", token).status for token in tokens] == [200] * 5
    assert [server.log_in(f"user-{crash}@example.com").status for crash in range(5)] == [200] * 5


def test_only_its_owner_may_read_what_it_keeps_in_files(server: Server, database_kind: str) -> None:
    server.sign_up()
    server.forgot()
    server.mails(1)

    kept = [path for path in server.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".eml" for path in kept)
    assert database_kind != "sqlite" or {path.name for path in kept} >= {"leadnator.db", "leadnator.db.secret"}
    assert {path.name: mode_of(path) for path in kept} == {path.name: 0o600 for path in kept}


def test_a_reset_mail_outlives_a_crash_right_after_it_was_asked_for(serve: Serve) -> None:
    port = free_port()  # where nobody listens yet
    server = serve(SMTP_URL=f"smtp://{HOST}:{port}")
    server.sign_up()
    answer = server.forgot()
    server.kill()
    assert (answer.status, answer.json) == (200, {"ok": True})

    inbox = Inbox()
    with receiving(inbox, port):
        server.start()
        until(lambda: inbox.mails, f"the mail; the log says:\n{server.log}")
        assert server.stop() == 0

    assert [mail.recipients for mail in inbox.mails] == [["alice@example.com"]]
    server.start()
    secret = reset_secret(parsed_mail(inbox.mails[0].content))
    assert server.post("/api/auth/reset-password", token=secret, password="new-password").status == 200


@pytest.mark.slow
def test_a_mail_waits_for_a_mail_server_that_is_away(serve: Serve) -> None:
    port = free_port()
    server = serve(SMTP_URL=f"smtp://{HOST}:{port}")
    server.sign_up()
    assert server.forgot().status == 200
    until(lambda: '"delayed": 1' in server.log, "the first, failing attempt")

    inbox = Inbox()
    with receiving(inbox, port):
        until(lambda: inbox.mails, f"the mail; the log says:\n{server.log}")

    assert reset_link(parsed_mail(inbox.mails[0].content)).startswith(f"{server.url}/reset-password?token=")


def test_one_of_twenty_sign_ups_with_one_address_wins(server: Server) -> None:
    answers = all_at_once(20, lambda number: server.sign_up(password=f"password-{number}"))

    assert statuses(answers) == {200: 1, 409: 19}
    winner = [answer.status for answer in answers].index(200)
    assert server.log_in(password=f"password-{winner}").status == 200


def test_one_of_sixteen_resets_with_one_token_wins(server: Server) -> None:
    server.sign_up()
    server.forgot()
    secret = reset_secret(server.mails(1)[0])

    def reset(number: int) -> Answer:
        return server.post("/api/auth/reset-password", token=secret, password=f"password-{number}")

    answers = all_at_once(16, reset)

    assert statuses(answers) == {200: 1, 400: 15}
    assert {answer.json["code"] for answer in answers if answer.status == 400} == {"invalid_reset_token"}
    winner = [answer.status for answer in answers].index(200)
    assert server.log_in(password=f"password-{winner}").status == 200
    assert server.log_in(password=PASSWORD).status == 401


def test_several_workers_serve_as_one(serve: Serve) -> None:
    server = serve("--workers", "2")
    token = server.sign_up().json["token"]

    answers = all_at_once(20, lambda _: server.get("/api/auth/me", token))

    assert statuses(answers) == {200: 20}
    assert server.stop() == 0
    assert "Traceback" not in server.log
