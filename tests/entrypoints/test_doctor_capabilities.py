"""What settings switch off, and what keeps a server from starting: the doctor says what to set."""

import sys
from pathlib import Path

import pytest

from leadnator_auth.entrypoints.compose.doctor import checks
from leadnator_auth.entrypoints.compose.ports import prepare
from leadnator_auth.entrypoints.doctor import Finding, Level, examine
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(settings: Settings, name: str) -> Finding:
    (finding,) = examine(check for check in checks(settings, {}, None) if check.name == name)
    return finding


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        (Settings(), "log-in by code", "LEADNATOR_EMAIL_CODE_LOGIN=on"),
        (Settings(email_verification="off"), "verification", "LEADNATOR_EMAIL_VERIFICATION=on"),
        (Settings(signup="closed"), "sign-up", "LEADNATOR_SIGNUP=open"),
        (Settings(signup="@example.com"), "sign-up", "@example.com"),
        (Settings(), "public keys", "LEADNATOR_JWT_ALGORITHM=EdDSA"),
        (Settings(), "user metadata", "LEADNATOR_USER_METADATA_SCHEMA"),
        (Settings(), "tracing", "LEADNATOR_OTLP_ENDPOINT"),
    ],
)
def test_what_is_off_is_told_with_what_to_set_and_is_nothing_wrong(settings: Settings, name: str, says: str) -> None:
    finding = found(settings, name)
    assert (finding.level, finding.cure) == (Level.OK, "")
    assert says in finding.found


@pytest.mark.parametrize(
    ("settings", "name", "words"),
    [
        (Settings(email_code_login="on"), "log-in by code", "on"),
        (Settings(email_verification="required"), "verification", "required"),
        (Settings(), "sign-up", "open to everybody"),
        (Settings(jwt_algorithm="EdDSA"), "public keys", "EdDSA, at /.well-known/jwks.json"),
        (Settings(otlp_endpoint="http://127.0.0.1:4318"), "tracing", "spans go to http://127.0.0.1:4318"),
    ],
)
def test_what_is_on_is_told(settings: Settings, name: str, words: str) -> None:
    assert found(settings, name) == Finding(Level.OK, name, words)


@pytest.mark.parametrize(
    "schema",
    ["{", "[]", "", '"text"', '{"type": "nonsense"}', '{"$ref": "https://example.com/s.json"}', '{"pattern": "("}'],
)
def test_a_schema_that_keeps_a_server_from_starting_fails(home: Path, schema: str) -> None:
    (home / "schema.json").write_text(schema)
    settings = Settings(user_metadata_schema=Path("schema.json"))
    with pytest.raises(StartError) as refusal:
        prepare(settings)
    finding = found(settings, "user metadata")
    assert (finding.level, finding.found) == (Level.FAIL, str(refusal.value))
    assert "nothing starts" in finding.cure


def test_a_schema_that_will_do_is_ok(home: Path) -> None:
    (home / "schema.json").write_text('{"type": "object"}')
    finding = found(Settings(user_metadata_schema=Path("schema.json")), "user metadata")
    assert (finding.level, "schema.json" in finding.found) == (Level.OK, True)


def test_a_schema_that_went_away_fails(home: Path) -> None:
    (home / "schema.json").write_text("{}")
    settings = Settings(user_metadata_schema=Path("schema.json"))
    (home / "schema.json").unlink()
    assert found(settings, "user metadata").level is Level.FAIL


def test_traces_that_nothing_here_can_send_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "leadnator_auth.entrypoints.telemetry.tracing.tracing", None)
    finding = found(Settings(otlp_endpoint="http://127.0.0.1:4318"), "tracing")
    assert (finding.level, "leadnator-auth[tracing]" in finding.found) == (Level.FAIL, True)
