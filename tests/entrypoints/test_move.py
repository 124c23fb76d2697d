"""Accounts that move by a file: what is exported in either format is imported, also without a password that works."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadnator_auth.entrypoints.cli import main
from tests.adapters.hashes import plain_hash

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command on one of several databases."""
    monkeypatch.chdir(tmp_path)

    def running(database: str, *arguments: str) -> Result:
        monkeypatch.setattr("os.environ", {"LEADNATOR_DATABASE_URL": f"sqlite:///{database}"})
        return CliRunner().invoke(main, arguments)

    return running


def kept(database: str) -> list[Sequence[object]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(
            "SELECT email, password_hash, role, plan, status, email_verified_at IS NULL, user_metadata, app_metadata "
            "FROM users JOIN credentials ON user_id = id ORDER BY email"
        ).fetchall()


def records() -> list[dict[str, object]]:
    base = {"name": "A", "password_hash": plain_hash("secret"), "app_metadata": {"n": 1}, "user_metadata": {"m": "x,y"}}
    others = {"role": "admin", "plan": "Growth", "status": "suspended", "email_verified": True}
    return [
        {**base, "email": "with@example.com"},
        {**base, **others, "email": "undone@example.com"},
    ]


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_whose_password_was_taken_away_is_not_lost_in_a_move(run: Run, file_format: str, tmp_path: Path) -> None:
    (tmp_path / "people.ndjson").write_text("\n".join(map(json.dumps, records())))
    assert run("old.db", "users", "import", "people.ndjson").exit_code == 0
    with closing(sqlite3.connect("old.db")) as connection, connection:  # as an undone change of address leaves it
        connection.execute(
            "UPDATE credentials SET password_hash = '', version = 2 WHERE user_id = "
            "(SELECT id FROM users WHERE email = 'undone@example.com')"
        )
    exported = run("old.db", "users", "export", "--format", file_format, "--output", "all")
    assert exported.exit_code == 0
    told = (tmp_path / "all").read_text()
    assert told.count("no-password") == 1
    for counts in ("2 added, 0 there already, 0 refused", "0 added, 2 there already, 0 refused"):
        done = run("new.db", "users", "import", "all", "--format", file_format)
        assert (done.exit_code, done.stdout) == (0, f"{counts}\n")
    assert kept("new.db") == kept("old.db")
    assert [row[1] for row in kept("new.db")].count("") == 1


@pytest.mark.parametrize(
    "line",
    ['{"name": "A", "email": "a@b.co"}', '{"name": "A", "email": "a@b.co", "password_hash": null}', "A,a@b.co,"],
)
def test_a_foreign_file_without_hashes_is_refused_by_name(run: Run, line: str, tmp_path: Path) -> None:
    header = "" if line.startswith("{") else "name,email,password_hash\n"
    (tmp_path / "foreign").write_text(header + line)
    done = run("new.db", "users", "import", "foreign")
    assert done.exit_code == 1
    assert "password_hash: This field is required." in done.stderr
    assert kept("new.db") == []
