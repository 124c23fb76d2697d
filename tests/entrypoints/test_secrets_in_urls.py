"""No command prints a part of a password, in whatever wrong form it was given.

Each URL is tried with every command, and what they print is searched for each four characters of the password.
"""

import logging
import os
import signal
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import attrs
import click.testing
import pytest

from leadnator_auth.entrypoints.cli import main
from leadnator_auth.entrypoints.settings import Settings
from tests.databases import JWT_SECRET
from tests.e2e.server import run

PART = 4
"""Fewer characters in a row are in every text."""
PARTS = ("Zq7xWb", "Kv9wGd", "12345", "Jm4tHp")
SPECIAL = "@/:?#[]% &=,;\\\"'`+\t\n\u00e9\u20ac\u200b"
PASSWORDS = [
    *(character.join(PARTS) for character in SPECIAL),
    "12345/Zq7xWb",  # begins as a port and a path
    "Zq7xWb@12345/Kv9wGd",
    "?Zq7xWb=Kv9wGd",
    "#Zq7xWb",
    "[Zq7xWb]",
    "%Zq7xWb%",
    "Zq7xWb%00Kv9wGd",
    "Zq7xWb%ffKv9wGd",
    "Zq7xWb&sslmode=Kv9wGd",
]
REFUSED = set("@/?#[]% \t\n\u200b")
"""What cannot be in a password as it is: with all else, a URL can be read in one way only."""
TYPICAL = ["Zq7xWbKv9wGd", "12345/Zq7xWb@Kv9wGd"]
DATABASE_URLS = {
    "an @ in the user": "postgresql://me@server:{}@127.0.0.1/auth",
    "without a host": "postgresql://me:{}/auth",
    "as a parameter": "postgresql://me@127.0.0.1:1/auth?password={}&",
    "with a driver": "postgresql+asyncpg://me:{}@127.0.0.1/auth",
    "of another database": "mysql://me:{}@127.0.0.1/auth",
    "of a cache": "redis://:{}@127.0.0.1/0",
    "as SQLite": "sqlite://me:{}@127.0.0.1/auth",
    "as SQLite's file": "sqlite:///me:{}@127.0.0.1/auth",
    "with one slash": "postgresql:/me:{}@127.0.0.1/auth",
    "without slashes": "postgresql:me:{}@127.0.0.1/auth",
    "without a scheme": "me:{}@127.0.0.1/auth",
    "in quotation marks": "'postgresql://me:{}@127.0.0.1/auth'",
    "as key and value": "host=127.0.0.1 user=me password={} dbname=auth",
    "after its name": "LEADNATOR_DATABASE_URL=postgresql://me:{}@127.0.0.1/auth",
    "with a bad port": "postgresql://me:{}@127.0.0.1:port/auth",
    "with a bad parameter": "postgresql://me:{}@127.0.0.1/auth?pasword=x",
    "as a parameter's name": "postgresql://me@127.0.0.1/auth?{}=x",
    "as a mistyped parameter": "postgresql://me@127.0.0.1/auth?pass={}",
    "as a mode": "postgresql://me@127.0.0.1/auth?sslmode={}",
    "in the fragment": "postgresql://me@127.0.0.1/auth#{}",
    "without a database": "postgresql://me:{}@127.0.0.1",
}
OTHER_URLS = {
    "SMTP_URL": [
        "smtp://me:{}@mail.invalid/x",
        "smtp://me@mail:{}@mail.invalid:25",
        "me:{}@mail.invalid",
        "smtps:me:{}@mail.invalid",
        "http://me:{}@mail.invalid",
    ],
    "PUBLIC_URL": [
        "https://me:{}@auth.invalid",
        "me:{}@auth.invalid",
        "https://:{}@auth.invalid",
        "https://{}@x.invalid",
    ],
    "RESET_URL": ["https://me:{}@auth.invalid/{{token}}", "https://auth.invalid/{{token}}?me:{}@x"],
    "OTLP_ENDPOINT": ["http://me:{}@otel.invalid:4318", "grpc://me:{}@otel.invalid"],
    "CORS_ORIGINS": ["https://a.invalid,https://me:{}@b.invalid", "me:{}@b.invalid"],
    "MAIL_FROM": ["smtp://me:{}@mail.invalid"],
    "LOG_LEVEL": ["postgresql://me:{}@127.0.0.1/auth"],
    "TRUSTED_PROXIES": ["10.0.0.1,http://me:{}@proxy.invalid"],
    "MAIL_TEMPLATES": ["/nowhere/me:{}@host"],
}
COMMANDS = [
    ["migrate"],
    ["config"],
    ["config", "--json"],
    ["doctor"],
    ["doctor", "--json"],
    ["openapi"],
    ["mail", "list"],
    ["mail", "list", "--json"],
    ["mail", "retry", "--all"],
    ["users", "create", "--email", "a@example.com", "--name", "A", "--password-stdin"],
    ["users", "list"],
    ["users", "show", "a@example.com"],
    ["users", "set", "a@example.com", "--plan", "Pro"],
    ["users", "suspend", "a@example.com"],
    ["users", "activate", "a@example.com"],
    ["users", "delete", "a@example.com", "--yes"],
    ["users", "events"],
    ["users", "import", "people.csv"],
    ["serve", "--port", "1"],
]
CHANGES_NOTHING_HERE = [command for command in COMMANDS if command[0] != "serve"]


