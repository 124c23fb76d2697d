"""The proof of identity that an account has: its password, as a hash."""

from datetime import datetime

import attrs

from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class Credentials:
    """The hash of an account's password, kept apart from `User` so that no view of a user can show it."""

    user_id: UserId
    password_hash: str = attrs.field(repr=False)
    """Empty while no password works."""
    changed_at: datetime
    version: int = 1
    """Counts the passwords the account has had; a stronger hash of the same password leaves it as it is."""

    def with_password(self, password_hash: str, now: datetime) -> "Credentials":
        """Returns them as they are with another password."""
        return Credentials(self.user_id, password_hash, now, self.version + 1)

    @property
    def usable_hash(self) -> str | None:
        """The hash that a password is verified against; None if no password works."""
        return self.password_hash or None

    def without_password(self, now: datetime) -> "Credentials":
        """Returns them with no password that works, until another is set.

        The count goes on: whoever just proved the old one gets no further.
        """
        return self.with_password("", now)

    def with_hash(self, password_hash: str) -> "Credentials":
        """Returns them as they are with another hash of the same password."""
        return attrs.evolve(self, password_hash=password_hash)
