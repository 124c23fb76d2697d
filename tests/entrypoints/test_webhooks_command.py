"""`leadnator-auth webhooks list|delete`, in this process, over a database in a file."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leadnator_auth.entrypoints.cli import main


def test_people_read_words_and_scripts_read_json(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "leadnator.db")
    monkeypatch.chdir(tmp_path)
    created = CliRunner().invoke(
        main, ["webhooks", "create", "https://example.com/hook", "--type", "user.created", "--json"]
    )
    assert created.exit_code == 0
    webhook_id = json.loads(created.stdout)["webhook"]["id"]
    for option, word in (("--enable", "yes"), ("--disable", "no")):
        assert CliRunner().invoke(main, ["webhooks", "set", webhook_id, option]).exit_code == 0
        header, _, row = CliRunner().invoke(main, ["webhooks", "list"]).stdout.splitlines()
        assert header.split() == ["id", "url", "types", "description", "enabled", "created_at"]
        assert row.split()[:4] == [webhook_id, "https://example.com/hook", "user.created", word]
        (listed,) = json.loads(CliRunner().invoke(main, ["webhooks", "list", "--json"]).stdout)["webhooks"]
        assert listed["enabled"] is (word == "yes")


@pytest.mark.parametrize("command", [["webhooks", "delete", "wh_x"], ["users", "delete", "alice@example.com"]])
def test_what_cannot_be_taken_back_wants_a_yes_where_nobody_can_be_asked(command: list[str]) -> None:
    refused = CliRunner().invoke(main, command, input="y\n")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
