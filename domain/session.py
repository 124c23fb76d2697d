"""A log-in that lasts: the row behind every access token, so that a token can end before it expires."""

from datetime import datetime, timedelta
from typing import NewType

import attrs

from leadnator_auth.domain.text import without_controls
from leadnator_auth.domain.user import User, UserId

SessionId = NewType("SessionId", str)

SESSION_ID_PREFIX = "s_"
CLOCK_LEEWAY = timedelta(seconds=60)
"""How far apart the clocks of two servers may be (RFC 8725 leaves it open; RFC 7519 says a few minutes at most)."""

_MAX_IP = 45
_MAX_USER_AGENT = 256


def _short_ip(text: str) -> str:
    return without_controls(text, _MAX_IP)


def _short_user_agent(text: str) -> str:
    return without_controls(text, _MAX_USER_AGENT)


@attrs.frozen
class Client:
    """Where a request came from, as far as it is known; shown to the user in the list of sessions."""

    ip: str = attrs.field(default="", converter=_short_ip)
    user_agent: str = attrs.field(default="", converter=_short_user_agent)


@attrs.frozen
class Session:
    """One log-in of one user. It ends when its row is removed, and all its tokens with it."""

    id: SessionId
    user_id: UserId
    created_at: datetime
    expires_at: datetime
    client: Client = Client()

    def is_live(self, now: datetime) -> bool:
        """Returns whether its tokens are still good."""
        return now < self.expires_at + CLOCK_LEEWAY


@attrs.frozen
class Identity:
    """Who is behind an access token, and through which session."""

    user: User
    session: Session
