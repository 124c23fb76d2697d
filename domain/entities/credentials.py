"""The proof of identity that an account has: its password, as a hash."""

from datetime import datetime

import attrs

from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class Credentials:
    """The hash of an account's password, kept apart from `User` so that no view of a user can show it."""

    user_id: UserId
    password_hash: str = attrs.field(repr=False)
    changed_at: datetime
    version: int = 1
    """The number of passwords the account has had; a stronger hash of the same password does not change it."""
