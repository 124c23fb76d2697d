"""Whom a verifier lets in for what it knows, at the edges of each time."""

import pytest

from leadnator_auth.verifier.errors import InvalidTokenError, VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.key_store import MAX_AGE as KEYS_MAX_AGE
from leadnator_auth.verifier.keys import UnknownKeyError
from leadnator_auth.verifier.knowledge import Knowledge
from tests.verifier.minting import Key, jwks

KEY = Key()
NOW = 1_767_225_600
PAGE = b'{"revocations":[],"cursor":"1"}'


def knowing(max_age: float = 30.0) -> Knowledge:
    """Returns a verifier that knows at 0 that nothing ended, and its key."""
    known = Knowledge(Feed(max_age, 10), "leadnator-auth", "leadnator")
    known.feed.answered(200, PAGE, 0.0, NOW)
    known.keys_answered(200, jwks(KEY), 0.0)
    return known


TOKEN = KEY.token(iat=NOW, exp=NOW + 100, nbf=NOW + 10)


@pytest.mark.parametrize("wall", [NOW - 50, NOW, NOW + 159.9])
def test_a_token_counts_within_a_minute_of_its_times(wall: float) -> None:
    known = knowing()
    for _ in range(2):  # as it is read, and as it is remembered
        assert known.check(TOKEN, 0.0, wall).session_id == "s_1"


@pytest.mark.parametrize(("wall", "why"), [(NOW - 50.1, "not good yet"), (NOW + 160, "expired"), (2**33, "expired")])
def test_and_not_before_or_after(wall: float, why: str) -> None:
    known = knowing()
    for _ in range(2):
        with pytest.raises(InvalidTokenError, match=why):
            known.check(TOKEN, 0.0, wall)


def test_nobody_is_let_in_from_the_bound_on() -> None:
    known = knowing(max_age=30.0)
    assert known.check(TOKEN, 29.9, NOW)
    with pytest.raises(VerifierUnavailableError, match="which sessions ended"):
        known.check(TOKEN, 30.0, NOW)


def test_nobody_is_let_in_with_keys_that_are_too_old() -> None:
    known = knowing(max_age=10 * KEYS_MAX_AGE)
    assert known.check(TOKEN, KEYS_MAX_AGE - 0.1, NOW)
    with pytest.raises(VerifierUnavailableError, match="keys"):
        known.check(TOKEN, KEYS_MAX_AGE, NOW)


def test_a_token_is_remembered_no_longer_than_its_key_is_published() -> None:
    known = knowing()
    assert known.check(TOKEN, 0.0, NOW)
    known.keys_answered(200, jwks(Key("EdDSA", "k-new")), 1.0, "v2")
    with pytest.raises(UnknownKeyError):
        known.check(TOKEN, 1.0, NOW)
