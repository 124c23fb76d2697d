"""When a verifier fetches keys, and what an answer changes."""

import pytest

from leadnator_auth.verifier.key_store import FETCHED_AGAIN_AFTER, FETCHED_EVERY, MAX_AGE, RETRIED_AFTER, KeyStore
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
