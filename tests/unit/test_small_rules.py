"""Rules of one line each: what a key may be called and do, what is told of events, and when keys are read again."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain import BadFieldError, EventType, KeyRing
from leadnator_auth.domain.entities.access_token import access_claims, media_claims
from leadnator_auth.domain.entities.api_key import parse_key_name, parse_scopes
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.entities.key_ring import MAX_AGE, MAX_LOOKS, READ_EVERY
from leadnator_auth.domain.entities.signing_key import KeyState
from leadnator_auth.domain.values.public_key import SigningAlgorithm
from leadnator_auth.testing.contract.api_keys import an_api_key
from leadnator_auth.testing.contract.samples import NOW, a_session, a_signing_key, a_user

MOMENT = timedelta(microseconds=1)


def test_the_name_of_a_key_has_up_to_100_characters() -> None:
    assert parse_key_name(" " + "k" * 100) == "k" * 100
    with pytest.raises(BadFieldError):
        parse_key_name("k" * 101)


@pytest.mark.parametrize(
    "value", [["profile", "nope"], ["nope"], [5], [None], [["profile"]], "profile", {"profile": 1}]
)
def test_a_scope_that_nobody_knows_is_refused(value: object) -> None:
    with pytest.raises(BadFieldError):
        parse_scopes(value, {"profile"})


def test_what_a_key_is_recognised_by_is_not_shown() -> None:
    key = attrs.evolve(an_api_key(a_user()), digest="0123456789abcdef")
    assert "0123456789abcdef" not in repr(key)


def test_all_is_a_happening_but_the_test_of_a_webhook() -> None:
    assert set(EventType) - set(HAPPENINGS) == {EventType.WEBHOOK_TEST}


def test_instants_in_a_token_are_whole_seconds() -> None:
    session = attrs.evolve(a_session(a_user()), authenticated_at=NOW.replace(microsecond=999_999))
    assert access_claims(session, "t_1").authenticated_at == NOW.replace(microsecond=0)


def test_a_media_token_lives_three_minutes() -> None:
    claims = media_claims(a_session(a_user()), "/media/", "t_1", NOW)
    assert claims.expires_at - claims.issued_at == timedelta(minutes=3)


def test_keys_are_read_again_within_a_second() -> None:
    ring = KeyRing(SigningAlgorithm.ES256)
    ring.keep([], NOW)
    assert not ring.is_due(NOW + READ_EVERY - MOMENT)
    assert ring.is_due(NOW + READ_EVERY)
    with ring.being_read():
        assert not ring.is_due(NOW + MAX_AGE - MOMENT), "others go on with what is known"
        assert ring.is_due(NOW + MAX_AGE)


def test_looks_are_counted_anew_whenever_the_keys_are_to_be_read() -> None:
    ring = KeyRing(SigningAlgorithm.ES256)
    ring.keep([], NOW)
    for late in (READ_EVERY, 2 * READ_EVERY):
        assert [ring.may_look(NOW) for _ in range(MAX_LOOKS + 1)][-1] is False
        assert ring.may_look(NOW + late)


def test_keys_are_read_as_long_as_one_verifies_though_none_is_to_sign() -> None:
    ring = KeyRing(SigningAlgorithm.HS256)
    assert not ring.is_due(NOW)
    ring.keep([a_signing_key(1, KeyState.SIGNING)], NOW)
    assert ring.is_due(NOW + READ_EVERY)
    assert len(ring.version) == 16
