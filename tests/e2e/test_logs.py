"""The logs: they tell what happened, hold no secret, and no client can forge a line of them."""

import json
import re
from pathlib import Path

import pytest

from tests.databases import JWT_SECRET, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_secret
from tests.e2e.server import Server

pytestmark = pytest.mark.slow

FIRST_PASSWORD = "first-Pa55word-of-alice"
SECOND_PASSWORD = "second-Pa55word-of-alice"
WRONG_PASSWORD = "wrong-Pa55word-of-mallory"
HOSTILE_PATH = b"/a%0D%0A%7B%22forged%22:1%7D%1B%5B31m%00%E2%80%A8%C2%85b"
HOSTILE_USER_AGENTS = [b'"tab\t\xe2\x80\xa8 \xff\\', b"escape\x1b[31m\x07"]


def hashes_in(server: Server) -> list[str]:
    return [row[0] for row in run_sql(server.database_url, "SELECT password_hash FROM credentials")]


def secrets_of_a_whole_life(server: Server) -> list[str]:
    """Uses every credential there is, well and badly, and returns them all."""
    signed_up = server.sign_up(password=FIRST_PASSWORD).json["token"]
    first_hashes = hashes_in(server)
    assert server.log_in(password=WRONG_PASSWORD).status == 401
    assert server.sign_up(password=WRONG_PASSWORD).status == 409
    assert server.get("/api/auth/me", signed_up).status == 200
    server.get(f"/api/auth/me?token={signed_up}")
    server.get(f"/nowhere?token={signed_up}")
    assert server.get("/api/auth/me", signed_up + "x").status == 401
    server.forgot()
    secret = reset_secret(server.mails(1)[0])
    server.get(f"/reset-password?token={secret}")
    assert server.post("/api/auth/reset-password", token=secret, password="short").status == 400
    assert server.post("/api/auth/reset-password", token=secret, password=SECOND_PASSWORD).status == 200
    assert server.post("/api/auth/reset-password", token=secret, password=WRONG_PASSWORD).status == 400
    logged_in = server.log_in(password=SECOND_PASSWORD).json["token"]
    server.mails(2)
    passwords = [FIRST_PASSWORD, SECOND_PASSWORD, WRONG_PASSWORD]
    file = server.home / "leadnator.db.secret"
    signing_secret = file.read_text().strip() if file.exists() else JWT_SECRET
    signatures = [token.rpartition(".")[2] for token in (signed_up, logged_in)]
    return [*passwords, *first_hashes, *hashes_in(server), *signatures, secret, signing_secret]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_is_logged_even_when_everything_is(serve: Serve, log_format: str) -> None:
    server = serve(LOG_LEVEL="debug", LOG_FORMAT=log_format)

    secrets = secrets_of_a_whole_life(server)
    assert server.stop() == 0

    assert len(set(secrets)) == len(secrets) == 9
    log = server.log
    assert "/api/auth/me" in log
    assert [secret for secret in secrets if secret in log] == []
    assert re.findall(r"token=|\$2[aby]\$|Bearer|reset_[\w-]{10,}|eyJ", log) == []
    assert "Traceback" not in log
    assert "@example.com" not in log.lower(), "no address of anybody, either"


def test_a_json_log_is_one_object_a_line_whatever_a_client_sends(serve: Serve) -> None:
    server = serve(LOG_FORMAT="json", LOG_LEVEL="debug")

    send_hostile_requests(server)
    send_nonsense(server)
    assert server.stop() == 0

    lines = server.log.removesuffix("\n").split("\n")
    events = [json.loads(line) for line in lines]
    assert {type(event) for event in events} == {dict}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event["timestamp"]) for event in events)
    assert [event for event in events if "forged" in event] == []
    assert any("forged" in str(event.get("path")) for event in events)


def test_a_text_log_is_one_event_a_line_and_steers_no_terminal(serve: Serve) -> None:
    server = serve(LOG_FORMAT="text")

    send_hostile_requests(server)
    send_nonsense(server)
    assert server.stop() == 0

    assert [line for line in server.log.split("\n") if not line.isprintable()] == []
    assert [line for line in server.log.splitlines() if line.lstrip().startswith("{")] == []


def test_where_a_mail_was_written_is_logged(server: Server) -> None:
    server.sign_up()
    server.forgot()
    server.mails(1)
    assert server.stop() == 0

    (file,) = (server.home / "mail").glob("*.eml")
    assert str(Path("mail") / file.name) in server.log


def send_hostile_requests(server: Server) -> None:
    for user_agent in HOSTILE_USER_AGENTS:
        with server.socket() as connection:
            connection.sendall(
                b"GET " + HOSTILE_PATH + b" HTTP/1.1\r\nHost: x\r\nUser-Agent: " + user_agent + b"\r\n"
                b'X-Forwarded-For: "><script>\r\nConnection: close\r\n\r\n'
            )
            while connection.recv(65536):
                pass


def send_nonsense(server: Server) -> None:
    """Sends what is no HTTP; the server has to survive it."""
    with server.socket() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x1b[31m\r\n\r\n")
        while connection.recv(65536):
            pass
    assert server.get("/healthz").status == 200
