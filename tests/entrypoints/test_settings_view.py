"""The output of `config`: every setting, its source, and no secret however it is written."""

from pathlib import Path
from urllib.parse import quote

import pytest

from leadnator_auth.entrypoints.compose.ports import surroundings
from leadnator_auth.entrypoints.doctor import Finding, Level
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.masking import censor, masked_smtp_url
from leadnator_auth.entrypoints.settings.smtp import smtp_url
from leadnator_auth.entrypoints.settings.view import Shown, Source, in_force, names_of_settings, unknown_settings

SECRET = "geheim/0815?+%"
QUOTED = quote(SECRET, safe="")
LONG_SECRET = "0123456789abcdef0123456789abcdef"
PROMISED = {
    "DATABASE_URL",
    "JWT_SECRET",
    "MASTER_KEY",
    "WEBHOOK_PRIVATE_TARGETS",
    "TOKEN_TTL",
    "RESET_TOKEN_TTL",
    "MAX_SESSIONS",
    "EVENT_RETENTION",
    "MIN_PASSWORD_LENGTH",
    "PUBLIC_URL",
    "RESET_URL",
    "SMTP_URL",
    "MAIL_FROM",
    "BCRYPT_COST",
    "HASH_WORKERS",
    "HASH_QUEUE",
    "RATE_LIMIT",
    "TRUSTED_PROXIES",
    "CORS_ORIGINS",
    "APP_NAME",
    "LOGIN_URL",
    "LOG_FORMAT",
    "LOG_LEVEL",
}


def shown(**values: str) -> dict[str, Shown]:
    """Returns what is in force with these variables set, by their names without the prefix."""
    environment = {f"LEADNATOR_{name}": value for name, value in values.items()}
    settings = Settings.read(environment)
    return {
        each.name.removeprefix("LEADNATOR_"): each for each in in_force(settings, environment, surroundings(settings))
    }


def test_every_setting_that_is_promised_is_shown() -> None:
    assert shown().keys() >= PROMISED
    assert [f"LEADNATOR_{name}" for name in shown()] == names_of_settings()


def test_without_anything_set_the_defaults_are_shown() -> None:
    found = shown()
    kept = {"JWT_SECRET", "MASTER_KEY"}
    assert {each.source for name, each in found.items() if name not in kept} == {Source.DEFAULT}
    values = {name: each.value for name, each in found.items()}
    assert values["DATABASE_URL"] == "sqlite:///leadnator.db"
    assert values["DATABASE_POOL_SIZE"] == 3
    assert values["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert values["RESET_URL"] == "http://127.0.0.1:8000/reset-password?token={token}"
    assert values["LIMIT_LOGIN"] == "10/min"
    assert values["CORS_ORIGINS"] == []
    assert "port" in found["PUBLIC_URL"].note
    assert "mail" in found["SMTP_URL"].note


def test_what_is_set_comes_from_the_environment() -> None:
    found = shown(
        BCRYPT_COST="10", LIMIT_SIGNUP="7/d", CORS_ORIGINS="https://a.example,https://b.example", HASH_QUEUE=" "
    )
    assert found["BCRYPT_COST"] == Shown("LEADNATOR_BCRYPT_COST", 10, Source.ENVIRONMENT)
    assert (found["LIMIT_SIGNUP"].value, found["LIMIT_SIGNUP"].source) == ("7/day", Source.ENVIRONMENT)
    assert found["CORS_ORIGINS"].value == ["https://a.example", "https://b.example"]
    assert shown(HASH_QUEUE=" ")["HASH_QUEUE"].source is Source.DEFAULT, "an empty variable is as good as none"


def test_the_reset_link_follows_the_public_url() -> None:
    assert shown(PUBLIC_URL="https://auth.example.com")["RESET_URL"].value == (
        "https://auth.example.com/reset-password?token={token}"
    )


@pytest.mark.parametrize(("name", "file"), [("JWT_SECRET", "auth.db.secret"), ("MASTER_KEY", "auth.db.master.secret")])
def test_what_is_secret_is_in_a_file_that_looking_does_not_make(tmp_path: Path, name: str, file: str) -> None:
    url = f"sqlite:///{tmp_path}/auth.db"
    before = shown(DATABASE_URL=url)[name]
    assert (before.value, before.source) == (None, Source.FILE)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / file).write_text(LONG_SECRET)
    after = shown(DATABASE_URL=url)[name]
    assert (after.value, after.source, after.note) == ("***", Source.FILE, f"{tmp_path}/{file}")


def test_a_signing_secret_that_postgresql_lacks_is_missing() -> None:
    found = shown(DATABASE_URL="postgresql://auth@db/auth")
    assert (found["JWT_SECRET"].value, found["JWT_SECRET"].source) == (None, Source.MISSING)
    assert found["DATABASE_POOL_SIZE"].value == 8


def test_without_a_master_key_postgresql_goes_on_without_what_needs_one() -> None:
    found = shown(DATABASE_URL="postgresql://auth@db/auth")["MASTER_KEY"]
    assert (found.value, found.source) == (None, Source.DEFAULT)
    assert "token pairs and webhooks are off" in found.note


