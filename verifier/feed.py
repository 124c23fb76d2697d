"""Following the feed of revocations: what to ask for next, and what an answer means. It opens no connection."""

import json
import math
import random
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from leadnator_auth.verifier.revoked import Revocation, RevokedSessions, TooManyRevokedError

PATH = "/api/auth/revocations"
START = "start"
PAGE_LENGTH = 1000
"""Of a full page; one with fewer entries is the last for now."""
LONGEST_WAIT = 25
SPARE = 1.0
"""Seconds of `max_age` that two requests may take beyond the time that they wait."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


# It goes into a URL of ours, which has to be one, and no longer than the service takes.
_CURSOR = re.compile("[!-~]{1,256}", re.ASCII)


class FeedError(Exception):
    """An answer that is no page of the feed."""


class Feed:
    """What is known from the feed, and as of when."""

    def __init__(self, max_age: float, max_revocations: int, jitter: Callable[[], float] = random.random) -> None:
        self.revoked = RevokedSessions(max_revocations)
        self.error = "the service has not answered yet"
        """Why it is not up to date, while it is not."""
        self._max_age = max_age
        # Two in a row, without any news, and the way there and back twice: it is known all the time.
        self._wait = min(LONGEST_WAIT, max(0, int((max_age - SPARE) / 2)))
        self._jitter = jitter
        self._cursor = START
        self.current_until = -math.inf
        """Until when all is known that had happened `max_age` before; an instant as for `answered`."""
        self._is_at_end = False
        self._failures = 0

    @property
    def has_failed(self) -> bool:
        """Whether the last request had no answer of any use."""
        return self._failures > 0

    @property
    def wait(self) -> int:
        """How many seconds the next request may wait: none as long as there may be more."""
        return self._wait if self._is_at_end else 0

    @property
    def target(self) -> str:
        """The path and the query of the next request."""
        return f"{PATH}?{urlencode({'cursor': self._cursor, 'wait': self.wait})}"

    def answered(self, status: int, body: bytes, asked_at: float, wall: float) -> float:
        """Takes an answer to what was asked for at an instant, of a clock that never goes back; `wall` is since 1970.

        Returns how many seconds to wait before the next request.
        """
        if status == 400 and self._cursor != START:
            self._cursor = START
            return self.failed("the service does not know where this verifier was, which begins anew")
        if status != 200:
            return self.failed(_why(status))
        try:
            revocations, cursor = _page(body)
            self.revoked.add(revocations, wall)
        except FeedError as error:
            return self.failed(str(error))
        except TooManyRevokedError:
            self.current_until = -math.inf
            return self.failed("more sessions ended than max_revocations allows to keep in mind")
        # After what it leads past is kept.
        self._cursor, self._failures = cursor, 0
        self._is_at_end = len(revocations) < PAGE_LENGTH
        if self._is_at_end:
            # As of the question: nobody knows when within its time it was answered.
            self.current_until, self.error = asked_at + self._max_age, "the service has not answered for too long"
        return 0.0 if self._wait or not self._is_at_end else self._max_age / 4

    def failed(self, error: str) -> float:
        """Takes note that there was no answer, or none of any use; returns how many seconds to wait."""
        self.error, self._is_at_end = error, False
        longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        return longest * (0.5 + self._jitter() / 2)


def _why(status: int) -> str:
    if status in (401, 403):
        return f"the service answers {status}: the API key is unknown, expired, or has not the scope `revocations`"
    if status == 404:
        return "there is no feed at this URL (404)"
    return f"the service answers {status}"


def _page(body: bytes) -> tuple[list[Revocation], str]:
    try:
        page = json.loads(body)
        revocations = [Revocation(_text(each["session_id"]), _instant(each["until"])) for each in page["revocations"]]
        return revocations, _cursor(page["cursor"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FeedError("the answer of the service is no page of revocations") from error


def _cursor(value: object) -> str:
    if not isinstance(value, str) or not _CURSOR.fullmatch(value):
        raise ValueError("no cursor")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _instant(value: object) -> float:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError("no time zone")
    return instant.timestamp()
