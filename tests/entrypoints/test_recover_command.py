"""`leadnator-auth users recover`, in this process, over a database in a file."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leadnator_auth.entrypoints.cli.users import users


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_a_script_that_recovers_is_asked_nothing(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "leadnator.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADNATOR_BCRYPT_COST", "4")
    created = ["create", "--email", "alice@example.com", "--name", "Alice", "--password-stdin"]
    assert CliRunner().invoke(users, created, input="correct horse").exit_code == 0
    result = CliRunner().invoke(users, ["recover", "alice@example.com", *options])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(" alice@example.com: recovered, a reset link is on its way\n")
