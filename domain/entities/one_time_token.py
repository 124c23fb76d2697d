"""A secret that works once, for one purpose: what mails carry and what ceremonies come back to."""

import hashlib
import re
from datetime import datetime
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import UserId

SECRET_BYTES = 32
_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Purpose(StrEnum):
    """What a secret is good for; its name begins the secret, so that none is ever tried for another purpose."""

    RESET = "reset"
    """To set a new password."""
    VERIFY = "verify"
    """To prove that its holder reads mails to the address of the account."""
    LOGIN_CODE = "code"
    """To log in with the code that was mailed when it was handed out; it is nobody's, for any address can be given."""
    SECOND_FACTOR = "mfa"
    """To get in with a second factor, after the first one proved right."""
    MAILED_CODE = "mailed"
    """No secret: to find out whose mail the code of a challenge was put into."""
    PASSKEY_REGISTRATION = "register"
    """To have a passkey that was just made; whoever logged in was handed it."""
    PASSKEY_LOGIN = "passkey"
    """To log in with a passkey; it is nobody's until one answers it."""
    PASSKEY_STEP_UP = "stepup"
    """To prove with a passkey, in a session that goes on, whose it is."""
    EMAIL = "email"
    """To prove that of the address that the account is to have, which it has then."""
    UNDO = "undo"
    """To take a change of address back, from the address that the account had before."""

    @property
    def prefix(self) -> str:
        """How its secrets begin."""
        return f"{self.value}_"


_FOR_PRESENT_ADDRESS = frozenset({Purpose.RESET, Purpose.VERIFY, Purpose.MAILED_CODE})
"""What is worth nothing once the account has another address than the one it was mailed to."""


@attrs.frozen
class OneTimeToken:
    """A secret that works once, for one purpose; only its digest is kept."""

    purpose: Purpose
    digest: str = attrs.field(repr=False)
    user_id: UserId | None
    """Whose it is; None where nobody is known yet, or nobody may tell whether there is somebody."""
    address: str | None
    """The canonical e-mail address that it proves or restores, if that is what it does."""
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    tries_left: int = 1
    """How many guesses at what goes with it may still be looked at, such as a code of six digits."""
    payload: str = ""
    """What whoever comes back with it must find again, such as the mail that carried it; never a secret."""
    epoch: int = 0
    """The secret epoch of its user when it was minted; of one that undoes a change, the one that the change began."""

    def is_usable(self, user: User, now: datetime) -> bool:
        """Returns whether `user` can still use it: it is neither used, nor expired, nor void."""
        return self.belongs_to(user) and self.used_at is None and now < self.expires_at

    def belongs_to(self, user: User) -> bool:
        """Returns whether it is a token of `user`, and of their address, that was not voided with all others."""
        if self.user_id != user.id or (self.purpose in _FOR_PRESENT_ADDRESS and not self.is_for_address_of(user)):
            return False
        if self.purpose is Purpose.UNDO:  # whatever an intruder did since, it is the owner's way back
            return True
        is_pending = user.pending_email is not None and self.address == user.pending_email.canonical
        return self.epoch == user.secret_epoch and (self.purpose is not Purpose.EMAIL or is_pending)

    def is_for_address_of(self, user: User) -> bool:
        """Returns whether its address is the one that `user` has today."""
        return self.address == user.email.canonical


def is_secret(text: str, purpose: Purpose) -> bool:
    """Returns whether `text` has the form of a secret for this purpose; nothing else needs to be looked up."""
    return text.startswith(purpose.prefix) and _RANDOM.fullmatch(text, len(purpose.prefix)) is not None


def digest_of(secret: str) -> str:
    """Returns the SHA-256 of a secret, in hexadecimal.

    A plain digest is enough: the secret has 256 random bits, so there is nothing to guess (ASVS 6.5.2).
    """
    return hashlib.sha256(secret.encode()).hexdigest()
