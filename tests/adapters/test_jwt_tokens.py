"""The JWT adapter's secrets, and how they change."""

import hmac
import json
import re
from datetime import UTC, datetime
from itertools import count

import attrs
import jwt
import pytest
from jwt.utils import base64url_encode

from leadnator_auth.adapters.jwt_tokens import JwtTokens, signing
from leadnator_auth.adapters.jwt_tokens import tokens as tokens_module
from leadnator_auth.domain import AccessPurpose, Claims, InvalidTokenError, SessionId, UserId

OLD, NEW = "the old secret, of 32 bytes or so", "the new secret, of 32 bytes or so"
CLAIMS = Claims(
    user_id=UserId("u_alice"),
    session_id=SessionId("s_1"),
    token_id="t1",
    purpose=AccessPurpose.ACCESS,
    issued_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=datetime(2026, 1, 8, tzinfo=UTC),
)


def test_the_first_secret_signs_and_all_verify() -> None:
    before, during, after = JwtTokens([OLD]), JwtTokens([NEW, OLD]), JwtTokens([NEW])
    old, new = before.issue(CLAIMS), during.issue(CLAIMS)
    assert during.read(old) == during.read(new) == after.read(new) == CLAIMS
    for tokens, token in ((before, new), (after, old)):
        with pytest.raises(InvalidTokenError):
            tokens.read(token)


def test_a_token_without_the_name_of_its_secret_is_tried_with_all() -> None:
    payload = jwt.decode(JwtTokens([OLD]).issue(CLAIMS), options={"verify_signature": False})
    for secret in (OLD, NEW):
        assert JwtTokens([NEW, OLD]).read(jwt.encode(payload, secret, "HS256")) == CLAIMS


def test_the_name_of_a_secret_binds() -> None:
    payload = jwt.decode(JwtTokens([OLD]).issue(CLAIMS), options={"verify_signature": False})
    named_old = jwt.get_unverified_header(JwtTokens([OLD]).issue(CLAIMS))["kid"]
    with pytest.raises(InvalidTokenError):
        JwtTokens([NEW, OLD]).read(jwt.encode(payload, NEW, "HS256", headers={"kid": named_old}))


@pytest.mark.parametrize("secrets", [[], [""], ["x" * 31], ["x" * 32, "short"]])
def test_a_short_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        JwtTokens(secrets)


@pytest.mark.parametrize("secret", ["x" * 32, "é" * 16])
def test_a_secret_of_32_bytes_is_enough(secret: str) -> None:
    assert JwtTokens([secret]).read(JwtTokens([secret]).issue(CLAIMS)) == CLAIMS


def test_no_secret_shows() -> None:
    tokens = JwtTokens([NEW, OLD])
    assert "secret, of" not in f"{tokens!r} {tokens}"
    kid = jwt.get_unverified_header(tokens.issue(CLAIMS))["kid"]
    assert kid not in (NEW, OLD)


def signed(**changes: object) -> str:
    """Returns a token with changed claims, signed with the old secret."""
    claims = jwt.decode(JwtTokens([OLD]).issue(CLAIMS), options={"verify_signature": False})
    return jwt.encode(claims | changes, OLD, algorithm="HS256")


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "alice"},
        {"sub": "s_alice"},
        {"sid": "1"},
        {"sid": "u_1"},
        {"sub": "u_" + "x" * 127},
        {"sid": "s_1\n"},
        {"jti": "x" * 129},
        {"jti": "t1\n"},
        {"jti": ""},
        {"path": 5},
        {"path": ["/media"]},
        {"iat": -1},
        {"exp": 253_370_764_801},
    ],
    ids=str,
)
def test_a_claim_that_is_none_of_ours_is_refused_before_anything_is_looked_up(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidTokenError):
        JwtTokens([OLD]).read(signed(**changes))


