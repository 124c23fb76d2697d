"""`config`: what is in force and from where, as a table and as JSON, and never a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from leadnator_auth.entrypoints.settings.view import names_of_settings
from tests.e2e.server import run

SECRETS = {
    "LEADNATOR_DATABASE_URL": "postgresql://auth:geheim-1234@db.example/auth",
    "LEADNATOR_JWT_SECRET": "geheim-0123456789-0123456789-0123456789",
    "LEADNATOR_MASTER_KEY": "geheim-9876543210-9876543210-9876543210",
    "LEADNATOR_SMTP_URL": "smtps://mailer:geheim-5678@mail.example",
    "leadnator_jwt_secret": "geheim-typo",
}


def config_as_json(home: Path, settings: dict[str, str]) -> dict[str, Any]:
    done = run("config", "--json", home=home, settings=settings)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_people_get_a_table_and_a_warning_of_what_is_in_small_letters(tmp_path: Path) -> None:
    done = run("config", home=tmp_path, settings=SECRETS | {"LEADNATOR_BCRYPT_COST": "11"})

    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == names_of_settings()
    shown = {row[0]: row[1:3] for row in rows}
    assert shown["LEADNATOR_BCRYPT_COST"] == ["11", "environment"]
    assert shown["LEADNATOR_HASH_QUEUE"] == ["64", "default"]
    assert shown["LEADNATOR_SMTP_URL"] == ["smtps://mailer:***@mail.example", "environment"]
    (warning,) = done.stderr.splitlines()
    assert "leadnator_jwt_secret" in warning
    assert "LEADNATOR_JWT_SECRET" in warning
    assert "geheim" not in done.stdout + done.stderr


def test_scripts_get_json(tmp_path: Path) -> None:
    found = config_as_json(tmp_path, SECRETS)

    settings = {each["name"]: each for each in found["settings"]}
    assert list(settings) == names_of_settings()
    database = settings["LEADNATOR_DATABASE_URL"]
    assert (database["value"], database["source"]) == ("postgresql://auth:***@db.example/auth", "environment")
    assert settings["LEADNATOR_DATABASE_POOL_SIZE"]["value"] == 8
    assert settings["LEADNATOR_JWT_SECRET"]["value"] == "***"
    assert found["unknown"] == [{"name": "leadnator_jwt_secret", "closest": "LEADNATOR_JWT_SECRET"}]
    assert "geheim" not in json.dumps(found)


def test_looking_makes_nothing_and_a_secret_that_is_there_stays_one(tmp_path: Path) -> None:
    settings = {each["name"]: each for each in config_as_json(tmp_path, {})["settings"]}
    assert settings["LEADNATOR_JWT_SECRET"]["source"] == "file"
    assert list(tmp_path.iterdir()) == []
    assert run("migrate", home=tmp_path).returncode == 0
    shown = json.dumps(config_as_json(tmp_path, {}))
    for file in ("leadnator.db.secret", "leadnator.db.master.secret"):
        assert (tmp_path / file).read_text().strip() not in shown
        assert file in shown


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_bad_value_is_one_line(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run("config", *options, home=tmp_path, settings={"LEADNATOR_BCRYPT_COST": "3"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "LEADNATOR_BCRYPT_COST" in done.stderr