@pytest.mark.parametrize("name", ["JWT_SECRET", "MASTER_KEY"])
def test_of_what_is_secret_only_the_number_is_told(name: str) -> None:
    found = shown(**{name: f"{LONG_SECRET},{LONG_SECRET}-old"})[name]
    assert (found.value, found.note) == ("***", "2 secrets")
    assert LONG_SECRET[:4] not in repr(found)


def test_the_password_of_a_database_is_masked() -> None:
    url = f"postgres://auth:{QUOTED}@db/auth?sslpassword={QUOTED}&sslmode=require"
    assert (
        shown(DATABASE_URL=url)["DATABASE_URL"].value == "postgresql://auth:***@db/auth?sslpassword=***&sslmode=require"
    )
    assert shown(DATABASE_URL="sqlite:////srv/a%25.db")["DATABASE_URL"].value == "sqlite:////srv/a%25.db"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("smtp://localhost", "smtp://localhost"),
        (f"smtps://u%40x:{QUOTED}@mail.example:465", "smtps://u%40x:***@mail.example:465"),
        ("smtp+starttls://u:a:b@[::1]:587/", "smtp+starttls://u:***@[::1]:587"),
        (f"smtp://:{QUOTED}@mail.example", "smtp://:***@mail.example"),
    ],
)
def test_the_password_of_a_mail_server_is_masked(url: str, masked: str) -> None:
    assert masked_smtp_url(smtp_url(url)) == masked
    assert shown(SMTP_URL=url)["SMTP_URL"].value == masked


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("LEADNATOR_JWT_SECERT", "LEADNATOR_JWT_SECRET"),
        ("LEADNATOR_SMPT_URL", "LEADNATOR_SMTP_URL"),
        ("LEADNATOR_BCRYPT_COSTS", "LEADNATOR_BCRYPT_COST"),
        ("leadnator_bcrypt_cost", "LEADNATOR_BCRYPT_COST"),
        ("LEADNATOR_ZZZ", None),
    ],
)
def test_a_mistyped_name_is_told_with_the_closest_and_without_its_value(name: str, closest: str | None) -> None:
    (unknown,) = unknown_settings({name: SECRET, "LEADNATOR_HASH_QUEUE": "1", "PATH": "/bin", "OTHER_LEADNATOR_X": "1"})
    assert (unknown.name, unknown.closest) == (name, closest)
    assert name in unknown.warning
    assert (closest or "setting") in unknown.warning
    assert SECRET not in unknown.warning


def test_a_name_cannot_write_on_the_terminal() -> None:
    (unknown,) = unknown_settings({"LEADNATOR_\x1b[2J": "1"})
    assert unknown.warning.isprintable()


@pytest.mark.parametrize(
    "said",
    [
        f"535 no, {SECRET} is wrong",
        f"535 no, {QUOTED}",
        "535 no, AHUAZ2VoZWltLzA4MTU/KyU=",  # of AUTH PLAIN
        "535 no, Z2VoZWltLzA4MTU/KyU=",  # of AUTH LOGIN
        "password datenbank-0815 is wrong for user",
        LONG_SECRET,
    ],
)
def test_what_others_say_is_shown_without_secrets(said: str) -> None:
    settings = Settings.read(
        {
            "LEADNATOR_SMTP_URL": f"smtps://u:{QUOTED}@mail.example",
            "LEADNATOR_DATABASE_URL": "postgresql://auth:datenbank-0815@db/auth",
            "LEADNATOR_JWT_SECRET": LONG_SECRET,
        }
    )
    shown_text = censor(settings)(said)
    assert "***" in shown_text
    for secret in (SECRET, QUOTED, "datenbank", "Z2VoZWlt", "0123456789"):
        assert secret not in shown_text


def test_what_others_say_is_one_line_of_printable_text() -> None:
    line = censor(Settings.read({}))("two\r\nlines\x1b[2J" + "x" * 10_000)
    assert line.startswith("two lines?[2J")
    assert line.isprintable()
    assert len(line) < 500


@pytest.mark.parametrize("password", ["database", "server", "answers", "auth", "password"])
def test_a_word_that_is_a_password_too_is_taken_out_of_nobodys_own_words(password: str) -> None:
    censored = censor(Settings.read({"LEADNATOR_SMTP_URL": f"smtps://u:{password}@mail.example"}))
    ours = "the database server answers: auth, password"
    told = Finding(Level.FAIL, "smtp", ours, "mend it", f"535 no {password}").censored(censored)
    assert told.found == f"{ours} 535 no ***"
    assert censored(f"{password}entication of my{password} and {password}") == (
        f"{password}entication of my{password} and ***"
    )


def test_what_is_no_word_is_taken_out_of_longer_ones_too() -> None:
    censored = censor(Settings.read({"LEADNATOR_SMTP_URL": "smtps://u:abcd1234@mail.example"}))
    assert censored("xabcd1234y") == "x***y"