@pytest.fixture(autouse=True)
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs the commands in a folder of their own, and leaves the process that tests them as it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("name,email,password_hash\n")
    for name in [name for name in os.environ if name.startswith(("LEADNATOR_", "PG"))]:
        monkeypatch.delenv(name)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def leave(code: int) -> Never:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)  # how doctor ends beside other threads
    disabled = logging.root.manager.disable  # which doctor does
    yield
    logging.disable(disabled)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def parts_of(password: str) -> set[str]:
    return {part[at : at + PART] for part in PARTS for at in range(len(part) - PART + 1) if part in password}


def said_by(command: list[str], variable: str, text: str) -> tuple[int, str]:
    """Returns the exit code, and all that was printed or would have been with a trace."""
    environment = {
        "LEADNATOR_JWT_SECRET": JWT_SECRET,
        "LEADNATOR_BCRYPT_COST": "4",
        f"LEADNATOR_{variable}": text,
    }
    done = click.testing.CliRunner().invoke(main, command, input="a-password\n", env=environment)
    trace = "".join(traceback.format_exception(*done.exc_info)) if done.exc_info and not _left(done) else ""
    return done.exit_code, done.output + trace


def _left(done: click.testing.Result) -> bool:
    return isinstance(done.exception, SystemExit) or done.exception is None


def check(variable: str, text: str, password: str, *, is_taken: bool) -> None:
    for command in CHANGES_NOTHING_HERE if is_taken else COMMANDS:
        code, said = said_by(command, variable, text)
        found = sorted(part for part in parts_of(password) if part in said)
        assert found == [], f"{command} printed {found} of {text!r}:\n{said}"
        if not is_taken:
            assert code == 1, (command, text, said)
            assert f"LEADNATOR_{variable}: got a value that is not shown here, takes " in said
            assert "Traceback" not in said


FORM = "postgresql://me:{}@127.0.0.1:1/auth"


@pytest.mark.parametrize("password", PASSWORDS, ids=ascii)
def test_no_command_prints_a_part_of_a_password_whatever_is_in_it(password: str) -> None:
    check("DATABASE_URL", FORM.format(password), password, is_taken=not set(password) & REFUSED)


@pytest.mark.parametrize("password", TYPICAL)
@pytest.mark.parametrize("form", DATABASE_URLS.values(), ids=DATABASE_URLS)
def test_no_command_prints_a_part_of_a_password_in_whatever_is_no_url(form: str, password: str) -> None:
    check("DATABASE_URL", form.format(password), password, is_taken=False)


@pytest.mark.parametrize("password", TYPICAL)
@pytest.mark.parametrize(("variable", "form"), [(name, form) for name, forms in OTHER_URLS.items() for form in forms])
def test_no_command_prints_a_part_of_a_password_in_another_setting(variable: str, form: str, password: str) -> None:
    check(variable, form.format(password), password, is_taken=False)


def test_a_password_as_a_parameter_is_as_secret() -> None:
    check("DATABASE_URL", "postgresql://me@127.0.0.1:1/auth?password=Zq7xWbKv9wGd", "Zq7xWbKv9wGd", is_taken=True)


VARIABLES = [field.metadata["name"].removeprefix("LEADNATOR_") for field in attrs.fields(Settings)]


@pytest.mark.parametrize("variable", VARIABLES)
def test_what_was_meant_for_the_neighbour_of_a_setting_is_not_printed(variable: str) -> None:
    _, said = said_by(["config"], variable, "postgresql://me:Zq7xWbKv9wGd@127.0.0.1/auth")
    assert [part for part in parts_of("Zq7xWbKv9wGd") if part in said] == []
    random = "x4RZq7xWb+/Kv9wGdJm4tHp0aB1cD2eF3gH4iJ5kL6m="
    for secret in (random, "3f" * 32, "Zq7xWb_" * 5 + "," + "Kv9wGd-" * 5):
        for text in (secret, f"'{secret}'", f'"{secret}"', f"Bearer {secret}", f"key:{secret}", f"<{secret}>.\n"):
            _, said = said_by(["config"], variable, text)
            assert [part for part in parts_of(secret) if part in said] == []
            assert secret not in said
    for text in (
        "host=db password=Zq7xWbKv9wGd",
        "PASSWORD=Zq7xWbKv9wGd",
        '{"password": "Zq7xWbKv9wGd"}',
        "pwd:Zq7xWbKv9wGd",
    ):
        _, said = said_by(["config"], variable, text)
        assert [part for part in parts_of("Zq7xWbKv9wGd") if part in said] == []


REAL = [
    ("DATABASE_URL", "postgresql://me@server:Zq7xWbKv9wGd@127.0.0.1/auth"),
    ("DATABASE_URL", "postgresql://me:12345/Zq7xWb@127.0.0.1/auth"),
    ("DATABASE_URL", "postgresql://me:Zq7x%25WbKv9wGd@127.0.0.1:1/auth"),
    ("SMTP_URL", "smtp://me:12345/Zq7xWb@mail.invalid"),
    ("PUBLIC_URL", "https://me:12345/Zq7xWb@auth.invalid"),
]


@pytest.mark.parametrize("command", [["serve", "--port", "1"], ["migrate"], ["users", "list"], ["doctor"]])
@pytest.mark.parametrize(("variable", "text"), REAL)
def test_no_process_prints_a_part_of_a_password(variable: str, text: str, command: list[str], tmp_path: Path) -> None:
    settings = {"LEADNATOR_JWT_SECRET": JWT_SECRET, "LEADNATOR_BCRYPT_COST": "4", f"LEADNATOR_{variable}": text}
    done = run(*command, home=tmp_path, settings=settings)
    assert done.returncode == 1
    assert [part for part in parts_of(text) if part in done.stdout + done.stderr] == []
    assert "Traceback" not in done.stderr
