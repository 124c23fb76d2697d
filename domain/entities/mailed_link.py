"""What a mailed link is good for, so that the page it opens can tell its reader."""

from enum import StrEnum

import attrs

from leadnator_auth.domain.values.email_address import EmailAddress


class LinkState(StrEnum):
    """How far a link is on its way."""

    USABLE = "usable"
    USED = "used"
    """It did what it was mailed for."""
    VOID = "void"
    """It never was, has expired, or was voided with all others of its account."""


@attrs.frozen
class MailedLink:
    """A link as it is now."""

    state: LinkState
    address: EmailAddress | None = None
    """Of its account, while it is usable: who holds it could take the account over, so it tells them nothing more."""
