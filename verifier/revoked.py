"""The sessions that ended while tokens of theirs might still be good."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

FORGOTTEN_AFTER_SECONDS = 3600
"""After the last token expired: more than clocks differ, and one that is set back a little brings nothing back."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A session that ended."""

    session_id: str
    until: float
    """When its last token expires, in seconds since 1970."""


class TooManyRevokedError(Exception):
    """More sessions ended than may be kept in mind."""


class RevokedSessions:
    """Sessions that ended, at most so many; one is forgotten when its tokens have expired anyway."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.sessions: dict[str, float] = {}
        """Their ids, and when the last of their tokens expires."""
        self._by_end: list[tuple[float, str]] = []

    def add(self, revocations: Iterable[Revocation], now: float) -> None:
        """Keeps them in mind, and forgets what is over.

        Raises: TooManyRevokedError when some had to be left out.
        """
        self._forget(now)
        for each in revocations:
            known = self.sessions.get(each.session_id)
            if known is not None and known >= each.until:
                continue
            if known is None and len(self.sessions) >= self._limit:
                raise TooManyRevokedError
            self.sessions[each.session_id] = each.until
            heapq.heappush(self._by_end, (each.until, each.session_id))

    def _forget(self, now: float) -> None:
        while self._by_end and self._by_end[0][0] + FORGOTTEN_AFTER_SECONDS <= now:
            until, session_id = heapq.heappop(self._by_end)
            if self.sessions.get(session_id) == until:
                del self.sessions[session_id]
