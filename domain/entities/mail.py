"""Mails: what waits in the outbox to be one, and what is sent."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.outbox import OutboxEntry
from leadnator_auth.domain.entities.rate_limit import bucket_of
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.ids import UserId


class MailKind(StrEnum):
    """Which mail it is; its words are made when it is sent. `domain.mail_rules` has what is special about each."""

    RESET_LINK = "reset_link"
    PASSWORD_CHANGED = "password_changed"
    VERIFY_EMAIL = "verify_email"
    NEW_SIGN_IN = "new_sign_in"
    LOGIN_CODE = "login_code"
    CONFIRM_EMAIL = "confirm_email"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    EMAIL_CHANGED_BY_ADMIN = "email_changed_by_admin"
    USER_RECOVERED = "user_recovered"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_LOW = "recovery_codes_low"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_CLONED = "passkey_cloned"
    API_KEY_CREATED = "api_key_created"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"


@attrs.frozen
class MailRequest:
    """A mail to be sent, without its words and without any secret.

    `recipient` is a canonical address that may belong to nobody: whether it has an account is found out when the
    mail is sent, never in the request that queued it.
    """

    kind: MailKind
    recipient: str
    user_id: UserId | None = None
    """Whose mail it is, where that is not whoever has the address: it goes to one they want, or had."""
    epoch: int = 0
    """Their secret epoch when it was queued; 0 where nobody is named."""
    ip: str = ""
    """The client that it tells of, if it does, and what that says it is."""
    user_agent: str = ""

    def is_like(self, other: "MailRequest") -> bool:
        """Returns whether both are of one kind for one recipient and name one account, or none; whatever they tell."""
        return (self.kind, self.recipient, self.user_id) == (other.kind, other.recipient, other.user_id)

    @property
    def is_forgotten(self) -> bool:
        """Whether its account is gone: it only counts, and has nothing to tell."""
        return "@" not in self.recipient

    @property
    def is_to_wanted_address(self) -> bool:
        """Whether it goes to an address that its account only wants: what becomes of it tells whether that is taken."""
        return self.kind is MailKind.CONFIRM_EMAIL

    @property
    def lane(self) -> str:
        """What may be slow or broken by itself: the domain of the recipient."""
        return self.recipient.rpartition("@")[2]


def forgotten(recipient: str) -> str:
    """Returns what stands in place of a recipient whose account is gone: it leads to nobody, and still counts.

    Whoever signs up with the address of a bystander and deletes the account again floods no mailbox so.
    """
    return bucket_of("mails", recipient)


QueuedMail = OutboxEntry[MailRequest]
"""A mail on its way."""


@attrs.frozen
class SecretMail:
    """A mail with a secret in it, which leads to a page or is a code; the only thing that ever holds that secret."""

    id: str
    kind: MailKind
    to: EmailAddress
    secret: str = attrs.field(repr=False)
    expires_at: datetime
    lifetime: timedelta


@attrs.frozen(kw_only=True)
class WaysIn:
    """What an account is entered by beside its password."""

    has_second_factor: bool = False
    passkeys: int = 0
    api_keys: int = 0


@attrs.frozen
class NoticeMail:
    """A mail that tells what happened, for the case that its reader did not do it (ASVS 6.3.7)."""

    id: str
    kind: MailKind
    to: EmailAddress
    at: datetime
    """When it happened."""
    client: Client = Client()
    """Where it came from, for the kinds that tell."""
    ways_in: WaysIn = WaysIn()
    """What the account is entered by beside its password, for the kinds that tell."""


OutgoingMail = SecretMail | NoticeMail
