"""The numbers in the rules, in one place; every deployment may choose its own."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.rate_limit import Limits, RateLimit
from leadnator_auth.domain.values.password import PasswordPolicy

MOST_SESSIONS = 10_000
"""The highest limit of sessions that a setting takes."""

_ACCOUNT_CHANGES = RateLimit("account", 600, timedelta(hours=1))


@attrs.frozen
class Policy:
    """What an operator may set; the defaults are those of the HTTP contract."""

    password: PasswordPolicy = PasswordPolicy()
    session_lifetime: timedelta = timedelta(days=7)
    step_up_lifetime: timedelta = timedelta(minutes=10)
    """How long somebody who logged in or stepped up may do what a stolen session must not."""
    max_sessions: int = 100
    """Sessions of one account; a new one ends the oldest."""
    reset_token_lifetime: timedelta = timedelta(hours=1)
    reset_mails: int = 5
    """The most reset links that one account gets in any `reset_mails_window`; further ones are dropped silently.

    Each attempt that may have delivered a link counts, whatever became of it."""
    reset_mails_window: timedelta = timedelta(hours=1)
    event_retention: timedelta = timedelta(days=365)
    """How long events are kept, those of accounts that are gone too."""
    notices: int = 5
    """The most notices of one kind queued for an account in any `notices_window`; the change they report stands."""
    notices_window: timedelta = timedelta(hours=1)
    account_changes: RateLimit | None = _ACCOUNT_CHANGES
    """Changes that the owner of one account makes to its name and metadata; each is an event that is kept."""
    limits: Limits = Limits()
    """How often a client may try; further tries are refused with TooManyRequestsError."""
