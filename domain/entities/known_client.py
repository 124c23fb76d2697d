"""Clients from which somebody logged in: guesses from elsewhere must not lock the owner out there, and a log-in from
anywhere else may be told to them.
"""

from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import UserId

KNOWN_FOR = timedelta(days=30)
MAX_KNOWN_CLIENTS = 50
"""Per account, networks and agents each; a new one takes the place of the one seen longest ago."""
_RENEWED_AFTER = timedelta(days=1)


@attrs.frozen
class KnownClient:
    """A network from which an account was logged in to, as a whole, or an agent there.

    Trust in it ends with the credential that earned it.
    """

    user_id: UserId
    network: str
    seen_at: datetime
    epoch: int = 0
    """The secret epoch of the account at that time."""
    agent: str = ""
    """`Client.agent`; empty for the network as a whole."""

    def is_trusted(self, user: User, now: datetime) -> bool:
        """Returns whether it earned its trust with the password of today, within 30 days."""
        return self.epoch == user.secret_epoch and now < self.seen_at + KNOWN_FOR

    def is_fresh(self, user: User, now: datetime) -> bool:
        """Returns whether it need not be stored again: once a day is enough."""
        return self.is_trusted(user, now) and now < self.seen_at + _RENEWED_AFTER
