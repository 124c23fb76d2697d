"""What a verifier knows of ended sessions: all of them, as of when, and nothing is known that was not told."""

import json
from typing import Any

import pytest

from leadnator_auth.verifier import feed as feed_module
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.revoked import FORGOTTEN_AFTER_SECONDS, Revocation, RevokedSessions, TooManyRevokedError

MAX_AGE = 30.0
WALL = 1_767_225_600.0
UNTIL = "2026-01-08T00:00:00Z"


def a_feed(max_revocations: int = 100, max_age: float = MAX_AGE) -> Feed:
    return Feed(max_age, max_revocations, jitter=lambda: 1.0)


def is_current(feed: Feed, now: float) -> bool:
    return now < feed.current_until


def page(*sessions: str, cursor: str = "1", until: str = UNTIL) -> bytes:
    revocations = [{"session_id": each, "until": until} for each in sessions]
    return json.dumps({"revocations": revocations, "cursor": cursor}).encode()


def test_it_begins_with_all_that_matters_and_knows_nothing_before() -> None:
    feed = a_feed()
    assert feed.target == "/api/auth/revocations?cursor=start&wait=0"
    assert not is_current(feed, 0.0)
    assert feed.answered(200, page("s_1", cursor="2a"), asked_at=0.0, wall=WALL) == 0.0
    assert is_current(feed, 0.0)
    assert "s_1" in feed.revoked.sessions
    assert feed.target == "/api/auth/revocations?cursor=2a&wait=14"


def test_it_is_current_as_of_the_question_and_so_for_max_age() -> None:
    feed = a_feed()
    feed.answered(200, page(), asked_at=100.0, wall=WALL)
    assert is_current(feed, 129.9)
    assert not is_current(feed, 130.0)
    feed.answered(200, page(), asked_at=120.0, wall=WALL)
    assert is_current(feed, 149.9)


def test_a_full_page_is_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "PAGE_LENGTH", 2)
    feed = a_feed()
    feed.answered(200, page("s_1", "s_2", cursor="2"), asked_at=0.0, wall=WALL)
    assert not is_current(feed, 0.0)
    assert feed.target.endswith("cursor=2&wait=0"), "there may be more, and nobody waits for that"
    feed.answered(200, page("s_3", cursor="3"), asked_at=0.0, wall=WALL)
    assert is_current(feed, 0.0)
    assert all(each in feed.revoked.sessions for each in ("s_1", "s_2", "s_3"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 5000,
        b'{"revocations":[],"cursor":""}',
        b'{"revocations":[],"cursor":1}',
        b'{"revocations":[],"cursor":"\\ud800"}',
        b'{"revocations":[],"cursor":"' + b"2" * 10_000 + b'"}',
        b'{"revocations":null,"cursor":"2"}',
        page("s_1", until="2026-01-08T00:00:00"),
        page("s_1", until="soon"),
        page(""),
        b'{"revocations":[{"session_id":"s_1","until":"2026-01-08T00:00:00Z"},{}],"cursor":"2"}',
    ],
)
def test_an_answer_that_makes_no_sense_changes_nothing(body: bytes) -> None:
    feed = a_feed()
    feed.answered(200, page("s_0", cursor="1"), asked_at=0.0, wall=WALL)
    assert feed.answered(200, body, asked_at=20.0, wall=WALL) > 0
    assert "cursor=1&" in feed.target
    assert not is_current(feed, 30.0)
    assert "s_1" not in feed.revoked.sessions


@pytest.mark.parametrize("status", [204, 301, 401, 403, 404, 429, 500, 503])
def test_other_answers_change_nothing(status: int) -> None:
    feed = a_feed()
    feed.answered(200, page("s_0", cursor="1"), asked_at=0.0, wall=WALL)
    assert feed.answered(status, page("s_1", cursor="2"), asked_at=20.0, wall=WALL) > 0
    assert "cursor=1&wait=0" in feed.target, "whoever comes back wants to know soon"
    assert not is_current(feed, 30.0)
    assert str(status) in feed.error


def test_a_refused_key_is_told_with_what_it_needs() -> None:
    feed = a_feed()
    feed.answered(403, b"", asked_at=0.0, wall=WALL)
    assert "scope `revocations`" in feed.error


