"""When a verifier fetches keys, and what an answer changes."""

import json

import pytest

from leadnator_auth.verifier.key_store import (
    FETCHED_AGAIN_AFTER,
    FETCHED_EVERY,
    MAX_AGE,
    RETRIED_AFTER,
    KeyStore,
    target,
)
from tests.verifier.minting import Key, jwks

OLD, NEW = Key("EdDSA", "k-old"), Key("ES256", "k-new")


def a_store() -> KeyStore:
    """Returns one that fetched its keys at 0."""
    store = KeyStore()
    assert store.due_in(0.0) == 0.0
    assert store.answered(200, jwks(OLD), 0.0)
    return store


def test_keys_are_fetched_now_and_then() -> None:
    store = a_store()
    assert store.due_in(100.0) == FETCHED_EVERY - 100.0
    assert store.due_in(FETCHED_EVERY) == 0.0
    assert not store.answered(200, jwks(OLD), FETCHED_EVERY), "they are the same"
    assert store.answered(200, jwks(OLD, NEW), FETCHED_EVERY)
    assert store.current.keys.keys() == {"k-old", "k-new"}


def test_an_unknown_key_has_them_fetched_once_a_minute_at_most() -> None:
    store = a_store()
    store.want_another()
    assert store.due_in(1.0) == FETCHED_AGAIN_AFTER - 1.0
    assert store.due_in(FETCHED_AGAIN_AFTER) == 0.0
    store.answered(200, jwks(OLD), FETCHED_AGAIN_AFTER)
    assert store.due_in(FETCHED_AGAIN_AFTER) == FETCHED_EVERY
    for _ in range(3):
        store.want_another()
    assert store.due_in(FETCHED_AGAIN_AFTER + 1) == FETCHED_AGAIN_AFTER - 1


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (404, b""), (304, b""), (200, b""), (200, b'{"keys":[]}'), (200, b"<html>")]
)
def test_a_failed_fetch_changes_nothing(status: int, body: bytes) -> None:
    store = a_store()
    assert not store.answered(status, body, FETCHED_EVERY)
    assert store.current.keys.keys() == {"k-old"}
    assert store.good_until > FETCHED_EVERY + 1
    assert store.due_in(FETCHED_EVERY) == RETRIED_AFTER
    store.failed("no answer", FETCHED_EVERY + 5)
    assert store.current.keys.keys() == {"k-old"}


@pytest.mark.parametrize("value", [None, 5, True, [], ["OKP"], {}, {"a": 1}, "", "\ud800", "\u00e9", "x" * 5000])
@pytest.mark.parametrize("member", ["kty", "crv", "x", "y", "kid", "use", "alg"])
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_an_entry_of_any_json_costs_no_other_key(algorithm: str, member: str, value: object) -> None:
    store = a_store()
    odd = {**Key(algorithm, "k-odd").jwk, member: value}
    body = json.dumps({"keys": [odd, OLD.jwk, value, NEW.jwk]}).encode()
    assert store.answered(200, body, FETCHED_EVERY)
    assert {"k-old", "k-new"} <= store.current.keys.keys()


def test_keys_that_cannot_be_fetched_anew_count_for_an_hour() -> None:
    store = a_store()
    store.failed("no answer", MAX_AGE - 1)
    assert store.good_until > MAX_AGE - 1
    assert store.good_until <= MAX_AGE
    assert "too long" in store.error


def test_there_are_none_at_first_and_it_is_said_why() -> None:
    store = KeyStore()
    assert store.good_until <= 0.0
    store.answered(200, b'{"keys":[]}', 0.0)
    assert store.good_until <= 0.0
    assert "LEADNATOR_JWT_ALGORITHM" in store.error


def test_a_key_that_is_published_no_more_counts_no_more() -> None:
    store = a_store()
    assert store.answered(200, jwks(NEW), 300.0)
    assert store.current.keys.keys() == {"k-new"}


def test_keys_of_another_version_are_fetched_at_once_and_once() -> None:
    store = a_store()
    assert store.headers == {}
    assert store.published("v1")
    assert store.headers == {"X-Keys-Version": "v1"}
    assert store.due_in(1.0) == 0.0, "though they were fetched a second ago"
    assert store.answered(200, jwks(OLD, NEW), 1.0, "v1")
    assert store.due_in(1.0) == FETCHED_EVERY
    assert not store.published("v1")
    assert store.due_in(2.0) == FETCHED_EVERY - 1.0, "it is known that they are those"
    assert store.published("v2")
    assert store.due_in(2.0) == 0.0
    assert not store.answered(200, jwks(OLD, NEW), 2.0, "v2"), "the same keys are an answer, too"
    assert store.due_in(2.0) == FETCHED_EVERY


def test_a_version_that_came_while_keys_were_fetched_has_them_fetched_again() -> None:
    store = a_store()
    store.published("v1")
    store.published("v2")
    store.answered(200, jwks(OLD, NEW), 1.0, "v1")
    assert store.due_in(1.0) == 0.0


def test_an_unknown_key_beside_a_new_version_waits_for_no_minute_and_then_for_one_again() -> None:
    store = a_store()
    store.want_another()
    store.published("v1")
    assert store.due_in(1.0) == 0.0
    store.answered(200, jwks(OLD), 1.0, "v1")
    store.want_another()
    assert store.due_in(1.0) == FETCHED_AGAIN_AFTER


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"<html>"), (200, b'{"keys":[]}')])
def test_keys_of_another_version_that_cannot_be_fetched_are_tried_again_as_ever(status: int, body: bytes) -> None:
    store = a_store()
    store.published("v1")
    store.answered(status, body, 1.0, "v1")
    assert store.due_in(1.0) == RETRIED_AFTER
    store.published("v2")
    assert store.due_in(1.0) == RETRIED_AFTER, "a version more is no reason to hurry"
    store.failed("no answer", 6.0)
    assert store.due_in(6.0) == RETRIED_AFTER
    assert store.answered(200, jwks(NEW), 11.0, "v2")
    assert store.due_in(11.0) == FETCHED_EVERY


@pytest.mark.parametrize("version", [None, "", " ", "a b", "v1\r\n X: y", "v1&x=y", "\u00e4", "v" * 65])
def test_what_is_no_version_changes_nothing(version: str | None) -> None:
    store = a_store()
    store.published("v1")
    store.answered(200, jwks(OLD), 1.0, "v1")
    assert not store.published(version)
    assert store.headers == {"X-Keys-Version": "v1"}
    assert store.due_in(1.0) == FETCHED_EVERY


def test_no_cache_between_answers_with_the_keys_of_an_older_version() -> None:
    assert target("") == "/.well-known/jwks.json"
    assert target("v1") == "/.well-known/jwks.json?version=v1"
