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


@attrs.frozen
class Proof:
    """A proof that an account is theirs; each way in hands one over, whatever it asks for."""

    authenticated_at: datetime
    amr: tuple[AuthenticationMethod, ...]
    """All the methods that were part of it."""


def password_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave the password of an account, or chose that of a new one."""
    return Proof(now, (AuthenticationMethod.PASSWORD,))


def code_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave a code that works once."""
    return Proof(now, (AuthenticationMethod.ONE_TIME_CODE,))


def passkey_proof(now: datetime) -> Proof:
    """Returns the proof of whoever used a passkey, whose authenticator verified them: it is both factors.

    What authenticators say of themselves is not asked for, so that neither `hwk` nor `swk` can be said of their key.
    """
    methods = (AuthenticationMethod.KEY, AuthenticationMethod.PRESENCE, AuthenticationMethod.MULTIPLE_FACTORS)
    return Proof(now, methods)
