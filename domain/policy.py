"""The numbers in the rules, in one place; every deployment may choose its own."""

from datetime import timedelta
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.api_key import checked_scopes
from leadnator_auth.domain.entities.rate_limit import Limits, RateLimit
from leadnator_auth.domain.values.password import PasswordPolicy
from leadnator_auth.domain.values.public_key import SigningAlgorithm
from leadnator_auth.domain.values.sign_up_policy import SignUpPolicy

MOST_SESSIONS = 1_000
"""The highest limit of sessions that a setting takes: where all end at once, the end of each is an event to write."""

_ACCOUNT_CHANGES = RateLimit("account", 600, timedelta(hours=1))


class EmailVerification(StrEnum):
    """What becomes of accounts whose address nobody has proved to be theirs."""

    ON = "on"
    """Their owners are mailed a link; nothing is withheld."""
    OFF = "off"
    """Nothing at all."""
    REQUIRED = "required"
    """Their owners are mailed a link, and can do little before they have used it."""


@attrs.frozen
class Policy:
    """What an operator may set; the defaults are those of the HTTP contract."""

    password: PasswordPolicy = PasswordPolicy()
    sign_up: SignUpPolicy = SignUpPolicy()
    signing_algorithm: SigningAlgorithm = SigningAlgorithm.HS256
    session_lifetime: timedelta = timedelta(days=7)
    session_idle: timedelta | None = None
    """How long a session may go unused before it is over; None for as long as it lives."""
    step_up_lifetime: timedelta = timedelta(minutes=10)
    """How long somebody who logged in or stepped up may do what a stolen session must not."""
    access_token_lifetime: timedelta = timedelta(minutes=5)
    """How long the access token of a pair is good, if its session is."""
    max_sessions: int = 100
    """Sessions of one account; a new one ends the oldest."""
    reset_token_lifetime: timedelta = timedelta(hours=1)
    reset_mails: int = 5
    """The most reset links that one account gets in any `reset_mails_window`; further ones are dropped silently.

    Each attempt that may have delivered a link counts, whatever became of it."""
    reset_mails_window: timedelta = timedelta(hours=1)
    email_verification: EmailVerification = EmailVerification.ON
    email_token_lifetime: timedelta = timedelta(days=1)
    """How long a link works that proves an address."""
    address_mails: int = 5
    """The most mails of one kind with such a link that one account gets in any `address_mails_window`."""
    address_mails_window: timedelta = timedelta(hours=1)
    email_code_login: bool = False
    """Whether accounts can be logged in to with a code that is mailed to their address."""
    login_code_lifetime: timedelta = timedelta(minutes=10)
    login_code_tries: int = 5
    """Guesses at one code."""
    login_code_mails: int = 5
    """The most mails with a code that one account gets in any `login_code_mails_window`; only these codes work."""
    login_code_mails_window: timedelta = timedelta(hours=1)
    passkey_challenge_lifetime: timedelta = timedelta(minutes=5)
    """How long a person has to make or use a passkey once it was asked for."""
    undo_lifetime: timedelta = timedelta(days=7)
    """How long a change of address can be undone, and the old address is kept for whoever had it."""
    event_retention: timedelta = timedelta(days=365)
    """How long events are kept, those of accounts that are gone too."""
    new_sign_in_notice: bool = False
    """Whether the owner is told by mail of a log-in from a network and agent that were not seen together for long."""
    notices: int = 5
    """The most notices of one kind queued for an account in any `notices_window`; the change they report stands."""
    notices_window: timedelta = timedelta(hours=1)
    host_scopes: frozenset[str] = attrs.field(default=frozenset(), converter=checked_scopes)
    """Scopes that API keys may have for the routes of a host application, words without white space."""
    private_webhook_targets: bool = False
    """Whether webhooks may be in this machine or its network, and so without TLS."""
    account_changes: RateLimit | None = _ACCOUNT_CHANGES
    """Changes that the owner of one account makes to its name and metadata, and passkeys that they begin to add."""
    limits: Limits = Limits()
    """How often a client may try; further tries are refused with TooManyRequestsError."""
