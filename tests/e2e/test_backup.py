"""`backup`: what an operator gets, from a server that runs, and on PostgreSQL."""

import sqlite3
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import pytest

from tests.e2e.server import PASSWORD, QUICK, Server, run


@pytest.fixture
def database_kind() -> str:
    """The kind there is a command for."""
    return "sqlite"


def test_a_server_is_backed_up_while_it_serves_and_restored(tmp_path: Path) -> None:
    server = Server(tmp_path, (), QUICK)
    copies = tmp_path / "copies"
    copies.mkdir(mode=0o700)
    try:
        server.start()
        assert server.sign_up().status == 200
        done = run("backup", str(copies / "leadnator.db"), home=server.home)
        assert (done.returncode, done.stderr) == (0, "")
        assert "keep leadnator.db.secret and leadnator.db.master.secret with it" in done.stdout
        again = run("backup", str(copies / "leadnator.db"), home=server.home)
        assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)
    finally:
        server.kill()
    assert S_IMODE((copies / "leadnator.db").stat().st_mode) == 0o600
    assert [file.name for file in copies.iterdir()] == ["leadnator.db"]

    for secret in server.home.glob("*.secret"):
        (copies / secret.name).touch(mode=0o600)
        (copies / secret.name).write_bytes(secret.read_bytes())
    report = run("doctor", home=copies, settings=QUICK)
    assert (report.returncode, report.stderr) == (0, "")
    with closing(sqlite3.connect(copies / "leadnator.db")) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_postgresql_has_a_program_for_it_which_one_line_names(tmp_path: Path) -> None:
    url = f"postgresql://auth:{PASSWORD}@db.example/auth?sslmode=require&sslpassword={PASSWORD}"
    done = run("backup", "a copy", home=tmp_path, settings={"LEADNATOR_DATABASE_URL": url})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    command = "pg_dump --format=custom '--file=a copy' '--dbname=postgresql://auth@db.example/auth?sslmode=require'"
    assert done.stderr.endswith(f": {command}\n")
    assert PASSWORD not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_database_none_is_made(tmp_path: Path) -> None:
    done = run("backup", "copy.db", home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "leadnator.db" in done.stderr
    assert list(tmp_path.iterdir()) == []
