"""`leadnator-auth api-keys create|list|revoke`, in this process, over a database in a file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadnator_auth.entrypoints.cli.api_keys import api_keys
from leadnator_auth.entrypoints.cli.users import users

Run = Callable[..., Result]
MEMBERS = ["id", "name", "scopes", "created_at", "expires_at", "last_used_at"]
ALICE = "alice@example.com"


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `api-keys …` where Alice has an account, and root is an admin."""
    shutil.copy(migrated_sqlite, tmp_path / "leadnator.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADNATOR_BCRYPT_COST", "4")

    def ran(*arguments: str) -> Result:
        return CliRunner().invoke(api_keys, arguments)

    for email, options in ((ALICE, []), ("root@example.com", ["--admin"])):
        created = ["create", "--email", email, "--name", "Somebody", "--password-stdin", *options]
        assert CliRunner().invoke(users, created, input="correct horse").exit_code == 0
    return ran


def made(run: Run, *arguments: str) -> Any:
    result = run("create", *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert answer.keys() == {"api_key", "secret"}
    assert list(answer["api_key"]) == MEMBERS
    assert answer["secret"].startswith("lnk_")
    return answer["api_key"]


def test_keys_are_made_listed_and_revoked(run: Run) -> None:
    first = made(run, ALICE, "--name", "CI")
    assert (first["name"], first["scopes"], first["expires_at"], first["last_used_at"]) == ("CI", [], None, None)
    second = made(run, "root@example.com", "--name", "x", "--scope", "revocations", "--scope", "introspect")
    assert second["scopes"] == ["introspect", "revocations"]
    assert json.loads(run("list", ALICE, "--json").stdout) == {"api_keys": [first]}
    told = run("list", ALICE).stdout
    assert all(word in told for word in (first["id"], "CI", "never"))
    assert "lnk_" not in told
    assert run("revoke", first["id"]).stdout == f"{first['id']} CI: revoked\n"
    assert json.loads(run("revoke", second["id"], "--json").stdout) == {"api_key": second}
    assert run("list", ALICE).stdout == "none\n"


def test_the_secret_is_printed_this_once(run: Run) -> None:
    lines = run("create", ALICE, "--name", "CI").stdout.splitlines()
    assert lines[0].startswith("k_")
    assert lines[0].endswith(" CI")
    assert lines[1].startswith("lnk_")
    assert len(lines) == 2
    assert "lnk_" not in run("list", ALICE, "--json").stdout


def test_when_it_expires_is_said_in_either_of_two_ways(run: Run) -> None:
    assert made(run, ALICE, "--name", "a", "--expires-at", "2999-01-01T01:00:00+01:00")["expires_at"] == (
        "2999-01-01T00:00:00Z"
    )
    soon = made(run, ALICE, "--name", "b", "--expires-in", "3600")
    assert soon["created_at"] < soon["expires_at"] < "2999"
    result = run("create", ALICE, "--name", "c", "--expires-in", "1", "--expires-at", "2999-01-01T00:00:00Z")
    assert (result.exit_code, "not both" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["create", ALICE], 2, "--name"),
        (["create", ALICE, "--name", "x", "--expires-in", "0"], 2, "--expires-in"),
        (["create", "nobody@example.com", "--name", "x"], 1, "there is no user 'nobody@example.com'"),
        (["create", ALICE, "--name", ""], 1, "name: This field is required."),
        (["create", ALICE, "--name", "x", "--scope", "introspect"], 1, "for the keys of admins alone"),
        (["create", ALICE, "--name", "x", "--scope", "all"], 1, "scopes: Use only: introspect, revocations."),
        (["create", ALICE, "--name", "x", "--expires-at", "soon"], 1, "expires_at: Use a time with its zone"),
        (["create", ALICE, "--name", "x", "--expires-at", "2001-01-01T00:00:00Z"], 1, "yet to come"),
        (["list", "u_nobody"], 1, "there is no user 'u_nobody'"),
        (["revoke", "k_nowhere"], 1, "there is no API key 'k_nowhere'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(run: Run, arguments: list[str], code: int, told: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr
    assert code == 2 or len(result.stderr.splitlines()) == 1
