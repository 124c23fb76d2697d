"""What every AccessTokens must do."""

from datetime import UTC, datetime

import attrs
import pytest

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import UnsignedTokens
from leadnator_auth.domain import Claims, InvalidTokenError, Purpose, SessionId, UserId
from leadnator_auth.domain.ports import AccessTokens

CLAIMS = Claims(
    user_id=UserId("u_alice"),
    session_id=SessionId("s_1"),
    token_id="t1",
    purpose=Purpose.ACCESS,
    issued_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=datetime(2026, 1, 8, tzinfo=UTC),
)


@pytest.fixture(params=["memory", "jwt"])
def tokens(request: pytest.FixtureRequest) -> AccessTokens:
    return UnsignedTokens() if request.param == "memory" else JwtTokens(["a secret of at least 32 bytes, all of it"])


def test_a_token_says_what_was_claimed_whatever_its_times(tokens: AccessTokens) -> None:
    assert tokens.read(tokens.issue(CLAIMS)) == CLAIMS
    long_past = attrs.evolve(CLAIMS, expires_at=datetime(1990, 1, 1, tzinfo=UTC))
    assert tokens.read(tokens.issue(long_past)) == long_past


def test_tokens_of_two_claims_differ(tokens: AccessTokens) -> None:
    assert tokens.issue(CLAIMS) != tokens.issue(attrs.evolve(CLAIMS, token_id="t2"))


@pytest.mark.parametrize("change", [lambda t: t + "x", lambda t: t[:-1], lambda t: t[1:], lambda t: "", lambda t: "\0"])
def test_a_token_that_was_changed_is_refused(tokens: AccessTokens, change: object) -> None:
    assert callable(change)
    with pytest.raises(InvalidTokenError):
        tokens.read(change(tokens.issue(CLAIMS)))


@pytest.mark.parametrize("text", ["", "a.b.c", "é", "\ud800", "..", "null", " "])
def test_what_never_was_a_token_is_refused(tokens: AccessTokens, text: str) -> None:
    with pytest.raises(InvalidTokenError):
        tokens.read(text)
