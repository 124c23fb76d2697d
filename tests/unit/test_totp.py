"""Codes of apps against the vectors of RFC 6238, and against a library that others wrote."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from leadnator_auth.domain.values.totp import PERIOD, code_at, key_uri, matching_step, shown, step_at

SEED = b"12345678901234567890"
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
"""RFC 6238 appendix B, SHA-1; ours are the last six of these eight digits."""
NOW = datetime(2026, 1, 1, 0, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert code_at(SEED, step_at(now)) == code[2:]
    assert matching_step(SEED, code[2:], now, after=-1) == seconds // PERIOD


@pytest.mark.parametrize("hours", range(0, 20000, 997))
def test_it_is_what_pyotp_shows(hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    assert code_at(SEED, step_at(now)) == pyotp.TOTP(shown(SEED)).at(now)


@pytest.mark.parametrize(("seconds", "matches"), [(-46, False), (-45, True), (-15, True), (44, True), (45, False)])
def test_one_step_either_side(seconds: int, matches: bool) -> None:
    code = code_at(SEED, step_at(NOW + timedelta(seconds=seconds)))
    assert (matching_step(SEED, code, NOW, after=-1) is not None) is matches


def test_no_step_that_was_used_and_none_before_it_matches() -> None:
    present = step_at(NOW)
    for step in (present - 1, present, present + 1):
        code = code_at(SEED, step)
        assert [matching_step(SEED, code, NOW, after=used) for used in (step - 1, step, step + 1)] == [step, None, None]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "☕", "\uff10" * 6, "-00001"])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert matching_step(SEED, typed, NOW, after=-1) is None


def test_the_uri_says_to_an_app_all_that_it_has_to_know() -> None:
    uri = key_uri(SEED, issuer="Acme & Söhne: 100 %", account="alice+1@example.com")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Acme & Söhne 100 %:alice+1@example.com", "a colon ends the issuer"
    assert parse_qs(parts.query) == {
        "secret": [shown(SEED)],
        "issuer": ["Acme & Söhne 100 %"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    read = pyotp.parse_uri(key_uri(SEED, issuer=":Acme: ", account="alice@example.com"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer, read.name, read.at(NOW)) == ("Acme", "alice@example.com", code_at(SEED, step_at(NOW)))
