"""A change of address that whoever reads mails to the old one can still undo."""

from datetime import datetime

import attrs

from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class EmailChange:
    """One change of the address of an account; so long as it can be undone, the old address is nobody else's."""

    user_id: UserId
    epoch: int
    """The secret epoch of the account that began with it; of two changes of one account, the later has the higher."""
    email: EmailAddress
    """The address that the account had until then."""
    email_verified_at: datetime | None
    """When that address was proved, if it was."""
    changed_at: datetime
    undoable_until: datetime

    def is_undoable(self, now: datetime) -> bool:
        """Returns whether it can be undone, and its old address is reserved; at `undoable_until` both are over."""
        return now < self.undoable_until
