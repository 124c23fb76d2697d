"""What an answer of the feed has a verifier do besides."""

import pytest

from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.knowledge import Knowledge
from leadnator_auth.verifier.learning import NEW_KEYS_PAUSE, Learning
from leadnator_auth.verifier.transport import Answer
from tests.verifier.minting import Key, jwks
from tests.verifier.service import API_KEY

PAGE = b'{"revocations":[],"cursor":"1"}'


@pytest.fixture
def learning() -> Learning:
    """One that has fetched its keys, and is never started: it asks nobody."""
    knowledge = Knowledge(Feed(30.0, 10), "leadnator-auth", "leadnator")
    knowledge.keys_answered(200, jwks(Key()), 0.0)
    return Learning("http://auth.test", API_KEY, knowledge, None)


def heard(learning: Learning, version: str | None, status: int = 200) -> float:
    return learning.heard(Answer(status, {} if version is None else {"x-keys-version": version}, PAGE), 0.0)


def test_servers_that_disagree_on_the_keys_are_asked_in_turns_with_a_rest(learning: Learning) -> None:
    assert [heard(learning, version) for version in ("v1", "v2", "v1", "v2")] == [NEW_KEYS_PAUSE] * 4
    assert heard(learning, "v2") == 0.0


def test_a_service_that_says_no_version_is_followed_as_ever(learning: Learning) -> None:
    assert [heard(learning, None) for _ in range(3)] == [0.0] * 3
    assert learning.keys.due_in(1.0) > 0.0


@pytest.mark.parametrize("status", [204, 400, 403, 500, 503])
def test_what_is_no_page_of_the_feed_says_nothing_of_keys(learning: Learning, status: int) -> None:
    assert heard(learning, "v1", status) > 0.0
    assert learning.keys.due_in(1.0) > 0.0
