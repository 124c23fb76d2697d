"""`leadnator-auth users recover`, in this process, over a database in a file."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leadnator_auth.entrypoints.cli.users import users


@pytest.fixture(autouse=True)
def alice(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with Alice in it, in the working folder."""
    shutil.copy(migrated_sqlite, tmp_path / "leadnator.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADNATOR_BCRYPT_COST", "4")
    created = ["create", "--email", "alice@example.com", "--name", "Alice", "--password-stdin"]
    assert CliRunner().invoke(users, created, input="correct horse").exit_code == 0


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_a_script_that_recovers_is_asked_nothing(options: list[str]) -> None:
    result = CliRunner().invoke(users, ["recover", "alice@example.com", *options])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(" alice@example.com: recovered, a reset link is on its way\n")


def test_of_a_suspended_account_no_link_is_promised() -> None:
    assert CliRunner().invoke(users, ["suspend", "alice@example.com"]).exit_code == 0
    result = CliRunner().invoke(users, ["recover", "alice@example.com", "--yes"])
    assert result.exit_code == 0
    assert "no link is mailed to a suspended account" in result.stdout