def test_from_when_on_a_token_is_good_is_read_and_left_to_the_clock_of_the_core() -> None:
    later = attrs.evolve(CLAIMS, not_before=datetime(2030, 1, 1, tzinfo=UTC))
    tokens = JwtTokens([OLD])
    assert tokens.read(tokens.issue(later)) == later
    assert jwt.decode(tokens.issue(later), options={"verify_signature": False})["nbf"] == 1_893_456_000
    assert "nbf" not in jwt.decode(tokens.issue(CLAIMS), options={"verify_signature": False})
    assert tokens.read(signed(nbf=0)).not_before == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("nbf", [None, "", "0", 0.5, True, -1, 253_370_764_801, [0], {}])
def test_a_beginning_that_is_no_time_is_refused(nbf: object) -> None:
    with pytest.raises(InvalidTokenError):
        JwtTokens([OLD]).read(signed(nbf=nbf))


def key_id(secret: str) -> str:
    """Returns the name that the tokens of a secret have."""
    return str(jwt.get_unverified_header(JwtTokens([secret]).issue(CLAIMS))["kid"])


def test_a_number_is_not_the_name_of_a_secret() -> None:
    """Even where the name happens to look like one."""
    secret = next(text for number in count() if re.fullmatch("[1-9][0-9]*", key_id(text := f"{number:032}")))
    tokens = JwtTokens([secret])
    named = tokens.issue(CLAIMS)
    assert tokens.read(named) == CLAIMS
    header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": int(key_id(secret))}).encode()
    text = f"{base64url_encode(header).decode()}.{named.split('.')[1]}"
    signature = base64url_encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()
    with pytest.raises(InvalidTokenError):
        tokens.read(f"{text}.{signature}")


@pytest.mark.parametrize(
    "changes",
    [{"sub": "u_" + "x" * 126}, {"jti": "x" * 128}, {"iat": 0}, {"exp": 253_370_764_800}, {"path": None}],
    ids=str,
)
def test_a_claim_just_within_its_bounds_is_read(changes: dict[str, object]) -> None:
    assert JwtTokens([OLD]).read(signed(**changes)).session_id == "s_1"


def test_a_token_that_was_made_before_an_update_is_still_good() -> None:
    issued_in_version_0_1 = (
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjA1MjVhNTI3OGI4MTRmM2QiLCJ0eXAiOiJKV1QifQ."
        "eyJpc3MiOiJsZWFkbmF0b3ItYXV0aCIsImF1ZCI6ImxlYWRuYXRvciIsInN1YiI6InVfYWxpY2UiLCJzaWQiOiJzXzEiLCJqdGki"
        "OiJ0MSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3ODMwNDAwLCJwdXJwb3NlIjoiYWNjZXNzIn0."
        "Ug2hf_PqulDanQjDs_BFqzb6YRheY6Fm4gzAvX2Cumg"
    )
    claims = JwtTokens([NEW, OLD]).read(issued_in_version_0_1)
    assert claims == CLAIMS


def test_a_token_that_was_read_is_not_verified_again_but_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = JwtTokens([OLD])
    token = tokens.issue(CLAIMS)
    assert tokens.read(token) == CLAIMS
    monkeypatch.setattr(signing, "payload_of", None)
    assert tokens.read(token) == CLAIMS
    kept = repr(list(tokens._remembered))  # noqa: SLF001
    assert token not in kept
    assert token.rpartition(".")[2] not in kept


def test_what_is_refused_is_refused_each_time() -> None:
    tokens = JwtTokens([NEW])
    forged = JwtTokens([OLD]).issue(CLAIMS)
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            tokens.read(forged)


def test_a_changed_signature_is_another_token() -> None:
    tokens = JwtTokens([OLD])
    token = tokens.issue(CLAIMS)
    tokens.read(token)
    with pytest.raises(InvalidTokenError):
        tokens.read(token[:-4] + "AAAA")


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_REMEMBERED", 3)
    tokens = JwtTokens([OLD])
    issued = [tokens.issue(attrs.evolve(CLAIMS, token_id=f"t{number}")) for number in range(10)]
    for token in issued * 2:
        assert tokens.read(token).token_id == f"t{issued.index(token)}"
    assert len(tokens._remembered) == 3  # noqa: SLF001
