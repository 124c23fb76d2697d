"""What the doctor finds about passkeys, each with what to do about it."""

import pytest

from leadnator_auth.entrypoints.compose import passkeys
from leadnator_auth.entrypoints.compose.doctor import checks
from leadnator_auth.entrypoints.doctor.examining import Finding, Level
from leadnator_auth.entrypoints.settings import Settings

Values = dict[str, str]


def found(**values: str) -> list[Finding]:
    settings = Settings.read({f"LEADNATOR_{name}": value for name, value in values.items()})
    (check,) = [check for check in checks(settings, {}, None) if check.name == "passkeys"]
    findings = check.run()
    assert not hasattr(findings, "__aiter__")
    return list(findings)


@pytest.mark.parametrize(
    ("values", "levels", "words"),
    [
        ({"PUBLIC_URL": "https://a.example"}, [Level.OK], "on, for the domain a.example"),
        ({"PUBLIC_URL": "http://localhost:8000"}, [Level.OK], "on, for the domain localhost"),
        (
            {"PUBLIC_URL": "https://a.example", "PASSKEY_ORIGINS": "https://b.example"},
            [Level.OK],
            "and pages of https://b.example",
        ),
        ({}, [Level.OK], "off: the public URL has no domain"),
        ({"PUBLIC_URL": "http://192.0.2.1:8000"}, [Level.OK], "LEADNATOR_PUBLIC_URL"),
        (
            {"PUBLIC_URL": "http://192.0.2.1", "PASSKEY_ORIGINS": "https://b.example"},
            [Level.FAIL],
            "off, and LEADNATOR_PASSKEY_ORIGINS is set",
        ),
        ({"PUBLIC_URL": "http://a.example"}, [Level.OK, Level.WARN], "not encrypted: http://a.example"),
        (
            {"PUBLIC_URL": "https://a.example", "PASSKEY_ORIGINS": "http://b.example, http://app.localhost:3000"},
            [Level.OK, Level.WARN],
            "not encrypted: http://b.example",
        ),
    ],
)
def test_it_says_whether_they_are_on_and_what_to_set(values: Values, levels: list[Level], words: str) -> None:
    findings = found(**values)
    assert [finding.level for finding in findings] == levels
    assert words in findings[-1].found
    assert all(finding.cure or finding.level is Level.OK for finding in findings)


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ({"PUBLIC_URL": "https://a.example"}, [Level.OK]),
        ({}, [Level.OK]),
        ({"PUBLIC_URL": "https://a.example", "PASSKEY_ORIGINS": "https://b.example"}, [Level.FAIL]),
        ({"PASSKEY_ORIGINS": "https://b.example"}, [Level.FAIL, Level.FAIL]),
    ],
)
def test_without_the_libraries_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, values: Values, levels: list[Level]
) -> None:
    monkeypatch.setattr(passkeys, "LIBRARIES", ("no_such_library",))
    findings = found(**values)
    assert [finding.level for finding in findings] == levels
    told = " ".join(f"{finding.found} {finding.cure}" for finding in findings)
    assert "no_such_library is not installed" in told
    assert "pip install 'leadnator-auth[passkeys]'" in told
