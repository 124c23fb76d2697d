"""Sessions: the row behind every access token, so that a token can end before it expires."""

import hashlib
import ipaddress
import re
from datetime import UTC, datetime, timedelta

import attrs

from leadnator_auth.domain.entities.proof import AuthenticationMethod, Proof
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import SessionId, UserId
from leadnator_auth.domain.values.text import without_controls

CLOCK_LEEWAY = timedelta(seconds=60)
"""How far apart the clocks of two servers may be (RFC 8725 leaves it open; RFC 7519 says a few minutes at most)."""

USE_NOTED_EVERY = timedelta(seconds=60)
"""How often the use of a session is noted at most: so its last use is known to a minute."""

_AS_IT_BEGAN = datetime.min.replace(tzinfo=UTC)
_MAX_IP = 45
_MAX_USER_AGENT = 256
_NUMBERS = re.compile(r"[\d._]+")


def unmapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Returns the IPv4 address where it is written as an IPv6 one (RFC 4291 section 2.5.5.2), else the same."""
    return address if address.version == 4 else address.ipv4_mapped or address


def _short_ip(text: str) -> str:
    ip = without_controls(text, _MAX_IP)
    if ":" not in ip or "ffff" not in ip.lower():
        return ip
    try:
        return str(unmapped(ipaddress.ip_address(ip)))
    except ValueError:
        return ip


def _short_user_agent(text: str) -> str:
    return without_controls(text, _MAX_USER_AGENT)


_IPV4_LAST = tuple(
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
"""Networks whose last 32 bits are an IPv4 address: compatible and translated addresses, NAT64 (RFC 6052, RFC 8215)."""


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Returns the IPv4 address that an IPv6 one stands for, if any: mapped, translated, NAT64, 6to4 or Teredo."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    last = int(address) & 0xFFFF_FFFF
    is_translated = last > 0xFF and any(address in network for network in _IPV4_LAST)
    return ipaddress.IPv4Address(last) if is_translated else None


@attrs.frozen
class Client:
    """The origin of a request, as far as it is known; shown to the user in the list of sessions."""

    ip: str = attrs.field(default="", converter=_short_ip)
    user_agent: str = attrs.field(default="", converter=_short_user_agent)

    @property
    def agent(self) -> str:
        """A digest of what it says it is, without the numbers in it: an update makes no other one of it."""
        return hashlib.sha256(_NUMBERS.sub("", self.user_agent).encode()).hexdigest()

    @property
    def network(self) -> str:
        """What its tries are counted by: an IPv4 address, or the /64 of an IPv6 address, which belongs to one customer.

        An IPv6 address that stands for an IPv4 address counts as that one. Text that is no address is taken as it is;
        it is empty where nothing is known.
        """
        try:
            address = ipaddress.ip_address(self.ip.partition("%")[0])
        except ValueError:
            return self.ip
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        return str(embedded_ipv4(address) or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


@attrs.frozen
class Session:
    """One log-in of one user. It ends, with all its tokens, when its row is removed or its epoch is over."""

    id: SessionId
    user_id: UserId
    created_at: datetime
    expires_at: datetime
    client: Client = Client()
    epoch: int = 0
    """The session epoch of its user when it began, or when it was last spared while all others ended."""
    last_used_at: datetime | None = None
    """When a use of it was noted last; None where none was, because nobody asked for it."""
    authenticated_at: datetime = _AS_IT_BEGAN
    """When somebody last proved in it that the account is theirs: when it began, or stepped up since."""
    amr: tuple[AuthenticationMethod, ...] = (AuthenticationMethod.PASSWORD,)
    """How they proved it then."""

    def __attrs_post_init__(self) -> None:
        """It begins with a proof. A default that is computed would be more than msgspec reads of a class."""
        if self.authenticated_at is _AS_IT_BEGAN:
            object.__setattr__(self, "authenticated_at", self.created_at)

    def is_live(self, user: User, now: datetime, idle: timedelta | None) -> bool:
        """Returns whether it is a session of `user` whose tokens are still good, and that was used within `idle`.

        With None it does not matter when it was used.
        """
        return self.belongs_to(user) and now < self.expires_at + CLOCK_LEEWAY and not self._was_idle(now, idle)

    def is_use_to_be_noted(self, now: datetime, idle: timedelta) -> bool:
        """Returns whether what is noted of its use is too old, where it is over when it is idle for so long."""
        return now >= self.used_at + use_noted_every(idle)

    def _was_idle(self, now: datetime, idle: timedelta | None) -> bool:
        # That much longer: uses right after the one that was noted are not.
        return idle is not None and now >= self.used_at + idle + use_noted_every(idle)

    @property
    def used_at(self) -> datetime:
        """When it was used last, as far as that was noted."""
        return self.last_used_at or self.created_at

    def belongs_to(self, user: User) -> bool:
        """Returns whether it is a session of `user` that was not ended together with all others."""
        return self.user_id == user.id and self.epoch == user.session_epoch

    @property
    def proof(self) -> Proof:
        """The last proof."""
        return Proof(self.authenticated_at, self.amr)

    def proven_by(self, proof: Proof) -> "Session":
        """Returns it as it is after another proof."""
        return attrs.evolve(self, authenticated_at=proof.authenticated_at, amr=proof.amr)

    def is_proven_within(self, period: timedelta, now: datetime) -> bool:
        """Returns whether the last proof is no older; one that another clock dates ahead of time is no better."""
        return self.authenticated_at - CLOCK_LEEWAY <= now < self.authenticated_at + period


@attrs.frozen
class Identity:
    """The user behind an access token, and the session it belongs to.

    The metadata of the user is not read; `show_account` returns it.
    """

    user: User
    session: Session


def use_noted_every(idle: timedelta) -> timedelta:
    """Returns how exactly uses are noted where sessions may be idle for so long: to a sixtieth, a minute at most."""
    return min(USE_NOTED_EVERY, idle / 60)
