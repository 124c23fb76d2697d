"""Keeping the keys of the service: when to fetch them, and what an answer changes. It opens no connection."""

import math
import re
from collections.abc import Mapping

from leadnator_auth.verifier.keys import KeySet, KeySetError, read_key_set

PATH = "/.well-known/jwks.json"
FETCHED_EVERY = 300.0
"""Seconds; the service publishes a key 10 minutes before it signs."""
FETCHED_AGAIN_AFTER = 60.0
"""The least time between two fetches because of tokens that name an unknown key."""
RETRIED_AFTER = 5.0
MAX_AGE = 3600.0
"""Keys that could not be fetched anew for so long verify nothing any more."""
VERSION_HEADER = "X-Keys-Version"
"""In answers of the feed: another text whenever the service publishes other keys; a proxy may have taken it away."""

# It goes into a header and a URL of ours.
_VERSION = re.compile("[A-Za-z0-9_-]{1,64}", re.ASCII)


def target(version: str) -> str:
    """Returns the path and the query of a request for keys that are no older than a version.

    The service does not look at the query; but many a cache between does, which does not look at `no-cache`.
    """
    return f"{PATH}?version={version}" if version else PATH


class KeyStore:
    """The latest good set of keys; a failure replaces nothing. Instants are of a clock that never goes back."""

    def __init__(self) -> None:
        self.current = KeySet()
        self.error = "its keys have not been fetched yet"
        """Why there are none, while there are none that count."""
        self.good_until = -math.inf
        """Until when they are young enough to count."""
        self.version = ""
        """The last that the service said it publishes; empty as long as it says none."""
        self._fetched_for = ""
        """The version that was known when they were fetched last."""
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._asked_for = False

    def want_another(self) -> None:
        """Asks for a fetch, because a token names a key that is not there."""
        self._asked_for = True

    @property
    def headers(self) -> Mapping[str, str]:
        """What tells the service which version is known here: it answers at once where that is another one by now."""
        return {VERSION_HEADER: self.version} if self.version else {}

    def published(self, version: str | None) -> bool:
        """Takes note of the version that the service says it publishes, if it says one; returns whether it is new."""
        if version is None or version == self.version or not _VERSION.fullmatch(version):
            return False
        self.version = version
        return True

    def due_in(self, now: float) -> float:
        """Returns in how many seconds they are to be fetched; 0 for now."""
        if self._tried_at is None:
            return 0.0
        if self._fetched_at is None or self._fetched_at < self._tried_at:
            pause = RETRIED_AFTER
        elif self._fetched_for != self.version:
            pause = 0.0
        else:
            pause = FETCHED_AGAIN_AFTER if self._asked_for else FETCHED_EVERY
        return max(0.0, self._tried_at + pause - now)

    def answered(self, status: int, body: bytes, asked_at: float, version: str = "") -> bool:
        """Takes an answer to what was asked for at an instant; returns whether the keys are others now.

        `version` is what was known by then: the answer may be no older.
        """
        if status != 200:
            self.failed(f"the service answers {status} when it is asked for its keys", asked_at)
            return False
        try:
            fetched = read_key_set(body)
        except KeySetError as error:
            self.failed(str(error), asked_at)
            return False
        self._tried_at = self._fetched_at = asked_at
        self._asked_for, self._fetched_for = False, version
        self.good_until = asked_at + MAX_AGE
        self.error = "its keys could not be fetched for too long"
        is_other = fetched.text != self.current.text
        self.current = fetched
        return is_other

    def failed(self, error: str, asked_at: float) -> None:
        """Takes note that there was no answer, or none of any use: what is known stays."""
        self._tried_at = asked_at
        if self._fetched_at is None:
            self.error = error
