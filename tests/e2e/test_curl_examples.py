"""The curl examples of the source document, run by bash, unchanged but for the base URL and the placeholders."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.mails import reset_link, reset_secret, verification_link
from tests.e2e.server import DEADLINE_SECONDS, PASSWORD, Answer, Server, clean_environment

_FILE = Path(__file__).with_name("contract_examples.sh")
_, SIGN_UP, LOG_IN, ME, FORGOT, RESET = _FILE.read_text("utf-8").split("\n\n")
DOCUMENTED_BASE = "https://api.leadnator.com"
CURLRC = 'silent\nshow-error\nnoproxy = "*"\nmax-time = 60\nwrite-out = "\\n%{http_code}"\n'


class Shell(NamedTuple):
    """Runs examples against a server."""

    server: Server
    curl_home: Path

    def run(self, example: str, **placeholders: str) -> Answer:
        """Runs one; the settings file of curl adds the status to its output, so that the example needs no change."""
        assert DOCUMENTED_BASE in example
        command = example.replace(DOCUMENTED_BASE, self.server.url)
        for placeholder, value in placeholders.items():
            assert command.count(PLACEHOLDERS[placeholder]) == 1
            command = command.replace(PLACEHOLDERS[placeholder], value)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=clean_environment({"CURL_HOME": str(self.curl_home)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        body, _, status = done.stdout.rpartition(b"\n")
        return Answer(int(status), {}, body)


PLACEHOLDERS = {"password": "…", "jwt": "YOUR_JWT", "reset_token": "reset_xyz…"}


@pytest.fixture
def shell(default_server: Server, tmp_path: Path) -> Shell:
    """Runs examples against a server in an empty folder, for which nothing was set."""
    (tmp_path / ".curlrc").write_text(CURLRC)
    return Shell(default_server, tmp_path)


def is_jwt(token: object) -> bool:
    return isinstance(token, str) and re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII) is not None


def problem(answer: Answer) -> tuple[int, Any, Any]:
    return answer.status, answer.json["code"], answer.json["title"]


def test_the_sign_up_example_makes_an_account_once(shell: Shell) -> None:
    answer = shell.run(SIGN_UP)

    assert answer.status == 200
    assert answer.json.keys() == {"token", "user"}
    assert is_jwt(answer.json["token"])
    user = dict(answer.json["user"])
    assert re.fullmatch(r"u_[A-Za-z0-9_-]{16,}", user.pop("id"))
    assert user == {
        "name": "Alice",
        "email": "alice@example.com",
        "role": "user",
        "plan": "Starter",
        "status": "active",
    }
    assert problem(shell.run(SIGN_UP)) == (409, "email_taken", "Email already in use")


def test_the_log_in_example_works_with_the_right_password_only(shell: Shell) -> None:
    signed_up = shell.run(SIGN_UP).json["user"]

    assert problem(shell.run(LOG_IN)) == (401, "invalid_credentials", "Invalid credentials")

    answer = shell.run(LOG_IN, password=PASSWORD)
    assert answer.status == 200
    assert answer.json.keys() == {"token", "user"}
    assert is_jwt(answer.json["token"])
    assert answer.json["user"] == {"id": signed_up["id"], "name": "Alice", "role": "user"}


def test_the_me_example_shows_the_user_of_a_real_token(shell: Shell) -> None:
    signed_up = shell.run(SIGN_UP).json

    answer = shell.run(ME, jwt=signed_up["token"])
    assert answer.status == 200
    expected = {"name": "Alice", "email": "alice@example.com", "role": "user", "plan": "Starter"}
    assert answer.json == {"user": {"id": signed_up["user"]["id"], **expected}}

    assert problem(shell.run(ME)) == (401, "invalid_token", "Invalid token")


def test_the_reset_examples_set_a_new_password_once(shell: Shell) -> None:
    old_token = shell.run(SIGN_UP).json["token"]

    forgot = shell.run(FORGOT)
    assert (forgot.status, json.loads(forgot.content)) == (200, {"ok": True})

    welcome, mail = shell.server.mails(2)
    assert mail["To"] == welcome["To"] == "alice@example.com"
    assert verification_link(welcome).startswith(f"{shell.server.url}/verify-email?token=verify_")
    assert reset_link(mail).startswith(f"{shell.server.url}/reset-password?token=reset_")
    secret = reset_secret(mail)

    assert problem(shell.run(RESET)) == (400, "invalid_reset_token", "Invalid or expired reset token")
    reset = shell.run(RESET, reset_token=secret)
    assert (reset.status, reset.json) == (200, {"ok": True})
    again = shell.run(RESET, reset_token=secret)
    assert problem(again) == (400, "invalid_reset_token", "Invalid or expired reset token")

    assert shell.run(LOG_IN, password="new-password").status == 200
    assert shell.run(LOG_IN, password=PASSWORD).status == 401
    assert shell.run(ME, jwt=old_token).status == 401
    _, second, notice = shell.server.mails(3)
    assert second["Message-ID"] == mail["Message-ID"]
    assert "reset_" not in notice.as_string()


def test_the_forgot_example_answers_the_same_for_nobody_and_mails_nobody(shell: Shell) -> None:
    for_nobody = shell.run(FORGOT)
    shell.run(SIGN_UP)
    for_alice = shell.run(FORGOT)

    assert (for_nobody.status, for_nobody.content) == (for_alice.status, for_alice.content)
    # Mails leave in the order they were asked for: once Alice's is there, nobody's would be, too.
    assert len(shell.server.mails(2)) == 2  # that of the sign-up, and the link
