"""Verifiers over a service: who gets in, who does not any more, and what happens when nothing is heard of it."""

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from leadnator_auth.verifier import AsyncVerifier, InvalidTokenError, Verifier, VerifierUnavailableError
from leadnator_auth.verifier.keys import UnknownKeyError
from leadnator_auth.verifier.transport import Connection, TransportError
from tests.verifier.minting import Key, jwks
from tests.verifier.service import API_KEY, FEED, KEYS, Service, serving

NEVER = "this should have happened long ago"


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as served:
        yield served


@pytest.fixture
def verifier(service: Service) -> Iterator[Verifier]:
    with Verifier(service.url, api_key=API_KEY, max_age=60) as opened:
        opened.wait_until_ready(20)
        yield opened


def until(verifier: Verifier | AsyncVerifier, holds: Callable[[], bool]) -> None:
    """Waits until something holds after the verifier learned something."""
    learning = verifier.engine.start()
    with learning.news:
        assert learning.news.wait_for(holds, 20), NEVER


def is_let_in(verifier: Verifier | AsyncVerifier, token: str) -> bool:
    """Returns whether a token is, both by itself and in the header of a request."""
    for _ in range(1000):  # something may be learned between the two
        verdicts = {
            passes(partial(verifier.engine.verify, token)),
            passes(partial(verifier.engine.verify_request, header_of(token))),
        }
        if len(verdicts) == 1:
            return verdicts.pop()
    raise AssertionError(f"a token by itself, or in a header: {verdicts}")


def passes(verify: Callable[[], object]) -> bool:
    try:
        verify()
    except (InvalidTokenError, VerifierUnavailableError):
        return False
    return True


def header_of(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"orders.test"), (b"authorization", f"Bearer {token}".encode())]


def test_a_token_is_good_until_its_session_ends(service: Service, verifier: Verifier) -> None:
    mine, others = service.key.token("s_1"), service.key.token("s_2")
    assert verifier.verify(mine).session_id == "s_1"
    service.end("s_1")
    until(verifier, lambda: not is_let_in(verifier, mine))
    with pytest.raises(InvalidTokenError, match="session ended"):
        verifier.verify(mine)
    assert verifier.verify(others).session_id == "s_2"


def test_what_ended_before_it_began_is_known(service: Service) -> None:
    service.end("s_1")
    with Verifier(service.url, api_key=API_KEY) as verifier:
        verifier.wait_until_ready(20)
        assert not is_let_in(verifier, service.key.token("s_1"))


def test_nobody_is_let_in_before_the_first_answer(service: Service) -> None:
    service.feed_status = 503
    with Verifier(service.url, api_key=API_KEY) as verifier:
        with pytest.raises(VerifierUnavailableError):
            verifier.verify(service.key.token())
        service.until(FEED, 2)
        with pytest.raises(VerifierUnavailableError):
            verifier.verify(service.key.token())
        service.set(feed_status=200)
        verifier.wait_until_ready(20)
        assert is_let_in(verifier, service.key.token())


def test_nobody_is_let_in_when_the_feed_is_cut_for_too_long(service: Service) -> None:
    """The bound itself is tested with the feed, over a clock of its own."""
    with Verifier(service.url, api_key=API_KEY, max_age=1) as verifier:
        verifier.wait_until_ready(20)
        token = service.key.token()
        assert is_let_in(verifier, token)
        service.set(feed_status=500)
        until(verifier, lambda: not is_let_in(verifier, token))
        with pytest.raises(VerifierUnavailableError, match="500"):
            verifier.verify(token)
        service.set(feed_status=200)
        until(verifier, lambda: is_let_in(verifier, token))


def test_a_restart_of_the_service_loses_nothing(service: Service, verifier: Verifier) -> None:
    token = service.key.token("s_9")
    assert is_let_in(verifier, token)
    service.set(feed_status=503)
    until(verifier, lambda: verifier.engine.start().feed.has_failed)
    service.end("s_8", "s_9")
    service.set(feed_status=200)
    until(verifier, lambda: not is_let_in(verifier, token))


