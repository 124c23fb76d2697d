"""The command line: its exit codes, and the one line that says what to mend."""

import json
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate

from leadnator_auth.entrypoints.cli import main
from tests.e2e.conftest import Serve
from tests.e2e.server import HOST, Server, free_port, run, until

SECRET = "geheimnis-0815"

Command = tuple[str, ...]


def every_command(command: click.Command = main, path: Command = ()) -> list[Command]:
    """Returns the names that lead to each command there is."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [path] + [found for name, child in below if child for found in every_command(child, (*path, name))]


@contextmanager
def port_in_use() -> Iterator[str]:
    """Listens on a port of its own while the block runs."""
    with socket.create_server((HOST, 0)) as listening:
        yield str(listening.getsockname()[1])


def the_one_line(stderr: str) -> str:
    """Returns the complaint of the command, which must be a single line."""
    assert stderr.endswith("\n")
    assert stderr.count("\n") == 1, stderr
    return stderr.rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", every_command(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_printed_for_every_command(tmp_path: Path, command: Command, option: str) -> None:
    done = run(*command, option, home=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {' '.join(('leadnator-auth', *command))}")
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = run("--version", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\b\d+\.\d+\.\d+", done.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("--frobnicate",),
        ("serve", "--frobnicate"),
        ("serve", "surplus"),
        ("serve", "--port", "0"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "http"),
        ("serve", "--workers", "0"),
        ("migrate", "--frobnicate"),
        ("openapi", "surplus"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_an_explanation(tmp_path: Path, arguments: Command) -> None:
    done = run(*arguments, home=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


BAD_SETTINGS = [
    ("DATABASE_URL", f"mysql://user:{SECRET}@db/auth", "sqlite:///"),
    ("JWT_SECRET", SECRET, "32 bytes"),
    ("TOKEN_TTL", "7d", "seconds"),
    ("RESET_TOKEN_TTL", "0", "seconds"),
    ("MIN_PASSWORD_LENGTH", "five", "number"),
    ("PUBLIC_URL", "auth.example.com", "https://"),
    ("RESET_URL", "https://app.example.com/reset", "{token}"),
    ("SMTP_URL", f"ftp://user:{SECRET}@mail.example.com", "smtp+starttls://"),
    ("MAIL_FROM", "Leadnator, Inc. <no-reply@example.com>", "address"),
    ("MAIL_FROM", "a@example.com\nBcc: b@example.com", "address"),
    ("BCRYPT_COST", "3", "4 to 16"),
    ("HASH_WORKERS", "many", "number"),
    ("HASH_QUEUE", "-1", "number"),
    ("TRUSTED_PROXIES", "*", "addresses"),
    ("CORS_ORIGINS", "app.example.com", "https://"),
    ("LOG_FORMAT", "xml", "json"),
    ("LOG_LEVEL", "loud", "debug"),
]


@pytest.mark.parametrize(("name", "value", "takes"), BAD_SETTINGS, ids=lambda part: repr(part)[1:25])
def test_a_bad_setting_ends_the_start_with_one_line_that_tells_all(
    tmp_path: Path, name: str, value: str, takes: str
) -> None:
    variable = f"LEADNATOR_{name}"

    # On a port in use: a value that is taken by mistake must not keep a server running.
    with port_in_use() as port:
        done = run("serve", "--port", port, home=tmp_path, settings={variable: value})

    assert (done.returncode, done.stdout) == (1, "")
    line = the_one_line(done.stderr)
    got = line.partition(f"{variable}: ")[2]
    assert takes in got
    assert SECRET not in line
    assert SECRET in value or repr(value) in got
    assert list(tmp_path.iterdir()) == []


ARGUMENTS = {
    ("backup",): ("copy.db",),
    ("users", "create"): ("--email", "a@b.co", "--name", "A", "--password-stdin"),
    ("users", "import"): (os.devnull,),
    ("users", "show"): ("u_x",),
    ("users", "set"): ("u_x", "--plan", "x"),
    ("users", "suspend"): ("u_x",),
    ("users", "activate"): ("u_x",),
    ("users", "delete"): ("u_x", "--yes"),
    ("mail", "retry"): ("m_x",),
    ("webhooks", "create"): ("https://crm.example.com/",),
    ("webhooks", "set"): ("wh_x", "--disable"),
    ("webhooks", "rotate"): ("wh_x",),
    ("webhooks", "test"): ("wh_x",),
    ("webhooks", "deliveries"): ("wh_x",),
    ("webhooks", "retry"): ("wh_x", "d_x"),
    ("webhooks", "delete"): ("wh_x", "--yes"),
    ("users", "recover"): ("u_x", "--yes"),
    ("api-keys", "create"): ("u_x", "--name", "X"),
    ("api-keys", "list"): ("u_x",),
    ("api-keys", "revoke"): ("k_x",),
    ("keys", "retire"): ("x",),
}
"""What a command must be given."""
LEAVES = [path for path in every_command() if not any(other[: len(path)] == path != other for other in every_command())]


@pytest.mark.slow
@pytest.mark.parametrize("command", [path for path in LEAVES if path != ("doctor",)], ids=" ".join)
def test_no_command_does_anything_while_a_name_is_mistyped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """In this process, for there are many; that of `doctor` ends otherwise, and is tested with it."""
    monkeypatch.chdir(tmp_path)
    environment = {"LEADNATOR_DATABSE_URL": f"postgresql://u:{SECRET}@h/d"}
    arguments = [*command, *ARGUMENTS.get(command, ())]
    done = CliRunner().invoke(main, arguments, input="a-password", env=environment)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "LEADNATOR_DATABSE_URL is no setting of this program; the nearest is LEADNATOR_DATABASE_URL" in done.stderr
    assert SECRET not in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_a_failure_that_one_line_explains(tmp_path: Path, workers: str) -> None:
    with port_in_use() as port:
        done = run("serve", "--port", port, "--workers", workers, home=tmp_path)

    assert "Traceback" not in done.stderr
    explanations = [line for line in done.stderr.splitlines() if "in use" in line]
    assert len(explanations) == 1, done.stderr
    assert port in explanations[0]
    assert done.returncode == 1


def test_a_host_that_is_not_ours_is_a_failure_without_traceback(tmp_path: Path) -> None:
    done = run("serve", "--host", "192.0.2.1", "--port", str(free_port()), home=tmp_path)

    assert "Traceback" not in done.stderr
    assert "192.0.2.1" in done.stderr
    assert done.returncode == 1


def test_the_openapi_document_is_printed_as_json_and_is_valid(tmp_path: Path) -> None:
    done = run("openapi", home=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert document["paths"].keys() >= {
        "/api/auth/signup",
        "/api/auth/login",
        "/api/auth/me",
        "/api/auth/forgot-password",
        "/api/auth/reset-password",
    }
    assert list(tmp_path.iterdir()) == []


def test_migrating_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    first = run("migrate", home=tmp_path)
    before = dump_of(tmp_path / "leadnator.db")
    second = run("migrate", home=tmp_path)

    assert (first.returncode, first.stderr) == (0, "")
    assert (second.returncode, second.stderr) == (0, "")
    assert first.stdout != second.stdout
    assert dump_of(tmp_path / "leadnator.db") == before


def test_a_database_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    database = tmp_path / "leadnator.db"
    assert run("migrate", home=tmp_path).returncode == 0
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE leadnator_auth_version SET version_num = 'from-the-future'")
    before = dump_of(database)

    for command in (("migrate",), ("serve", "--port", str(free_port()))):
        done = run(*command, home=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "newer" in the_one_line(done.stderr)
    assert dump_of(database) == before


def test_a_file_that_is_no_database_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "leadnator.db").write_text("my diary\n" * 1000)

    done = run("serve", "--port", str(free_port()), home=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "leadnator.db" in the_one_line(done.stderr)
    assert (tmp_path / "leadnator.db").read_text() == "my diary\n" * 1000


@pytest.mark.parametrize("content", ["", "too-short\n"], ids=["empty", "short"])
def test_a_spoilt_signing_secret_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    assert run("migrate", home=tmp_path).returncode == 0
    file = tmp_path / "leadnator.db.secret"
    file.write_text(content)

    done = run("serve", "--port", str(free_port()), home=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert file.name in the_one_line(done.stderr)
    assert "too-short" not in done.stderr
    assert file.read_text() == content


def test_a_weak_cost_and_mails_in_files_are_warned_of(server: Server) -> None:
    warnings = [line for line in server.log.splitlines() if '"level": "warning"' in line]

    assert any("LEADNATOR_SMTP_URL" in line and str(server.home / "mail") in line for line in warnings)
    assert any("bcrypt_cost" in line for line in warnings)


def test_a_default_start_does_not_warn_of_weak_hashes(default_server: Server) -> None:
    assert "bcrypt" not in default_server.log


def dump_of(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


@pytest.mark.slow
def test_the_mails_are_listed_and_tried_again(serve: Serve) -> None:
    server = serve(SMTP_URL=f"smtp://{HOST}:{free_port()}")
    server.sign_up()
    server.forgot()
    environment = server.settings

    def listed() -> dict[str, Any]:
        done = run("mail", "list", "--json", home=server.home, settings=environment)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    until(lambda: listed()["figures"]["retrying"], "a failed attempt")
    (mail,) = listed()["mails"]
    assert mail["last_error"]
    assert (mail["state"], mail["recipient"], mail["kind"]) == ("queued", "alice@example.com", "reset_link")
    assert listed()["figures"]["queued"] == 1
    table = run("mail", "list", home=server.home, settings=environment).stdout
    assert mail["id"] in table
    assert "1 queued (1 of them tried)" in table
    assert run("mail", "list", "--state", "dead", home=server.home, settings=environment).stdout.startswith("1 queued")
    for arguments in ((mail["id"],), ("--all",)):
        done = run("mail", "retry", *arguments, home=server.home, settings=environment)
        assert (done.returncode, done.stdout) == (0, "1 to be sent again\n")
    done = run("mail", "retry", "--all", "--json", home=server.home, settings=environment)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"retried": 1})
    done = run("mail", "retry", "m_none", home=server.home, settings=environment)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert run("mail", "retry", home=server.home, settings=environment).returncode == 2
