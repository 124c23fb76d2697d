"""Limits on how often something may be tried, and the tries that count against them."""

import hashlib
import math
from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.errors import AuthError


@attrs.frozen
class RateLimit:
    """A number of tries in a period, all at once or spread out, for each subject (GCRA, ITU-T I.371)."""

    name: str
    count: int
    period: timedelta

    def latest(self, now: datetime) -> datetime:
        """Returns the latest instant at which a bucket that was filled by tries until now can be empty.

        A later instant means that the bucket was filled by a clock that has been turned back since.
        """
        return now + self.period + CLOCK_LEEWAY

    @property
    def interval(self) -> timedelta:
        """How long it takes until one more try is allowed."""
        return self.period / self.count


@attrs.frozen
class Charge:
    """One try of one subject, to be counted against a limit."""

    limit: RateLimit
    subject: str

    @property
    def bucket(self) -> str:
        """The key of the counter; a digest, because subjects are addresses of people."""
        return bucket_of(self.limit.name, self.subject)


@attrs.frozen
class Refusal:
    """A limit that was reached, and when one more try is allowed."""

    limit: RateLimit
    retry_at: datetime


class TooManyRequestsError(AuthError):
    """A limit was reached: `limit` says which, `retry_after` says in how many whole seconds to try again."""

    code = "too_many_requests"

    def __init__(self, refusal: Refusal, now: datetime) -> None:
        super().__init__(refusal, now)
        self.limit = refusal.limit
        self.retry_after = max(math.ceil((refusal.retry_at - now).total_seconds()), 1)

    @property
    def reason(self) -> str:
        """The name of the limit."""
        return self.limit.name

    def __str__(self) -> str:
        return f"Too many tries (limit {self.limit.name}): try again in {self.retry_after} s."


@attrs.frozen(kw_only=True)
class Limits:
    """The limits in force; None switches one off. "Client" means its network: an IPv4 address or an IPv6 /64."""

    log_in: RateLimit | None = RateLimit("login", 10, timedelta(minutes=1))
    """Wrong passwords for one account from one client."""
    log_in_account: RateLimit | None = RateLimit("login-account", 30, timedelta(hours=1))
    """Wrong passwords for one account from all clients that are not known to it (NIST SP 800-63B 3.2.2)."""
    log_in_client: RateLimit | None = RateLimit("login-client", 60, timedelta(minutes=1))
    """Wrong passwords from one client for any account."""
    sign_up: RateLimit | None = RateLimit("signup", 100, timedelta(hours=1))
    """Sign-ups from one client, refused ones included: each tells whether an address is taken."""
    forgot: RateLimit | None = RateLimit("forgot", 100, timedelta(hours=1))
    """Reset links that one client asks for."""
    reset: RateLimit | None = RateLimit("reset", 100, timedelta(hours=1))
    """Resets that one client tries."""
    change_password: RateLimit | None = RateLimit("change-password", 30, timedelta(hours=1))
    """Changes of password that one client tries."""
    login_code: RateLimit | None = RateLimit("login-code", 100, timedelta(hours=1))
    """Codes to log in with that one client asks for and does not use."""
    login_code_confirm: RateLimit | None = RateLimit("login-code-confirm", 100, timedelta(hours=1))
    """Wrong codes from one client."""
    passkey_options: RateLimit | None = RateLimit("passkey-options", 600, timedelta(hours=1))
    """Challenges for a passkey to log in with that one client asks for and does not use: a page may ask as it opens."""
    passkey: RateLimit | None = RateLimit("passkey", 100, timedelta(hours=1))
    """Passkeys of one client that are refused."""
    refresh: RateLimit | None = RateLimit("refresh", 1000, timedelta(hours=1))
    """Refreshes of one session from one client, with refresh tokens that are or were its own."""

    @classmethod
    def none(cls) -> "Limits":
        """Returns limits that limit nothing."""
        return cls(**dict.fromkeys(attrs.fields_dict(cls)))


def bucket_of(name: str, subject: str) -> str:
    """Returns the key under which something about a subject is remembered."""
    return hashlib.sha256(f"{name}\0{subject}".encode()).hexdigest()