def test_a_new_key_is_fetched_when_a_token_names_it(
    service: Service, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.verifier.key_store.FETCHED_AGAIN_AFTER", 0.0)
    new = Key("ES256", "k-new")
    with pytest.raises(UnknownKeyError):
        verifier.verify(new.token())
    service.until(KEYS, 2)
    service.keys = jwks(service.key, new)
    assert not is_let_in(verifier, new.token())
    until(verifier, lambda: is_let_in(verifier, new.token()))
    assert is_let_in(verifier, service.key.token())


def test_tokens_with_unknown_keys_cost_one_fetch_a_minute(service: Service, verifier: Verifier) -> None:
    for number in range(20):
        assert not is_let_in(verifier, Key("EdDSA", f"k-{number}").token())
    service.end("s_1")
    until(verifier, lambda: not is_let_in(verifier, service.key.token("s_1")))
    assert service.times_asked(KEYS) == 1


def test_a_retired_key_takes_its_tokens_along(
    service: Service, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.verifier.key_store.FETCHED_AGAIN_AFTER", 0.0)
    token, new = service.key.token(), Key("EdDSA", "k-new")
    assert is_let_in(verifier, token)
    assert is_let_in(verifier, token), "it is remembered by now"
    service.keys = jwks(new)
    assert not is_let_in(verifier, new.token())
    until(verifier, lambda: is_let_in(verifier, new.token()))
    assert not is_let_in(verifier, token)


@pytest.fixture
def knowing_versions(service: Service) -> Iterator[Verifier]:
    """One that knows the keys of the first version, and waits for news."""
    service.version = "v1"
    with Verifier(service.url, api_key=API_KEY, max_age=60) as opened:
        opened.wait_until_ready(20)
        with service.changed:
            assert service.changed.wait_for(lambda: "v1" in service.heard_of and "v1" in service.fetched_for, 20), NEVER
        service.fetched_for.clear()
        yield opened


def test_a_retired_key_is_known_with_the_feed(service: Service, knowing_versions: Verifier) -> None:
    """No token that names an unknown key comes, and it is not yet time for the next fetch."""
    token, new = service.key.token(), Key("EdDSA", "k-new")
    assert is_let_in(knowing_versions, token)
    assert is_let_in(knowing_versions, token), "it is remembered by now"
    service.set(keys=jwks(new), version="v2")
    until(knowing_versions, lambda: not is_let_in(knowing_versions, token))
    assert is_let_in(knowing_versions, new.token())


def publish_another_key(version: str, service: Service, verifier: Verifier) -> str:
    """Returns a token of a key that the verifier does not know when it comes."""
    new = Key("EdDSA", f"k-{version}")
    assert not is_let_in(verifier, new.token()), "which asks for keys, but not more than once a minute"
    service.set(keys=jwks(new), version=version)
    return new.token()


def hear_of(service: Service, verifier: Verifier) -> None:
    """Returns when it has heard, one after the other, of the ends of some sessions."""
    for session_id in ("s_1", "s_2", "s_3", "s_4"):
        token = service.key.token(session_id)
        assert is_let_in(verifier, token)
        service.end(session_id)
        until(verifier, partial(is_refused, verifier, token))


def is_refused(verifier: Verifier, token: str) -> bool:
    return not is_let_in(verifier, token)


def test_a_key_that_signs_early_is_known_though_keys_were_fetched_a_moment_ago(
    service: Service, knowing_versions: Verifier
) -> None:
    for version in ("v2", "v3", "v4"):
        token = publish_another_key(version, service, knowing_versions)
        until(knowing_versions, partial(is_let_in, knowing_versions, token))
    assert service.fetched_for == ["v2", "v3", "v4"]


def test_keys_are_fetched_once_for_a_version_however_often_it_is_said(
    service: Service, knowing_versions: Verifier
) -> None:
    hear_of(service, knowing_versions)
    assert service.fetched_for == []
    assert service.heard_of[-1] == "v1", "so that a version which came between two questions is said at once"


def test_keys_that_cannot_be_fetched_are_not_asked_for_again_and_again(
    service: Service, knowing_versions: Verifier
) -> None:
    before = service.times_asked(KEYS)
    service.set(keys_status=503, version="v2")
    service.until(KEYS, before + 1)
    hear_of(service, knowing_versions)
    assert service.fetched_for == ["v2"]


def test_tokens_are_remembered_but_not_too_many(
    service: Service, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.verifier.knowledge.MAX_REMEMBERED", 2)
    tokens = [service.key.token(f"s_{number}", jti=f"j-{number}") for number in range(5)]
    assert all(is_let_in(verifier, token) for token in tokens * 2)
    _, seen, requests = verifier.engine.start().knowledge.known
    assert seen.keys() == set(tokens[3:])
    assert requests.keys() == {f"Bearer {token}".encode() for token in tokens[3:]}


def test_only_headers_that_let_somebody_in_are_remembered(service: Service, verifier: Verifier) -> None:
    assert not is_let_in(verifier, service.key.token()[:-4] + "AAAA")
    assert not is_let_in(verifier, "nonsense")
    assert not verifier.engine.start().knowledge.known.requests


def test_a_remembered_token_expires(service: Service, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    token = service.key.token()
    expires_at = verifier.verify(token).expires_at.timestamp()
    assert verifier.engine.verify_request(header_of(token)) == verifier.verify(token)
    monkeypatch.setattr("leadnator_auth.verifier.engine.time.time", lambda: expires_at + 60)
    with pytest.raises(InvalidTokenError, match="expired"):
        verifier.verify(token)
    with pytest.raises(InvalidTokenError, match="expired"):
        verifier.engine.verify_request(header_of(token))


def test_no_request_waits_for_the_network(service: Service, verifier: Verifier) -> None:
    service.until(FEED, 2)
    before = len(service.asked)
    for number in range(50):
        is_let_in(verifier, service.key.token(f"s_{number}"))
        is_let_in(verifier, "nonsense")
    assert len(service.asked) == before


def test_a_service_with_a_secret_says_which_setting_helps(service: Service) -> None:
    service.keys = b'{"keys":[]}'
    with Verifier(service.url, api_key=API_KEY) as verifier:
        service.until(FEED, 2)
        until(verifier, lambda: "LEADNATOR_JWT_ALGORITHM" in verifier.engine.start().keys.error)
        with pytest.raises(VerifierUnavailableError, match="LEADNATOR_JWT_ALGORITHM=EdDSA"):
            verifier.verify(service.key.token())


def test_a_wrong_api_key_is_said(service: Service) -> None:
    with Verifier(service.url, api_key="lnk_wrong") as verifier:
        learning = verifier.engine.start()
        until(verifier, lambda: "403" in learning.feed.error and bool(learning.keys.current.keys))
        with pytest.raises(VerifierUnavailableError, match="scope `revocations`"):
            verifier.wait_until_ready(0)


def test_the_key_is_sent_for_the_feed_alone(service: Service, verifier: Verifier) -> None:
    service.until(FEED, 2)
    assert {sent for path, sent in service.asked if path == FEED} == {f"Bearer {API_KEY}"}
    assert {sent for path, sent in service.asked if path == KEYS} == {""}
    assert API_KEY not in repr(verifier) + repr(vars(verifier.engine))


def test_closed_it_lets_nobody_in_and_its_threads_end(service: Service) -> None:
    verifier = Verifier(service.url, api_key=API_KEY)
    verifier.wait_until_ready(20)
    service.until(FEED, 2)
    verifier.close()
    with pytest.raises(VerifierUnavailableError, match="closed"):
        verifier.verify(service.key.token())
    assert not [thread for thread in threading.enumerate() if thread.name == "leadnator-auth-verifier"]
    verifier.close()


def test_who_forgets_to_close_it_leaves_no_threads(service: Service) -> None:
    verifier = Verifier(service.url, api_key=API_KEY)
    verifier.wait_until_ready(20)
    del verifier
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "leadnator-auth-verifier"]


@pytest.mark.parametrize(
    "url",
    [
        *("", "auth.example.com", "ftp://a.test", "https://", "https://u:p@a.test", "http://a/?x", "http://a/#x"),
        *("http://:p@a.test", "http://@a.test", "http://a.test:99999", "http://a.test:x", "http://a.test:0"),
        *("http://[::1", "http://a b.test", "http://a.test/x y", "http://a.test/\u00e9", "http://a.test/\r\nX: y"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Verifier(url, api_key=API_KEY)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://[::1]", ("::1", 80)),
        ("https://[2001:db8::7]/auth", ("2001:db8::7", 443)),
        ("http://[::1]:8000", ("::1", 8000)),
        ("HTTPS://a.test", ("a.test", 443)),
    ],
)
def test_a_service_is_asked_where_its_url_says(
    monkeypatch: pytest.MonkeyPatch, url: str, address: tuple[str, int]
) -> None:
    asked: list[object] = []

    def refuse(where: object, *_: object, **__: object) -> None:
        asked.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(TransportError):
        Connection(url, {}, None).get("/")
    assert asked == [address]


@pytest.mark.parametrize("api_key", ["", "lnk_ä", "lnk_a\r\nX: y", "lnk_a b"])
def test_a_key_that_cannot_be_meant_is_refused(api_key: str) -> None:
    with pytest.raises(ValueError, match="api_key"):
        Verifier("https://a.test", api_key=api_key)


@pytest.mark.parametrize("max_age", [0, -1, float("nan")])
def test_an_age_that_cannot_be_meant_is_refused(max_age: float) -> None:
    with pytest.raises(ValueError, match="max_age"):
        Verifier("https://a.test", api_key=API_KEY, max_age=max_age)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_the_child_begins_anew_and_the_parent_goes_on(service: Service, verifier: Verifier) -> None:
    token, revoked = service.key.token("s_1"), service.key.token("s_2")
    assert is_let_in(verifier, token)
    child = os.fork()
    if child == 0:  # pragma: no cover  # in another process
        result = 1
        try:
            was_closed = not is_let_in(verifier, token)
            verifier.wait_until_ready(20)
            result = 0 if was_closed and is_let_in(verifier, token) else 2
            verifier.close()
        finally:
            os._exit(result)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    service.end("s_2")
    until(verifier, lambda: not is_let_in(verifier, revoked))


async def test_the_same_on_an_event_loop(service: Service) -> None:
    async with AsyncVerifier(service.url, api_key=API_KEY, max_age=60) as verifier:
        await verifier.wait_until_ready(20)
        token = service.key.token("s_1")
        assert (await verifier.verify(token)).session_id == "s_1"
        service.end("s_1")
        await asyncio.to_thread(until, verifier, lambda: not is_let_in(verifier, token))
        with pytest.raises(InvalidTokenError):
            await verifier.verify(token)
    with pytest.raises(VerifierUnavailableError):
        await verifier.verify(token)
