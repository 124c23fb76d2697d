"""A log-in that lasts: the row behind every access token, so that a token can end before it expires."""

import ipaddress
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

    @property
    def network(self) -> str:
        """What its tries are counted by: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole.

        An address that is none is taken as it is; it is empty where nothing is known.
        """
        try:
            address = ipaddress.ip_address(self.ip.partition("%")[0])
        except ValueError:
            return self.ip
        if address.version == 4:
            return str(address)
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


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
