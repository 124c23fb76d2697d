"""The right to set a new password, mailed as a secret of which only a digest is kept."""

import hashlib
import re
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import UserId

RESET_SECRET_PREFIX = "reset_"
RESET_SECRET_BYTES = 32
_SECRET = re.compile(r"reset_[A-Za-z0-9_-]{43}", re.ASCII)


@attrs.frozen
class ResetToken:
    """A single-use right to set a new password; the secret itself is not kept."""

    digest: str = attrs.field(repr=False)
    user_id: UserId
    mail_id: str
    """The mail that carried it: one mail that had to be sent twice counts once."""
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    epoch: int = 0
    """The secret epoch of its user when it was minted."""

    def is_usable(self, user: User, now: datetime) -> bool:
        """Returns whether `user` can still redeem it: neither used, nor expired, nor void."""
        return self.belongs_to(user) and self.used_at is None and now < self.expires_at

    def belongs_to(self, user: User) -> bool:
        """Returns whether it is a token of `user` that was not voided with all others."""
        return self.user_id == user.id and self.epoch == user.secret_epoch


def is_secret(text: str) -> bool:
    """Returns whether `text` has the form of a reset secret; nothing else needs to be looked up."""
    return _SECRET.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """Returns the SHA-256 of a reset secret, in hexadecimal.

    A plain digest is enough: the secret has 256 random bits, so there is nothing to guess (ASVS 6.5.2).
    """
    return hashlib.sha256(secret.encode()).hexdigest()
