"""`users import`: accounts of another system, from a file or a pipe, with every bad line told by its number."""

import json
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest

from tests.databases import JWT_SECRET, PostgresqlServer, run_sql
from tests.e2e.conftest import Serve
from tests.e2e.server import COMMAND, DEADLINE_SECONDS, PASSWORD, Server, clean_environment, run, until

pytestmark = pytest.mark.slow

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
MANY = 1_300
"""More than two transactions take."""


@pytest.fixture
def settings(database_settings: Callable[[], dict[str, str]]) -> dict[str, str]:
    """The settings of a command on a new database of each kind in turn."""
    return database_settings()


def url_of(settings: dict[str, str], home: Path) -> str:
    return settings.get("LEADNATOR_DATABASE_URL", f"sqlite:///{home}/leadnator.db")


def csv_of(count: int, password_hash: str = HASH) -> str:
    lines = (f"User {n},user-{n}@example.com,{password_hash}" for n in range(count))
    return "name,email,password_hash\n" + "\n".join(lines) + "\n"


def import_file(content: str, home: Path, settings: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    (home / "users.csv").write_text(content)
    return run("users", "import", "users.csv", *options, home=home, settings=settings)


def count(table: str, settings: dict[str, str], home: Path) -> int:
    return int(run_sql(url_of(settings, home), f"SELECT count(*) FROM {table}")[0][0])


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_who_was_imported_logs_in_and_gets_a_hash_of_ours(serve: Serve, prefix: str) -> None:
    server = serve()
    content = csv_of(2, HASH.replace("$2b$", prefix))
    done = import_file(content, server.home, server.settings)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 added, 0 there already, 0 refused\n", "")
    token = server.log_in("USER-1@example.com").json["token"]
    assert server.get("/api/auth/me", token).json["user"]["name"] == "User 1"
    rows = run_sql(server.database_url, "SELECT password_hash FROM credentials")
    assert {row[0].partition("$v=")[0] for row in rows} == {"$bcrypt-sha256", HASH.replace("$2b$", prefix)}
    assert server.log_in("user-0@example.com", "wrong-password").status == 401


def test_every_bad_line_is_told_by_its_number_and_the_others_are_taken(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    lines = csv_of(MANY).splitlines()
    lines[700] = "User,nonsense,hash"
    other_hash = HASH.replace("$04$", "$05$")
    lines[1200] = f"Twin,USER-1@example.com,{other_hash}"
    done = import_file("\n".join(lines), tmp_path, settings)
    assert done.returncode == 1
    assert done.stdout == f"{MANY - 2:,} added, 0 there already, 2 refused\n"
    first, second, last = done.stderr.splitlines()
    assert first.startswith("line 701: email: ")
    assert "password_hash: " in first
    assert second.startswith("line 1201: email: ")
    assert last == "Error: 2 could not be taken"
    assert count("users", settings, tmp_path) == count("credentials", settings, tmp_path) == MANY - 2


def test_doing_it_again_adds_nothing_and_is_no_failure(tmp_path: Path, settings: dict[str, str]) -> None:
    import_file(csv_of(3), tmp_path, settings)
    done = import_file(csv_of(4), tmp_path, settings)
    assert (done.returncode, done.stdout) == (0, "1 added, 3 there already, 0 refused\n")


def test_scripts_get_json(tmp_path: Path, settings: dict[str, str]) -> None:
    records = [{"name": "A", "email": "a@example.com", "password_hash": HASH}, {"name": "B"}, ["no object"]]
    (tmp_path / "users.ndjson").write_text("\n".join(json.dumps(record) for record in records))
    done = run("users", "import", "--json", "users.ndjson", home=tmp_path, settings=settings)
    assert done.returncode == 1
    second, third, result = (json.loads(line) for line in done.stdout.splitlines())
    assert (second["line"], [error["field"] for error in second["errors"]]) == (2, ["email", "password_hash"])
    assert (third["line"], third["errors"][0]["code"]) == (3, "unreadable")
    assert result == {"added": 1, "present": 0, "refused": 2, "next_line": 4}


def test_it_can_go_on_from_a_line(tmp_path: Path, settings: dict[str, str]) -> None:
    done = import_file(csv_of(10), tmp_path, settings, "--from-line", "9")
    assert (done.returncode, done.stdout) == (0, "3 added, 0 there already, 0 refused\n")


def users_kept(settings: dict[str, str], home: Path) -> int:
    if "LEADNATOR_DATABASE_URL" not in settings and not (home / "leadnator.db").exists():
        return 0
    try:
        return count("users", settings, home)
    except Exception:  # noqa: BLE001 (of whatever library: there are no tables yet)
        return 0


def importing_from_a_pipe(home: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [COMMAND, "users", "import", "-"],
        cwd=home,
        env=clean_environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_cut_short_it_keeps_whole_accounts_and_goes_on_when_run_again(
    tmp_path: Path, settings: dict[str, str], number: signal.Signals
) -> None:
    content = csv_of(MANY)
    process = importing_from_a_pipe(tmp_path, settings)
    assert process.stdin is not None
    process.stdin.write(content[: len(content) * 2 // 3].encode())
    process.stdin.flush()

    until(lambda: users_kept(settings, tmp_path), "the first accounts")
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)

    so_far = users_kept(settings, tmp_path)
    assert 0 < so_far < MANY
    assert count("credentials", settings, tmp_path) == so_far
    if number is signal.SIGINT:
        assert process.returncode == 1
        assert stdout.decode() == f"{so_far:,} added, 0 there already, 0 refused\n"
        (line,) = stderr.decode().splitlines()
        assert line == f"Error: stopped before line {so_far + 2}: interrupted; run it again to go on"
    done = import_file(content, tmp_path, settings)
    assert done.stdout == f"{MANY - so_far:,} added, {so_far:,} there already, 0 refused\n"
    assert count("users", settings, tmp_path) == count("credentials", settings, tmp_path) == MANY


COMMITS_WAIT = """
DO $do$ BEGIN
CREATE TABLE commits_may_go_on ();
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE NOT EXISTS (SELECT FROM commits_may_go_on) LOOP PERFORM pg_sleep(0.01); END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
END $do$
"""


def test_what_is_kept_when_it_is_interrupted_counts(tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.new_database()
    settings = {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET}
    run_sql(url, COMMITS_WAIT)
    process = importing_from_a_pipe(tmp_path, settings)
    assert process.stdin is not None
    process.stdin.write(csv_of(600).encode())
    process.stdin.flush()
    until(
        lambda: run_sql(url, "SELECT FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND wait_event = 'PgSleep'"),
        "a commit",
    )
    process.send_signal(signal.SIGINT)
    run_sql(url, "INSERT INTO commits_may_go_on DEFAULT VALUES")
    stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)
    assert stdout == b"500 added, 0 there already, 0 refused\n"
    assert stderr == b"Error: stopped before line 502: interrupted; run it again to go on\n"


def test_it_is_interrupted_while_it_waits_for_another_program(tmp_path: Path) -> None:
    process = importing_from_a_pipe(tmp_path, {})
    assert process.stdin is not None
    process.stdin.write(csv_of(600).encode())
    process.stdin.flush()
    until(lambda: users_kept({}, tmp_path) == 500, "the first accounts")
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_SECONDS) == 1
    assert process.stdout is not None
    assert process.stdout.read() == b"500 added, 0 there already, 0 refused\n"
    process.communicate()


def test_on_a_terminal_it_shows_how_far_it_is(tmp_path: Path, settings: dict[str, str]) -> None:
    (tmp_path / "users.csv").write_text(csv_of(MANY))
    mine, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    done = subprocess.run(
        [COMMAND, "users", "import", "users.csv"],
        cwd=tmp_path,
        env=clean_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=DEADLINE_SECONDS,
        check=True,
    )
    os.close(terminal)
    shown = os.read(mine, 1 << 16).decode()
    os.close(mine)
    assert done.stdout.decode().startswith(f"{MANY:,} added")
    assert "%" in shown


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("email,name\na@b.c,A\n", "the header must name the columns; it lacks password_hash; --columns"),
        (
            "E-Mail;Nom;Mot\na@b.c;A;x\n",
            "the header must name the columns; it lacks name, email, password_hash; --columns",
        ),
        ("", "the header must name the columns"),
    ],
)
def test_what_is_no_such_file_is_told_in_one_line(tmp_path: Path, content: str, line: str) -> None:
    done = import_file(content, tmp_path, {})
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: stopped before line 1: {line}")
    assert "run it again" not in done.stderr  # the file is what has to change
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_a_failure_in_one_line(tmp_path: Path) -> None:
    done = run("users", "import", "nowhere.csv", home=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Error: cannot read 'nowhere.csv': No such file or directory\n"


@pytest.mark.slow
def test_a_server_that_runs_meanwhile_is_not_held_up(serve: Serve) -> None:
    server: Server = serve()
    (server.home / "users.csv").write_text(csv_of(5 * MANY))
    process = subprocess.Popen(
        [COMMAND, "users", "import", "users.csv"],
        cwd=server.home,
        env=clean_environment(server.settings),
        stdout=subprocess.DEVNULL,
    )
    statuses: list[int] = []
    while process.poll() is None:
        statuses.append(server.sign_up(f"new-{len(statuses)}@example.com").status)
    assert process.returncode == 0
    assert set(statuses) == {200}
    assert run_sql(server.database_url, "SELECT count(*) FROM users") == [(5 * MANY + len(statuses),)]


def test_what_people_have_is_taken_as_it_is(tmp_path: Path) -> None:
    lines = [f"Name;Mail;Hash;{'x' * 3}", f"\u00c5;a@example.com; {{bcrypt}}{HASH} ;1", "B;b@example.com;{noop}secret;"]
    (tmp_path / "people.csv").write_bytes("\r\n".join(lines).encode("utf-16"))
    options = ["--columns", "email=Mail,password_hash=Hash"]
    done = run("users", "import", "people.csv", *options, home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "1 added, 0 there already, 1 refused\n")
    refused, ignored, error = done.stderr.splitlines()
    assert refused.startswith("line 3: password_hash: This is Spring's {noop}")
    assert "secret" not in done.stderr
    assert (ignored, error) == ("not read: 'xxx'", "Error: 1 could not be taken")


def test_firebase_gives_its_parameters(tmp_path: Path) -> None:
    from tests.adapters.foreign_vectors import FIREBASE

    user = {"displayName": "A", "email": "a@example.com", "passwordHash": FIREBASE["password_hash"]}
    (tmp_path / "firebase.ndjson").write_text(json.dumps(user | {"salt": FIREBASE["salt"]}))
    (tmp_path / "key").write_text(FIREBASE["signer_key"] + "\n")
    columns = ["--columns", "name=displayName,password_hash=passwordHash"]
    without = run("users", "import", "firebase.ndjson", *columns, home=tmp_path)
    assert "Firebase" in without.stderr
    done = run("users", "import", "firebase.ndjson", *columns, "--firebase-signer-key", "@key", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 added, 0 there already, 0 refused\n")