def test_an_unknown_cursor_makes_it_begin_anew_and_keep_what_it_knew() -> None:
    feed = a_feed()
    feed.answered(200, page("s_1", cursor="ff"), asked_at=0.0, wall=WALL)
    assert feed.answered(400, b"{}", asked_at=1.0, wall=WALL) > 0
    assert "cursor=start" in feed.target
    assert "s_1" in feed.revoked.sessions
    feed.answered(400, b"{}", asked_at=1.0, wall=WALL)
    assert "400" in feed.error


def test_it_tries_again_later_and_later_and_at_once_when_there_was_an_answer() -> None:
    feed = a_feed()
    pauses = [feed.failed("no answer") for _ in range(9)]
    assert pauses[:3] == [0.1, 0.2, 0.4]
    assert pauses[-1] == 5.0
    assert Feed(MAX_AGE, 1, jitter=lambda: 0.0).failed("no answer") == 0.05
    feed.answered(200, page(), asked_at=0.0, wall=WALL)
    assert not feed.has_failed
    assert feed.failed("no answer") == 0.1


@pytest.mark.parametrize(("max_age", "wait"), [(1000.0, 25), (50.0, 24), (30.0, 14), (3.0, 1), (2.0, 0), (0.5, 0)])
def test_no_wait_outlasts_what_is_known(max_age: float, wait: int) -> None:
    feed = a_feed(max_age=max_age)
    pause = feed.answered(200, page(), asked_at=0.0, wall=WALL)
    assert feed.wait == wait
    assert pause + wait < max_age
    assert pause + wait > 0


@pytest.mark.parametrize("max_age", [0.5, 1.0, 2.0, 2.9, 3.0, 4.0, 6.0, 29.0, 30.0, 31.0, 50.0, 51.0, 1000.0])
def test_while_nothing_happens_it_is_known_all_the_time(max_age: float) -> None:
    feed, asked_at, way = a_feed(max_age=max_age), 0.0, min(0.4, max_age / 8)
    pause = feed.answered(200, page(), asked_at, WALL)
    for _ in range(100):
        asked_at += way + pause
        assert is_current(feed, asked_at + feed.wait + way), "until the next answer is there"
        asked_at_last, asked_at = asked_at, asked_at + feed.wait
        pause = feed.answered(200, page(), asked_at_last, WALL)


def test_more_than_it_may_keep_in_mind_closes_it_and_loses_nothing() -> None:
    feed = a_feed(max_revocations=2)
    feed.answered(200, page("s_1", cursor="1"), asked_at=0.0, wall=WALL)
    assert feed.answered(200, page("s_2", "s_3", cursor="3"), asked_at=1.0, wall=WALL) > 0
    assert not is_current(feed, 1.0)
    assert "max_revocations" in feed.error
    assert "cursor=1&" in feed.target
    later = WALL + 8 * 24 * 3600
    feed.answered(200, page("s_2", "s_3", cursor="3"), asked_at=2.0, wall=later)
    assert is_current(feed, 2.0)


def test_what_is_over_is_forgotten() -> None:
    revoked = RevokedSessions(limit=2)
    revoked.add([Revocation("s_1", 10.0), Revocation("s_2", 30.0)], now=0.0)
    revoked.add([], now=10.0 + FORGOTTEN_AFTER_SECONDS - 1)
    assert "s_1" in revoked.sessions
    revoked.add([Revocation("s_3", 50.0)], now=10.0 + FORGOTTEN_AFTER_SECONDS)
    assert ("s_1" in revoked.sessions, len(revoked.sessions)) == (False, 2)
    with pytest.raises(TooManyRevokedError):
        revoked.add([Revocation("s_4", 50.0)], now=0.0)


def test_what_is_told_twice_is_kept_for_the_longer_time() -> None:
    revoked = RevokedSessions(limit=1)
    revoked.add([Revocation("s_1", 10.0), Revocation("s_1", 99.0), Revocation("s_1", 50.0)], now=0.0)
    revoked.add([], now=50.0 + FORGOTTEN_AFTER_SECONDS)
    assert "s_1" in revoked.sessions
    revoked.add([], now=99.0 + FORGOTTEN_AFTER_SECONDS)
    assert len(revoked.sessions) == 0


def test_until_may_be_in_any_time_zone() -> None:
    feed, same = a_feed(1), a_feed(1)
    feed.answered(200, page("s_1", until="2026-01-08T02:00:00+02:00"), asked_at=0.0, wall=WALL)
    same.answered(200, page("s_1"), asked_at=0.0, wall=WALL)
    end: Any = feed.revoked._by_end, same.revoked._by_end  # noqa: SLF001
    assert end[0] == end[1]
