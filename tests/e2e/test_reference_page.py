"""Every command on the reference page, run by bash as it is shown there, against the server that shows it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from tests.databases import run_sql
from tests.e2e.server import DEADLINE_SECONDS, QUICK, Server, clean_environment, run, until
from tests.http.reference_page import ReferencePage

CURLRC = 'noproxy = "*"\nmax-time = 60\n'
BEFORE_THE_OTHERS = ["sign_up", "log_in", "get_me", "list_sessions", "end_session", "create_media_token"]
AFTER_THE_OTHERS = [
    "delete_webhook",
    "change_password",
    "log_out",
    "undo_email_change",
    "forgot_password",
    "reset_password",
    "log_in_code",
    "log_in_code_confirm",
    "create_token_pair",
    "delete_account",
]
"""The first set a new password to what the last expect; a reset ends every session; a code goes to the old address."""


WITH_AN_AUTHENTICATOR = [each.name for each in OPERATIONS if "passkey" in each.name or each.name == "related_origins"]
"""What authenticators answer and not curl; and an IP address has no passkeys."""


class Shell(NamedTuple):
    """A bash in the folder of a server, which keeps the variables that are set in it."""

    server: Server
    folder: Path

    def run(self, command: str) -> str:
        """Returns what a command prints, as somebody who pastes it would see it."""
        kept = self.folder / "variables"
        kept.touch()
        script = f"source {kept}\n{command}\ndeclare -p {' '.join(VARIABLES)} 2>/dev/null >{kept} || true"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.server.home,
            env=clean_environment(
                {"CURL_HOME": str(self.folder), "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


OATHTOOL = """#!{python}
import sys, pyotp
assert sys.argv[1:3] == ["--totp", "-b"]
print(pyotp.TOTP(sys.argv[3]).now())
"""
"""What the page needs of oathtool, which not every machine has."""
MAILED = ("VERIFY_TOKEN", "EMAIL_TOKEN", "UNDO_TOKEN", "RESET_TOKEN")
IDS = ("SESSION_ID", "API_KEY_ID", "API_KEY", "USER_ID", "WEBHOOK_ID", "DELIVERY_ID")
VARIABLES = (
    "TOKEN",
    "REFRESH_TOKEN",
    *IDS,
    *MAILED,
    "CHALLENGE",
    "CODE",
    "TOTP_CODE",
    "RECOVERY_CODE",
    "MFA_CHALLENGE",
)


@pytest.fixture
def default_server(tmp_path: Path) -> Iterator[Server]:
    """A server in an empty folder for which nothing was set but what is off otherwise."""
    server = Server(tmp_path, (), {"LEADNATOR_EMAIL_CODE_LOGIN": "on"})
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def page(default_server: Server) -> ReferencePage:
    """The page that the server shows."""
    return ReferencePage(default_server.get("/docs").content.decode())


@pytest.fixture
def shell(default_server: Server, tmp_path: Path) -> Shell:
    """A shell beside that server."""
    (tmp_path / ".curlrc").write_text(CURLRC)
    oathtool = tmp_path / "oathtool"
    oathtool.write_text(OATHTOOL.format(python=sys.executable))
    oathtool.chmod(0o755)
    return Shell(default_server, tmp_path)


def is_alike(answer: Any, printed: Any, schema: Schema) -> bool:  # JSON of any type
    """Returns whether an answer has the shape that is printed: names, kinds of values, items of lists.

    The schema says where names are data, and where there may be nothing.
    """
    if None in (answer, printed) and "null" in schema.get("type", ""):
        return True
    if type(answer) is not type(printed):
        return False
    if isinstance(schema.get("additionalProperties"), Mapping) or (
        "properties" not in schema and isinstance(answer, dict)
    ):
        return True
    if isinstance(answer, dict):
        members = schema["properties"]
        same = answer.keys() == printed.keys()
        return same and all(is_alike(value, printed[name], members[name]) for name, value in answer.items())
    if not isinstance(answer, list) or not printed:
        return True
    return all(is_alike(item, printed[0], schema["items"]) for item in answer)


def is_as_printed(answer: str, operation: Operation, page: ReferencePage) -> bool:
    """Returns whether an answer is like the one on the page; where none is there, it has no body, unlike a refusal."""
    if operation.status is not HTTPStatus.OK:
        return answer == ""
    printed = page.snippet(operation.name, "Response 200 OK")
    if operation.media_type == "application/json":
        return is_alike(json.loads(answer), json.loads(printed), operation.success)
    return has_all_figures(answer, printed)


def has_all_figures(answer: str, printed: str) -> bool:
    """Returns whether an answer in text has every metric that is printed, with the same meaning."""
    answered, shown = ({line.partition("}")[0] for line in text.splitlines()} for text in (answer, printed))
    return shown <= answered


def wait_for_secret(server: Server, purpose: str) -> None:
    """Waits for a mail with a secret for this purpose."""
    mails = server.home / "mail"
    until(lambda: any(f"{purpose}_" in file.read_text() for file in mails.glob("*.eml")), f"a mail to {purpose}")


def wait_for_codes(server: Server, count: int) -> None:
    """Waits for so many mails with a code."""
    mails = server.home / "mail"
    until(lambda: sum("code to log in" in file.read_text() for file in mails.glob("*.eml")) == count, "mailed codes")


def test_every_command_answers_as_the_page_says(shell: Shell, page: ReferencePage) -> None:
    setting = {each.text.partition("=")[0]: each.text for each in page.snippets if each.place == "examples"}
    del setting["PASSKEY_ID"]
    apart = [*BEFORE_THE_OTHERS, *AFTER_THE_OTHERS, *WITH_AN_AUTHENTICATOR]
    others = [each.name for each in OPERATIONS if each.name not in apart]
    for name in [*BEFORE_THE_OTHERS, *others, *AFTER_THE_OTHERS]:
        command = page.snippet(name, "curl")
        for variable in [each for each in setting if f"${each}" in command]:
            if variable in MAILED:
                wait_for_secret(shell.server, variable.partition("_")[0].lower())
            if variable == "CODE":
                wait_for_codes(shell.server, 2)  # the call that asks for one was tried before
            shell.run(setting.pop(variable))
        if name in ("create_token_pair", "delete_account"):
            token = shell.server.log_in(password="new-password").json["token"]
            shell.run(f"TOKEN={token}")
            run_sql(shell.server.database_url, "UPDATE users SET role = 'user' WHERE name = 'Alice'")
        operation = next(each for each in OPERATIONS if each.name == name)
        answer = shell.run(command)
        assert is_as_printed(answer, operation, page), (name, answer)
        if name == "create_media_token":
            # What is left is for administrators, which no call of the API makes of anybody.
            run_sql(shell.server.database_url, "UPDATE users SET role = 'admin' WHERE name = 'Alice'")
    assert setting == {}, "the page sets variables that no command reads"
    assert shell.server.log_in(password="new-password").status == 401


def test_the_page_calls_the_public_url(page: ReferencePage, default_server: Server) -> None:
    commands = [each.text for each in page.snippets if each.caption == "curl"]
    assert len(commands) == len(OPERATIONS)
    assert all(default_server.url in command for command in commands)


def test_page_and_document_call_the_url_that_was_set(tmp_path: Path) -> None:
    """Behind a proxy, with more than one process; and the command prints what is served."""
    settings = QUICK | {"LEADNATOR_PUBLIC_URL": "https://auth.example.com/base/"}
    server = Server(tmp_path, ("--workers", "2"), settings)
    try:
        server.start()
        page = ReferencePage(server.get("/docs").content.decode())
        document = server.get("/openapi.json").json
    finally:
        server.kill()
    assert page.snippet("get_me", "curl").startswith("curl 'https://auth.example.com/base/api/auth/me'")
    assert document["servers"] == [{"url": "https://auth.example.com/base"}]
    assert json.loads(run("openapi", home=tmp_path, settings=settings).stdout) == document
