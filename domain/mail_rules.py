"""The kinds of mail, one row each: who gets it, what secret it has in it, and how many are enough.

The words of a kind are in the templates that have its name.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum, auto

import attrs

from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.policy import Policy


class Audience(Enum):
    """Who gets a mail that was asked for by an address."""

    OWNER = auto()
    """Whoever has the account with this address, suspended or not."""
    ACTIVE_OWNER = auto()
    """The same, unless the account is suspended."""
    UNVERIFIED_OWNER = auto()
    """The same, unless the address is verified already."""

    def includes(self, user: User) -> bool:
        """Returns whether the owner of an account is among them."""
        if self is Audience.UNVERIFIED_OWNER and user.is_email_verified:
            return False
        return self is Audience.OWNER or not user.is_suspended


@attrs.frozen
class MailLimit:
    """So many mails of a kind for an account in any period."""

    count: int
    period: timedelta


@attrs.frozen
class MintRule:
    """The secret in a mail: each attempt to send it has one of its own, unless it is a code."""

    purpose: Purpose
    page: str | None
    """The path that a link with the secret leads to, below the public URL; None if it is a code that is typed in."""
    lifetime: Callable[[Policy], timedelta]
    """How long it works: a link from when it is sent, a code from when it was asked for."""


@attrs.frozen(kw_only=True)
class MailRule:
    """What is special about one kind of mail.

    With a secret in it, the limit is for secrets that may have arrived, and what is beyond it is dropped when it comes
    up. Unless it is uniform, the limit is for mails, too, and none beyond it is queued.
    """

    audience: Audience
    mints: MintRule | None = None
    is_uniform: bool = False
    """Whether asking for it is one row for any address, so that nobody can tell whether there is an account."""
    limit: Callable[[Policy], MailLimit] | None = None
    """None where each one follows from a secret that works once, or from what an admin did: it is told every time."""


NOTICE = MailRule(audience=Audience.OWNER, limit=lambda policy: MailLimit(policy.notices, policy.notices_window))
"""Something happened that the owner should know of."""

MAIL_RULES: Mapping[MailKind, MailRule] = {
    MailKind.RESET_LINK: MailRule(
        audience=Audience.ACTIVE_OWNER,
        mints=MintRule(Purpose.RESET, "reset-password", lambda policy: policy.reset_token_lifetime),
        is_uniform=True,
        limit=lambda policy: MailLimit(policy.reset_mails, policy.reset_mails_window),
    ),
    MailKind.PASSWORD_CHANGED: NOTICE,
    MailKind.VERIFY_EMAIL: MailRule(
        audience=Audience.UNVERIFIED_OWNER,
        mints=MintRule(Purpose.VERIFY, "verify-email", lambda policy: policy.email_token_lifetime),
        limit=lambda policy: MailLimit(policy.address_mails, policy.address_mails_window),
    ),
    MailKind.NEW_SIGN_IN: NOTICE,
    MailKind.LOGIN_CODE: MailRule(
        audience=Audience.ACTIVE_OWNER,
        mints=MintRule(Purpose.MAILED_CODE, None, lambda policy: policy.login_code_lifetime),
        is_uniform=True,
        limit=lambda policy: MailLimit(policy.login_code_mails, policy.login_code_mails_window),
    ),
    MailKind.CONFIRM_EMAIL: MailRule(
        audience=Audience.ACTIVE_OWNER,
        mints=MintRule(Purpose.EMAIL, "confirm-email", lambda policy: policy.email_token_lifetime),
        limit=lambda policy: MailLimit(policy.address_mails, policy.address_mails_window),
    ),
    MailKind.EMAIL_CHANGED: MailRule(
        audience=Audience.OWNER,
        mints=MintRule(Purpose.UNDO, "undo-email-change", lambda policy: policy.undo_lifetime),
    ),
    MailKind.EMAIL_CHANGE_UNDONE: MailRule(
        audience=Audience.ACTIVE_OWNER,
        mints=MintRule(Purpose.RESET, "reset-password", lambda policy: policy.reset_token_lifetime),
    ),
    MailKind.EMAIL_CHANGED_BY_ADMIN: MailRule(audience=Audience.OWNER),
    MailKind.USER_RECOVERED: MailRule(
        audience=Audience.ACTIVE_OWNER,
        mints=MintRule(Purpose.RESET, "reset-password", lambda policy: policy.reset_token_lifetime),
    ),
    MailKind.FACTOR_ADDED: NOTICE,
    MailKind.FACTOR_REMOVED: NOTICE,
    MailKind.RECOVERY_CODE_USED: NOTICE,
    MailKind.RECOVERY_CODES_LOW: NOTICE,
    MailKind.PASSKEY_ADDED: NOTICE,
    MailKind.PASSKEY_REMOVED: NOTICE,
    MailKind.PASSKEY_CLONED: NOTICE,
    MailKind.API_KEY_CREATED: NOTICE,
    MailKind.REFRESH_TOKEN_REUSED: NOTICE,
}
