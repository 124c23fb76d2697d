"""What surrounds the command: streams that are closed, full or unread, and variables that are meant for others."""

import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.databases import JWT_SECRET
from tests.e2e.conftest import Serve
from tests.e2e.server import (
    COMMAND,
    DEADLINE_SECONDS,
    HOST,
    QUICK,
    Answer,
    Server,
    clean_environment,
    free_port,
    read_answer,
    run,
    until,
)

NAMELESS = 54_321
"""The number of a user that has no name here."""

PASSING = ["--help", "--version", "migrate", "config", "openapi", "users list", "mail list", "doctor --json"]
FAILING = {"users show nobody": 1, "mail retry m_none": 1, "backup leadnator.db": 1, "users frob": 2}
CODES = dict.fromkeys(PASSING, 0) | FAILING | {"users create --email a@example.com --name A": 2, "users delete u_x": 2}
CLOSED = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-", "all three": "<&- >&- 2>&-"}
pytestmark = pytest.mark.slow
FULL = {"stdout": ">/dev/full", "stderr": "2>/dev/full", "both": ">/dev/full 2>/dev/full"}


def in_shell(home: Path, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs a script in which `run` is the command, with nothing to read unless it says so."""
    return subprocess.run(
        ["bash", "-c", f'run() {{ {shlex.quote(str(COMMAND))} "$@"; }}; {script}'],
        cwd=home,
        env=clean_environment(QUICK) | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def complaint(done: "subprocess.CompletedProcess[str]") -> str:
    """Returns the one line that says what is wrong, after the usage where that is wrong."""
    assert "Traceback" not in done.stderr
    *_, line = done.stderr.splitlines()
    assert done.stderr.count("Error: ") == 1, done.stderr
    return line


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a database in it."""
    assert run("migrate", home=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.parametrize("command", CODES)
def test_a_closed_stream_changes_no_exit_code(home: Path, command: str) -> None:
    for which, closed in CLOSED.items():
        done = in_shell(home, f"run {command} {closed}")
        assert done.returncode == CODES[command], (which, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", CODES)
def test_a_full_stream_is_told_where_it_can_be(home: Path, command: str) -> None:
    for which, full in FULL.items():
        done = in_shell(home, f"run {command} {full}")
        prints = CODES[command] == 0 and which != "stderr"
        assert done.returncode == (1 if prints else CODES[command]), (which, done.stderr)
        if which == "stdout":
            line = complaint(done)
            assert not prints or line == "Error: cannot write to standard output: No space left on device"


@pytest.mark.parametrize("command", CODES)
def test_a_reader_that_has_gone_is_told(home: Path, command: str) -> None:
    # The pipe has no reader from the start: what is written to it fails for certain.
    done = in_shell(home, f"exec 3> >(:); wait $!; run {command} >&3")
    assert done.returncode == (CODES[command] or 1), done.stderr
    line = complaint(done)
    assert CODES[command] or line == "Error: cannot write to standard output: Broken pipe"


def one_line_of(done: "subprocess.CompletedProcess[str]") -> str:
    """Returns the one line that a command that failed says."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    return done.stderr.removesuffix("\n")


GONE = {
    ">/dev/full": "Error: cannot write to standard output: No space left on device",
    ">&3": "Error: cannot write to standard output: Broken pipe",
    ">&-": "Error: cannot write to standard output: it is closed",
}


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_an_export_that_goes_nowhere_is_a_failure_in_one_line(home: Path, file_format: str) -> None:
    """It is what the command is for: to lose it is not as to lose what a command says of what it did."""
    in_shell(home, "run users create --email a@example.com --name A --password-stdin <<<a-password")
    for where, line in GONE.items():
        done = in_shell(home, f"exec 3> >(:); wait $!; run users export --format {file_format} {where}")
        assert one_line_of(done) == line
    kept = in_shell(home, f"run users export --format {file_format} --output kept >&-")
    assert (kept.returncode, kept.stderr) == (0, "1 exported, with their password hashes\n")
    assert "a@example.com" in (home / "kept").read_text()


def test_so_it_is_of_nobody(home: Path) -> None:
    assert one_line_of(in_shell(home, "run users export >&-")) == GONE[">&-"]


@pytest.mark.parametrize("command", ["users list --json", "users import - --json", "config --json", "backup copy.db"])
def test_a_full_disk_is_told_in_one_line(home: Path, command: str) -> None:
    done = in_shell(home, f"run {command} <<<name,email,password_hash >/dev/full")
    assert one_line_of(done) == GONE[">/dev/full"]


def test_what_cannot_be_printed_was_done_all_the_same(home: Path) -> None:
    create = "run users create --email a@example.com --name Łukasz --password-stdin <<<a-password"
    done = in_shell(home, f"{create} >/dev/full; echo $?; run users list --json")
    assert done.stdout.startswith("1\n")
    assert "a@example.com" in done.stdout
    assert complaint(done) == "Error: cannot write to standard output: No space left on device"


@pytest.mark.parametrize(("encoding", "shown"), [("latin-1", r"\u0141ukasz"), ("ascii", "Łukasz")])
def test_a_terminal_of_any_encoding_shows_a_name(home: Path, encoding: str, shown: str) -> None:
    """One that lacks a letter gets an escape for it; Python calls a locale that it does not know ASCII."""
    create = "run users create --email a@example.com --name Łukasz --password-stdin <<<a-password >&2"
    done = in_shell(home, f"{create}; run users list", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Text is ASCII then, which Python by itself no longer believes."""


@pytest.mark.parametrize("locale", [{}, C_LOCALE], ids=["none", "ASCII"])
def test_a_byte_that_is_no_utf_8_in_an_argument_is_told(home: Path, locale: Mapping[str, str]) -> None:
    for command, code in (
        (r"users show $'\xff@example.com'", 1),
        (r"serve --host $'a\xff'", 1),
        (r"doctor --send-to $'\xe9@x.co'", 2),
    ):
        done = in_shell(home, f"run {command}", **locale)
        assert done.returncode == code
        assert complaint(done).isprintable()
    done = in_shell(home, "run users show Łukasz", **locale)
    assert (done.returncode, complaint(done)) == (1, "Error: there is no user 'Łukasz'")


@pytest.mark.parametrize(
    "command",
    [
        r"users show $'\xff'",
        r"users list --query $'\xff'",
        r"users events $'\xff'",
        r"users set $'\xff' --plan x",
        r"users set a@example.com --plan $'\xff'",
        r"users suspend $'\xff'",
        r"users delete --yes $'\xff'",
        r"users create --email $'\xff' --name A --password-stdin",
        r"mail retry $'\xff'",
        r"users list --limit $'\xff'",
        r"mail list --state $'\xff'",
        r"$'\xff'",
    ],
)
def test_so_it_is_for_every_command(home: Path, command: str) -> None:
    done = in_shell(home, f"run {command}")
    assert done.returncode in (1, 2)
    assert complaint(done).isprintable()


def test_a_file_may_have_any_name(home: Path) -> None:
    done = in_shell(home, r"run backup $'copy-\xff.db' && run users import $'none-\xff.csv'")
    assert done.returncode == 1
    assert os.fsdecode(b"copy-\xff.db") in {file.name for file in home.iterdir()}
    assert "No such file" in complaint(done)


@pytest.mark.parametrize("name", ["LEADNATOR_JWT_SECRET", "LEADNATOR_MAIL_FROM", "LEADNATOR_LOG_LEVEL", "LEADNATOR_É"])
def test_a_byte_that_is_no_utf_8_in_a_variable_is_told(tmp_path: Path, name: str) -> None:
    done = run("migrate", home=tmp_path, settings={name: os.fsdecode(b"\xff" * 40)})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


HOSTILE = {
    "ALL_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "socks5://127.0.0.1:9",
    "no_proxy": "*",
    "REQUESTS_CA_BUNDLE": "/nowhere",
    "CURL_CA_BUNDLE": "/nowhere",
    "NETRC": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys",
    "FORWARDED_ALLOW_IPS": "*",
    "WEB_CONCURRENCY": "auto",
    "UVICORN_WORKERS": "many",
    "UVICORN_HOST": "nowhere.invalid",
    "SPHINX_BUILD": "1",
    "TQDM_NCOLS": "wide",
    "TQDM_DISABLE": "perhaps",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
    "prometheus_multiproc_dir": "/nowhere",
    "PGHOST": "nowhere.invalid",
    "PGPORT": "any",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGDATABASE": "none",
    "PGSERVICE": "none",
    "PGSERVICEFILE": "/nowhere",
    "PGPASSFILE": "/nowhere",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere",
    "PGSSLCERT": "/nowhere",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c search_path=none",
    "PGCLIENTENCODING": "LATIN1",
    # Those that stay, and change nothing that matters.
    "HOME": "/nowhere",
    "TMPDIR": "/nowhere",
    "TZ": "Nowhere/Never",
    "LANG": "tlh_QO.ISO-8859-99",
    "LANGUAGE": "tlh",
    "TERM": "nonsense",
    "COLUMNS": "-1",
    "LINES": "none",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "PAGER": "/nowhere",
    "EDITOR": "/nowhere",
    "ALEMBIC_CONFIG": "/nowhere",
    "SSL_CERT_FILE": "/nowhere",
    "SSL_CERT_DIR": "/nowhere",
    "OTEL_SDK_DISABLED": "true",
    "OTEL_PROPAGATORS": "none-such",
    "OTEL_PYTHON_CONTEXT": "none-such",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "ascii:strict",
    "PYTHONUNBUFFERED": "1",
    "LEADNATOR_SERVICE_HOST": "10.96.0.12",
    "LEADNATOR_PORT": "tcp://10.96.0.12:80",
}


def test_variables_that_are_meant_for_others_change_nothing(
    tmp_path: Path, database_kind: str, new_database: NewDatabase
) -> None:
    is_postgresql = database_kind == "postgresql"
    url = {"LEADNATOR_DATABASE_URL": new_database(migrated=False), "LEADNATOR_JWT_SECRET": JWT_SECRET}
    server = Server(tmp_path, (), QUICK | HOSTILE | (url if is_postgresql else {}))
    try:
        server.start()
        assert server.sign_up().status == 200
        server.forgot()
        server.mails(1)
        assert server.get("/metrics").status == 200
        listed = run("users", "list", home=server.home, settings=server.settings)
        assert (listed.returncode, listed.stderr) == (0, "")
        assert "alice@example.com" in listed.stdout
        assert server.stop() == 0
        assert "Traceback" not in server.log
    finally:
        server.kill()


@pytest.mark.parametrize("command", [*PASSING, "users import -"])
def test_so_they_change_no_command(home: Path, command: str) -> None:
    done = in_shell(home, f"run {command} <<<name,email,password_hash", **HOSTILE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_health_check_of_a_container_obeys_no_proxy(serve: Serve) -> None:
    (page,) = (Path(__file__).parents[2] / "docs").rglob("container.md")
    found = re.search(r'^HEALTHCHECK CMD \["[^"]*python", "-c", "([^"]*)"\]$', page.read_text(), re.MULTILINE)
    assert found
    server = serve()
    looking = found[1].replace(":8000", f":{server.port}")
    for proxy in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        environment = clean_environment({proxy: "http://127.0.0.1:9", "no_proxy": ""})
        checked = subprocess.run([sys.executable, "-c", looking], env=environment, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


@cache
def nameless() -> list[str]:
    """Returns what makes a command that of a user without a name, where one may: else it runs as who runs the tests."""
    way = ["unshare", "--user", f"--map-user={NAMELESS}", f"--map-group={NAMELESS}"]
    can = shutil.which("unshare") and subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0
    return way if can else []


@contextlib.contextmanager
def newcomer(home: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Starts the command as in a bare container: a user without name and home, LC_ALL=C, and no stdin at all."""
    bare = ["env", "-i", "LC_ALL=C", "/bin/sh", "-c", 'exec "$@" <&-', "sh", str(COMMAND), *arguments]
    process = subprocess.Popen(
        [*nameless(), *bare], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE_SECONDS)


def asked(port: int, method: str, path: str, **members: str) -> Answer | None:
    """Returns the answer of a server, if it runs."""
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=DEADLINE_SECONDS)) as connection:
        try:
            connection.request(method, path, json.dumps(members), {"Content-Type": "application/json"})
            return read_answer(connection)
        except OSError:
            return None


def test_a_newcomer_in_a_bare_container_gets_an_account(tmp_path: Path) -> None:
    port = free_port()
    with newcomer(tmp_path, "serve", "--port", str(port)) as process:
        until(lambda: process.poll() is not None or asked(port, "GET", "/readyz"), "readiness")
        signed_up = asked(port, "POST", "/api/auth/signup", name="N", email="neu@example.com", password="a-password")
        assert signed_up is not None
        assert signed_up.status == 200
        with newcomer(tmp_path, "users", "list", "--json") as listing:
            printed, told = listing.communicate(timeout=DEADLINE_SECONDS)
        assert (listing.returncode, told) == (0, "")
        assert "neu@example.com" in printed
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}


@pytest.mark.parametrize("command", ["serve", "migrate", "users list", "users create --email a@b.co --name A"])
def test_where_nothing_can_be_written_a_newcomer_gets_one_clear_line(tmp_path: Path, command: str) -> None:
    tmp_path.chmod(0o555)
    with newcomer(tmp_path, *command.split()) as process:
        printed, told = process.communicate(timeout=DEADLINE_SECONDS)
    assert (process.returncode, printed) == ((2, "") if "create" in command else (1, ""))
    line = complaint(subprocess.CompletedProcess([], process.returncode, printed, told))
    assert "--password-stdin" in line if "create" in command else "leadnator.db" in line
    assert list(tmp_path.iterdir()) == []
