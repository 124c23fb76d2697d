"""The app that shows codes: a second factor of an account."""

from datetime import datetime

import attrs

from leadnator_auth.domain.values.ids import FactorId, UserId
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.totp import SEED_BYTES

NEVER = -1
"""Before every step."""


@attrs.frozen
class TotpFactor:
    """An app that was given a seed; it counts once it has shown a right code. The seed is derived, and kept nowhere."""

    id: FactorId
    user_id: UserId
    key_id: str
    """Which master key its seed is derived from."""
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = NEVER
    """The latest time step whose code was used; no code of it, or of an earlier one, works any more."""
    last_used_at: datetime | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether it counts."""
        return self.confirmed_at is not None

    def seed(self, keys: MasterKeys) -> bytes:
        """Returns what it shares with the app.

        Raises: MasterKeyMissingError.
        """
        return keys.derive(f"totp:{self.id}", self.key_id)[:SEED_BYTES]
