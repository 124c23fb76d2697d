"""How somebody proved that an account is theirs."""

from datetime import datetime
from enum import StrEnum

import attrs


class AuthenticationMethod(StrEnum):
    """One way to prove it, by its name in RFC 8176 section 2."""

    PASSWORD = "pwd"
    ONE_TIME_CODE = "otp"
    KEY = "pop"
    """Possession of a private key; what keeps it, hardware or software, nobody here can tell."""
    PRESENCE = "user"
    MULTIPLE_FACTORS = "mfa"
    """More than one factor; a code that was mailed is none of its own."""


@attrs.frozen
class Proof:
    """A proof that an account is theirs; each way in hands one over, whatever it asks for."""

    authenticated_at: datetime
    amr: tuple[AuthenticationMethod, ...]
    """All the methods that were part of it."""

    @property
    def has_second_factor(self) -> bool:
        """Whether a second factor was part of it."""
        return AuthenticationMethod.MULTIPLE_FACTORS in self.amr

    def with_code(self, now: datetime) -> "Proof":
        """Returns it with the code of a second factor on top, given now."""
        added = (AuthenticationMethod.ONE_TIME_CODE, AuthenticationMethod.MULTIPLE_FACTORS)
        return Proof(now, tuple(dict.fromkeys((*self.amr, *added))))

    def with_passkey(self, now: datetime) -> "Proof":
        """Returns it with a passkey on top, used now."""
        return Proof(now, tuple(dict.fromkeys((*self.amr, *_OF_A_PASSKEY))))


# What authenticators say of themselves is not asked for, so that neither `hwk` nor `swk` can be said of their keys.
_OF_A_PASSKEY = (AuthenticationMethod.KEY, AuthenticationMethod.PRESENCE, AuthenticationMethod.MULTIPLE_FACTORS)


def password_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave the password of an account, or chose that of a new one."""
    return Proof(now, (AuthenticationMethod.PASSWORD,))


def code_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave a code that works once."""
    return Proof(now, (AuthenticationMethod.ONE_TIME_CODE,))


def passkey_proof(now: datetime) -> Proof:
    """Returns the proof of whoever used a passkey, whose authenticator verified them: it is both factors."""
    return Proof(now, _OF_A_PASSKEY)
